"""Layer sizes that fit `--max-size`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from edgernn.errors import OptionError
from edgernn.training.options import Preset
from edgernn_runtime.ir import GATES
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

#: Bytes of the manifest, the model card and the zip structure.
_OVERHEAD = 12_000
#: The number of test vectors, and their bytes per byte of text, which include the ids.
_VECTORS, _BYTES_OF_TEXT = 25, 2.2
#: Bytes of a token in `model.bin` beside its text: its id, its length, a share of the hash table.
_BYTES_OF_TOKEN = 5
_SMALLEST = {"embedding_dim": 8, "vocabulary_size": 500, "buckets": 1024, "units": 8}


def fit_sizes(preset: Preset, texts: Sequence[str], classes: int, max_size: int) -> Preset:
    """Return the preset with sizes reduced until the estimated int8 bundle fits.

    Each step reduces the embedding, the buckets, the vocabulary or the units: the one that saves
    the most bytes.

    Args:
        preset: the options.
        texts: the training texts.
        classes: the number of classes.
        max_size: the largest bundle, in bytes.

    Raises:
        OptionError: the smallest sizes do not fit.
    """
    lengths = _token_lengths(texts)
    mean = sum(len(text.encode()) for text in texts) / len(texts)
    vectors = round(_VECTORS * _BYTES_OF_TEXT * mean)
    while (size := vectors + _estimate(preset, lengths, classes)) > max_size:
        smaller = next(_smaller(preset, lengths, classes), None)
        if smaller is None:
            raise OptionError(
                "no model fits --max-size",
                expected=f"at least {size:,} bytes",
                found=f"{max_size:,} bytes",
                hint="try --preset bag" if preset.network else "allow a larger bundle",
            )
        preset = smaller
    return preset


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
    size = _OVERHEAD + sum(lengths[:words])
    if preset.wide is not None:
        buckets = min(preset.wide.buckets, max(preset.wide.cells // outputs - words, 1024))
        size += (words + buckets) * outputs + buckets
    if preset.network is not None:
        network = preset.network
        size += words * (network.embedding_dim + 1)
        width = network.embedding_dim
        for units in network.units:
            rows = GATES[network.cell] * units
            size += 2 * rows * (width + units + 12)
            width = 2 * units
        width *= 2 if network.pooling == "max+average" else 1
        dense = network.dense_units or outputs
        size += width * dense + dense * outputs
    return size


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
