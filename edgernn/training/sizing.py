"""Layer sizes that fit `--max-size`, or the largest model of a preset."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from edgernn.errors import OptionError
from edgernn.training.options import Preset
from edgernn_runtime.ir import GATES
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

#: Bytes of the manifest, the model card and the zip structure.
_OVERHEAD = 10_000
#: Bytes of the header and the tables of `model.bin`, and of the gaps in front of its sections.
_FIXED = 2_000
#: Units are stored in groups. A row of a gate has two scales and one or two biases.
_GROUP, _BYTES_OF_ROW = 16, 16
#: The number of test vectors, and their bytes per byte of text, which include the ids.
_VECTORS, _BYTES_OF_TEXT = 25, 2.2
#: Bytes of a token in `model.bin` beside its text: its id, its length, a share of the hash table.
_BYTES_OF_TOKEN = 5
_SMALLEST = {"embedding_dim": 8, "vocabulary_size": 200, "buckets": 1024, "units": 8}


def fit_sizes(preset: Preset, texts: Sequence[str], classes: int, max_size: int | None) -> Preset:
    """Return the preset with sizes reduced until the estimated int8 model fits.

    Each step reduces the embedding, the buckets, the vocabulary or the units: the one that saves
    the most bytes. Then the vocabulary grows into what is left of `max_size`. The wide path is left
    out if its smallest size takes most of the model.

    Args:
        preset: the options. Its `max_model` is a limit too.
        texts: the training texts.
        classes: the number of classes.
        max_size: the largest bundle in bytes, or None.

    Raises:
        OptionError: the smallest sizes do not fit.
    """
    limits = [] if preset.max_model is None else [preset.max_model]
    mean = sum(len(text.encode()) for text in texts) / len(texts)
    beside = _OVERHEAD + round(_VECTORS * _BYTES_OF_TEXT * mean)
    if max_size is not None:
        limits.append(max_size - beside)
    limit = min(limits)
    lengths = _token_lengths(texts)
    most_words = preset.text.vocabulary_size
    if preset.wide is not None and preset.network is not None:
        fewest = _wide_bytes(_SMALLEST["vocabulary_size"], _SMALLEST["buckets"], classes)
        preset = replace(preset, wide=None) if 2 * fewest > limit else preset
    while (size := _estimate(preset, lengths, classes)) > limit:
        smaller = next(_smaller(preset, lengths, classes), None)
        if smaller is None:
            option, more = ("--max-size", beside) if max_size is not None else ("the preset", 0)
            raise OptionError(
                f"no model fits {option}",
                expected=f"at least {size + more:,} bytes",
                found=f"{limit + more:,} bytes",
                hint="try --preset bag" if preset.network else "allow a larger bundle",
            )
        preset = smaller
    return preset if max_size is None else _filled(preset, most_words, lengths, classes, limit)


def _filled(
    preset: Preset, most_words: int, lengths: list[int], classes: int, limit: int
) -> Preset:
    """Return the preset with as many words as fit: half of the buckets is a large step."""

    def with_words(words: int) -> Preset:
        return replace(preset, text=replace(preset.text, vocabulary_size=words))

    words = preset.text.vocabulary_size
    more = range(words, min(most_words, len(lengths) + 2) + 1)
    fitting = bisect_right(more, limit, key=lambda n: _estimate(with_words(n), lengths, classes))
    return with_words(more[fitting - 1]) if fitting else preset


def describe_sizes(preset: Preset) -> str:
    """Return the sizes as a line of text."""
    parts = [f"vocabulary {preset.text.vocabulary_size:,}"]
    if preset.network is not None:
        units = ", ".join(map(str, preset.network.units))
        parts.append(f"embedding {preset.network.embedding_dim}, units {units}")
    if preset.wide is not None:
        parts.append(f"buckets {preset.wide.buckets:,}")
    return "; ".join(parts)


def _token_lengths(texts: Sequence[str]) -> list[int]:
    """Return the bytes of each token of the texts, in descending order of frequency."""
    tokenizer = Tokenizer(TokenizerSpec(), (b"", b"[UNK]"))
    counts = Counter(token for text in texts for token in tokenizer.tokens(text))
    return [len(token) + _BYTES_OF_TOKEN for token, _ in counts.most_common()]


def _estimate(preset: Preset, lengths: list[int], classes: int) -> int:
    words = min(preset.text.vocabulary_size, len(lengths) + 2)
    outputs = 1 if classes == 2 else classes
    size = _FIXED + sum(lengths[:words])
    if preset.wide is not None:
        most = max(preset.wide.cells // outputs - words, _SMALLEST["buckets"])
        size += _wide_bytes(words, min(preset.wide.buckets, most), classes)
    if preset.network is not None:
        network = preset.network
        size += words * (network.embedding_dim + 1)
        width = network.embedding_dim
        for units in network.units:
            padded = -(-units // _GROUP) * _GROUP
            size += 2 * GATES[network.cell] * padded * (width + padded + _BYTES_OF_ROW)
            width = 2 * units
        width *= 2 if network.pooling == "max+average" else 1
        dense = network.dense_units or outputs
        size += width * dense + dense * outputs
    return size


def _wide_bytes(words: int, buckets: int, classes: int) -> int:
    """Return the bytes of the wide path: int8 weights, and a checksum for each bucket."""
    return (words + buckets) * (1 if classes == 2 else classes) + buckets


def _smaller(preset: Preset, lengths: list[int], classes: int) -> Iterator[Preset]:
    """Yield presets that are one step smaller, in descending order of saved bytes."""
    size = _estimate(preset, lengths, classes)
    steps = []
    text, network, wide = preset.text, preset.network, preset.wide
    if text.vocabulary_size > _SMALLEST["vocabulary_size"]:
        used = min(text.vocabulary_size, len(lengths) + 2)
        steps.append(replace(preset, text=replace(text, vocabulary_size=round(used * 0.9))))
    if network is not None and network.embedding_dim > _SMALLEST["embedding_dim"]:
        narrower = replace(network, embedding_dim=network.embedding_dim - 4)
        steps.append(replace(preset, network=narrower))
    if network is not None and max(network.units) > _SMALLEST["units"]:
        units = tuple(max(_SMALLEST["units"], unit - 8) for unit in network.units)
        steps.append(replace(preset, network=replace(network, units=units)))
    if wide is not None and wide.buckets > _SMALLEST["buckets"]:
        steps.append(replace(preset, wide=replace(wide, buckets=wide.buckets // 2)))
    saved = {id(one): size - _estimate(one, lengths, classes) for one in steps}
    yield from sorted(steps, key=lambda one: -saved[id(one)])
