"""The reader: from a Keras model to a `Source`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgernn_export.errors import OptionError, UncoveredError, UnsupportedModelError
from edgernn_export.keras.ir_builder import NO_OPERATION, build_network
from edgernn_export.keras.layer_chain import (
    VECTORIZERS,
    KerasModel,
    all_layers,
    read_tail,
)
from edgernn_export.keras.layers import array
from edgernn_export.keras.text_vectorization import (
    check_length,
    input_length,
    read_tokenizer,
    read_vocabulary,
)
from edgernn_runtime.heads import Head
from edgernn_runtime.ir import Network, Task
from edgernn_runtime.tokenizer import TokenizerSpec, Truncate

#: The supported activations of the last layer.
_FINAL = ("linear", "sigmoid", "softmax")


@dataclass(frozen=True)
class Source:
    """A Keras text classifier, read for export.

    Attributes:
        model: the Keras model, from strings or ids to its own output.
        vectorizer: the TextVectorization layer, in the model or in front of it.
        has_vectorizer: whether that layer is in the model, which then takes strings.
        length: the length to which the texts are truncated and padded, or None.
        gives_logits: whether the model's own outputs are logits, not probabilities.
        task: the input and output of the classifier.
        network: the model in the IR, or why the IR does not cover it.
        warnings: what the user should know, a sentence each.
    """

    model: KerasModel
    vectorizer: KerasModel
    has_vectorizer: bool
    length: int | None
    gives_logits: bool
    task: Task
    network: Network | UncoveredError
    warnings: tuple[str, ...] = ()

    @property
    def reference_name(self) -> str:
        """What the outputs of the file are compared with, for reports."""
        return "Keras" if self.has_vectorizer else "Keras on edgernn's own ids"


@dataclass(frozen=True)
class _TextLayers:
    """The layers of a model that read texts or ids.

    Attributes:
        vectorizers: the layers from strings to ids.
        truncations: the HeadTailTruncation layers.
        embedding_rows: the number of rows of the smallest Embedding, or None without one.
        kinds: the class names of all layers.
    """

    vectorizers: tuple[KerasModel, ...]
    truncations: tuple[KerasModel, ...]
    embedding_rows: int | None
    kinds: tuple[str, ...]


def read_source(
    model: KerasModel,
    labels: tuple[str, ...] | None = None,
    vectorizer: KerasModel | None = None,
    truncate: Truncate = "head",
) -> Source:
    """Read a Keras model for export.

    Args:
        model: a Sequential or functional model with its TextVectorization layer inside, or one
            that takes ids.
        labels: the names of the classes; None names them by their numbers.
        vectorizer: the TextVectorization layer in front of a model that takes ids, else None.
        truncate: which ids of a longer text such a model was given.

    Raises:
        UnsupportedModelError: the model has a layer or an option that cannot be exported.
        OptionError: the number of labels does not fit the model's output, or a vocabulary is
            missing or superfluous.
    """
    found = _find_text_layers(model)
    own = _own_vectorizer(model, found, vectorizer)
    front = own or vectorizer
    spec, length = _read_tokenizer(model, found, own, front, truncate)
    activation, head, outputs = _head(model)
    task = Task(
        tokenizer=spec,
        vocabulary=read_vocabulary(front),
        head=head,
        labels=_labels(labels, head, outputs),
        pad_to=length,
    )
    network = build_network(model, task, None if own is None else type(own).__name__)
    if isinstance(network, Network):
        task = network.task
    warnings = () if own is not None else _short_vocabulary(task, found.embedding_rows)
    return Source(
        model, front, own is not None, length, activation == "linear", task, network, warnings
    )


def _find_text_layers(model: KerasModel) -> _TextLayers:
    """Check every layer of a model, and return those that read texts or ids.

    Raises:
        UnsupportedModelError: a layer cannot be exported in any way.
    """
    vectorizers, truncations, rows, kinds = [], [], [], []
    for layer in all_layers(model):
        _check_layer(layer)
        kind = type(layer).__name__
        kinds.append(kind)
        if kind in VECTORIZERS:
            vectorizers.append(layer)
        elif kind == "HeadTailTruncation":
            truncations.append(layer)
        elif kind == "Embedding":
            rows.append(int(layer.input_dim))
    return _TextLayers(
        tuple(vectorizers), tuple(truncations), min(rows) if rows else None, tuple(kinds)
    )


def _read_tokenizer(
    model: KerasModel,
    found: _TextLayers,
    own: KerasModel | None,
    front: KerasModel,
    truncate: Truncate,
) -> tuple[TokenizerSpec, int | None]:
    """Return the tokenizer of a model, and the length that it pads to."""
    spec, length = read_tokenizer(front)
    if own is None:
        check_length(model, front, length)
    if truncate != "head":
        _check_truncate(own, length)
        spec = replace(spec, truncate=truncate)
    for layer in found.truncations:
        if length is not None:
            raise UnsupportedModelError(
                f"layer {layer.name} reads texts that are truncated already",
                expected="a TextVectorization without output_sequence_length in front of it",
                found=f"output_sequence_length={length}",
                hint="leave the length to HeadTailTruncation",
            )
        length = layer.length
        spec = replace(spec, truncate="head+tail", max_length=length)
    return spec, length


def _short_vocabulary(task: Task, rows: int | None) -> tuple[str, ...]:
    tokens = len(task.vocabulary)
    if rows is None or tokens >= rows:
        return ()
    warning = (
        f"the vocabulary has {tokens:,} tokens, but the model's embedding has {rows:,} rows; "
        "tokens that the vocabulary lacks are OOV on the device"
    )
    return (warning,)


def _check_layer(layer: KerasModel) -> None:
    """Refuse a layer that neither a writer nor the fallback conversion can export."""
    for option in ("stateful", "return_state"):
        # Some layers have a method of this name.
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
                f"layer {layer.name} has NaN or infinite weights",
                expected="finite weights",
                found=f"NaN or infinity in {variable.name}",
                hint="train again with a smaller learning rate, or clip the gradients",
            )


def _own_vectorizer(
    model: KerasModel, layers: _TextLayers, given: KerasModel | None
) -> KerasModel | None:
    """Return the model's TextVectorization layer, or None for a model that takes ids."""
    found = layers.vectorizers
    if found and given is not None:
        raise OptionError(
            "the model has its own vocabulary",
            expected="no --vocabulary",
            found=f"layer {found[0].name}, a {type(found[0]).__name__}",
            hint="leave out --vocabulary",
        )
    for other in found[1:]:
        if read_vocabulary(other) != read_vocabulary(found[0]) or (
            read_tokenizer(other) != read_tokenizer(found[0])
        ):
            raise UnsupportedModelError(
                f"layers {found[0].name} and {other.name} tokenize a text in two ways",
                expected="one TextVectorization, or several equal ones",
                found="different tokens or options",
                hint="share one TextVectorization layer",
            )
    if found:
        return found[0]
    for tensor in model.inputs:
        if "string" in str(tensor.dtype):
            raise UnsupportedModelError(
                f"input {tensor.name} takes strings, and no TextVectorization layer reads them",
                expected="a TextVectorization layer",
                found=", ".join(layers.kinds[:8]),
                hint="tokenize with TextVectorization, whose rules a device can follow",
            )
    length = input_length(model)
    if given is None:
        raise OptionError(
            "the model takes token ids, and its vocabulary is unknown",
            expected="a TextVectorization layer in the model, or --vocabulary",
            found=f"ids of shape [N, {length or 'T'}]",
            hint="--vocabulary FILE: a .keras file with the TextVectorization layer, or vocab.txt",
        )
    return None


