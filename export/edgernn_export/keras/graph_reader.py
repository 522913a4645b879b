"""The reader of Keras models whose layers make a graph, or that are not recurrent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.graph_attention import ATTENTION_HANDLERS
from edgernn_export.keras.graph_fusion import fuse
from edgernn_export.keras.graph_layers import HANDLERS, Call
from edgernn_export.keras.graph_state import Bare, Builder, Value, uncovered
from edgernn_export.keras.layer_chain import (
    NO_OPERATION,
    VECTORIZERS,
    KerasModel,
    all_layers,
    call_of,
    is_model,
)
from edgernn_export.keras.layers import array
from edgernn_runtime.ir import Array, Dense, Layer, Network, Task
from edgernn_runtime.ir_graph import Affine, Selection, Softmax

_ALL_HANDLERS = {**HANDLERS, **ATTENTION_HANDLERS}


def read_graph(model: KerasModel, task: Task, vectorizer_kind: str | None) -> Network:
    """Return a model in the IR.

    Args:
        model: the Keras model.
        task: the input and output; `pad_to` is the length that Keras pads to.
        vectorizer_kind: the class name of the model's own vectorizer; None for a model of ids.

    Raises:
        UncoveredError: the IR does not cover the model.
        UnsupportedModelError: the vocabulary is larger than an embedding.
    """
    reader = _Reader(model, task)
    first = Value("ids" if vectorizer_kind is None else "text")
    value = reader.model(model, [first] * len(model.inputs))
    last = model.layers[-1]
    if value.form != "vector":
        raise uncovered(last, "one vector for a text at the end")
    layers = _without_final_activation(fuse(reader.builder.layers))
    if not layers or not _is_logits(layers[-1]):
        raise uncovered(last, "a Dense layer at the end of the model")
    table = reader.table()
    return Network(
        task=replace(task, pad_to=None) if reader.is_bare else task,
        embedding=table[: len(task.vocabulary)],
        layers=tuple(layers),
    )


class _Reader:
    """Walks over the tensors of a model and builds its layers."""

    def __init__(self, model: KerasModel, task: Task) -> None:
        self.builder = Builder(task.pad_to, pads_front=task.pad_side == "pre")
        self.embeddings = _embeddings(model, len(task.vocabulary))
        self.is_bare = any(one.mask_zero for one in self.embeddings)
        self._keeps_tail = task.tokenizer.truncate == "head+tail"
        self._embedded: dict[int, Value] = {}

    def table(self) -> Array:
        """Return the columns of all embeddings, side by side."""
        rows = min(int(one.input_dim) for one in self.embeddings)
        return np.concatenate([array(one.embeddings)[:rows] for one in self.embeddings], axis=1)

    def model(self, model: KerasModel, inputs: list[Value]) -> Value:
        """Return the output of a model, or of a model inside it."""
        if type(model).__name__ == "Sequential":
            value = inputs[0]
            for layer in model.layers:
                value = self._apply(layer, Call((value,)))
            return value
        known = {id(tensor): value for tensor, value in zip(model.inputs, inputs, strict=True)}
        if len(model.outputs) != 1:
            raise uncovered(model, "one output")
        return self._tensor(model.outputs[0], known)

    def _tensor(self, tensor: Any, known: dict[int, Value]) -> Value:
        if id(tensor) not in known:
            layer, inputs, options = call_of(tensor)
            values = tuple(self._tensor(one, known) for one in inputs)
            known[id(tensor)] = self._apply(layer, Call(values, options))
        return known[id(tensor)]

    def _apply(self, layer: KerasModel, call: Call) -> Value:
        kind = type(layer).__name__
        if is_model(layer):
            return self.model(layer, list(call.inputs))
        if kind in VECTORIZERS:
            return Value("tokens" if self._keeps_tail else "ids")
        if kind == "HeadTailTruncation":
            return Value("ids")
        if kind == "Embedding":
            return self._embedding(layer, call.inputs[0])
        if kind in NO_OPERATION:
            return call.inputs[0]
        if any(value.form in ("text", "tokens", "ids") for value in call.inputs):
            raise uncovered(layer, "an Embedding layer in front of it")
        if ".ops." in type(layer).__module__:
            kind = f"ops.{kind}"
        handler = _ALL_HANDLERS.get(kind)
        if handler is None:
            raise uncovered(layer, "a layer that docs/lowering.md lists")
        return handler(self.builder, layer, call)

    def _embedding(self, layer: KerasModel, ids: Value) -> Value:
        if ids.form != "ids":
            raise uncovered(layer, "the ids of a text in front of it")
        if id(layer) not in self._embedded:
            self._embedded[id(layer)] = self._columns(layer)
        return self._embedded[id(layer)]

    def _columns(self, layer: KerasModel) -> Value:
        size, length, source = int(layer.output_dim), self.builder.padded_to, 0
        if len(self.embeddings) > 1:
            before = self.embeddings[: [id(x) for x in self.embeddings].index(id(layer))]
            first = sum(int(one.output_dim) for one in before)
            source = self.builder.add(Selection(layer.name, 0, first, size))
        bare = None
        if self.is_bare and length is not None:
            bare = Bare(array(layer.embeddings)[0], repeats=False, is_masked=bool(layer.mask_zero))
        return Value("sequence", source, size, None if bare else length, bare)


def _embeddings(model: KerasModel, tokens: int) -> list[KerasModel]:
    """Return the embeddings of a model, each once."""
    found: list[KerasModel] = []
    for layer in all_layers(model):
        if type(layer).__name__ != "Embedding" or any(layer is one for one in found):
            continue
        if tokens > layer.input_dim:
            raise UnsupportedModelError(
                f"layer {layer.name}: the vocabulary is larger than the embedding",
                expected=f"at most {layer.input_dim:,} tokens",
                found=f"{tokens:,}",
                hint="build Embedding with input_dim of at least the vocabulary's size",
            )
        found.append(layer)
    if not found:
        raise uncovered(model.layers[0], "an Embedding layer")
    return found


def _without_final_activation(layers: list[Layer]) -> list[Layer]:
    """Return the layers without the sigmoid or softmax at the end, which belongs to the head."""
    *body, last = layers
    if isinstance(last, Softmax):
        return body
    if isinstance(last, Affine) and last.scale is None and last.activation == "sigmoid":
        return body
    if isinstance(last, Dense) and last.activation == "sigmoid":
        return [*body, replace(last, activation="linear")]
    return layers


def _is_logits(layer: Layer) -> bool:
    return isinstance(layer, Dense) and layer.activation == "linear"
