"""Keras models: load one safely, and see what it is made of.

Keras and tensorflow take seconds to import, and so are imported where they are needed.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn_export.errors import ModelFileError, UncoveredError, UnsupportedModelError
from edgernn_export.keras_vocabulary import with_vocabulary_in_config
from edgernn_runtime import EdgernnError

KerasModel = Any  # Keras carries no types.
Entry = Any  # A Keras layer, or a Joined.
#: Layers that reduce a sequence to a vector.
POOLINGS = ("GlobalMaxPooling1D", "GlobalAveragePooling1D")
#: The layers of ours that a model may contain.
_OWN_LAYERS = ("edgernn>KeepEnds", "edgernn>HashedNgrams", "edgernn>UnicodeTextVectorization")
#: Layers from strings to ids.
VECTORIZERS = ("TextVectorization", "UnicodeTextVectorization")


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
    _check_kind(path)
    try:
        _check_classes(path)
        model = _load(path)
    except EdgernnError:
        raise
    except Exception as error:  # Keras raises whatever a layer's constructor raises.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelFileError(
            "Keras cannot load this model",
            path=path,
            expected="a file that model.save('NAME.keras') wrote with Keras 3",
            found=reason[0][:300],
            hint="load it in Keras and save it again; Keras must be able to read it first",
        ) from error
    if not _is_model(model):
        raise UnsupportedModelError(
            "the model is a class of its own",
            path=path,
            expected="a Sequential or a functional model",
            found=type(model).__name__,
            hint="rebuild it from Keras layers with keras.Sequential",
        )
    if not getattr(model, "outputs", None):
        raise UnsupportedModelError(
            "the model was saved before its shape was known",
            path=path,
            expected="a model with inputs and outputs",
            found=f"a {type(model).__name__} that was not built",
            hint="start it with keras.Input, or call it on a text before model.save",
        )
    return model


def _check_kind(path: Path) -> None:
    """Refuse what is no zip archive, with what it is instead."""
    if zipfile.is_zipfile(path):
        return
    with path.open("rb") as file:
        start = file.read(8)
    kinds = {
        b"\x89HDF": "an HDF5 file, the format of Keras 2",
        b"\x80": "a pickle, which can run any code when it is loaded",
        b"PK\x03\x04": "a zip archive that breaks off",
    }
    found = next((kind for magic, kind in kinds.items() if start.startswith(magic)), "another file")
    raise ModelFileError(
        "this is not a .keras file",
        path=path,
        expected="a file that model.save('NAME.keras') wrote with Keras 3",
        found=found,
        hint="load it in Keras and save it again as NAME.keras",
    )


def _check_classes(path: Path) -> None:
    """Refuse layers that need Python code of their own, by name, before Keras meets them."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    # Optimizer, loss and metrics are not loaded.
    config.pop("compile_config", None)
    for entry in _classes(config):
        kind, module = entry["class_name"], entry.get("module") or ""
        name = entry["config"].get("name", kind) if isinstance(entry["config"], dict) else kind
        if kind in ("Lambda", "__lambda__"):
            raise UnsupportedModelError(
                f"layer {name} is a Python function",
                path=path,
                expected="layers of Keras",
                found="a Lambda, which runs code out of the file",
                hint="put a layer of Keras in its place and save the model again",
            )
        if kind == "function":
            name = kind = str(entry["config"])
        if entry.get("registered_name") in _OWN_LAYERS:
            continue
        if entry.get("registered_name") not in (None, kind) or not _is_of_keras(module):
            raise UnsupportedModelError(
                f"{name} is code of your own",
                path=path,
                expected="classes and functions of Keras",
                found=(
                    "a Python function"
                    if entry["class_name"] == "function"
                    else f"{entry.get('registered_name') or kind}, of {module or 'no module'}"
                ),
                hint="put what Keras has in its place and save the model again",
            )


def _is_of_keras(module: str) -> bool:
    return module.partition(".")[0] in ("keras", "builtins", "")


