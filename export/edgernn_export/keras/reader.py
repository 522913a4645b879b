"""The reader: a Keras model to what is exported of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgernn_export.errors import OptionError, UncoveredError, UnsupportedModelError
from edgernn_export.keras.layer_chain import (
    VECTORIZERS,
    Entry,
    Joined,
    KerasModel,
    all_layers,
    layers_of,
    tail_of,
)
from edgernn_export.keras.layers import Walk, array, read_layer, read_logits, read_wide
from edgernn_export.keras.text_vectorization import (
    check_length,
    input_length,
    tokenizer_of,
    vocabulary_of,
)
from edgernn_runtime.heads import Head
from edgernn_runtime.ir import HashedNgrams, Network, Task
from edgernn_runtime.tokenizer import Truncate

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
#: What the last activation may be, and what the model's output is with it.
_FINAL = ("linear", "sigmoid", "softmax")


@dataclass(frozen=True)
class Source:
    """A Keras text classifier that can be exported.

    Attributes:
        model: the Keras model, strings or ids in.
        vectorizer: the TextVectorization layer, which stands in the model or in front of it.
        has_vectorizer: whether it stands in the model, which then takes strings.
        length: the length to which the vectorizer cuts and pads, or None.
        gives_logits: whether the model's own output are logits, not probabilities.
        task: what goes in and what comes out.
        network: the model as plain data, or None where it is not covered.
        cause: what is not covered, or None.
    """

    model: KerasModel
    vectorizer: KerasModel
    has_vectorizer: bool
    length: int | None
    gives_logits: bool
    task: Task
    network: Network | None = None
    cause: UncoveredError | None = None


def read_source(
    model: KerasModel,
    labels: tuple[str, ...] | None = None,
    vectorizer: KerasModel | None = None,
    truncate: Truncate = "head",
) -> Source:
    """Return what is exported of a Keras model.

    Args:
        model: a Sequential or functional model, its TextVectorization layer inside; or one that
            takes ids.
        labels: the names of the classes; None names them by their numbers.
        vectorizer: the TextVectorization layer in front of a model that takes ids, else None.
        truncate: which ids such a model was given of a longer text.

    Raises:
        UnsupportedModelError: the model has a layer or an option that nothing can export.
        OptionError: the number of labels does not fit the model's output, or a vocabulary is
            missing or one too many.
    """
    for layer in all_layers(model):
        _check_layer(layer)
    own = _own_vectorizer(model, vectorizer)
    front = own or vectorizer
    spec, length = tokenizer_of(front)
    if own is None:
        check_length(model, front, length)
    if truncate != "head":
        _check_truncate(own, length)
        spec = replace(spec, truncate=truncate)
    for layer in all_layers(model):
        if type(layer).__name__ == "KeepEnds":
            if length is not None:
                raise UnsupportedModelError(
                    f"layer {layer.name} keeps both ends of a text that was cut before",
                    expected="a TextVectorization without output_sequence_length in front of it",
                    found=f"output_sequence_length={length}",
                    hint="leave the length to KeepEnds",
                )
            length = layer.length
            spec = replace(spec, truncate="head+tail", max_length=length)
    activation, head, outputs = _head(model)
    task = Task(
        tokenizer=spec,
        vocabulary=vocabulary_of(front),
        head=head,
        labels=_labels(labels, head, outputs),
        pad_to=length,
    )
    source = Source(model, front, own is not None, length, activation == "linear", task)
    try:
        network = _network(source)
    except UncoveredError as cause:
        return replace(source, cause=cause)
    return replace(source, task=network.task, network=network)


def read_network(
    model: KerasModel,
    labels: tuple[str, ...] | None = None,
    vectorizer: KerasModel | None = None,
) -> Network:
    """Return the Network of a Keras model, with the arguments of `read_source`.

    Raises:
        UncoveredError: the model is not one that a Network covers.
        UnsupportedModelError: the model has a layer or an option that nothing can export.
        OptionError: the number of labels does not fit the model's output.
    """
    source = read_source(model, labels, vectorizer)
    if source.network is None:
        assert source.cause is not None
        raise source.cause
    return source.network


def _network(source: Source) -> Network:
    chain = layers_of(source.model)
    layers = [x for x in chain if type(x).__name__ not in NO_OPERATION]
    reads_ids = chain[0]
    if source.has_vectorizer:
        reads_ids, *layers = _take(layers, type(source.vectorizer).__name__)
        if source.task.tokenizer.truncate == "head+tail":
            reads_ids, *layers = _take(layers, "KeepEnds")
    layers = _without_final_activation(layers)
    layers, wide = _without_wide(layers, reads_ids)
    if wide is not None and wide.words < len(source.task.vocabulary):
        raise _small_table(wide.name, wide.words, len(source.task.vocabulary), "HashedNgrams")
    if not layers:
        return Network(replace(source.task, pad_to=None), None, (), wide)
    embedding, *layers = _take(layers, "Embedding")
    vocabulary, table = source.task.vocabulary, array(embedding.embeddings)
    if len(vocabulary) > len(table):
        raise _small_table(embedding.name, len(table), len(vocabulary), "Embedding")
    is_masked = bool(embedding.mask_zero)
    walk = Walk(
        padded_to=source.length if is_masked else None, pad_row=table[0] if is_masked else None
    )
    *body, last = layers
    for layer in body:
        walk = read_layer(walk, layer)
    if walk.is_sequence:
        raise _uncovered(last, "one vector for a text before the last layer")
    task = replace(source.task, pad_to=None if is_masked else source.length)
    return Network(
        task=task,
        embedding=table[: len(vocabulary)],
        layers=(*walk.layers, read_logits(last)),
        wide=wide,
    )


def _small_table(name: str, rows: int, tokens: int, kind: str) -> UnsupportedModelError:
    what, option = {"Embedding": ("embedding", "input_dim"), "HashedNgrams": ("table", "words")}[
        kind
    ]
    return UnsupportedModelError(
        f"layer {name}: the vocabulary is larger than the {what}",
        expected=f"at most {rows:,} tokens",
        found=f"{tokens:,}",
        hint=f"build {kind} with {option} of at least the vocabulary's size",
    )


def _without_final_activation(layers: list[Entry]) -> list[Entry]:
    """Return the layers without an activation layer at the end, which the head stands for."""
    *body, last = layers
    if body and type(last).__name__ in ("Activation", "Softmax"):
        logits = body[-1]
        is_wide = isinstance(logits, Joined) or type(logits).__name__ == "HashedNgrams"
        if not is_wide and logits.get_config().get("activation") != "linear":
            raise _uncovered(last, "a Dense layer without an activation in front of it")
        return body
    return layers


def _without_wide(layers: list[Entry], reads_ids: Entry) -> tuple[list[Entry], HashedNgrams | None]:
    """Return the recurrent path's layers, and the wide path whose logits are added to its own."""
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


