"""The other roads from Keras to a device, and this one: the same trained models, side by side.

python benchmarks/routes.py FOLDER [FOLDER ...]

Each FOLDER is one that `edgernn train` wrote. Each road converts in a process of its own, since
some end it. The file is then opened by the slim runtimes (ai-edge-litert without Flex,
onnxruntime), its answers to 100 validation texts, one at a time, are held against Keras's, and
timed in turns, one thread. Prints Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgernn.heavy import import_tensorflow
from edgernn.model_folder import read_model_folder
from edgernn_export.generic import ids_model
from edgernn_export.keras_answers import keras_outputs
from edgernn_export.keras_model import load_keras
from edgernn_export.reader import Source, read_source
from edgernn_runtime import load
from edgernn_runtime.tokenizer import Tokenizer

_TEXTS, _LIMIT_SECONDS = 100, 600
Run = Callable[[NDArray[np.int32]], NDArray[np.float32]]


def keras_litert(source: Source, out: Path) -> None:
    """Keras 3's own export of the masked model."""
    ids_model(source).export(out, format="litert", verbose=False)


def converter_keras(source: Source, out: Path) -> None:
    """The TFLite converter on the Keras 3 model."""
    import tensorflow as tf

    out.write_bytes(tf.lite.TFLiteConverter.from_keras_model(ids_model(source)).convert())


def converter_tf_keras(source: Source, out: Path) -> None:
    """The TFLite converter on a masked tf_keras twin with the same weights."""
    import tensorflow as tf
    import tf_keras

    core = ids_model(source)
    layers = tf_keras.layers
    ids = layers.Input(batch_shape=(1, None), dtype="int32")
    x = layers.Embedding(*core.get_weights()[0].shape, mask_zero=True)(ids)
    for layer in core.layers[2:]:
        config = layer.get_config()
        if type(layer).__name__ == "Bidirectional":
            inner = config["layer"]["config"]
            lstm = layers.LSTM(inner["units"], return_sequences=inner["return_sequences"])
            x = layers.Bidirectional(lstm)(x)
        elif type(layer).__name__ == "Dense":
            x = layers.Dense(config["units"], activation=config["activation"])(x)
    twin = tf_keras.Model(ids, x)
    twin.set_weights(core.get_weights())
    out.write_bytes(tf.lite.TFLiteConverter.from_keras_model(twin).convert())


def tf2onnx_masked(source: Source, out: Path) -> None:
    """Tf2onnx on the masked model."""
    import tensorflow as tf
    import tf2onnx

    core = ids_model(source)
    function = tf.function(core, input_signature=[tf.TensorSpec([None, None], tf.int32)])
    tf2onnx.convert.from_function(
        function, function.input_signature, opset=15, output_path=str(out)
    )


ROUTES: dict[str, tuple[str, Callable[[Source, Path], None]]] = {
    'Keras 3 export(format="litert")': ("model.tflite", keras_litert),
    "TFLite converter, Keras 3 model": ("model.tflite", converter_keras),
    "TFLite converter, masked tf_keras twin": ("model.tflite", converter_tf_keras),
    "tf2onnx": ("model.onnx", tf2onnx_masked),
}


@dataclass
class Row:
    """What became of one road.

    Attributes:
        name: the road.
        converts: whether there is a file, or why not.
        loads: whether the slim runtime runs it, or why not.
        size: the file's bytes.
        change: the largest change in any probability.
        run: ids to probabilities.
        samples: milliseconds of each text.
    """

    name: str
    converts: str = "yes"
    loads: str = ""
    size: int = 0
    change: float | None = None
    run: Run | None = None
    samples: list[float] | None = None


def main() -> None:
    """Convert, open, compare and time; or convert alone, where --route says so."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--route", choices=ROUTES, help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    import_tensorflow()
    if options.route is not None:
        source = read_source(load_keras(read_model_folder(options.folders[0]).model))
        ROUTES[options.route][1](source, options.to)
        return
    for folder in options.folders:
        _compare(folder)


def _compare(path: Path) -> None:
    folder = read_model_folder(path)
    source = read_source(load_keras(folder.model), folder.labels)
    texts = folder.validation.texts[:_TEXTS]
    expected = keras_outputs(source, texts)
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    rows = [tokenizer.ids(text) for text in texts]
    with tempfile.TemporaryDirectory() as place:
        roads = [_road(path, name, Path(place)) for name in ROUTES]
        roads += [_ours(bundle) for bundle in folder.bundles]
        for road in roads:
            _check(road, rows, expected)
        for ids in rows:
            for road in roads:
                if road.run is not None:
                    start = time.perf_counter()
                    road.run(ids)
                    assert road.samples is not None
                    road.samples.append(1000 * (time.perf_counter() - start))
    tokens = int(np.median([len(ids) for ids in rows]))
    print(f"\n{path.name}: {len(rows)} texts, {tokens} tokens in the middle\n")
    print("| road | converts | slim runtime | bytes | largest change | p50 ms |")
    print("|---|---|---|---:|---:|---:|")
    for road in roads:
        change = "" if road.change is None else f"{road.change:.1e}"
        p50 = f"{np.median(road.samples):.2f}" if road.samples else ""
        size = f"{road.size:,}" if road.size else ""
        print(f"| {road.name} | {road.converts} | {road.loads} | {size} | {change} | {p50} |")


def _road(folder: Path, name: str, place: Path) -> Row:
    """Convert in a process of its own, and open the file."""
    file = place / str(list(ROUTES).index(name)) / ROUTES[name][0]
    file.parent.mkdir()
    command = [sys.executable, __file__, str(folder), "--route", name, "--to", str(file)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_LIMIT_SECONDS, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return Row(name, converts=f"no: not within {_LIMIT_SECONDS} s")
    if not file.is_file():
        return Row(name, converts=f"no: {_reason(done.stderr)}")
    row = Row(name, size=file.stat().st_size)
    try:
        row.run = (_litert if file.suffix == ".tflite" else _onnx)(file)
    except Exception as error:  # noqa: BLE001 - whatever a foreign file makes an engine raise
        row.loads = f"no: {_reason(str(error))}"
    return row


def _ours(bundle: Path) -> Row:
    classifier = load(bundle)
    row = Row(f"edgernn {bundle.stem}", size=len(classifier.bundle.model))
    row.run = classifier.output_of_ids
    return row


def _check(road: Row, rows: list[NDArray[np.int32]], expected: NDArray[np.float32]) -> None:
    if road.run is None:
        return
    try:
        found = np.stack([road.run(ids) for ids in rows])
    except Exception as error:  # noqa: BLE001 - as above, when it runs
        road.loads, road.run = f"no: {_reason(str(error))}", None
        return
    road.loads, road.samples = "yes", []
    road.change = float(np.abs(found - expected).max())


def _litert(file: Path) -> Run:
    from edgernn_runtime.engines import open_engine

    return open_engine("tflite", file.read_bytes(), 1).run


def _onnx(file: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda ids: session.run(None, {name: ids[np.newaxis]})[0][0]


def _reason(text: str) -> str:
    """Return the line of an error that says most, short enough for a table."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "rror" in line or "Flex" in line or "TensorList" in line]
    line = (told or lines or ["nothing was said"])[-1]
    return line.removeprefix("found:").strip().replace("|", "/")[:100]


if __name__ == "__main__":
    main()
