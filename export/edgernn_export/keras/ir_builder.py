"""Building of a `Network`, the IR, from the layers of a Keras model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgernn_export.errors import UncoveredError, UnsupportedModelError
from edgernn_export.keras.graph_reader import read_graph
from edgernn_export.keras.layer_chain import (
    NO_OPERATION,
    Entry,
    Joined,
    KerasModel,
    all_layers,
    read_chain,
)
from edgernn_export.keras.layers import ReadState, array, read_layer, read_logits, read_wide
from edgernn_runtime.ir import Array, HashedNgrams, Network, Task

#: Layers from ids to ids, which become another order of the Embedding's rows.
_ID_MAPS = ("IntegerLookup", "Hashing")


def build_network(
    model: KerasModel, task: Task, vectorizer_kind: str | None
) -> Network | UncoveredError:
    """Return a model in the IR, or why the IR does not cover it.

    Args:
        model: the Keras model.
        task: the input and output; `pad_to` is the length that Keras pads to.
        vectorizer_kind: the class name of the model's own vectorizer; None for a model of ids.
    """
    try:
        return _network(model, task, vectorizer_kind)
    except UncoveredError as error:
        chain_error = error
    # The reader of graphs knows neither a wide path nor a map from ids to ids.
    if any(type(layer).__name__ in ("HashedNgrams", *_ID_MAPS) for layer in all_layers(model)):
        return chain_error
    try:
        return read_graph(model, task, vectorizer_kind)
    except UncoveredError as error:
        return error


def _network(model: KerasModel, task: Task, vectorizer_kind: str | None) -> Network:
    chain = read_chain(model)
    layers = [x for x in chain if type(x).__name__ not in NO_OPERATION]
    reads_ids = chain[0]
    if vectorizer_kind is not None:
        reads_ids, *layers = _take(layers, vectorizer_kind)
        if task.tokenizer.truncate == "head+tail":
            reads_ids, *layers = _take(layers, "HeadTailTruncation")
    layers = _without_final_activation(layers)
    layers, wide = _without_wide(layers, reads_ids)
    vocabulary = task.vocabulary
    if wide is not None and wide.words < len(vocabulary):
        raise _small_table(wide.name, wide.words, len(vocabulary), "HashedNgrams")
    if not layers:
        return Network(replace(task, pad_to=None), None, (), wide)
    maps, layers = _split_maps(layers)
    embedding, *layers = _take(layers, "Embedding")
    table = _mapped(array(embedding.embeddings), maps, len(vocabulary), embedding)
    if len(vocabulary) > len(table):
        raise _small_table(embedding.name, len(table), len(vocabulary), "Embedding")
    is_masked = bool(embedding.mask_zero)
    state = ReadState(
        padded_to=task.pad_to if is_masked else None,
        pad_row=table[0] if is_masked else None,
        pads_front=task.pad_side == "pre",
    )
    *body, last = layers
    for layer in body:
        state = read_layer(state, layer)
    if state.is_sequence:
        raise _uncovered(last, "one vector for a text before the last layer")
    return Network(
        task=replace(task, pad_to=None) if is_masked else task,
        embedding=table[: len(vocabulary)],
        layers=(*state.layers, read_logits(last)),
        wide=wide,
    )


def _split_maps(layers: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the layers from ids to ids in front of the Embedding, and the rest."""
    count = 0
    while count < len(layers) and type(layers[count]).__name__ in _ID_MAPS:
        count += 1
    return layers[:count], layers[count:]


def _mapped(table: Array, maps: list[Entry], tokens: int, embedding: Entry) -> Array:
    """Return an Embedding's rows float32 [R, D] by the ids in front of the layers that map them.

    Args:
        table: the Embedding's own rows, float32 [R, D].
        maps: layers from ids to ids.
        tokens: the number T of ids in front of the layers. The result has T rows.
        embedding: the Embedding.

    Raises:
        UncoveredError: an id has no row, or the mask is not that of the padding.
    """
    if not maps:
        return table
    ids = np.arange(tokens)
    for layer in maps:
        ids = np.asarray(layer(ids))
    if ids.shape != (tokens,) or ids.max() >= len(table) or ids.min() < 0:
        raise _uncovered(maps[0], "a layer from each id to one row of the Embedding")
    if embedding.mask_zero and not np.array_equal(np.flatnonzero(ids == 0), [0]):
        raise _uncovered(maps[0], "id 0, the masked padding, mapped to 0, and no other id")
    return table[ids]


def _small_table(name: str, rows: int, tokens: int, kind: str) -> UnsupportedModelError:
    what, option = {"Embedding": ("embedding", "input_dim"), "HashedNgrams": ("table", "words")}[
        kind
    ]
    return UnsupportedModelError(
        f"layer {name}: the vocabulary is larger than the {what}",
        expected=f"at most {rows:,} tokens",
        found=f"{tokens:,}",
        hint="use the vocabulary that the model was trained with, or build "
        f"{kind} with {option} of at least its size",
    )


def _without_final_activation(layers: list[Entry]) -> list[Entry]:
    """Return the layers without the activation layer at the end, which belongs to the head."""
    *body, last = layers
    if body and type(last).__name__ in ("Activation", "Softmax"):
        logits = body[-1]
        is_wide = isinstance(logits, Joined) or type(logits).__name__ == "HashedNgrams"
        if not is_wide and logits.get_config().get("activation") != "linear":
            raise _uncovered(last, "a Dense layer without an activation in front of it")
        return body
    return layers


def _without_wide(layers: list[Entry], reads_ids: Entry) -> tuple[list[Entry], HashedNgrams | None]:
    """Return the layers of the recurrent path, and the wide path whose logits are added."""
    *body, last = layers
    if type(last).__name__ == "HashedNgrams" and not body:
        return [], read_wide(last)
    if not isinstance(last, Joined) or type(last.layer).__name__ != "Add":
        return layers, None
    (wide,) = last.branches
    if last.source is not reads_ids:
        raise _uncovered(wide, "the ids that the Embedding reads")
    if type(body[-1]).__name__ == "Dense" and body[-1].get_config()["activation"] != "linear":
        raise _uncovered(wide, "a Dense layer without an activation beside it")
    return body, read_wide(wide)


def _take(layers: list[Entry], kind: str) -> list[Entry]:
    if type(layers[0]).__name__ != kind:
        raise _uncovered(layers[0], f"a {kind} layer in this place")
    return layers


def _uncovered(layer: Entry, expected: str) -> UncoveredError:
    layer = layer.layer if isinstance(layer, Joined) else layer
    return UncoveredError(
        f"layer {layer.name} is not covered", expected=expected, found=type(layer).__name__
    )