def _check_truncate(own: KerasModel | None, length: int | None) -> None:
    """Refuse head+tail truncation if Keras's own layer truncates, or the length is unknown."""
    if own is not None or length is None:
        raise OptionError(
            "--truncate head+tail does not fit the model",
            expected="a model of ids with a known length",
            found=f"layer {own.name}, which truncates to the head" if own else "ids of any length",
            hint="leave out --truncate" if own else "state the length with --max-length",
        )


def _head(model: KerasModel) -> tuple[str, Head, int]:
    """Return the last activation, the head, and the number of outputs."""
    if len(model.outputs) != 1:
        raise UnsupportedModelError(
            "the model has several outputs",
            expected="one output, the classes of a text",
            found=f"{len(model.outputs)}: {', '.join(model.output_names)}",
            hint="build keras.Model(model.input, model.outputs[0]) and save that",
        )
    shape = model.outputs[0].shape
    tail = [layer for layer in read_tail(model) if type(layer).__name__ not in NO_OPERATION]
    activation = _final_activation(tail)
    if len(shape) != 2 or activation not in _FINAL or (activation == "softmax" and shape[1] == 1):
        raise UnsupportedModelError(
            f"layer {tail[0].name}: the model's output is not a classification of a text",
            expected="linear | sigmoid | softmax (of two or more), of shape [N, C]",
            found=f"{activation}, of shape {list(shape)}",
            hint="end the model with a Dense layer, one output for each class",
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
