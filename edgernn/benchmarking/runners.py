"""Open models for the measuring process: bundles and the full Keras model."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from edgernn_runtime import Classifier
from edgernn_runtime.timing import Subject


class Runner(Subject, Protocol):
    """An open model that can be timed and scored."""

    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the probability of each label for each text, [N][C], C at least 2."""


def open_runner(opener: str, arguments: Sequence[str], threads: int) -> Runner:
    """Return an open model.

    Args:
        opener: the function that opens it, as "module:function".
        arguments: what the function is called with.
        threads: threads that one call may use.

    Raises:
        EdgernnError: the model or bundle cannot be used.
    """
    module, _, name = opener.partition(":")
    function = cast(Callable[..., Runner], getattr(importlib.import_module(module), name))
    return function(*arguments, threads=threads)


def open_bundle(path: str, *, threads: int) -> Runner:
    """Return a bundle, open.

    Raises:
        EdgernnError: the bundle cannot be used.
    """
    return BundleRunner(path, threads)


def open_keras_predict(path: str, *, threads: int) -> Runner:
    """Return a Keras model that is run by `predict`.

    Raises:
        EdgernnError: the model cannot be used.
    """
    return KerasRunner(path, threads, as_function=False)


def open_keras_function(path: str, *, threads: int) -> Runner:
    """Return a Keras model that is run as one `tf.function`.

    Raises:
        EdgernnError: the model cannot be used.
    """
    return KerasRunner(path, threads, as_function=True)


class BundleRunner:
    """A bundle, run by the runtime."""

    def __init__(self, path: str, threads: int) -> None:
        from edgernn_runtime import load

        self._classifier: Classifier = load(path, threads=threads)
        self.tokenize = self._classifier.tokenize
        self.output_of_ids = self._classifier.output_of_ids

    def predict(self, text: str) -> object:
        """Return the prediction for a text."""
        return self._classifier.predict(text)

    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the probability of each label for each text, [N][C]."""
        return [list(self._classifier.predict(text).probabilities.values()) for text in texts]


class KerasRunner:
    """The full model, on the ids of each text without the padding of the saved model."""

    def __init__(self, path: str, threads: int, *, as_function: bool) -> None:
        from edgernn.tensorflow_import import import_tensorflow

        import_tensorflow()
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        from edgernn_export.keras.model_file import load_keras

        self._model = load_keras(Path(path))
        self._tokenizer, core = _parts(self._model)
        self._call = _function(core) if as_function else _predict(core)

    def tokenize(self, text: str) -> Any:
        """Return the ids of a text, an int64 tensor [1, T]."""
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

    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the probability of each label for each text, [N][C], from batches of texts."""
        from edgernn.scoring import keras_probabilities

        rows: list[list[float]] = keras_probabilities(self._model, texts).tolist()
        return rows


def _predict(core: Any) -> Any:
    return lambda ids: core.predict(ids, verbose=0)


def _function(core: Any) -> Any:
    import tensorflow as tf

    signature = [tf.TensorSpec([1, None], tf.int64)]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def call(ids: Any) -> Any:
        return core(ids, training=False)

    return lambda ids: call(ids).numpy()


def _parts(model: Any) -> tuple[list[Any], Any]:
    """Return a model's layers from strings to ids, and the rest of it for ids of any length.

    Raises:
        UnsupportedModelError: the tokenizer is in a nested model.
    """
    import keras

    from edgernn_export.keras.ids_model import ids_model, text_layers
    from edgernn_export.keras.reader import read_source

    source = read_source(model)
    # The cut model takes ids padded to the tokenizer's length. A clone with another input has the
    # same layers and takes any length.
    core = keras.models.clone_model(
        ids_model(source),
        input_tensors=[keras.Input((None,), dtype="int64")],
        clone_function=lambda layer: layer,
    )
    return list(text_layers(source)), core
