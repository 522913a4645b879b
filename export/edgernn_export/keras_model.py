"""The Keras side of an export: load a model safely, and ask it for its own answers.

Keras and tensorflow take seconds to import, and so are imported where they are needed.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgernn_export.errors import ModelFileError, UnsupportedModelError
from edgernn_export.keras_vocabulary import with_vocabulary_in_config
from edgernn_runtime.network import Array, Network
from edgernn_runtime.reference import sigmoid, softmax

KerasModel = Any  # Keras carries no types.

_BATCH = 128


def load_keras(path: Path) -> KerasModel:
    """Return the Keras model in a `.keras` file, loaded without running code of its own.

    Raises:
        ModelFileError: nothing is there, it is another kind of file, or it needs code to load.
    """
    if not path.is_file():
        raise ModelFileError(
            "there is no model here",
            path=path,
            expected="a .keras file, or a folder that `edgernn train` wrote",
            found="a folder without model.keras" if path.is_dir() else "nothing",
            hint="`edgernn train` makes ./model",
        )
    if not zipfile.is_zipfile(path):
        raise ModelFileError(
            "this is not a .keras file",
            path=path,
            expected="a file that model.save('NAME.keras') wrote with Keras 3",
            found=f"a {path.suffix or 'nameless'} file that is not a zip archive",
            hint="load it in Keras and save it again as NAME.keras",
        )
    try:
        return _load(path)
    except Exception as error:  # Keras raises whatever a layer's constructor raises.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelFileError(
            "Keras cannot load this model safely",
            path=path,
            expected="built-in layers only, no Lambda and no class of your own",
            found=reason[0][:300],
            hint="see docs/architecture.md for what can be exported",
        ) from error


def _load(path: Path) -> KerasModel:
    import keras

    mended = with_vocabulary_in_config(path)
    if mended is None:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(mended)
        return keras.saving.load_model(copy, compile=False, safe_mode=True)


def keras_outputs(model: KerasModel, network: Network, texts: Sequence[str | bytes]) -> Array:
    """Return the Keras model's own answers for texts, as probabilities.

    Args:
        model: takes strings.
        network: what was read from it; says whether its last layer gives logits.
        texts: the texts; an empty one gets the answer that Keras gives it in a batch.

    Returns:
        float32 [N, C], one column where the head is binary.
    """
    import tensorflow as tf

    layers = layers_of(model)
    embedding = next(layer for layer in layers if type(layer).__name__ == "Embedding")
    # Without a mask, a batch's longest text pads the others, and that changes their answers.
    batch = _BATCH if embedding.mask_zero or network.pad_to is not None else 1

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator]
    def answer(strings: Any) -> Any:
        return model(strings, training=False)

    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    outputs = np.zeros((len(texts), network.outputs), dtype=np.float32)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        # Keras fails on an empty text alone; beside a word it is a row of pads.
        inputs = tf.constant([*(texts[i] for i in rows), "a"])
        outputs[rows] = answer(inputs).numpy()[: len(rows)]
    last = [layer for layer in layers if type(layer).__name__ == "Dense"][-1]
    if last.get_config()["activation"] != "linear":
        return outputs
    return softmax(outputs) if network.head == "multiclass" else sigmoid(outputs)


def layers_of(model: KerasModel) -> list[KerasModel]:
    """Return the layers of a model in order, nested models opened.

    Raises:
        UnsupportedModelError: the model is not a chain in which each layer has one input and one
            output.
    """
    if type(model).__name__ == "Sequential":
        return [inner for layer in model.layers for inner in _flat(layer)]
    if type(model).__name__ != "Functional":
        raise UnsupportedModelError(
            "the model is a class of its own",
            expected="a Sequential or a functional model",
            found=type(model).__name__,
            hint="rebuild it from Keras layers with keras.Sequential",
        )
    # From the deepest node, the input, to the output at depth 0.
    depths = sorted(model._nodes_by_depth, reverse=True)
    nodes = [node for depth in depths for node in model._nodes_by_depth[depth]]
    if len(nodes) > len(depths) or len(model.outputs) > 1:
        raise UnsupportedModelError(
            "the model is not a chain of layers",
            expected="one input, one output, and one layer after the other",
            found=f"{len(nodes)} layers side by side in {len(depths)} steps",
            hint="see docs/architecture.md for what can be exported",
        )
    return [inner for node in nodes for inner in _flat(node.operation)]


def _flat(layer: KerasModel) -> list[KerasModel]:
    is_model = type(layer).__name__ in ("Sequential", "Functional")
    return layers_of(layer) if is_model else [layer]
