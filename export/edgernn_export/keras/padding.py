"""Padding of a model that takes ids: whether it changes the output, and what must be stated.

Such a model does not contain how its texts became ids. If its output depends on the padding, and
its users padded on another side, a file would pass every gate and still predict something else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from edgernn_export.errors import OptionError
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_export.keras.predictions import keras_errors, outputs_of_ids
from edgernn_export.keras.reader import Source, read_source
from edgernn_export.keras.text_front import TextFront, Truncating
from edgernn_export.keras.text_vectorization import input_length

#: Where a model's users padded a text: not at all, behind it or in front of it.
Padding = Literal["none", "post", "pre"]

#: What to state of the padding, by the tokenizer.
_IN_FRONT = "pad_sequences pads and truncates in front by default: --padding pre --truncating pre"
_BEHIND = (
    "TextVectorization pads and truncates behind: --padding post --truncating post; if "
    "pad_sequences did it, state its arguments"
)
#: Outputs that differ less are equal but for rounding.
_TOLERANCE = 1e-5
#: The number of texts that are tried, the most tokens of one, and the padding added to a text of a
#: model of any length.
_TEXTS, _MAX_TOKENS, _ADDED = 32, 64, 5


@dataclass(frozen=True)
class Stated:
    """What the user stated of the ids that a model was trained on.

    Attributes:
        padding: where its texts were padded.
        truncating: what was removed of a longer text.
        max_length: the length to which they were truncated and padded.
    """

    padding: Padding | None = None
    truncating: Truncating | None = None
    max_length: int | None = None


NOTHING_STATED = Stated()


def read_ids_source(
    model: KerasModel, labels: tuple[str, ...] | None, front: TextFront, stated: Stated
) -> Source:
    """Read a model that takes ids, with its texts padded and truncated as in its training.

    Args:
        model: the Keras model.
        labels: the names of the classes; None names them by their numbers.
        front: the tokenizer.
        stated: what the user stated.

    Raises:
        OptionError: the padding, the truncation or the length must be stated, or a stated one does
            not fit.
        UnsupportedModelError: the model has a layer or an option that cannot be exported.
    """
    length = _length(model, front, stated.max_length)
    if length is None and stated.truncating is not None:
        raise OptionError(
            f"--truncating {stated.truncating} does not fit the model",
            expected="a model of ids with a known length",
            found="ids of any length",
            hint="state the length with --max-length",
        )
    front = front.with_length(length, stated.truncating, "post")
    source = read_source(model, labels, front)
    effect = measure_padding(source)
    if effect > _TOLERANCE:
        _check_padding(source, stated, effect)
        if stated.padding == "pre":
            source = read_source(model, labels, replace(front, pad_side="pre"))
    elif length is not None and stated.truncating is None and not front.truncates_itself:
        raise OptionError(
            "the truncation of long texts is not stated",
            expected="--truncating pre, as pad_sequences does by default, or post",
            found=f"texts of at most {length:,} tokens",
            hint="state which tokens of a longer text were removed in training",
        )
    return replace(source, warnings=(*source.warnings, *_describe_truncation(source, stated)))


def check_unstated(source: Source, stated: Stated) -> None:
    """Check that nothing is stated of the ids of a model that contains its tokenizer.

    Raises:
        OptionError: something is stated.
    """
    if source.vectorizer is None:
        return
    given = {
        "--padding": stated.padding,
        "--truncating": stated.truncating,
        "--max-length": stated.max_length,
    }
    for option, value in given.items():
        if value is not None:
            raise OptionError(
                f"{option} does not fit the model",
                expected="a model of ids",
                found=f"layer {source.vectorizer.name}, which pads and truncates itself",
                hint=f"leave out {option}",
            )


def _length(model: KerasModel, front: TextFront, max_length: int | None) -> int | None:
    """Return the length to which texts are truncated and padded.

    Raises:
        OptionError: it is stated twice, with different values.
    """
    wanted = input_length(model)
    for name, found in (("--max-length", max_length), (front.name, front.length)):
        if None not in (wanted, found) and found != wanted:
            raise OptionError(
                f"the length of {name} is not that of the model",
                expected=f"{wanted} ids, as the model takes",
                found=f"{found}",
                hint="use the length that the model was trained with",
            )
    if front.length is not None and max_length is not None and front.length != max_length:
        raise OptionError(
            "--max-length differs from the tokenizer's own length",
            expected=f"{front.length}, of {front.name}",
            found=f"--max-length {max_length}",
            hint="leave out --max-length",
        )
    return wanted or front.length or max_length


def _describe_truncation(source: Source, stated: Stated) -> tuple[str, ...]:
    """Return a warning if the model has a length, and the truncation is not stated."""
    if source.length is None or stated.truncating is not None:
        return ()
    default = "pad_sequences keeps the last ones by default: --truncating pre"
    if source.front and source.front.truncates_itself:
        default = "TextVectorization keeps the first ones: --truncating post"
    warning = (
        f"of a text of more than {source.length:,} tokens the first ones are read; state "
        f"--truncating ({default})"
    )
    return (warning,)


def _check_padding(source: Source, stated: Stated, effect: float) -> None:
    """Refuse what is not stated, or contradicts the length of a model whose padding matters."""
    length, padding = source.length, stated.padding
    if padding is None or (stated.truncating is None and length is not None):
        expected = "--padding pre or post, and --truncating pre or post"
        if length is None:
            expected = "--padding none, or --padding pre or post with --max-length and --truncating"
        elif padding is not None:
            expected = "--truncating pre or post"
        given = [f"--padding {padding}"] if padding else []
        raise OptionError(
            "the model's output depends on the padding of a text, which a model of ids does not "
            "contain",
            expected=f"{expected}, which state how its texts were padded and truncated",
            found=", ".join([*given, f"outputs that padding changes by up to {effect:.2g}"]),
            hint=_BEHIND if source.front and source.front.truncates_itself else _IN_FRONT,
        )
    if (padding == "none") != (length is None):
        expected = f"--padding none, or --max-length with --padding {padding}"
        raise OptionError(
            f"--padding {padding} does not fit the model",
            expected="--padding pre or post" if length else expected,
            found=f"texts of {length or 'any'} length",
            hint="state how the model's texts were padded",
        )


def measure_padding(source: Source) -> float:
    """Return the largest change of a probability by other padding, on texts of random ids.

    For a model of one length these are texts padded in front and behind; for a model of any length
    they are texts without padding, too.

    Args:
        source: a model that takes ids.

    Raises:
        UnsupportedModelError: Keras fails on a text.
    """
    draw, size = np.random.default_rng(0), len(source.task.vocabulary)
    if source.length is None:
        rows = list(draw.integers(1, size, (_TEXTS, 2 * _ADDED)))
        length, padded = 3 * _ADDED, [np.stack(rows)]
    else:
        length, padded = source.length, []
        longest = max(1, min(source.length - 1, _MAX_TOKENS))
        counts = draw.integers(1, longest + 1, _TEXTS)
        rows = [draw.integers(1, size, count) for count in counts]
    padded.append(np.stack([np.pad(row, (length - len(row), 0)) for row in rows]))
    padded.append(np.stack([np.pad(row, (0, length - len(row))) for row in rows]))
    with keras_errors():
        first, *others = [outputs_of_ids(source, ids) for ids in padded]
    changes = [float(np.abs(first - other).max()) for other in others]
    # NaN compares as unequal to anything, so that it counts as a change.
    return max(changes) if np.isfinite(changes).all() else float("inf")
