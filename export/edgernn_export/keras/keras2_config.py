"""Rewriting of a Keras 2 configuration into one of Keras 3.

Options that do not change the output of a trained model (initializers, regularizers, and options
of the implementation) are dropped. An option without an equal in Keras 3 is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgernn_export.errors import UnsupportedModelError

_Config = dict[str, Any]
_MODELS = {
    "Sequential": "keras.src.models.sequential",
    "Functional": "keras.src.models.functional",
    "Model": "keras.src.models.functional",
}
_RECURRENT = ("LSTM", "GRU", "SimpleRNN")
#: Suffixes of options that matter in training alone.
_TRAINING = ("_initializer", "_regularizer", "_constraint")
#: Options that Keras 3 lacks and that do not change the output.
_DROPPED = {
    "Embedding": ("input_length",),
    "BatchNormalization": (
        "fused",
        "renorm",
        "renorm_clipping",
        "renorm_momentum",
        "virtual_batch_size",
    ),
    "MultiHeadAttention": ("query_shape", "key_shape", "value_shape"),
    "SpatialDropout1D": ("noise_shape", "trainable"),
    "TextVectorization": ("vocabulary_size",),
    **dict.fromkeys(_RECURRENT, ("implementation", "input_dim", "input_length")),
}
#: Options that Keras 3 lacks, with the only value that loses nothing.
_FIXED = {
    "InputLayer": (("ragged", False),),
    "Attention": (("causal", False),),
    "AdditiveAttention": (("causal", False),),
    "MultiHeadAttention": (("softmax_robust_masking", False),),
    **dict.fromkeys(_RECURRENT, (("time_major", False),)),
}
#: Layers for which a masked text is what a ragged one was.
_RAGGED = (
    "InputLayer",
    "TextVectorization",
    "Embedding",
    *_RECURRENT,
    "Bidirectional",
    "Dense",
    "Dropout",
)
#: TF operations, which Keras 2 records as layers.
_OPERATIONS = ("TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda", "ClassMethod")


def upgrade_config(saved: _Config) -> _Config:
    """Return the configuration of a Keras 2 model as Keras 3 writes it.

    Args:
        saved: the configuration of a Sequential or functional model, `class_name` and `config`.

    Raises:
        UnsupportedModelError: a layer or an option has no equal in Keras 3.
    """
    kind, config = saved["class_name"], saved["config"]
    if kind == "Sequential":
        layers = config if isinstance(config, list) else config["layers"]
        name = None if isinstance(config, list) else config.get("name")
        config = {"name": name, "layers": [_upgrade_layer(x) for x in _with_input(layers)]}
    else:
        kind = "Functional"
        config = _functional(config)
    return {
        "module": _MODELS[kind],
        "class_name": kind,
        "config": config,
        "registered_name": kind if kind == "Functional" else None,
    }


def without_ragged(config: _Config) -> _Config:
    """Return the configuration of a model whose texts are padded and masked instead of ragged.

    Keras 2 runs a recurrent layer on a ragged tensor as on a padded one with its mask.

    Args:
        config: the configuration as Keras 3 writes it.

    Raises:
        UnsupportedModelError: a layer that does not follow a mask reads the ragged tensor.
    """
    layers = config["config"]["layers"]
    if not any(layer["config"].get("ragged") for layer in layers):
        return config
    changed = []
    for layer in layers:
        kind, options = layer["class_name"], layer["config"]
        if kind not in _RAGGED:
            raise UnsupportedModelError(
                f"layer {options.get('name', kind)} is in a model of ragged texts",
                expected=" | ".join(_RAGGED),
                found=kind,
                hint="build TextVectorization with ragged=False, and Embedding with mask_zero=True",
            )
        if kind == "TextVectorization":
            options = {**options, "ragged": False}
        elif kind == "Embedding":
            options = {**options, "mask_zero": True}
        changed.append({**layer, "config": options})
    return {**config, "config": {**config["config"], "layers": changed}}


def set_vocabularies(config: _Config, vocabularies: Mapping[str, list[str]]) -> _Config:
    """Return the configuration of a model with the vocabularies of its layers.

    Args:
        config: the configuration as Keras 3 writes it.
        vocabularies: the tokens in the order of their ids, by the name of the layer.
    """
    layers = []
    for layer in config["config"]["layers"]:
        options = layer["config"]
        if options.get("name") in vocabularies:
            options = {**options, "vocabulary": vocabularies[options["name"]]}
        layers.append({**layer, "config": options})
    return {**config, "config": {**config["config"], "layers": layers}}


def is_keras_model(kind: str) -> bool:
    """Return whether a class name is that of a Sequential or functional model."""
    return kind in _MODELS


def _with_input(layers: list[_Config]) -> list[_Config]:
    """Return the layers of a Sequential model, with the input that old versions leave out."""
    first = layers[0]
    shape = first["config"].get("batch_input_shape") if isinstance(first["config"], dict) else None
    if first["class_name"] == "InputLayer" or shape is None:
        return layers
    dtype = first["config"].get("dtype", "float32")
    config = {"name": "input", "batch_input_shape": shape, "dtype": dtype}
    return [{"class_name": "InputLayer", "config": config}, *layers]


def _functional(config: _Config) -> _Config:
    first = _first_nodes(config)
    layers = []
    for layer in config["layers"]:
        nodes = [_node(node, first) for node in layer["inbound_nodes"]]
        layers.append({**_upgrade_layer(layer), "name": layer["name"], "inbound_nodes": nodes})
    kinds = {layer["name"]: layer["class_name"] for layer in config["layers"]}
    outputs = [
        # Only here, Keras 3 also counts the node that a functional model starts with.
        [name, node - first.get(name, 0) + (kinds[name] in ("Functional", "Model")), index]
        for name, node, index in _tensors(config["output_layers"])
    ]
    return {
        "name": config.get("name"),
        "trainable": config.get("trainable", True),
        "layers": layers,
        # Keras 2 returns the only output itself, Keras 3 a list as it is stated.
        "input_layers": _unpacked(_tensors(config["input_layers"])),
        "output_layers": _unpacked(outputs),
    }


def _first_nodes(config: _Config) -> dict[str, int]:
    """Return the number of the first call of each nested model, which Keras 2 starts at 0 or 1."""
    models = {x["name"] for x in config["layers"] if x["class_name"] in _MODELS}
    calls = [entry for layer in config["layers"] for entry in _references(layer["inbound_nodes"])]
    first: dict[str, int] = {}
    for name, node, _ in [*calls, *_tensors(config["output_layers"])]:
        if name in models:
            first[name] = min(node, first.get(name, node))
    return first


def _references(value: Any) -> list[list[Any]]:
    """Return every tensor (layer, node, index) in calls of a layer."""
    if isinstance(value, dict):
        return [entry for item in value.values() for entry in _references(item)]
    if not isinstance(value, list):
        return []
    inner = [entry for item in value for entry in _references(item)]
    return [value[:3], *inner] if _is_tensor(value) else inner


def _is_tensor(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and isinstance(value[2], int)
    )


def _tensors(value: Any) -> list[list[Any]]:
    """Return the inputs or outputs of a model as a list, whether there are one or more."""
    if isinstance(value, dict):
        return [entry for item in value.values() for entry in _tensors(item)]
    return [value] if _is_tensor(value) else [x for item in value for x in _tensors(item)]


def _unpacked(tensors: list[list[Any]]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _node(node: Any, first: dict[str, int]) -> _Config:
    """Return a call of a layer in the format of Keras 3.

    Args:
        node: for each tensor of the first argument: layer, node, index, keyword arguments.
        first: by nested model: the number of its first call.
    """
    inputs = [node] if _is_tensor(node) else node
    tensors = [_tensor(entry, first) for entry in inputs]
    options = inputs[0][3] if len(inputs[0]) > 3 else {}
    kwargs = {
        name: _tensor(value, first) if _is_tensor(value) else value
        for name, value in options.items()
    }
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": kwargs}


def _tensor(entry: list[Any], first: dict[str, int]) -> _Config:
    name, node, index = entry[:3]
    history = [name, node - first.get(name, 0), index]
    # Keras 3 takes the shape and the dtype from the layer.
    config = {"shape": [], "dtype": "float32", "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": config}


def _upgrade_layer(saved: _Config) -> _Config:
    """Return one layer, and the layers inside it, as Keras 3 writes it."""
    kind = saved["class_name"]
    if kind in _MODELS:
        return upgrade_config(saved)
    if kind in _OPERATIONS:
        config = saved["config"]
        raise UnsupportedModelError(
            f"layer {config.get('name', kind)} is a TensorFlow operation between Keras layers",
            expected="layers of Keras",
            found=str(config.get("function", kind)),
            hint="build the model with the layer that does the same, such as keras.layers.Add",
        )
    if saved.get("registered_name") not in (None, kind) or not is_keras_layer(kind):
        # A layer of the user's module.
        config = {key: _upgrade_value(value) for key, value in saved["config"].items()}
        registered = saved.get("registered_name") or kind
        module = saved.get("module") or "__main__"
        return {**saved, "config": config, "module": module, "registered_name": registered}
    config = _without_old_options(kind, dict(saved["config"]))
    kind, config = _renamed(kind, config)
    config = {key: _upgrade_value(value) for key, value in config.items()}
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": config,
        "registered_name": None,
    }


def is_keras_layer(kind: str) -> bool:
    """Return whether a class name is that of a layer that can be rewritten."""
    import keras

    return kind in _RENAMES or isinstance(getattr(keras.layers, kind, None), type)


def _upgrade_value(value: Any) -> Any:
    """Return an option, which may be a layer, such as that of a wrapper, or a tuple."""
    if not isinstance(value, dict) or "class_name" not in value:
        return value
    if value["class_name"] == "__tuple__":
        return value["items"]
    if is_keras_layer(value["class_name"]) or value["class_name"] in _MODELS:
        return _upgrade_layer(value)
    return value


def _without_old_options(kind: str, config: _Config) -> _Config:
    name = config.get("name", kind)
    for option, wanted in _FIXED.get(kind, ()):
        found = config.pop(option, wanted)
        if found != wanted:
            raise UnsupportedModelError(
                f"layer {name}: {option}={found} does not exist in Keras 3",
                expected=f"{option}={wanted}",
                found=f"{option}={found}",
                hint="build the layer without it and copy the weights with set_weights",
            )
    if kind != "InputLayer":
        config.pop("batch_input_shape", None)
    dtype = config.get("dtype")
    if isinstance(dtype, dict):
        config["dtype"] = dtype["config"]["name"]
    dropped = _DROPPED.get(kind, ())
    return {
        key: value
        for key, value in config.items()
        if key not in dropped and not key.endswith(_TRAINING)
    }


def _renamed(kind: str, config: _Config) -> tuple[str, _Config]:
    return _RENAMES[kind](config) if kind in _RENAMES else (kind, config)


def _input(config: _Config) -> tuple[str, _Config]:
    shape = config.pop("batch_input_shape", None)
    return "InputLayer", config if shape is None else {**config, "batch_shape": shape}


def _batch_normalization(config: _Config) -> tuple[str, _Config]:
    axis = _upgrade_value(config.get("axis", -1))
    return "BatchNormalization", {**config, "axis": axis[0] if isinstance(axis, list) else axis}


def _leaky_relu(config: _Config) -> tuple[str, _Config]:
    slope = config.pop("alpha", 0.3)
    slope = slope["value"] if isinstance(slope, dict) else slope
    return "LeakyReLU", {**config, "negative_slope": float(slope)}


def _gru(config: _Config) -> tuple[str, _Config]:
    # Keras 2 before 2.1.3 has no such option; the default of Keras 3 is another.
    return "GRU", {"reset_after": False, **config}


def _cudnn_gru(config: _Config) -> tuple[str, _Config]:
    return "GRU", _cudnn({**config, "reset_after": True})


def _cudnn_lstm(config: _Config) -> tuple[str, _Config]:
    return "LSTM", _cudnn(config)


def _cudnn(config: _Config) -> _Config:
    config.pop("time_major", None)
    return {**config, "activation": "tanh", "recurrent_activation": "sigmoid"}


_RENAMES: dict[str, Callable[[_Config], tuple[str, _Config]]] = {
    "InputLayer": _input,
    "BatchNormalization": _batch_normalization,
    "LeakyReLU": _leaky_relu,
    "GRU": _gru,
    "CuDNNGRU": _cudnn_gru,
    "CuDNNLSTM": _cudnn_lstm,
}
