"""Loading of Keras models, without running code from the file.

Keras and TensorFlow take seconds to import, so they are imported on first use.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgernn_export.errors import ModelFileError, UnsupportedModelError
from edgernn_export.keras.layer_chain import KerasModel, is_model
from edgernn_export.keras.saved_vocabulary import with_vocabulary_in_config
from edgernn_runtime import EdgernnError

#: The registered names of our own layers.
_OWN_LAYERS = ("edgernn>KeepEnds", "edgernn>HashedNgrams", "edgernn>UnicodeTextVectorization")


def load_keras(path: Path) -> KerasModel:
    """Load the Keras model in a `.keras` file, without running code from the file.

    Raises:
        ModelFileError: the file does not exist or is not a Keras model.
        UnsupportedModelError: the model needs Python code that is not part of Keras, or has no
            inputs and outputs.
    """
    if not path.is_file():
        raise ModelFileError(
            "there is no model here",
            path=path,
            expected="a .keras file, or a folder that `edgernn train` wrote",
            found="a folder without model.keras" if path.is_dir() else "nothing",
            hint="`edgernn train` makes ./model",
        )
    _check_kind(path)
    try:
        _check_classes(path)
        model = _load(path)
    except EdgernnError:
        raise
    except Exception as error:  # Keras passes on any exception of a layer's constructor.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelFileError(
            "Keras cannot load this model",
            path=path,
            expected="a file that model.save('NAME.keras') wrote with Keras 3",
            found=reason[0][:300],
            hint="load it in Keras and save it again; Keras must be able to read it first",
        ) from error
    if not is_model(model):
        raise UnsupportedModelError(
            "the model is a subclass of keras.Model",
            path=path,
            expected="a Sequential or a functional model",
            found=type(model).__name__,
            hint="rebuild it from Keras layers with keras.Sequential",
        )
    if not getattr(model, "outputs", None):
        raise UnsupportedModelError(
            "the model was saved before its shape was known",
            path=path,
            expected="a model with inputs and outputs",
            found=f"a {type(model).__name__} that was not built",
            hint="start it with keras.Input, or call it on a text before model.save",
        )
    return model


def _check_kind(path: Path) -> None:
    """Refuse a file that is not a zip archive, and name its kind."""
    if zipfile.is_zipfile(path):
        return
    with path.open("rb") as file:
        start = file.read(8)
    kinds = {
        b"\x89HDF": "an HDF5 file, the format of Keras 2",
        b"\x80": "a pickle, which can run any code when it is loaded",
        b"PK\x03\x04": "a truncated zip archive",
    }
    found = next((kind for magic, kind in kinds.items() if start.startswith(magic)), "another file")
    raise ModelFileError(
        "this is not a .keras file",
        path=path,
        expected="a file that model.save('NAME.keras') wrote with Keras 3",
        found=found,
        hint="load it in Keras and save it again as NAME.keras",
    )


def _check_classes(path: Path) -> None:
    """Refuse layers that need Python code outside Keras, by name, before Keras loads them."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    # Optimizer, loss and metrics are not loaded.
    config.pop("compile_config", None)
    for entry in _classes(config):
        kind, module = entry["class_name"], entry.get("module") or ""
        name = entry["config"].get("name", kind) if isinstance(entry["config"], dict) else kind
        if kind in ("Lambda", "__lambda__"):
            raise UnsupportedModelError(
                f"layer {name} is a Python function",
                path=path,
                expected="layers of Keras",
                found="a Lambda, which runs code from the file",
                hint="replace it with a layer of Keras and save the model again",
            )
        if kind == "function":
            name = kind = str(entry["config"])
        if entry.get("registered_name") in _OWN_LAYERS:
            continue
        if entry.get("registered_name") not in (None, kind) or not _is_of_keras(module):
            raise UnsupportedModelError(
                f"{name} is not part of Keras",
                path=path,
                expected="classes and functions of Keras",
                found=(
                    "a Python function"
                    if entry["class_name"] == "function"
                    else f"{entry.get('registered_name') or kind}, of {module or 'no module'}"
                ),
                hint="replace it with a class of Keras and save the model again",
            )


def _is_of_keras(module: str) -> bool:
    return module.partition(".")[0] in ("keras", "builtins", "")


def _classes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a configuration that names a class."""
    if isinstance(value, list):
        for item in value:
            yield from _classes(item)
    elif isinstance(value, dict):
        if "class_name" in value and "config" in value:
            yield value
        for item in value.values():
            yield from _classes(item)


def _load(path: Path) -> KerasModel:
    import keras

    # These imports register our own layers.
    import edgernn_export.keras.hashed_ngrams
    import edgernn_export.keras.head_tail_truncation
    import edgernn_export.keras.unicode_text  # noqa: F401

    mended = with_vocabulary_in_config(path)
    if mended is None:
        with without_mask_warnings():
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(mended)
        with without_mask_warnings():
            return keras.saving.load_model(copy, compile=False, safe_mode=True)


@contextlib.contextmanager
def without_mask_warnings() -> Iterator[None]:
    """Suppress Keras's warning that a layer drops a mask, which the reader handles."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Layer .* was passed an input with a mask")
        yield
