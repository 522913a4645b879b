"""The usual ways from a Keras model to a device, as variants of a benchmark.

A conversion runs in its own process, since some crash: `python benchmarks/peer_variants.py NAME
MODEL FILE`. Each peer gets the tokenizer of a bundle, because none of them includes one.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn.benchmarking.variants import Variant, error_line, last_error
from edgernn.errors import BenchError
from edgernn_runtime import EdgernnError
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.heads import expand_binary
from edgernn_runtime.tokenizer import Tokenizer, with_padding

_LIMIT_SECONDS = 600
Run = Callable[[NDArray[np.int32]], NDArray[np.float32]]


def _core(model: Path) -> Any:
    """Return the Keras model behind its tokenizer, from ids to probabilities."""
    from edgernn_export.keras.ids_model import ids_model
    from edgernn_export.keras.model_file import load_keras
    from edgernn_export.keras.reader import read_source

    return ids_model(read_source(load_keras(model)))


def _keras_litert(model: Path, out: Path) -> None:
    _core(model).export(out, format="litert", verbose=False)


def _converter(model: Path, out: Path) -> None:
    import tensorflow as tf

    out.write_bytes(tf.lite.TFLiteConverter.from_keras_model(_core(model)).convert())


def _converter_twin(model: Path, out: Path, *, is_int8: bool = False) -> None:
    """Convert a masked tf_keras twin with the same weights."""
    import tensorflow as tf
    import tf_keras

    core = _core(model)
    layers = tf_keras.layers
    ids = layers.Input(batch_shape=(1, None), dtype="int32")
    x = layers.Embedding(*core.get_weights()[0].shape, mask_zero=True)(ids)
    for layer in core.layers[2:]:
        config = layer.get_config()
        if type(layer).__name__ == "Bidirectional":
            inner = config["layer"]["config"]
            kind = getattr(layers, config["layer"]["class_name"])
            cell = kind(inner["units"], return_sequences=inner["return_sequences"])
            x = layers.Bidirectional(cell)(x)
        elif type(layer).__name__ == "Dense":
            x = layers.Dense(config["units"], activation=config["activation"])(x)
        elif type(layer).__name__ == "Activation":
            x = layers.Activation(config["activation"])(x)
        elif "Dropout" not in type(layer).__name__:
            raise NotImplementedError(f"a twin of {type(layer).__name__}")
    twin = tf_keras.Model(ids, x)
    twin.set_weights(core.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(twin)
    if is_int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    out.write_bytes(converter.convert())


def _tf2onnx(model: Path, out: Path) -> None:
    import tensorflow as tf
    import tf2onnx

    signature = [tf.TensorSpec([None, None], tf.int32)]
    function = tf.function(_core(model), input_signature=signature)
    tf2onnx.convert.from_function(function, signature, opset=15, output_path=str(out))


def _tf2onnx_int8(model: Path, out: Path) -> None:
    from onnxruntime.quantization import quantize_dynamic

    whole = out.with_name("whole.onnx")
    _tf2onnx(model, whole)
    quantize_dynamic(whole, out)


def _openvino(model: Path, out: Path) -> None:
    """Write edgernn's float32 ONNX file, the fastest input of OpenVINO."""
    _own(model, out, "onnx")


def _torch(model: Path, out: Path) -> None:
    """Write a float32 `model.bin`, whose weights PyTorch runs."""
    _own(model, out, "native")


def _own(model: Path, out: Path, model_format: str) -> None:
    """Write edgernn's float32 file."""
    from edgernn_export import Options, export

    whole = out.with_name("whole.edgernn")
    export(model, whole, Options(model_format, allow_drop=True))
    out.write_bytes(read_bundle(whole).model)


@dataclass(frozen=True)
class Peer:
    """Another way to a device.

    Attributes:
        file: the name of the file it writes, which selects the engine.
        package: the package that it needs beside those of edgernn, or None.
        convert: writes the file, from the path of the `.keras` file and its own.
    """

    file: str
    package: str | None
    convert: Callable[[Path, Path], None]


PEERS = {
    "Keras 3 export litert": Peer("model.tflite", None, _keras_litert),
    "TFLite converter": Peer("model.tflite", None, _converter),
    "TFLite converter, tf_keras": Peer("model.tflite", "tf_keras", _converter_twin),
    "TFLite converter, tf_keras, int8": Peer(
        "model.tflite", "tf_keras", lambda model, out: _converter_twin(model, out, is_int8=True)
    ),
    "tf2onnx": Peer("model.onnx", None, _tf2onnx),
    "tf2onnx, quantize_dynamic": Peer("model.onnx", None, _tf2onnx_int8),
    "OpenVINO": Peer("openvino.onnx", "openvino", _openvino),
    "OpenVINO, default precision": Peer("openvino-default.onnx", "openvino", _openvino),
    "PyTorch": Peer("torch.bin", "torch", _torch),
}


