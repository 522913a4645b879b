"""The forms of a model that are timed, each opened as a `Subject` by the measuring process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime import Classifier
from edgernn_runtime.timing import Subject

Kind = Literal["keras predict", "keras tf.function", "bundle", "peer"]
Probabilities = list[list[float]]


class Form(Subject, Protocol):
    """A form of the model: timed, and asked for its answers."""

    def answers(self, texts: Sequence[str]) -> Probabilities:
        """Return the probabilities of each label for each text, [N][C], C at least 2."""


def open_form(kind: Kind, path: str, threads: int, bundle: str | None) -> Form:
    """Return a form of the model, open.

    Args:
        kind: how the model is run.
        path: the `.keras` file, the bundle, or the file of a peer.
        threads: threads that one call may use.
        bundle: for a peer: the bundle whose tokenizer it is given.

    Raises:
        EdgernnError: the model or bundle cannot be used.
    """
    if kind == "bundle":
        return BundleForm(path, threads)
    if kind == "peer":
        from edgernn.bench.peers import PeerForm

        assert bundle is not None
        return PeerForm(Path(path), bundle, threads)
    return KerasForm(path, threads, as_function=kind == "keras tf.function")


class BundleForm:
    """A bundle, as the runtime runs it."""

    def __init__(self, path: str, threads: int) -> None:
        from edgernn_runtime import load

        self._classifier: Classifier = load(path, threads=threads)
        self.tokenize = self._classifier.tokenize
        self.output_of_ids = self._classifier.output_of_ids

    def predict(self, text: str) -> object:
        """Return the answer for a text."""
        return self._classifier.predict(text)

    def answers(self, texts: Sequence[str]) -> Probabilities:
        """Return the probabilities of each label for each text."""
        return [list(self._classifier.predict(text).probabilities.values()) for text in texts]


class KerasForm:
    """The full model, on each text's bare ids, without the padding of the saved model."""

    def __init__(self, path: str, threads: int, *, as_function: bool) -> None:
        from edgernn.heavy import import_tensorflow

        import_tensorflow()
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        from edgernn_export.keras.model_file import load_keras

        self._model = load_keras(Path(path))
        self._tokenizer, core = _parts(self._model)
        self._call = _function(core) if as_function else _predict(core)

    def tokenize(self, text: str) -> Any:
        """Return the ids of a text, [1, T]."""
        import tensorflow as tf

        ids = tf.constant([text])
        for layer in self._tokenizer:
            ids = layer(ids)
        return ids[:, : tf.math.count_nonzero(ids)]

    def output_of_ids(self, ids: Any) -> object:
        """Return the model's output for ids [1, T]."""
        return self._call(ids)

    def predict(self, text: str) -> object:
        """Return the model's output for a text."""
        return self._call(self.tokenize(text))

    def answers(self, texts: Sequence[str]) -> Probabilities:
        """Return the probabilities of each label for each text, as the exporter asks Keras."""
        from edgernn.scoring import keras_probabilities

        rows: Probabilities = keras_probabilities(self._model, texts).tolist()
        return rows


def _predict(core: Any) -> Any:
    return lambda ids: core.predict(ids, verbose=0)


def _function(core: Any) -> Any:
    import tensorflow as tf

    signature = [tf.TensorSpec([1, None], tf.int64)]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def answer(ids: Any) -> Any:
        return core(ids, training=False)

    return lambda ids: answer(ids).numpy()


def _parts(model: Any) -> tuple[list[Any], Any]:
    """Return a model's layers from strings to ids, and the rest of it on ids of any length.

    Raises:
        UnsupportedModelError: the tokenizer is in a nested model.
    """
    import keras

    from edgernn_export.keras.ids_model import ids_model
    from edgernn_export.keras.layer_chain import all_layers
    from edgernn_export.keras.reader import read_source

    source = read_source(model)
    ends = [layer for layer in all_layers(model) if type(layer).__name__ == "KeepEnds"]
    # The cut model takes ids padded to the tokenizer's length; built anew on a longer or shorter
    # input it has the same layers.
    core = keras.models.clone_model(
        ids_model(source),
        input_tensors=[keras.Input((None,), dtype="int64")],
        clone_function=lambda layer: layer,
    )
    return [source.vectorizer, *ends], core


def both_classes(output: NDArray[np.float32]) -> list[float]:
    """Return the probability of each label, of a model's own output [C]."""
    values: list[float] = output.tolist()
    return [1 - values[0], values[0]] if len(values) == 1 else values