def _check_layer(layer: KerasModel) -> None:
    """Refuse what neither the fused nor the generic lowering can carry."""
    for option in ("stateful", "return_state"):
        # Some layers have a method of such a name.
        if getattr(layer, option, False) is True:
            raise UnsupportedModelError(
                f"layer {layer.name}: {option}=True cannot be exported",
                expected=f"{option}=False",
                found=f"{option}=True",
                hint="build the layer without it and copy the weights with set_weights",
            )
    compute = getattr(layer, "compute_dtype", "float32")
    if compute not in ("float32", "string", "int32", "int64"):
        raise UnsupportedModelError(
            f"layer {layer.name} computes in {compute}",
            expected="float32, so that the file can be compared with Keras",
            found=f"dtype policy {layer.dtype_policy.name}",
            hint="build the model with dtype='float32' and copy the weights with set_weights",
        )
    for variable in layer.weights:
        if "float" in str(variable.dtype) and not np.isfinite(array(variable)).all():
            raise UnsupportedModelError(
                f"layer {layer.name} has weights that are no numbers",
                expected="finite weights",
                found=f"NaN or infinity in {variable.name}",
                hint="train again with a smaller learning rate, or clip the gradients",
            )


def _own_vectorizer(model: KerasModel, given: KerasModel | None) -> KerasModel | None:
    """Return the model's TextVectorization layer, or None for a model that takes ids."""
    found = [layer for layer in all_layers(model) if type(layer).__name__ in VECTORIZERS]
    if found and given is not None:
        raise OptionError(
            "the model has its own vocabulary",
            expected="no --vocabulary",
            found=f"layer {found[0].name}, a {type(found[0]).__name__}",
            hint="leave out --vocabulary",
        )
    for other in found[1:]:
        if vocabulary_of(other) != vocabulary_of(found[0]) or (
            tokenizer_of(other) != tokenizer_of(found[0])
        ):
            raise UnsupportedModelError(
                f"layers {found[0].name} and {other.name} cut a text in two ways",
                expected="one TextVectorization, or several that are alike",
                found="other tokens or other options",
                hint="share one TextVectorization layer",
            )
    if found:
        return found[0]
    for tensor in model.inputs:
        if "string" in str(tensor.dtype):
            raise UnsupportedModelError(
                f"input {tensor.name} takes strings, and no TextVectorization layer reads them",
                expected="a TextVectorization layer",
                found=", ".join(type(x).__name__ for x in all_layers(model)[:8]),
                hint="cut texts with TextVectorization, whose rules a device can follow",
            )
    length = input_length(model)
    if given is None:
        raise OptionError(
            "the model takes token ids, and nothing says which token an id stands for",
            expected="a TextVectorization layer in the model, or --vocabulary",
            found=f"ids of shape [N, {length or 'T'}]",
            hint="--vocabulary FILE: a .keras file with the TextVectorization layer, or vocab.txt",
        )
    return None


