"""Import of a Python module of the user, whose layers and functions a model needs.

This runs the module, so it happens only for a path that the user states.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn_export.errors import ModelFileError


@dataclass(frozen=True)
class TrustedCode:
    """The classes and functions of a module.

    Attributes:
        objects: by the names under which a saved model may refer to them.
    """

    objects: Mapping[str, Any]


def import_trusted(path: Path) -> TrustedCode:
    """Run a Python file, and return the classes and functions that it defines.

    Args:
        path: the file.

    Raises:
        ModelFileError: the file does not exist, or raises an exception.
    """
    import keras

    name = f"edgernn_trusted.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ModelFileError(
            "--trust-code does not name a Python file",
            path=path,
            expected="a file NAME.py",
            found="another file" if path.exists() else "nothing",
            hint="check the path",
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # A module may raise anything.
        raise ModelFileError(
            "the module of --trust-code raised an exception",
            path=path,
            expected="a module with layers and functions, which does not train a model",
            found=f"{type(error).__name__}: {error}"[:300],
            hint=f"try it with: python {path}",
        ) from error
    found = {}
    for key, value in vars(module).items():
        if callable(value) and getattr(value, "__module__", None) == name:
            found[key] = value
            found[keras.saving.get_registered_name(value)] = value
    return TrustedCode(found)
