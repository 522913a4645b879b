"""Loading of Keras models, without running code from the file.

Keras and TensorFlow take seconds to import, so they are imported on first use.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgernn_export.errors import ModelFileError, UnsupportedModelError
from edgernn_export.keras.hdf5_file import (
    read_hdf5_config,
    read_hdf5_weights,
    write_hdf5_config,
)
from edgernn_export.keras.keras2_config import (
    is_keras_model,
    set_vocabularies,
    upgrade_config,
    without_ragged,
)
from edgernn_export.keras.keras2_weights import rescale_hard_sigmoid, set_weights
from edgernn_export.keras.layer_chain import KerasModel, is_model
from edgernn_export.keras.saved_classes import (
    check_classes,
    check_vocabularies,
    with_trusted_functions,
    without_unknown_standardization,
)
from edgernn_export.keras.saved_model_folder import GRAPH, SavedModelFolder
from edgernn_export.keras.saved_vocabulary import with_vocabulary_in_config
from edgernn_export.keras.trusted_code import TrustedCode
from edgernn_runtime import EdgernnError

_FILES = ".keras, .h5, a SavedModel folder of Keras 2, or a folder that `edgernn train` wrote"


@dataclass(frozen=True)
class _Saved:
    """A model file, read but not loaded.

    Attributes:
        path: the file or folder.
        kind: its format.
        config: the configuration of the model, as it is in the file.
        version: the version of Keras that wrote it.
    """

    path: Path
    kind: Literal["keras", "hdf5", "folder"]
    config: dict[str, Any]
    version: str


def load_keras(
    path: Path, trusted: TrustedCode | None = None, *, declared_standardize: bool = False
) -> KerasModel:
    """Load the Keras model in a file, without running code from the file.

    A model of Keras 2 (`.h5`, `.keras` or SavedModel) becomes an equal one of Keras 3.

    Args:
        path: a `.keras` or `.h5` file, or a SavedModel folder that Keras 2 wrote.
        trusted: the classes and functions of a module that the user trusts, which the model may
            use; None for none.
        declared_standardize: whether the user states what a Python function
            `TextVectorization(standardize=...)` does. If the function is not in `trusted`, the
            layer of the result does not standardize, and takes texts that are standardized.

    Raises:
        ModelFileError: the file does not exist or is not a Keras model.
        UnsupportedModelError: the model needs Python code that is not part of Keras, or has no
            inputs and outputs.
    """
    if not path.is_file() and not is_saved_model(path):
        raise ModelFileError(
            "there is no model here",
            path=path,
            expected=_FILES,
            found="a folder without model.keras" if path.is_dir() else "nothing",
            hint="`edgernn train` makes ./model",
        )
    try:
        model = _load(_read(path), trusted, declared_standardize=declared_standardize)
    except EdgernnError as error:
        error.path = error.path or str(path)
        raise
    except Exception as error:  # Keras passes on any exception of a layer's constructor.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelFileError(
            "Keras cannot load this model",
            path=path,
            expected="a file that model.save('NAME.keras') or model.save('NAME.h5') wrote",
            found=reason[0][:300],
            hint="load it in Keras and save it again; Keras must be able to read it first",
        ) from error
    _check_model(path, model)
    return model


def is_saved_model(path: Path) -> bool:
    """Return whether a path is a SavedModel folder."""
    return (path / GRAPH).is_file()


def _check_model(path: Path, model: KerasModel) -> None:
    if not is_model(model):
        raise _subclass(path, type(model).__name__)
    if not getattr(model, "outputs", None):
        raise UnsupportedModelError(
            "the model was saved before its shape was known",
            path=path,
            expected="a model with inputs and outputs",
            found=f"a {type(model).__name__} that was not built",
            hint="start it with keras.Input, or call it on a text before model.save",
        )


def _subclass(path: Path, kind: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        "the model is a subclass of keras.Model",
        path=path,
        expected="a Sequential or a functional model",
        found=kind,
        hint="rebuild it from Keras layers with keras.Sequential",
    )


def _read(path: Path) -> _Saved:
    """Read the configuration of a model file, and refuse other files by their kind."""
    if path.is_dir():
        return _Saved(path, "folder", SavedModelFolder(path).config, "2")
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\x89HDF"):
        config, version = read_hdf5_config(path)
        return _Saved(path, "hdf5", config, version)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
            metadata = {}
            if "metadata.json" in archive.namelist():
                metadata = json.loads(archive.read("metadata.json"))
        # Optimizer, loss and metrics are not loaded.
        config.pop("compile_config", None)
        return _Saved(path, "keras", config, str(metadata.get("keras_version", "3")))
    kinds = {
        b"\x80": "a pickle, which can run any code when it is loaded",
        b"PK\x03\x04": "a truncated zip archive",
    }
    found = next((kind for magic, kind in kinds.items() if start.startswith(magic)), "another file")
    raise ModelFileError(
        "this is not a Keras model file",
        path=path,
        expected="a file that model.save('NAME.keras') or model.save('NAME.h5') wrote",
        found=found,
        hint="load it in Keras and save it again as NAME.keras",
    )


def _load(saved: _Saved, trusted: TrustedCode | None, *, declared_standardize: bool) -> KerasModel:
    objects = trusted.objects if trusted else {}
    config, is_keras2 = saved.config, saved.version.startswith("2")
    if saved.version.startswith(("0", "1")):
        raise ModelFileError(
            "this file is from Keras 1",
            path=saved.path,
            expected="a file of Keras 2 or 3",
            found=f"Keras {saved.version}",
            hint="load it with Keras 2 and save it again",
        )
    if is_keras2:
        if not is_keras_model(config.get("class_name", "")):
            raise _subclass(saved.path, str(config.get("class_name", "no configuration")))
        config = without_ragged(upgrade_config(config))
    if saved.kind == "folder":
        config = set_vocabularies(config, SavedModelFolder(saved.path).vocabularies())
    if declared_standardize:
        config = without_unknown_standardization(config, objects)
    check_classes(saved.path, config, objects)
    if saved.kind != "keras":
        check_vocabularies(saved.path, config)
        config = with_trusted_functions(config, objects)
    _import_own_objects()
    import keras

    with without_mask_warnings(), keras.saving.custom_object_scope(dict(objects)):
        model = _build(saved, config)
        if is_keras2:
            rescale_hard_sigmoid(model)
    return model


def _build(saved: _Saved, config: dict[str, Any]) -> KerasModel:
    """Return the model of a checked configuration, with the weights of the file."""
    import keras

    if saved.kind == "keras" or saved.version.startswith("3"):
        with _with_config(saved, config) as path:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    if saved.kind == "folder":
        set_weights(model, SavedModelFolder(saved.path).weights())
    else:
        set_weights(model, read_hdf5_weights(saved.path))
    return model


@contextlib.contextmanager
def _with_config(saved: _Saved, config: dict[str, Any]) -> Iterator[Path]:
    """Yield a path to the file, or to a copy if its configuration or vocabulary must change."""
    is_archive = saved.kind == "keras"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (saved.path.stem + (".keras" if is_archive else ".h5"))
        mended = None
        if config is not saved.config or (is_archive and saved.path.suffix != ".keras"):
            shutil.copyfile(saved.path, path)
            if is_archive:
                _write_config(path, config)
            else:
                write_hdf5_config(path, config)
        if is_archive:
            mended = with_vocabulary_in_config(path if path.exists() else saved.path)
        if mended is not None:
            path.write_bytes(mended)
        yield path if path.exists() else saved.path


def _write_config(path: Path, config: dict[str, Any]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _import_own_objects() -> None:
    """Register our own layers and functions."""
    import edgernn_export.keras.hashed_ngrams
    import edgernn_export.keras.head_tail_truncation
    import edgernn_export.keras.unicode_text
    import edgernn_export.keras.word_text  # noqa: F401


@contextlib.contextmanager
def without_mask_warnings() -> Iterator[None]:
    """Suppress Keras's warning that a layer drops a mask, which the reader handles."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Layer .* was passed an input with a mask")
        yield
