"""Broken bundles: wrong numbers in a model.bin."""

from __future__ import annotations

import math
import struct

import numpy as np

from edgernn_runtime.model_header import HEADER, decode_header
from edgernn_runtime.text_section import with_checksum
from tests.hosts.rezip import flipped, members_of_bytes, rezipped


def broken_models(base):
    """Yield bundles with one wrong number in the model.bin, behind mended checksums."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    header = decode_header(model)
    tables = HEADER.size + 64 * header.layers + 40 * header.tensors
    for size in (0, 8, 12, 127, 128, len(model) - 64):
        yield f"model-cut-to-{size}", rezipped({**members, "model.bin": model[:size]})
    yield "model-checksum", rezipped({**members, "model.bin": flipped(model)})
    draw = np.random.default_rng(7)
    values = (0, 1, 2, 3, 5, 64, 255, 2**31, 2**32 - 1)
    for at in sorted(set(draw.integers(2, tables // 4, 90).tolist()) | {2, 3, 4, 5, 6, 10, 12, 24}):
        changed = bytearray(model)
        struct.pack_into("<I", changed, 4 * at, int(draw.choice(values)))
        mended = with_checksum(bytes(changed)) if changed[8:12] == b"\2\0\0\0" else bytes(changed)
        yield f"model-number-{at}", rezipped({**members, "model.bin": mended})
    offset = len(model) - len(header.section)
    for at in range(0, 64, 4):
        for value in (0, 3, 2**31):
            changed = bytearray(model)
            struct.pack_into("<I", changed, offset + at, value)
            yield (
                f"text-{at}-{value}",
                rezipped({**members, "model.bin": with_checksum(bytes(changed))}),
            )
    for at in range(64, len(header.section), 9):
        changed = bytearray(model)
        changed[offset + at] ^= 0x81
        yield f"text-byte-{at}", rezipped({**members, "model.bin": with_checksum(bytes(changed))})


def broken_texts(base):
    """Yield bundles whose text section is wrong behind a right checksum and right sizes."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    section = bytes(decode_header(model).section)
    fields = list(struct.unpack_from("<16I", section))
    ngrams, labels, outputs, label_bytes, _, buckets = fields[6:12]
    ends = 64 + 4 * (ngrams + outputs)
    bucket_ends = ends + 4 * labels
    names = bucket_ends + 4 * buckets
    entries = names + label_bytes
    cases = {
        "an-output-above-1": (64 + 4 * ngrams, struct.pack("<f", 1.5)),
        "an-output-that-is-nan": (64 + 4 * ngrams, struct.pack("<f", float("nan"))),
        "as-much-padding-as-allowed": (20, struct.pack("<I", 1 << 16)),
        "more-padding-than-allowed": (20, struct.pack("<I", (1 << 16) + 1)),
        "a-label-of-no-bytes": (ends + 4, section[ends : ends + 4]),
        "a-label-beyond-the-labels": (ends + 4, struct.pack("<I", 1000)),
        "a-nul-in-a-label": (names + 1, b"\0"),
        "a-label-without-a-nul": (names + 3, b"x"),
        "a-label-of-latin-1": (names, b"\xe9"),
        "the-same-label-twice": (names, section[names + 4 : names + 8] * 2),
        "buckets-that-go-back": (bucket_ends + 4, struct.pack("<I", 1)),
        "a-bucket-beyond-the-entries": (bucket_ends, struct.pack("<I", 2**31)),
        "an-id-of-four-bytes": (entries, b"\x82\x80\x80"),
        "padding-as-an-entry": (entries, b"\0"),
        "an-id-beyond-the-tokens": (entries, b"\x7f"),
        "an-entry-without-bytes": (entries + 1, b"\0"),
        "an-entry-beyond-its-bucket": (entries + 1, b"\x7f"),
        "a-token-of-another-bucket": (entries + 2, b"~"),
        "a-token-of-latin-1": (entries + 2, b"\xe9"),
        "an-id-of-another-entry": (entries, bytes([section[entries] + 1])),
    }
    bare = bytearray(model)
    struct.pack_into("<2Q", bare, 40, 0, 0)
    bare = with_checksum(bytes(bare))
    yield "no-text-section", rezipped({**members, "model.bin": bare})
    short = bytearray(model)
    struct.pack_into("<Q", short, 48, 32)
    yield "a-short-text-section", rezipped({**members, "model.bin": with_checksum(bytes(short))})
    last = bucket_ends + 4 * (buckets - 1)
    cases["a-last-bucket-without-entries"] = (last, section[last - 4 : last])
    cases["a-token-too-few"] = (40, struct.pack("<I", fields[10] + 1))
    cases["an-id-cut-off"] = (
        bucket_ends,
        struct.pack("<I", 1) + section[bucket_ends + 4 : entries] + b"\x82",
    )
    yield "a-long-bucket", rezipped({**members, "model.bin": with_long_bucket(model, section)})
    for name, (at, value) in cases.items():
        changed = section[:at] + value + section[at + len(value) :]
        whole = with_checksum(model[: len(model) - len(section)] + changed)
        yield name, rezipped({**members, "model.bin": whole})


