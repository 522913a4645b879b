"""Reads and writes wheels: the same files give the same bytes."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from runtime.tools.wheels.tools import EPOCH

PURE_TAG = "py3-none-any"
EXECUTABLE, PLAIN = 0o100755, 0o100644


@dataclass(frozen=True)
class Wheel:
    """The files of a wheel."""

    #: The distribution and version as in file names: `edgernn_runtime-0.1.0`.
    name: str
    #: Paths to contents, without RECORD.
    files: dict[str, bytes]

    @property
    def info(self) -> str:
        """The folder of the metadata."""
        return f"{self.name}.dist-info"


def read_wheel(path: Path) -> Wheel:
    """Read the files of a wheel."""
    name = "-".join(path.name.split("-")[:2])
    with zipfile.ZipFile(path) as archive:
        names = [entry for entry in archive.namelist() if not entry.endswith("/")]
        files = {entry: archive.read(entry) for entry in names}
    files.pop(f"{name}.dist-info/RECORD")
    return Wheel(name, files)


def add_extension(pure: Wheel, path: str, extension: bytes, tag: str) -> Wheel:
    """Return the wheel of a platform.

    Args:
        pure: the wheel without an extension.
        path: the path of the extension in the wheel.
        extension: the extension.
        tag: Python, ABI and platform.
    """
    metadata = f"{pure.info}/WHEEL"
    lines = pure.files[metadata].decode().splitlines()
    kept = [line for line in lines if not line.startswith(("Root-Is-Purelib", "Tag"))]
    text = "\n".join([*(line for line in kept if line), "Root-Is-Purelib: false", f"Tag: {tag}"])
    return Wheel(pure.name, pure.files | {path: extension, metadata: f"{text}\n\n".encode()})


def _record(wheel: Wheel) -> bytes:
    lines = []
    for path, data in sorted(wheel.files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{wheel.info}/RECORD,,\n"]).encode()


def write_wheel(wheel: Wheel, tag: str, folder: Path) -> Path:
    """Write a wheel in a fixed order, with fixed dates and modes, and return its path.

    Args:
        wheel: its files.
        tag: Python, ABI and platform, for the file name.
        folder: where it is written.
    """
    # The metadata is last, so that it can be changed without rewriting the file (PEP 427).
    ordered = sorted(wheel.files, key=lambda path: (path.startswith(wheel.info), path))
    files = {path: wheel.files[path] for path in ordered}
    files[f"{wheel.info}/RECORD"] = _record(wheel)
    output = folder / f"{wheel.name}-{tag}.whl"
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.create_system = 3
            mode = EXECUTABLE if path.endswith((".so", ".pyd")) else PLAIN
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return output
