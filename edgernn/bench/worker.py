"""The measuring process: `python -m edgernn.bench.worker` with a job on stdin."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn.bench.job import Job, Measured
from edgernn.scoring import bundle_probabilities, keras_probabilities

_WARM_UP_CALLS = 10
_LEAST_SAMPLES = 20
_MOST_SAMPLES = 1000


def measure(job: Job) -> Measured:
    """Return what a job asks for.

    Raises:
        EdgernnError: the model or bundle cannot be used.
    """
    if job.form == "bundle":
        return _measure_bundle(job)
    return _measure_keras(job)


def _measure_bundle(job: Job) -> Measured:
    from edgernn_runtime import load

    with load(job.path, threads=job.threads) as classifier:
        samples = _time(classifier.predict, job)
        quality = bundle_probabilities(classifier, job.quality_texts)
    return Measured(samples, _rows(quality))


def _measure_keras(job: Job) -> Measured:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(job.threads)
    tf.config.threading.set_inter_op_parallelism_threads(job.threads)
    from edgernn_export.keras_model import load_keras

    model = load_keras(Path(job.path))
    call = _predict(model) if job.form == "keras predict" else _function(model)
    samples = _time(call, job)
    if not job.quality_texts:
        return Measured(samples, ())
    return Measured(samples, _rows(keras_probabilities(model, job.quality_texts)))


def _rows(probabilities: NDArray[np.float32]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in probabilities)


def _predict(model: Any) -> Callable[[str], Any]:
    """Return a call of `predict` on a text's bare ids, without the padding of the saved model."""
    import tensorflow as tf

    tokenizer, core = _parts(model)
    return lambda text: core.predict(_bare(tokenizer(tf.constant([text]))), verbose=0)


def _function(model: Any) -> Callable[[str], Any]:
    """Return one tf.function from a text to its probabilities, on bare ids."""
    import tensorflow as tf

    tokenizer, core = _parts(model)

    @tf.function(input_signature=[tf.TensorSpec([1], tf.string)])  # type: ignore[untyped-decorator]
    def answer(text: Any) -> Any:
        return core(_bare(tokenizer(text)), training=False)

    return lambda text: answer(tf.constant([text])).numpy()


def _parts(model: Any) -> tuple[Any, Any]:
    """Return a model's way from strings to ids, and the rest of it as a model on ids."""
    import keras

    from edgernn_export.keras_model import layers_of

    layers = [layer for layer in layers_of(model) if type(layer).__name__ != "InputLayer"]
    front = 2 if type(layers[1]).__name__ == "KeepEnds" else 1
    tokenizer = keras.Sequential([keras.Input((), dtype="string"), *layers[:front]])
    return tokenizer, keras.Sequential([keras.Input((None,), dtype="int64"), *layers[front:]])


def _bare(ids: Any) -> Any:
    import tensorflow as tf

    return ids[:, : tf.math.count_nonzero(ids)]


def _time(call: Callable[[str], Any], job: Job) -> tuple[float, ...]:
    """Return the milliseconds of each call, the texts taken in turn."""
    texts = job.latency_texts
    for i in range(_WARM_UP_CALLS):
        call(texts[i % len(texts)])
    samples: list[float] = []
    deadline = time.perf_counter() + job.seconds
    while len(samples) < _LEAST_SAMPLES or time.perf_counter() < deadline:
        text = texts[len(samples) % len(texts)]
        start = time.perf_counter()
        call(text)
        samples.append(1e3 * (time.perf_counter() - start))
        if len(samples) == _MOST_SAMPLES:
            break
    return tuple(np.round(samples, 4).tolist())


def main() -> None:
    """Read a job, measure, and write the result or the error as JSON."""
    from edgernn_runtime import EdgernnError

    fields = json.load(sys.stdin)
    try:
        result = asdict(measure(Job(**fields)))
    except EdgernnError as error:
        result = {"error": str(error)}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