def with_long_bucket(model, section):
    """Return a model with 256 tokens in one bucket."""
    fields = list(struct.unpack_from("<16I", section))
    ngrams, labels, outputs, label_bytes, _, buckets = fields[6:12]
    ends = 64 + 4 * (ngrams + outputs + labels)
    tokens = [bytes([n & 0x7F | 0x80, n >> 7, 4]) + b"%04d" % n for n in range(128, 384)]
    fields[10:13] = 384, 1, 7 * len(tokens)
    names = section[ends + 4 * buckets :][:label_bytes]
    new = struct.pack("<16I", *fields) + section[64:ends]
    new += struct.pack("<I", fields[12]) + names + b"".join(tokens)
    changed = bytearray(model[: len(model) - len(section)] + new)
    struct.pack_into("<Q", changed, 24, len(changed))
    struct.pack_into("<Q", changed, 48, len(new))
    return with_checksum(bytes(changed))


def broken_ngrams(base):
    """Yield bundles with a wrong width of n-grams in the text section."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    at = len(model) - len(decode_header(model).section) + 64
    for width in (0, 2**31 - 1, 2**31):
        changed = model[:at] + struct.pack("<I", width) + model[at + 4 :]
        yield f"width-{width}", rezipped({**members, "model.bin": with_checksum(changed)})


def broken_threshold_sections(base):
    """Yield bundles whose text section has wrong thresholds, or another number of them."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    at = len(model) - len(decode_header(model).section)
    section = bytes(model[at:])
    fields = struct.unpack_from("<16I", section)
    first = 64 + 4 * (fields[6] + fields[8])
    behind = first + 4 * fields[13]
    cases = {
        "a-threshold-above-1": section[:first] + struct.pack("<f", 1.5) + section[first + 4 :],
        "a-threshold-below-0": section[:first] + struct.pack("<f", -0.5) + section[first + 4 :],
        "a-threshold-of-nan": section[:first] + struct.pack("<f", math.nan) + section[first + 4 :],
        "a-threshold-too-few": (
            section[:52] + struct.pack("<I", fields[13] - 1) + section[56 : behind - 4] + section[behind:]
        ),
        "thresholds-that-are-not-counted": section[:52] + bytes(4) + section[56:],
    }  # fmt: skip
    for name, changed in cases.items():
        head = bytearray(model[:at])
        struct.pack_into("<Q", head, 24, at + len(changed))
        struct.pack_into("<Q", head, 48, len(changed))
        yield name, rezipped({**members, "model.bin": with_checksum(bytes(head) + changed)})
    newer = bytearray(model)
    struct.pack_into("<I", newer, 8, 4)
    yield "a-newer-version", rezipped({**members, "model.bin": with_checksum(bytes(newer))})
