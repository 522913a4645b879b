"""The reader: from a Keras model to a `Source`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgernn_export.errors import OptionError, UncoveredError, UnsupportedModelError
from edgernn_export.keras.ir_builder import build_network
from edgernn_export.keras.layer_chain import (
    NO_OPERATION,
    VECTORIZERS,
    KerasModel,
    all_layers,
    read_tail,
)
from edgernn_export.keras.layers import array
from edgernn_export.keras.text_front import TextFront
from edgernn_export.keras.text_vectorization import (
    has_function,
    input_length,
    read_tokenizer,
    read_vocabulary,
)
from edgernn_runtime.heads import Head
from edgernn_runtime.ir import Network, Task
from edgernn_runtime.tokenizer_spec import Step, TokenizerSpec

#: What to do for a model of strings without a TextVectorization layer, by its layer of strings.
_HINT = "tokenize with TextVectorization, whose rules a device can follow"
_STRING_HINTS = {
    "StringLookup": (
        "replace StringLookup by TextVectorization(standardize=None, vocabulary="
        "lookup.get_vocabulary(include_special_tokens=False)), on whole texts"
    ),
    "Hashing": "a device has no hash of strings: train with the vocabulary of a TextVectorization",
}
#: The supported activations of the last layer.
_FINAL = ("linear", "sigmoid", "softmax")


@dataclass(frozen=True)
class Source:
    """A Keras text classifier, read for export.

    Attributes:
        model: the Keras model, from strings or ids to its own output.
        vectorizer: the TextVectorization layer in the model; None if the model takes ids.
        front: the tokenizer in front of a model that takes ids, else None.
        steps: what edgernn does to a text before Keras reads it, as declared by the user.
        length: the length to which the texts are truncated and padded, or None.
        gives_logits: whether the model's own outputs are logits, not probabilities.
        task: the input and output of the classifier.
        network: the model in the IR, or why the IR does not cover it.
        warnings: what the user should know, a sentence each.
    """

    model: KerasModel
    vectorizer: KerasModel | None
    front: TextFront | None
    steps: tuple[Step, ...]
    length: int | None
    gives_logits: bool
    task: Task
    network: Network | UncoveredError
    warnings: tuple[str, ...] = ()

    @property
    def reference_name(self) -> str:
        """What the outputs of the file are compared with, for reports."""
        name = "Keras" if self.front is None else self.front.reference
        return f"{name}, after the declared steps" if self.steps else name


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
    front: TextFront | None = None,
    steps: tuple[Step, ...] = (),
) -> Source:
    """Read a Keras model for export.

    Args:
        model: a Sequential or functional model with its TextVectorization layer inside, or one
            that takes ids.
        labels: the names of the classes; None names them by their numbers.
        front: the tokenizer in front of a model that takes ids, else None.
        steps: what the Python function of the model's own TextVectorization layer does, or the
            user's code in front of the model; those of a front are in its spec.

    Raises:
        UnsupportedModelError: the model has a layer or an option that cannot be exported.
        OptionError: the number of labels does not fit the model's output, or a tokenizer is
            missing or superfluous.
    """
    found = _find_text_layers(model)
    own = _own_vectorizer(model, found, front, steps)
    if own is None:
        assert front is not None, "_own_vectorizer raises"
        spec, length, vocabulary = front.spec, front.length, front.vocabulary
    else:
        spec, length = _read_own_tokenizer(found, own, steps)
        vocabulary = read_vocabulary(own)
    activation, head, outputs = _head(model)
    task = Task(
        tokenizer=spec,
        vocabulary=vocabulary,
        head=head,
        labels=_labels(labels, head, outputs),
        pad_to=length,
        pad_side="post" if front is None else front.pad_side,
    )
    network = build_network(model, task, None if own is None else type(own).__name__)
    if isinstance(network, Network):
        task = network.task
    return Source(
        model,
        own,
        front,
        () if own is None or has_function(own) else steps,
        length,
        activation == "linear",
        task,
        network,
        () if front is None else _short_vocabulary(task, front, found.embedding_rows),
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


def _read_own_tokenizer(
    found: _TextLayers, own: KerasModel, steps: tuple[Step, ...]
) -> tuple[TokenizerSpec, int | None]:
    """Return the tokenizer of a model, and the length that it pads to."""
    spec, length = read_tokenizer(own, steps)
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


def _short_vocabulary(task: Task, front: TextFront, rows: int | None) -> tuple[str, ...]:
    tokens = len(task.vocabulary)
    # An Embedding for a Tokenizer often has more rows than there are words.
    if rows is None or tokens >= rows or not front.truncates_itself:
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
    model: KerasModel, layers: _TextLayers, given: TextFront | None, steps: tuple[Step, ...]
) -> KerasModel | None:
    """Return the model's TextVectorization layer, or None for a model that takes ids."""
    found = layers.vectorizers
    if found and given is not None:
        raise OptionError(
            "the model has its own vocabulary",
            expected="no --vocabulary and no --tokenizer",
            found=f"layer {found[0].name}, a {type(found[0]).__name__}",
            hint="leave it out",
        )
    for other in found[1:]:
        if read_vocabulary(other) != read_vocabulary(found[0]) or (
            read_tokenizer(other, steps) != read_tokenizer(found[0], steps)
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
                hint=next((_STRING_HINTS[x] for x in layers.kinds if x in _STRING_HINTS), _HINT),
            )
    length = input_length(model)
    if given is None:
        raise OptionError(
            "the model takes token ids, and its vocabulary is unknown",
            expected="a TextVectorization layer in the model, --vocabulary or --tokenizer",
            found=f"ids of shape [N, {length or 'T'}]",
            hint="--tokenizer tokenizer.json for a Tokenizer; --vocabulary FILE for a .keras file "
            "with the TextVectorization layer, vocab.txt, or the word index of keras.datasets",
        )
    return None


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
            hint="name each output of the model once, in their order, with --labels",
        )
    return labels
