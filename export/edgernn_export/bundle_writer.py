"""The writer of bundles: stored, aligned, deterministic, and never half there."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgernn_export.errors import OutputError
from edgernn_runtime.manifest import Member

#: Members start at a multiple of a page of 64 bytes, the widest vector load there is.
ALIGNMENT = 64
#: The extra field that carries the padding; readers skip fields they do not know. The number is
#: the one that Android's zipalign uses.
_PADDING_FIELD = 0xD935
_LOCAL_HEADER_BYTES = 30
_EXTRA_HEADER_BYTES = 4
_EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)


def describe_members(members: Mapping[str, bytes]) -> dict[str, Member]:
    """Return each member's size and SHA-256, as the manifest lists them."""
    return {
        name: Member(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in members.items()
    }


def zip_members(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of the members in their order: stored, aligned, the same for the same input."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, date_time=_EARLIEST_DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            start = target.tell() + _LOCAL_HEADER_BYTES + len(name) + _EXTRA_HEADER_BYTES
            padding = -start % ALIGNMENT
            info.extra = struct.pack("<HH", _PADDING_FIELD, padding) + bytes(padding)
            archive.writestr(info, data)
    return target.getvalue()


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that either the old or the new content stands there, never a mix.

    Raises:
        OutputError: the folder is not there or not writable, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(path) as (file, descriptor):
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            file.chmod(0o666 & ~_umask())
            file.replace(path)
    except OSError as error:
        raise OutputError(
            "the file cannot be written",
            path=path,
            expected=f"a writable folder with {len(data):,} bytes free",
            found=error.strerror or str(error),
            hint="choose another place with --out",
        ) from error


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[tuple[Path, int]]:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    file = Path(name)
    try:
        yield file, descriptor
    finally:
        file.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
