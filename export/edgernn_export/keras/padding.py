"""Padding of a model that takes ids: whether it changes the output, and what must be stated.

Such a model does not contain how its texts became ids. If its output depends on the padding, and
its users padded on another side, a file would pass every gate and still predict something else.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import OptionError, UnsupportedModelError
from edgernn_export.keras.predictions import as_probabilities, keras_errors
from edgernn_export.keras.reader import Source
from edgernn_runtime.ir import Array
from edgernn_runtime.tokenizer import Truncate

#: Where a model's users padded a text: not at all, behind it or in front of it.
Padding = Literal["none", "post", "pre"]

#: Outputs that differ less are equal but for rounding.
_TOLERANCE = 1e-5
#: The number of texts that are tried, the most tokens of one, and the padding added to a text of a
#: model of any length.
_TEXTS, _MAX_TOKENS, _ADDED = 32, 64, 5


def check_padding(source: Source, padding: Padding | None, truncate: Truncate | None) -> None:
    """Check that the padding of a model is known, if its output depends on it.

    Args:
        source: the model.
        padding: where its users padded, as stated; None if not stated.
        truncate: which tokens of a longer text they kept, as stated; None if not stated.

    Raises:
        OptionError: the padding or the truncation must be stated, or the stated one does not fit.
        UnsupportedModelError: the model was padded in front, which cannot be exported.
    """
    if source.has_vectorizer:
        if padding is not None:
            raise OptionError(
                "--padding does not fit the model",
                expected="a model of ids",
                found=f"layer {source.vectorizer.name}, which pads",
                hint="leave out --padding",
            )
        return
    effect = measure_padding(source)
    if effect <= _TOLERANCE:
        return
    if padding == "pre":
        raise UnsupportedModelError(
            "padding in front of a text cannot be exported",
            expected="--padding post, or a model with mask_zero=True, which any padding suits",
            found=f"--padding pre, and outputs that depend on it (by up to {effect:.2g})",
            hint="train with padding='post', or with Embedding(..., mask_zero=True)",
        )
    _check_stated(source, padding, truncate, effect)


def describe_truncation(source: Source, truncate: Truncate | None) -> tuple[str, ...]:
    """Return a warning if a model of ids has a length, and the truncation is not stated.

    Args:
        source: the model.
        truncate: which tokens of a longer text its users kept, as stated; None if not stated.
    """
    if source.has_vectorizer or source.length is None or truncate is not None:
        return ()
    warning = (
        f"of a text of more than {source.length:,} tokens the first ones are read; state --truncate"
        " (pad_sequences keeps the last ones by default, which cannot be exported)"
    )
    return (warning,)


def _check_stated(
    source: Source, padding: Padding | None, truncate: Truncate | None, effect: float
) -> None:
    """Refuse what is not stated, or contradicts the length of a model whose padding matters."""
    fitting = "none" if source.length is None else "post"
    if padding is None or (truncate is None and source.length is not None):
        expected = "--padding post and --truncate"
        if source.length is None:
            expected = "--padding none, or --padding post with --max-length and --truncate"
        elif padding is not None:
            expected = "--truncate"
        given = [f"--padding {padding}"] if padding else []
        raise OptionError(
            "the model's output depends on the padding of a text, which a model of ids does not "
            "contain",
            expected=f"{expected}, which state how its texts were padded and truncated",
            found=", ".join([*given, f"outputs that padding changes by up to {effect:.2g}"]),
            hint=(
                "pad_sequences pads in front and keeps the tail by default, which cannot be"
                " exported: train with padding='post', truncating='post', or with mask_zero=True"
            ),
        )
    if padding != fitting:
        raise OptionError(
            f"--padding {padding} does not fit the model",
            expected=f"--padding {fitting}"
            + (", or --padding post with --max-length" if source.length is None else ""),
            found=f"ids of shape [N, {source.length or 'T'}]",
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
    first, *others = [_outputs(source, ids) for ids in padded]
    changes = [float(np.abs(first - other).max()) for other in others]
    # NaN compares as unequal to anything, so that it counts as a change.
    return max(changes) if np.isfinite(changes).all() else float("inf")


def _outputs(source: Source, ids: NDArray[np.int64]) -> Array:
    """Return the model's probabilities, float32 [N, C], for ids [N, T]."""
    import tensorflow as tf

    inputs: Any = tf.constant(ids, dtype=tf.int64)
    count = len(source.model.inputs)
    with keras_errors():
        outputs = source.model([inputs] * count if count > 1 else inputs, training=False)
    return as_probabilities(source, np.asarray(outputs, dtype=np.float32))