def _check_truncate(own: KerasModel | None, length: int | None) -> None:
    """Refuse both ends of a text where Keras's own layer cuts it, or nothing does."""
    if own is not None or length is None:
        raise OptionError(
            "--truncate head+tail does not fit the model",
            expected="a model of ids, of a length",
            found=f"layer {own.name}, which keeps the head" if own else "ids of any length",
            hint="leave out --truncate" if own else "say the length with --max-length",
        )


def _head(model: KerasModel) -> tuple[str, Head, int]:
    """Return the last activation, and what it and the last layer's size say of the answer."""
    if len(model.outputs) != 1:
        raise UnsupportedModelError(
            "the model has several outputs",
            expected="one output, the classes of a text",
            found=f"{len(model.outputs)}: {', '.join(model.output_names)}",
            hint="build keras.Model(model.input, model.outputs[0]) and save that",
        )
    shape = model.outputs[0].shape
    tail = [layer for layer in tail_of(model) if type(layer).__name__ not in NO_OPERATION]
    activation = _final_activation(tail)
    if len(shape) != 2 or activation not in _FINAL or (activation == "softmax" and shape[1] == 1):
        raise UnsupportedModelError(
            f"layer {tail[0].name}: the model's output is no class of a text",
            expected="linear | sigmoid | softmax (of two or more), of shape [N, C]",
            found=f"{activation}, of shape {list(shape)}",
            hint="end the model in a Dense layer, one output for each class",
        )
    if shape[1] == 1:
        return activation, "binary", 1
    return activation, "multilabel" if activation == "sigmoid" else "multiclass", shape[1]


def _final_activation(tail: list[KerasModel]) -> str:
    if type(tail[0]).__name__ == "Softmax":
        return "softmax"
    if type(tail[0]).__name__ in ("Add", "HashedNgrams"):
        return "linear"
    config = tail[0].get_config()
    return str(config.get("activation", f"a {type(tail[0]).__name__} layer"))


def _labels(labels: tuple[str, ...] | None, head: Head, outputs: int) -> tuple[str, ...]:
    wanted = 2 if head == "binary" else outputs
    if labels is None:
        return tuple(str(i) for i in range(wanted))
    if len(labels) != wanted or len(set(labels)) != wanted:
        raise OptionError(
            "the labels do not fit the model",
            expected=f"{wanted} different labels",
            found=f"{len(labels)}: {', '.join(labels)}",
        )
    return labels
