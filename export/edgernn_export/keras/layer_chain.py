"""The layers of a Keras model as a chain, in the order of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgernn_export.errors import UncoveredError

KerasModel = Any  # Keras carries no types.
Entry = Any  # A Keras layer, or a Joined.
#: Layers that reduce a sequence to a vector.
POOLINGS = ("GlobalMaxPooling1D", "GlobalAveragePooling1D")
#: Arguments of MultiHeadAttention that Keras fills with masks.
_MASKS = ("query_mask", "value_mask", "key_mask")
#: Layers from strings to ids.
VECTORIZERS = ("TextVectorization", "UnicodeTextVectorization")

#: Layers that do nothing at inference.
NO_OPERATION = (
    "InputLayer",
    "Identity",
    "Dropout",
    "SpatialDropout1D",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "ActivityRegularization",
)


def all_layers(model: KerasModel) -> list[KerasModel]:
    """Return every layer of a model, and of the models and wrappers inside it, in any order."""
    return [layer for layer in model._flatten_layers(include_self=False) if not is_model(layer)]


@dataclass(frozen=True)
class Joined:
    """Parallel layers of a model, and the layer that joins their outputs.

    Attributes:
        layer: the joining layer: a Concatenate of poolings, or an Add of two logits.
        branches: the parallel layers, without the chain itself.
        source: the layer whose output the branches read.
    """

    layer: KerasModel
    branches: tuple[KerasModel, ...]
    source: KerasModel


def read_chain(model: KerasModel) -> list[Entry]:
    """Return the layers of a model in order, with nested models flattened.

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
    """Return parallel layers, and the tensor in front of them where the chain continues."""
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
        expected="a chain of layers, parallel poolings, or HashedNgrams added to the logits",
        found=f"a {kind} of {names}",
    )


def read_tail(model: KerasModel) -> list[KerasModel]:
    """Return the layers from the output backwards, up to the first with several inputs."""
    tail, tensor = [], model.outputs[0]
    while True:
        layer, inputs = _origin(tensor)
        tail += read_tail(layer) if is_model(layer) else [layer]
        if len(inputs) != 1:
            return tail
        tensor = inputs[0]


def _origin(tensor: Any) -> tuple[KerasModel, list[Any]]:
    """Return the layer that computes a tensor, and the tensors that it reads.

    Masks are left out: a functional model passes them from layer to layer as separate tensors.
    """
    history = tensor._keras_history
    node = history.operation._inbound_nodes[history.node_index]
    masks = {id(one) for one in _flattened(node.arguments.kwargs.get("mask"))}
    return history.operation, [one for one in node.input_tensors if id(one) not in masks]


def call_of(tensor: Any) -> tuple[KerasModel, list[Any], dict[str, Any]]:
    """Return the layer that computes a tensor, the tensors that it reads, and other arguments.

    Masks that Keras passes from layer to layer are left out.
    """
    history = tensor._keras_history
    node = history.operation._inbound_nodes[history.node_index]
    options = node.arguments.kwargs
    own = {name for name in options if name == "mask" or name in _MASKS}
    masks = {id(one) for name in own for one in _flattened(options[name])}
    inputs = [one for one in node.input_tensors if id(one) not in masks]
    return history.operation, inputs, {k: v for k, v in options.items() if k not in own}


def _flattened(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [inner for item in value for inner in _flattened(item)]
    return [value]


def _flat(layer: KerasModel) -> list[Entry]:
    return read_chain(layer) if is_model(layer) else [layer]


def is_model(layer: KerasModel) -> bool:
    """Return whether a layer is itself a model."""
    return type(layer).__name__ in ("Sequential", "Functional")
