"""The text section of a `model.bin`: tokenizer, labels, vocabulary; `docs/model-bin.md` has it."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import BundleFormatError
from edgernn_runtime.heads import HEADS
from edgernn_runtime.model_header import (
    ALIGNMENT,
    CHECKSUM,
    CHECKSUM_OFFSET,
    HEADER,
    NEWEST_VERSION,
    VERSION,
    checksum_of,
    decode_header,
)
from edgernn_runtime.tokenizer import (
    MAX_LENGTH,
    MAX_NGRAMS,
    MAX_PADDING,
    SPLIT,
    STEPS,
    PadSide,
    Standardize,
    TokenizerSpec,
    Truncate,
)
from edgernn_runtime.tokenizer_spec import MAX_SEPARATORS, MAX_STEPS
from edgernn_runtime.vocabulary import MAX_TOKEN_BYTES, MAX_TOKENS, check_token_size

#: split, lower, strip punctuation, most ids, which ones and the side of the padding, padded length,
#: numbers of n-grams, labels and outputs, bytes of labels, numbers of tokens and buckets, bytes of
#: entries, number of thresholds.
SECTION = struct.Struct("<14I8x")
#: Tokens that a bucket has on average.
_BUCKET_TOKENS = 8
#: More tokens of one bucket would make look-ups slow.
MAX_BUCKET_TOKENS = 255
MAX_LABELS = 16_384
_UNICODE, _STEPS, _SEPARATORS = 3, 4, 4
#: With the split of steps, in front of the n-grams: numbers of steps and separators, split, the OOV
#: id plus 1 or 0, the start id or 0; then steps and separators.
_STEP_RULES = struct.Struct("<5I")
_TRUNCATE: tuple[Truncate, ...] = ("head", "head+tail", "tail")
#: Added to the truncation for padding in front of the ids.
_PADS_FRONT = 4
_STANDARDIZE: dict[tuple[int, int], Standardize] = {
    (0, 0): "none",
    (1, 0): "lower",
    (0, 1): "strip_punctuation",
    (1, 1): "lower_and_strip_punctuation",
}
#: Padding and out of vocabulary have no entry: their spelling is not looked up.
SPECIAL_TOKENS = (b"", b"[UNK]")


@dataclass(frozen=True)
class TextSection:
    """What a classifier knows of texts.

    Attributes:
        tokenizer: the rules.
        pad_to: the length to which ids are padded, or None for bare ids.
        labels: the names of the classes.
        empty: the model's output for a text without tokens.
        vocabulary: the tokens in id order, UTF-8.
        pad_side: the side of the padding.
        thresholds: the least probability of each label, or None.
    """

    tokenizer: TokenizerSpec
    pad_to: int | None
    labels: tuple[str, ...]
    empty: tuple[float, ...]
    vocabulary: tuple[bytes, ...]
    pad_side: PadSide = "post"
    thresholds: tuple[float, ...] | None = None


def attach_text(model: bytes, text: TextSection) -> bytes:
    """Return a `model.bin` with a text section: version 3 with thresholds, else version 2.

    Args:
        model: the file without one.
        text: the section.

    Raises:
        BundleFormatError: a label contains a NUL, or the vocabulary cannot be hashed.
    """
    body = model.ljust(-(-len(model) // ALIGNMENT) * ALIGNMENT, b"\0")
    section = encode_text_section(text)
    fields = list(HEADER.unpack_from(model))
    fields[1] = VERSION if text.thresholds is None else NEWEST_VERSION
    fields[5:9] = [len(body) + len(section), 0, len(body), len(section)]
    return with_checksum(HEADER.pack(*fields) + body[HEADER.size :] + section)


def with_checksum(data: bytes) -> bytes:
    """Return a file with its checksum."""
    checksum = CHECKSUM.pack(checksum_of(data))
    return data[:CHECKSUM_OFFSET] + checksum + data[CHECKSUM_OFFSET + CHECKSUM.size :]


def count_outputs(section: Buffer) -> int:
    """Return the number of outputs that a section has, at least 64 bytes of it."""
    return int(SECTION.unpack_from(section)[8])


def read_text(model: Buffer) -> TextSection | None:
    """Return the text section of a `model.bin`, None if it has none.

    Raises:
        EngineError: the file is not a model.bin, is of a newer version, or is damaged.
        BundleFormatError: the section is malformed.
    """
    header = decode_header(model)
    if header.section is None:
        return None
    text = decode_text_section(bytes(header.section))
    labels, outputs = len(text.labels), len(text.empty)
    fits = (labels, outputs) == (2, 1) if HEADS[header.head] == "binary" else labels == outputs
    _require(fits, "an output for each label", f"{outputs} for {labels}")
    return text


def encode_text_section(text: TextSection) -> bytes:
    """Return the bytes of a section.

    Raises:
        BundleFormatError: a label contains a NUL, or a token is too long.
    """
    spec = text.tokenizer
    for index, token in enumerate(text.vocabulary):
        check_token_size(token, index)
    labels = [label.encode() + b"\0" for label in text.labels]
    _require(all(label.count(b"\0") == 1 for label in labels), "labels without NUL", "a NUL")
    ends, entries = _hash_table(text.vocabulary, _first_id(spec))
    is_front = text.pad_to is not None and text.pad_side == "pre"
    label_bytes = b"".join(labels)
    padded = label_bytes.ljust(-(-len(label_bytes) // 4) * 4, b"\0")
    head = SECTION.pack(
        _split_number(spec),
        int(spec.rules == "keras" and "lower" in spec.standardize),
        int(spec.rules == "keras" and "strip_punctuation" in spec.standardize),
        spec.max_length or 0,
        _TRUNCATE.index(spec.truncate) + (_PADS_FRONT if is_front else 0),
        text.pad_to or 0,
        len(spec.ngrams),
        len(text.labels),
        len(text.empty),
        len(padded),
        len(text.vocabulary),
        len(ends),
        len(entries),
        len(text.thresholds or ()),
    )
    label_ends = [sum(map(len, labels[: i + 1])) for i in range(len(labels))]
    return b"".join(
        (
            head,
            _encode_step_rules(spec),
            struct.pack(f"<{len(spec.ngrams)}I", *spec.ngrams),
            struct.pack(f"<{len(text.empty)}f", *text.empty),
            struct.pack(f"<{len(text.thresholds or ())}f", *(text.thresholds or ())),
            struct.pack(f"<{len(labels)}I", *label_ends),
            struct.pack(f"<{len(ends)}I", *ends),
            padded,
            entries,
        )
    )


def _split_number(spec: TokenizerSpec) -> int:
    numbers = {"unicode": _UNICODE, "steps": _STEPS}
    return numbers[spec.rules] if spec.rules in numbers else SPLIT.index(spec.split)


def _encode_step_rules(spec: TokenizerSpec) -> bytes:
    """Return what only the rules `steps` have."""
    if spec.rules != "steps":
        return b""
    numbers = [STEPS.index(step) for step in spec.steps] + [ord(c) for c in spec.separators]
    split = _SEPARATORS if spec.split == "separators" else SPLIT.index(spec.split)
    oov = 0 if spec.oov is None else spec.oov + 1
    counts = len(spec.steps), len(spec.separators)
    rules = _STEP_RULES.pack(*counts, split, oov, spec.start or 0)
    return rules + struct.pack(f"<{len(numbers)}I", *numbers)


def _decode_step_rules(data: bytes, tokens: int) -> tuple[dict[str, Any], int]:
    """Return the fields that only the rules `steps` have, and their bytes."""
    fits = len(data) >= SECTION.size + _STEP_RULES.size
    _require(fits, "rules of steps", f"{len(data)} bytes")
    step_count, count, split, oov, start = _STEP_RULES.unpack_from(data, SECTION.size)
    fits = step_count <= MAX_STEPS and count <= MAX_SEPARATORS
    _require(fits, f"at most {MAX_STEPS} steps", f"{step_count}, {count}")
    size = _STEP_RULES.size + 4 * (step_count + count)
    _require(len(data) >= SECTION.size + size, "steps", f"{len(data)} bytes")
    numbers = struct.unpack_from(f"<{step_count + count}I", data, SECTION.size + _STEP_RULES.size)
    steps, separators = numbers[:step_count], numbers[step_count:]
    _require(all(step < len(STEPS) for step in steps), "steps", f"{steps}")
    has_separators = split == _SEPARATORS
    _require(split < len(SPLIT) or has_separators, "a split", f"{split}")
    is_sorted = list(separators) == sorted(set(separators))
    _require(is_sorted and has_separators == bool(count), "separators", f"{separators}")
    are_code_points = all(c < 0xD800 or 0xE000 <= c <= sys.maxunicode for c in separators)
    _require(are_code_points, "code points", f"{separators}")
    _require(oov <= tokens and start < tokens, f"ids below {tokens}", f"{oov}, {start}")
    return {
        "steps": tuple(STEPS[step] for step in steps),
        "split": "separators" if has_separators else SPLIT[split],
        "separators": "".join(map(chr, separators)),
        "oov": oov - 1 if oov else None,
        "start": start or None,
    }, size


def _first_id(spec: TokenizerSpec) -> int:
    """Return the first id that has an entry."""
    return 1 if spec.rules == "steps" else len(SPECIAL_TOKENS)


def _hash_table(vocabulary: Sequence[bytes], first: int) -> tuple[list[int], bytes]:
    """Return where each bucket ends, and the entries of all buckets."""
    count = 1
    while _BUCKET_TOKENS * count < len(vocabulary):
        count *= 2
    buckets: list[list[bytes]] = [[] for _ in range(count)]
    for i, token in enumerate(vocabulary):
        if i >= first:
            buckets[_bucket(token, count)].append(_number(i) + _number(len(token)) + token)
    most = max(map(len, buckets))
    _require(most <= MAX_BUCKET_TOKENS, f"at most {MAX_BUCKET_TOKENS} of one hash", f"{most}")
    joined = [b"".join(bucket) for bucket in buckets]
    ends, total = [], 0
    for bucket in joined:
        total += len(bucket)
        ends.append(total)
    return ends, b"".join(joined)


def _bucket(token: bytes, count: int) -> int:
    """Return the bucket of a token: FNV-1a, folded."""
    value = 2166136261
    for byte in token:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return (value ^ value >> 16) & (count - 1)


def _number(value: int) -> bytes:
    """Return a variable-length number: seven bits a byte, lowest first."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def decode_text_section(data: bytes) -> TextSection:
    """Return a section.

    Raises:
        BundleFormatError: a number in it is out of range, or a string is not UTF-8.
    """
    _require(len(data) >= SECTION.size, f"at least {SECTION.size} bytes", f"{len(data)}")
    split, lower, strip, most, kept, pad_to, *counts = SECTION.unpack_from(data)
    ngram_count, label_count, output_count, label_bytes, tokens, buckets, *rest = counts
    entry_bytes, threshold_count = rest
    pads_front, kept = divmod(kept, _PADS_FRONT)
    _require(split <= _STEPS and max(lower, strip) <= 1, "rules", f"{split}")
    _require(split < _STEPS or not (lower or strip), "steps alone", f"{lower}, {strip}")
    _require(kept < len(_TRUNCATE) and pads_front <= (pad_to > 0), "ends", f"{kept}, {pads_front}")
    _require(most <= MAX_LENGTH and pad_to <= MAX_PADDING, "lengths", f"{most}, {pad_to}")
    _require(ngram_count <= MAX_NGRAMS, f"at most {MAX_NGRAMS} n-grams", f"{ngram_count}")
    fits = 1 <= label_count <= MAX_LABELS and 1 <= output_count <= MAX_LABELS
    _require(fits, f"1 to {MAX_LABELS:,} labels", f"{label_count}")
    fits = threshold_count in (0, label_count)
    _require(fits, f"0 or {label_count} thresholds", f"{threshold_count}")
    _require(2 <= tokens <= MAX_TOKENS, f"2 to {MAX_TOKENS:,} tokens", f"{tokens}")
    is_power = 1 <= buckets <= 2 * MAX_TOKENS and buckets & (buckets - 1) == 0
    _require(is_power, "a power of two buckets", f"{buckets}")
    floats = output_count + threshold_count
    numbers = struct.Struct(f"<{ngram_count}I{floats}f{label_count}I{buckets}I")
    options, rule_bytes = _decode_step_rules(data, tokens) if split == _STEPS else ({}, 0)
    size = SECTION.size + rule_bytes + numbers.size + label_bytes + entry_bytes
    fits = size == len(data) and label_bytes % 4 == 0
    _require(fits, f"a section of {size} bytes", f"{len(data)}")
    values = numbers.unpack_from(data, SECTION.size + rule_bytes)
    ngrams, values = values[:ngram_count], values[ngram_count:]
    empty, values = values[:output_count], values[output_count:]
    thresholds, values = values[:threshold_count], values[threshold_count:]
    label_ends, ends = values[:label_count], values[label_count:]
    _require(all(1 <= n <= MAX_LENGTH for n in ngrams), "widths of at least 1", f"{ngrams}")
    chances = (*empty, *thresholds)
    _require(all(0 <= value <= 1 for value in chances), "probabilities", f"{chances}")
    entries = data[len(data) - entry_bytes :]
    rules = TokenizerSpec(ngrams=tuple(ngrams), max_length=most or None, truncate=_TRUNCATE[kept])
    if split == _STEPS:
        rules = replace(rules, rules="steps", **options)
    elif split == _UNICODE:
        rules = replace(rules, rules="unicode")
    else:
        rules = replace(rules, standardize=_STANDARDIZE[lower, strip], split=SPLIT[split])
    return TextSection(
        tokenizer=rules,
        pad_to=pad_to or None,
        labels=_labels(data[len(data) - entry_bytes - label_bytes :][:label_bytes], label_ends),
        empty=tuple(empty),
        vocabulary=_tokens(entries, ends, tokens, _first_id(rules)),
        pad_side="pre" if pads_front else "post",
        thresholds=tuple(thresholds) or None,
    )


