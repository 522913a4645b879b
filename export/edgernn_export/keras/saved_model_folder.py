"""Reading of TF SavedModel folders that Keras 2 wrote, as data.

Loading a SavedModel runs operations of its graph. This reader takes the configuration, the weights
and the vocabularies from the files, and runs none.

Source: tensorflow/core/protobuf/saved_model.proto, saved_object_graph.proto and
trackable_object_graph.proto; tf_keras/protobuf/saved_metadata.proto.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import ModelFileError

GRAPH = "saved_model.pb"
_METADATA, _VARIABLES = "keras_metadata.pb", "variables/variables"
#: Fields of SavedObject: the path from the root, and the description as JSON.
_PATH, _DESCRIPTION = 3, 5
_LAYER = "root.layer"


class SavedModelFolder:
    """A SavedModel that Keras 2 wrote.

    Attributes:
        config: the model's `class_name` and `config`.
    """

    def __init__(self, folder: Path) -> None:
        """Read the description of the layers.

        Args:
            folder: the folder.

        Raises:
            ModelFileError: Keras did not write it, or wrote no configuration.
            ValueError, KeyError: a file is damaged.
        """
        self._folder = folder
        if not (folder / _METADATA).is_file():
            raise ModelFileError(
                "this SavedModel does not contain a Keras model",
                path=folder,
                expected=f"a SavedModel that model.save(...) of Keras 2 wrote, with {_METADATA}",
                found=f"a TensorFlow graph without {_METADATA}, as model.export writes it",
                hint="in the program that has the Keras model: model.save('model.keras')",
            )
        objects = dict(_objects((folder / _METADATA).read_bytes()))
        self.config: dict[str, Any] = objects.pop("root", {})
        self._names = {
            path.removeprefix("root."): str(described["name"])
            for path, described in objects.items()
            if path.startswith(_LAYER) and path.count(".") == 1
        }

    def weights(self) -> dict[str, list[NDArray[np.float32]]]:
        """Return the weights by layer, in the order of Keras 2."""
        import tensorflow as tf
        from tensorflow.core.protobuf import trackable_object_graph_pb2

        reader = tf.train.load_checkpoint(str(self._folder / _VARIABLES))
        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        graph.ParseFromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
        layers, found = _children(graph.nodes, 0), {}
        for local, name in self._names.items():
            children = _children(graph.nodes, layers[local])
            lists = (children.get("trainable_variables"), children.get("variables"))
            # The second list repeats the first; a nested model has it in another order.
            order = dict.fromkeys(i for part in lists for i in _items(graph.nodes, part))
            nodes = [graph.nodes[i] for i in order]
            keys = [node.attributes[0].checkpoint_key for node in nodes if node.attributes]
            found[name] = [np.asarray(reader.get_tensor(key), dtype=np.float32) for key in keys]
        return found

    def vocabularies(self) -> dict[str, list[str]]:
        """Return the tokens of each layer with a table of strings, in the order of their ids.

        Raises:
            ValueError: the ids are not consecutive.
        """
        from tensorflow.core.protobuf import saved_model_pb2

        model = saved_model_pb2.SavedModel()
        model.ParseFromString((self._folder / GRAPH).read_bytes())
        (graph,) = model.meta_graphs
        nodes = graph.object_graph_def.nodes
        layers, found = _children(nodes, 0), {}
        for local, name in self._names.items():
            children = _children(nodes, layers[local])
            lookup = children.get("_lookup_layer", layers[local])
            table = _children(nodes, lookup).get("lookup_table")
            if table is not None:
                tokens = self._tokens(graph, table)
                if tokens is not None:
                    found[name] = tokens
        return found

    def _tokens(self, graph: Any, table: int) -> list[str] | None:
        """Return the tokens that initialize a table, or None if they are not in the folder."""
        objects = graph.object_graph_def
        initialize = _children(objects.nodes, table).get("_initialize")
        if initialize is None:
            return None
        (function,) = objects.nodes[initialize].function.concrete_functions
        inputs = [objects.nodes[i] for i in objects.concrete_functions[function].bound_inputs]
        for node in inputs:
            if node.WhichOneof("kind") == "asset":
                return self._asset(graph.asset_file_def[node.asset.asset_file_def_index].filename)
        constants = {node.name: node for node in graph.graph_def.node if node.op == "Const"}
        arrays = [
            _constant(constants[node.constant.operation])
            for node in inputs
            if node.WhichOneof("kind") == "constant"
        ]
        if len(arrays) != 2 or arrays[0].dtype.kind not in "OS":
            return None
        keys, ids = arrays
        order = np.argsort(ids)
        if len(keys) and not np.array_equal(ids[order], np.arange(len(ids)) + ids.min()):
            raise ValueError("the ids of a vocabulary are not consecutive")
        return [bytes(keys[i]).decode() for i in order]

    def _asset(self, name: str) -> list[str]:
        path = self._folder / "assets" / name
        if path.resolve().parent != (self._folder / "assets").resolve():
            raise ValueError(f"the asset {name} is outside the folder")
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _children(nodes: Any, index: int) -> dict[str, int]:
    return {child.local_name: child.node_id for child in nodes[index].children}


def _items(nodes: Any, index: int | None) -> list[int]:
    """Return the nodes in a list, which are named by their places."""
    entries = {} if index is None else _children(nodes, index)
    return [entries[key] for key in sorted(entries, key=int)]


def _constant(node: Any) -> NDArray[Any]:
    import tensorflow as tf

    values: NDArray[Any] = tf.make_ndarray(node.attr["value"].tensor)
    return values


def _objects(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the path and the description of each object in a keras_metadata.pb."""
    for _, message in _fields(data):
        fields = dict(_fields(message))
        if _PATH in fields and _DESCRIPTION in fields:
            yield fields[_PATH].decode(), _without_tuples(json.loads(fields[_DESCRIPTION]))


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the bytes of each field of a protocol buffer that has a length."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        size, after = _varint(data, place)
        if wire == 0:
            place = after
        elif wire == 2 and after + size <= len(data):
            yield number, data[after : after + size]
            place = after + size
        else:
            raise ValueError("keras_metadata.pb is damaged")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data):
        value |= (data[place] & 127) << shift
        place += 1
        if data[place - 1] < 128:
            return value, place
        shift += 7
    raise ValueError("keras_metadata.pb is truncated")


def _without_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_tuples(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__tuple__":
        return _without_tuples(value["items"])
    return {key: _without_tuples(item) for key, item in value.items()}