def peer_variants(model: Path, bundle: Path, folder: Path) -> tuple[Variant, ...]:
    """Return a variant for each peer, converted; one that fails to convert has its error.

    Args:
        model: the `.keras` file.
        bundle: a bundle of the model, for its tokenizer.
        folder: an existing folder for the converted files.
    """
    return tuple(_variant(name, model, bundle, folder) for name in PEERS)


def _variant(name: str, model: Path, bundle: Path, folder: Path) -> Variant:
    engine, _ = ENGINES[PEERS[name].file]
    opener = "peer_variants:open_peer"
    try:
        file = _converted(name, model, folder)
    except EdgernnError as error:
        return Variant(name, opener, (), error=error_line(error))
    return Variant(name, opener, (str(file), str(bundle)), engine, file.stat().st_size)


def _converted(name: str, model: Path, folder: Path) -> Path:
    """Return the file that a peer makes of a model, in its own subfolder.

    Raises:
        BenchError: a package is missing, or the conversion fails.
    """
    peer = PEERS[name]
    if peer.package is not None and importlib.util.find_spec(peer.package) is None:
        raise BenchError(f"{peer.package} is not installed")
    file = folder / str(list(PEERS).index(name)) / peer.file
    file.parent.mkdir()
    command = [sys.executable, __file__, name, str(model), str(file)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_LIMIT_SECONDS, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"no file within {_LIMIT_SECONDS} s") from None
    if not file.is_file():
        raise BenchError(f"does not convert: {last_error(done.stderr)}")
    return file


def open_peer(file: str, bundle: str, *, threads: int) -> PeerRunner:
    """Return a peer's file, open: what the measuring process calls.

    Raises:
        EdgernnError: it cannot be opened, or not by the slim runtimes.
    """
    return PeerRunner(Path(file), bundle, threads)


class PeerRunner:
    """A peer's file with the tokenizer of a bundle."""

    def __init__(self, file: Path, bundle: str, threads: int) -> None:
        """Open the file.

        Raises:
            EdgernnError: it cannot be opened, or not by the slim runtimes.
        """
        read = read_bundle(bundle)
        self._tokenizer = Tokenizer(read.manifest.tokenizer, read.vocabulary)
        self._pad_to = read.manifest.pad_to
        self._run = ENGINES[file.name][1](file, threads)

    def tokenize(self, text: str) -> NDArray[np.int32]:
        """Return the ids of a text, int32 [T]."""
        return with_padding(self._tokenizer.ids(text), self._pad_to)

    def output_of_ids(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the model's output, float32 [C], for ids int32 [T]."""
        return self._run(ids)

    def predict(self, text: str) -> object:
        """Return the model's output for a text."""
        return self._run(self.tokenize(text))

    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the probability of each label for each text, [N][C]."""
        return [expand_binary(self._run(self.tokenize(text))).tolist() for text in texts]


def _open_litert(file: Path, threads: int) -> Run:
    from edgernn_runtime.engines import open_engine

    return open_engine("tflite", file.read_bytes(), threads).run


def _open_onnx(file: Path, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda ids: session.run(None, {name: ids[np.newaxis]})[0][0]


def _open_openvino(file: Path, threads: int, *, precision: str | None = "f32") -> Run:
    """Open a file with OpenVINO, which uses bfloat16 by default if the processor has it."""
    import openvino

    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision is not None:
        options["INFERENCE_PRECISION_HINT"] = precision
    compiled = openvino.Core().compile_model(file, "CPU", options)

    def run(ids: NDArray[np.int32]) -> NDArray[np.float32]:
        lengths = np.array([len(ids)], dtype=np.int32)
        output: NDArray[np.float32] = compiled({"ids": ids[np.newaxis], "lengths": lengths})[0][0]
        return output

    return run


def _open_torch(file: Path, threads: int) -> Run:
    from peer_torch import TorchModel

    return TorchModel(file, threads)


#: The engine of each file name: its title and the function that opens it.
ENGINES: dict[str, tuple[str, Callable[[Path, int], Run]]] = {
    "model.tflite": ("LiteRT", _open_litert),
    "model.onnx": ("ONNX Runtime", _open_onnx),
    "openvino.onnx": ("OpenVINO", _open_openvino),
    "openvino-default.onnx": ("OpenVINO", partial(_open_openvino, precision=None)),
    "torch.bin": ("PyTorch", _open_torch),
}


def main() -> None:
    """Write one peer's file."""
    from edgernn.tensorflow_import import import_tensorflow

    name, model, file = sys.argv[1:]
    import_tensorflow()
    try:
        PEERS[name].convert(Path(model), Path(file))
    except EdgernnError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