def _classes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a configuration that names a class."""
    if isinstance(value, list):
        for item in value:
            yield from _classes(item)
    elif isinstance(value, dict):
        if "class_name" in value and "config" in value:
            yield value
        for item in value.values():
            yield from _classes(item)


def _load(path: Path) -> KerasModel:
    import keras

    # These register the layers of ours.
    import edgernn_export.hashed_ngrams
    import edgernn_export.keep_ends
    import edgernn_export.unicode_text  # noqa: F401

    mended = with_vocabulary_in_config(path)
    if mended is None:
        with without_mask_warnings():
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(mended)
        with without_mask_warnings():
            return keras.saving.load_model(copy, compile=False, safe_mode=True)


@contextlib.contextmanager
def without_mask_warnings() -> Iterator[None]:
    """Keep Keras from warning that a layer drops a mask: the reader knows, and acts on it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Layer .* was passed an input with a mask")
        yield


def all_layers(model: KerasModel) -> list[KerasModel]:
    """Return every layer of a model and of the models and wrappers inside it, in no set order."""
    return [layer for layer in model._flatten_layers(include_self=False) if not _is_model(layer)]


@dataclass(frozen=True)
class Joined:
    """Layers that stand side by side in a model, and the layer that joins their outputs.

    Attributes:
        layer: the joining layer: a Concatenate of poolings, or an Add of two logits.
        branches: the layers that it joins, apart from the chain itself.
        source: the layer whose output the branches read.
    """

    layer: KerasModel
    branches: tuple[KerasModel, ...]
    source: KerasModel


def layers_of(model: KerasModel) -> list[Entry]:
    """Return the layers of a model in order, nested models opened.

    Poolings of one sequence that are concatenated, and the wide path that is added to the logits,
    are one entry: a `Joined`.

    Raises:
        UncoveredError: the model is not such a chain.
    """
    if type(model).__name__ == "Sequential":
        return [inner for layer in model.layers for inner in _flat(layer)]
    layers: list[Entry] = []
    tensor = model.outputs[0]
    while tensor is not None:
        layer, inputs = _origin(tensor)
        if len(inputs) > 1:
            joined, tensor = _joined(layer, inputs)
            layers.append(joined)
            continue
        layers += reversed(_flat(layer))
        tensor = inputs[0] if inputs else None
    return layers[::-1]


def _joined(layer: KerasModel, inputs: list[Any]) -> tuple[Joined, Any]:
    """Return layers side by side, and the tensor at which the chain goes on in front of them."""
    kind = type(layer).__name__
    origins = [_origin(tensor) for tensor in inputs]
    branches = tuple(branch for branch, _ in origins)
    if kind == "Concatenate" and all(type(x).__name__ in POOLINGS for x in branches):
        sources = {id(read[0]): read[0] for _, read in origins}
        if len(sources) == 1 and layer.axis in (-1, 1):
            (source,) = sources.values()
            return Joined(layer, branches, _origin(source)[0]), source
    if kind == "Add" and len(inputs) == 2:
        for i, (branch, read) in enumerate(origins):
            if type(branch).__name__ == "HashedNgrams":
                return Joined(layer, (branch,), _origin(read[0])[0]), inputs[1 - i]
    names = ", ".join(tensor._keras_history.operation.name for tensor in inputs)
    raise UncoveredError(
        f"layer {layer.name} joins several inputs",
        expected="a chain of layers, poolings side by side, or HashedNgrams added to the logits",
        found=f"a {kind} of {names}",
    )


def tail_of(model: KerasModel) -> list[KerasModel]:
    """Return the layers from the output backwards, to the first that has several inputs."""
    tail, tensor = [], model.outputs[0]
    while True:
        layer, inputs = _origin(tensor)
        tail += tail_of(layer) if _is_model(layer) else [layer]
        if len(inputs) != 1:
            return tail
        tensor = inputs[0]


def _origin(tensor: Any) -> tuple[KerasModel, list[Any]]:
    """Return the layer that computes a tensor, and the tensors that it reads.

    A mask is not counted: in a functional model, Keras hands it from layer to layer as a tensor
    of its own.
    """
    history = tensor._keras_history
    node = history.operation._inbound_nodes[history.node_index]
    masks = {id(one) for one in _flattened(node.arguments.kwargs.get("mask"))}
    return history.operation, [one for one in node.input_tensors if id(one) not in masks]


def _flattened(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [inner for item in value for inner in _flattened(item)]
    return [value]


def _flat(layer: KerasModel) -> list[Entry]:
    return layers_of(layer) if _is_model(layer) else [layer]


def _is_model(layer: KerasModel) -> bool:
    return type(layer).__name__ in ("Sequential", "Functional")
