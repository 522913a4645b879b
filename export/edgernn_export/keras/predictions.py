"""The Keras model's own predictions: the reference that every file is compared with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.model_file import without_mask_warnings
from edgernn_export.keras.reader import Source
from edgernn_export.keras.text_front import decoded, standardized
from edgernn_runtime.activations import sigmoid, softmax
from edgernn_runtime.ir import Array
from edgernn_runtime.tokenizer import Tokenizer

_BATCH = 128


def keras_outputs(
    source: Source,
    texts: Sequence[str | bytes],
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Array:
    """Return the Keras model's outputs for texts, as probabilities.

    Args:
        source: the model.
        texts: N texts; an empty text gets the output that Keras gives it beside a longer one.
        report: called after each batch with the number of texts done, and N.

    Returns:
        float32 [N, C], one column if the head is binary; NaN where Keras returns NaN.

    Raises:
        UnsupportedModelError: Keras fails on a text.
    """
    predict = _predict_strings(source) if source.front is None else _predict_ids(source)
    outputs = np.zeros((len(texts), source.task.outputs), dtype=np.float32)
    done = 0
    for rows in _batches(source, texts):
        with keras_errors():
            outputs[rows] = predict([texts[i] for i in rows])
        done += len(rows)
        report(done, len(texts))
    return as_probabilities(source, outputs)


def _predict_strings(source: Source) -> Callable[[Sequence[str | bytes]], Array]:
    """Return a function from N texts to the outputs of a model that takes strings, [N, C]."""
    import tensorflow as tf

    compute = _compile(source, tf.TensorSpec([None], tf.string))

    def predict(texts: Sequence[str | bytes]) -> Array:
        prepared = standardized(source.steps, texts) if source.steps else texts
        # Keras fails on an empty text alone; beside a word it is a row of padding.
        return np.asarray(compute(tf.constant([*prepared, "a"])))[: len(texts)]

    return predict


def _predict_ids(source: Source) -> Callable[[Sequence[str | bytes]], Array]:
    """Return a function from N texts to the outputs of a model that takes ids, [N, C]."""
    import tensorflow as tf

    front = source.front
    assert front is not None, "the caller checks it"
    compute = _compile(source, tf.TensorSpec([None, source.length], tf.int64))
    return lambda texts: np.asarray(compute(front.batch([decoded(text) for text in texts])))


def _compile(source: Source, signature: Any) -> Any:
    """Return the model as a `tf.function` of one tensor, which each of its inputs gets."""
    import tensorflow as tf

    count = len(source.model.inputs)

    @tf.function(input_signature=[signature])  # type: ignore[untyped-decorator]
    def compute(inputs: Any) -> Any:
        return source.model([inputs] * count if count > 1 else inputs, training=False)

    return compute


def outputs_of_ids(source: Source, ids: NDArray[np.int64]) -> Array:
    """Return the probabilities of a model that takes ids.

    Args:
        source: the model.
        ids: int64 [N, L].

    Returns:
        float32 [N, C].
    """
    import tensorflow as tf

    compute = _compile(source, tf.TensorSpec([None, None], tf.int64))
    return as_probabilities(source, np.asarray(compute(tf.constant(ids))))


@contextlib.contextmanager
def keras_errors() -> Iterator[None]:
    """Raise what Keras raises in the block as an error of the exporter.

    Raises:
        UnsupportedModelError: Keras failed.
    """
    import tensorflow as tf

    try:
        with without_mask_warnings():
            yield
    except (tf.errors.OpError, ValueError) as error:
        raise UnsupportedModelError(
            "Keras itself fails to predict a text",
            expected="an output for any text",
            found=(str(error).strip().splitlines() or [type(error).__name__])[0][:300],
            hint="call the model on a text in Keras, and save it once that works",
        ) from error


def as_probabilities(source: Source, outputs: Array) -> Array:
    """Return the model's own outputs as probabilities.

    Args:
        source: the model.
        outputs: float32 [N, C], probabilities or logits as the model gives them.

    Returns:
        float32 [N, C].
    """
    if not source.gives_logits:
        return outputs
    return softmax(outputs) if source.task.head == "multiclass" else sigmoid(outputs)


def _batches(source: Source, texts: Sequence[str | bytes]) -> Iterator[list[int]]:
    """Yield the indices of texts that Keras may predict in one batch.

    If Keras pads each text to one length, these are any texts. Otherwise they have the same number
    of tokens, because a longer text in the batch pads the others, which may change their outputs.
    """
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    together: dict[int, list[int]] = {}
    for i, text in enumerate(texts):
        tokens = 0 if source.length is not None else len(tokenizer.ids(text))
        together.setdefault(tokens, []).append(i)
    for rows in together.values():
        for start in range(0, len(rows), _BATCH):
            yield rows[start : start + _BATCH]
