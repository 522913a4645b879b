"""A Keras model cut behind its tokenizer: the layers from strings to ids, and the rest."""

from __future__ import annotations

from typing import Any

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.layer_chain import KerasModel, all_layers
from edgernn_export.keras.reader import Source


def ids_function(source: Source) -> Any:
    """Return a `tf.function` from `ids` int32 [1, T] to `probabilities` float32 [1, C].

    T is fixed if the model takes padded ids, else dynamic.

    Raises:
        UnsupportedModelError: the TextVectorization layer is inside a nested model.
    """
    import tensorflow as tf

    model, inputs = ids_model(source), 1
    if source.front is not None:
        inputs = len(model.inputs)
    final = tf.nn.softmax if source.task.head == "multiclass" else tf.sigmoid
    signature = [tf.TensorSpec([1, source.task.pad_to], tf.int32, name="ids")]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def predict(ids: Any) -> Any:
        outputs = model(ids if inputs == 1 else [ids] * inputs, training=False)
        return {"probabilities": final(outputs) if source.gives_logits else outputs}

    return predict


def text_layers(source: Source) -> tuple[KerasModel, ...]:
    """Return the model's own layers from strings [N] to ids int64 [N, T], in order."""
    if source.task.tokenizer.truncate == "head":
        return (source.vectorizer,)
    kind = "HeadTailTruncation"
    own = (layer for layer in all_layers(source.model) if type(layer).__name__ == kind)
    return source.vectorizer, next(own)


def ids_model(source: Source) -> KerasModel:
    """Return the model behind its TextVectorization layer, from ids to its own output.

    Raises:
        UnsupportedModelError: that layer is inside a nested model.
    """
    if source.front is not None:
        return source.model
    import keras

    last = type(text_layers(source)[-1]).__name__
    vectorizers = [x for x in source.model.layers if type(x).__name__ == last]
    everywhere = [x for x in all_layers(source.model) if type(x).__name__ == last]
    tensors = [node.outputs[0] for x in vectorizers for node in x._inbound_nodes]
    tensors = [x for x in tensors if _leads_to(source.model, x)]
    if len(vectorizers) != len(everywhere) or not tensors:
        raise UnsupportedModelError(
            f"layer {everywhere[0].name} is inside a nested model",
            expected=f"{last} in the outermost model",
            found="a model that cannot be cut behind it",
            hint=f"build the model around the layer: text, {last}, then the rest",
        )
    cut = keras.Model(tensors, source.model.outputs[0])
    return cut if len(tensors) == 1 else _with_one_input(cut)


def _leads_to(model: KerasModel, tensor: Any) -> bool:
    """Return whether the model computes a symbolic tensor."""
    functional: Any = getattr(model, "_functional", model)
    nodes = {id(node) for level in functional._nodes_by_depth.values() for node in level}
    history = tensor._keras_history
    return id(history.operation._inbound_nodes[history.node_index]) in nodes


def _with_one_input(model: KerasModel) -> KerasModel:
    """Return the model as a function that passes its ids to each input."""

    def predict(ids: Any, training: bool = False) -> Any:
        return model([ids] * len(model.inputs), training=training)

    return predict
