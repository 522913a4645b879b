"""What has to be installed to run a form: the bytes of some distributions and of what they need."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import edgernn_runtime

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def installed_bytes(*names: str) -> int | None:
    """Return the bytes of the files of distributions and of all that they require, extras aside.

    Returns:
        None where one of those named is not installed.
    """
    try:
        found = [distribution(name) for name in names]
    except PackageNotFoundError:
        return None
    closure: dict[str, Distribution] = {}
    while found:
        one = found.pop()
        if one.name in closure:
            continue
        closure[one.name] = one
        for requirement in one.requires or ():
            match = _NAME.match(requirement)
            if match and "extra ==" not in requirement:
                found += _installed(match[0])
    return sum(map(_bytes, closure.values()))


def _installed(name: str) -> list[Distribution]:
    try:
        return [distribution(name)]
    except PackageNotFoundError:
        # Its marker is of another system or Python.
        return []


def _bytes(found: Distribution) -> int:
    if found.name == "edgernn-runtime":
        # Its files stand elsewhere where it is installed to be edited.
        folder = Path(edgernn_runtime.__file__).parent
        files = [file for file in folder.rglob("*") if file.suffix in (".py", ".so", ".pyd")]
    else:
        files = [Path(str(file.locate())) for file in found.files or ()]
    return sum(file.stat().st_size for file in files if file.is_file())