def _labels(data: bytes, ends: Sequence[int]) -> tuple[str, ...]:
    """Return the labels, each of which ends in a NUL."""
    found: list[str] = []
    start = 0
    for end in ends:
        _require(start < end <= len(data), f"labels in {len(data)} bytes", f"{end}")
        label = data[start:end]
        _require(label.find(b"\0") == len(label) - 1, "a NUL behind each label", repr(label[:80]))
        found.append(_decoded(label[:-1]))
        start = end
    _require(-(-start // 4) * 4 == len(data), f"labels of {len(data)} bytes", f"{start}")
    _require(len(set(found)) == len(found), "each label once", "a duplicate label")
    return tuple(found)


def _tokens(entries: bytes, ends: Sequence[int], count: int, first: int) -> tuple[bytes, ...]:
    """Return the tokens of all buckets in id order."""
    found: dict[int, bytes] = dict(enumerate(SPECIAL_TOKENS[:first]))
    at = 0
    for bucket, end in enumerate(ends):
        _require(at <= end <= len(entries), f"buckets in {len(entries)} bytes", f"{end}")
        seen: set[bytes] = set()
        while at < end:
            number, at = _read_number(entries, at, end)
            length, at = _read_number(entries, at, end)
            token = entries[at : at + length]
            at += length
            _require(1 <= length <= MAX_TOKEN_BYTES and at <= end, "a token", f"{length} bytes")
            is_new = first <= number < count and number not in found and token not in seen
            _require(is_new, f"distinct tokens below {count}", f"{number}")
            _require(_bucket(token, len(ends)) == bucket, f"bucket {bucket}", repr(token[:80]))
            _decoded(token)
            found[number] = token
            seen.add(token)
        _require(len(seen) <= MAX_BUCKET_TOKENS, "short buckets", f"{len(seen)} tokens")
    _require(at == len(entries), f"entries of {at} bytes", f"{len(entries)}")
    _require(len(found) == count, f"{count} tokens", f"{len(found)}")
    return tuple(found[i] for i in range(count))


def _read_number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the variable-length number at a place, and the place behind it."""
    value = 0
    for shift in (0, 7, 14):
        _require(at < end, "a number", "the end of a bucket")
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise _malformed("a number of at most three bytes", "a longer number")


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise _malformed("UTF-8", repr(text[:80])) from error


def _require(condition: bool, expected: str, found: str) -> None:
    if not condition:
        raise _malformed(expected, found)


def _malformed(expected: str, found: str) -> BundleFormatError:
    return BundleFormatError(
        "the text section is malformed",
        path="model.bin",
        expected=expected,
        found=found,
        status="MALFORMED_VOCABULARY",
    )
