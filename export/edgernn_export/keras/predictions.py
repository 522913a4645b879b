"""What the Keras model itself answers: the truth that every file is held to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.model_file import without_mask_warnings
from edgernn_export.keras.reader import Source
from edgernn_runtime.ir import Array
from edgernn_runtime.reference import sigmoid, softmax
from edgernn_runtime.tokenizer import Tokenizer

_BATCH = 128


def keras_outputs(
    source: Source,
    texts: Sequence[str | bytes],
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Array:
    """Return the Keras model's own answers for texts, as probabilities.

    Args:
        source: the model.
        texts: the texts; an empty one gets the answer that Keras gives it beside one word.
        report: told after each batch how many of how many texts are answered.

    Returns:
        float32 [N, C], one column where the head is binary; NaN where Keras gives that.

    Raises:
        UnsupportedModelError: Keras fails on a text.
    """
    import tensorflow as tf

    front = _front(source)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator]
    def answer(strings: Any) -> Any:
        inputs = front(strings)
        several = len(source.model.inputs) > 1
        return source.model([inputs] * len(source.model.inputs) if several else inputs)

    outputs = np.zeros((len(texts), source.task.outputs), dtype=np.float32)
    done = 0
    for rows in _batches(source, texts):
        # Keras fails on an empty text alone; beside a word it is a row of pads.
        inputs = tf.constant([*(texts[i] for i in rows), "a"])
        try:
            with without_mask_warnings():
                outputs[rows] = answer(inputs).numpy()[: len(rows)]
        except (tf.errors.OpError, ValueError) as error:
            raise UnsupportedModelError(
                "Keras itself fails to answer a text",
                expected="an answer to any text",
                found=(str(error).strip().splitlines() or [type(error).__name__])[0][:300],
                hint="call the model on a text in Keras, and save it once it answers",
            ) from error
        done += len(rows)
        report(done, len(texts))
    if not source.gives_logits:
        return outputs
    return softmax(outputs) if source.task.head == "multiclass" else sigmoid(outputs)


def _front(source: Source) -> Callable[[Any], Any]:
    """Return what makes the model's input of strings [N]: themselves, or ids [N, T]."""
    spec, layer = source.task.tokenizer, source.vectorizer
    if source.has_vectorizer:
        return _as_they_are
    length = spec.max_length
    if spec.truncate == "head" or length is None:
        return cast(Callable[[Any], Any], layer)
    from edgernn_export.keras.head_tail_truncation import KeepEnds

    whole = type(layer).from_config({**layer.get_config(), "output_sequence_length": None})
    whole.set_vocabulary(layer.get_vocabulary())
    keep = KeepEnds(length)

    def both_ends(strings: Any) -> Any:
        return keep(whole(strings))

    return both_ends


def _as_they_are(strings: Any) -> Any:
    return strings


def _batches(source: Source, texts: Sequence[str | bytes]) -> Iterator[list[int]]:
    """Yield the indices of texts that Keras may answer together.

    Where Keras pads each text to one length, any texts; else those of one number of tokens,
    since a longer text in the batch pads the others, and that may change their answers.
    """
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    together: dict[int, list[int]] = {}
    for i, text in enumerate(texts):
        tokens = 0 if source.length is not None else len(tokenizer.ids(text))
        together.setdefault(tokens, []).append(i)
    for rows in together.values():
        for start in range(0, len(rows), _BATCH):
            yield rows[start : start + _BATCH]
