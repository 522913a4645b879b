"""Checks of the classes and functions that a saved configuration names, before they are loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from edgernn_export.errors import ModelFileError, UnsupportedModelError
from edgernn_export.keras.keras2_config import is_keras_layer, is_keras_model

_Config = dict[str, Any]
#: The registered names of our own layers, and of our own functions.
_OWN_LAYERS = ("edgernn>KeepEnds", "edgernn>HashedNgrams", "edgernn>UnicodeTextVectorization")
_OWN_FUNCTIONS = ("edgernn>lower_and_split_at_punctuation",)
_CODE_HINT = "replace it with a class of Keras, or --trust-code FILE.py, which imports its module"
_STEPS_HINT = "--standardize STEPS states what it does; --trust-code FILE.py imports its module"
#: Options that may be functions.
_FUNCTIONS = ("activation", "recurrent_activation", "standardize")
#: The names of Keras's own standardizations.
_STANDARDIZE = (None, "lower_and_strip_punctuation", "lower", "strip_punctuation")


def check_classes(path: Path, config: _Config, trusted: Collection[str]) -> None:
    """Refuse layers that need Python code outside Keras, by name, before Keras loads them.

    Args:
        path: the file, for errors.
        config: the configuration of the model.
        trusted: the names of the classes and functions of a module that the user trusts.

    Raises:
        UnsupportedModelError: the configuration names a Lambda, or a class or function that is
            neither part of Keras nor trusted.
    """
    for entry in objects(config):
        kind = entry["class_name"]
        options = entry["config"] if isinstance(entry["config"], dict) else {}
        name = options.get("name", kind)
        if kind in ("Lambda", "__lambda__"):
            raise UnsupportedModelError(
                f"layer {name} is a Python function",
                path=path,
                expected="layers of Keras",
                found="a Lambda, which runs code from the file",
                hint="replace it with a layer of Keras and save the model again",
            )
        standardize = options.get("standardize")
        if kind == "TextVectorization" and not _is_known(standardize, trusted):
            raise _refused(path, _function_name(standardize), "a Python function", _STEPS_HINT)
        for option in ("activation", "recurrent_activation"):
            function = options.get(option)
            if isinstance(function, str) and not _is_activation(function, trusted):
                raise _refused(path, function, f"{option} of layer {name}", _CODE_HINT)
        _check_object(path, entry, trusted)


def without_unknown_standardization(config: _Config, trusted: Collection[str]) -> _Config:
    """Return a configuration whose layers standardize with Keras's or trusted functions alone.

    A function that is neither is replaced by None, which changes no character.

    Args:
        config: the configuration of the model.
        trusted: the names of the functions of a module that the user trusts.
    """
    found: _Config = _replaced(config, trusted)
    return found


def with_trusted_functions(config: _Config, trusted: Collection[str]) -> _Config:
    """Return a configuration whose trusted functions are objects, as Keras 3 writes them.

    Keras 2 and `.h5` files contain the names alone.

    Args:
        config: the configuration of the model.
        trusted: the names of the classes and functions of a module that the user trusts.
    """
    found: _Config = _with_functions(config, trusted)
    return found


def _with_functions(value: Any, trusted: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_with_functions(item, trusted) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_functions(item, trusted) for key, item in value.items()}
    for option in _FUNCTIONS:
        if isinstance(found.get(option), str) and found[option] in trusted:
            function = {"module": "builtins", "class_name": "function", "config": found[option]}
            found[option] = {**function, "registered_name": "function"}
    return found


def _replaced(value: Any, trusted: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_replaced(item, trusted) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _replaced(item, trusted) for key, item in value.items()}
    if value.get("class_name") == "TextVectorization":
        options = found["config"]
        if not _is_known(options.get("standardize"), trusted):
            found["config"] = {**options, "standardize": None}
    return found


def check_vocabularies(path: Path, config: _Config) -> None:
    """Refuse a TextVectorization whose vocabulary is not in the configuration.

    Raises:
        ModelFileError: the vocabulary is not in the file.
    """
    for entry in objects(config):
        if entry["class_name"] in ("TextVectorization", "StringLookup", "IntegerLookup"):
            found = entry["config"].get("vocabulary")
            if not isinstance(found, list):
                raise ModelFileError(
                    f"the vocabulary of layer {entry['config']['name']} is not in the file",
                    path=path,
                    expected="a list of tokens",
                    found="nothing" if found is None else f"the path of another file, {found}",
                    hint="in the program that has the model: model.save('NAME.keras')",
                )


def objects(value: Any) -> Iterator[_Config]:
    """Yield every object of a configuration that names a class."""
    if isinstance(value, list):
        for item in value:
            yield from objects(item)
    elif isinstance(value, dict):
        if "class_name" in value and "config" in value:
            yield value
        for item in value.values():
            yield from objects(item)


def _check_object(path: Path, entry: _Config, trusted: Collection[str]) -> None:
    kind, module = entry["class_name"], entry.get("module") or ""
    registered = entry.get("registered_name")
    if registered in _OWN_LAYERS or (kind == "function" and entry["config"] in _OWN_FUNCTIONS):
        return
    options = entry["config"] if isinstance(entry["config"], dict) else {}
    name, found = (
        str(options.get("name", kind)),
        f"{registered or kind}, of {module or 'no module'}",
    )
    if kind == "function":
        name = kind = str(entry["config"])
        found = "a Python function"
    is_trusted = kind in trusted or registered in trusted
    if not _is_of_keras(kind, module, registered) and not is_trusted:
        raise _refused(path, name, found, _CODE_HINT)


def _is_of_keras(kind: str, module: str, registered: str | None) -> bool:
    if module:
        return registered in (None, kind) and module.partition(".")[0] in ("keras", "builtins")
    # The formats before `.keras` name no module. Underscores mark values such as a tensor.
    return kind.startswith("__") or is_keras_layer(kind) or is_keras_model(kind)


def _refused(path: Path, name: str, found: str, hint: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"{name} is not part of Keras",
        path=path,
        expected="classes and functions of Keras",
        found=found,
        hint=hint,
    )


def _is_known(standardize: Any, trusted: Collection[str]) -> bool:
    if standardize in _STANDARDIZE:
        return True
    if isinstance(standardize, dict):
        known = (*_OWN_FUNCTIONS, *trusted)
        return standardize.get("registered_name") in trusted or standardize["config"] in known
    return standardize in trusted


def _function_name(standardize: Any) -> str:
    return str(standardize["config"] if isinstance(standardize, dict) else standardize)


def _is_activation(name: str, trusted: Collection[str]) -> bool:
    import keras

    try:
        keras.activations.get(name)
    except ValueError:
        return name in trusted
    return True
