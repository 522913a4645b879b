"""Reading of `.h5` model files, which hold a configuration and weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import ModelFileError

_GROUP = "model_weights"


def read_hdf5_config(path: Path) -> tuple[dict[str, Any], str]:
    """Return the configuration in a `.h5` file, and the version of Keras that wrote it.

    Raises:
        ModelFileError: the file contains weights without a model.
        OSError: it is not an HDF5 file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        saved = file.attrs.get("model_config")
        # Files before 2.0 contain no version.
        version = file.attrs.get("keras_version", "1")
        if saved is None:
            raise ModelFileError(
                "the file contains weights without the model",
                path=path,
                expected="the file that model.save(...) writes",
                found="an HDF5 file without model_config, as model.save_weights writes it",
                hint="build the model in Keras, call load_weights, then model.save('model.keras')",
            )
        return json.loads(_text(saved)), _text(version)


def write_hdf5_config(path: Path, config: dict[str, Any]) -> None:
    """Replace the configuration in a `.h5` file."""
    import h5py

    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(config)


def read_hdf5_weights(path: Path) -> dict[str, list[NDArray[np.float32]]]:
    """Return the weights in a `.h5` file by layer, in the order of the file.

    Raises:
        ValueError: a part is missing or is stored outside the file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        group = _child(file, _GROUP)
        return {
            name: [
                np.asarray(_child(_child(group, name), weight), dtype=np.float32)
                for weight in _names(_child(group, name), "weight_names")
            ]
            for name in _names(group, "layer_names")
        }


def _child(group: Any, path: str) -> Any:
    """Return a group or dataset, which may not be a link to another file."""
    import h5py

    for name in path.split("/"):
        is_inside = isinstance(group.get(name, getlink=True), h5py.HardLink)
        if not is_inside:
            raise ValueError(f"{path} is missing or a link")
        group = group[name]
    if isinstance(group, h5py.Dataset) and (group.external or group.is_virtual):
        raise ValueError(f"{path} is stored in another file")
    return group


def _names(group: Any, attribute: str) -> list[str]:
    """Return a list of names, which Keras stores in several attributes if it is long."""
    found, chunk = list(group.attrs.get(attribute, ())), 0
    while f"{attribute}{chunk}" in group.attrs:
        found += list(group.attrs[f"{attribute}{chunk}"])
        chunk += 1
    return [_text(name) for name in found]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
