"""Writing of bundle files: stored and aligned members, deterministic, replaced atomically."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import platform
import re
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgernn_export.errors import OutputError
from edgernn_export.stages import VerifiedBundle
from edgernn_runtime.manifest import Member

#: Members start at a multiple of 64 bytes, the width of the widest vector load.
ALIGNMENT = 64
#: The extra field that carries the padding; readers skip fields they do not know. The number is
#: the one that Android's zipalign uses.
_PADDING_FIELD = 0xD935
_LOCAL_HEADER_BYTES = 30
_EXTRA_HEADER_BYTES = 4
_EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)
#: After the target's name: a hash of the machine's name, the process, random characters.
_TEMPORARY = re.compile(r"(?:([0-9a-f]{8})-([0-9]+)-)?[a-z0-9_]{8}\.tmp")
_STALE_SECONDS = 3600


def describe_members(members: Mapping[str, bytes]) -> dict[str, Member]:
    """Return the size and SHA-256 of each member, for the manifest."""
    return {
        name: Member(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in members.items()
    }


def zip_members(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of the members in their order: stored, aligned and deterministic."""
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


def check_output(out: Path, *, overwrite: bool) -> None:
    """Check that a bundle can be written to a path.

    Raises:
        OutputError: the path exists and may not be replaced.
    """
    if out.exists() and not overwrite:
        raise OutputError(
            "the output exists already", path=out, hint="--force replaces it, --out names another"
        )


def write_output(verified: VerifiedBundle, out: Path, *, overwrite: bool) -> int:
    """Write a bundle as one file, and return its size in bytes.

    Args:
        verified: the bundle.
        out: the file.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputError: the file exists and may not be replaced, or it cannot be written.
    """
    check_output(out, overwrite=overwrite)
    data = zip_members(verified.members)
    write_file(out, data)
    return len(data)


def write_file(path: Path, data: bytes) -> None:
    """Write a file atomically: a reader sees the old or the new content, never a mix.

    Raises:
        OutputError: the folder does not exist or is not writable, or the disk is full.
    """
    with output_errors("the file cannot be written", path, len(data)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(path) as (file, descriptor):
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            file.chmod(0o666 & ~_umask())
            file.replace(path)


@contextlib.contextmanager
def output_errors(what: str, path: Path, size: int) -> Iterator[None]:
    """Raise an OSError of the block as an `OutputError`.

    Args:
        what: the message.
        path: the output.
        size: its size in bytes.

    Raises:
        OutputError: the block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            what,
            path=path,
            expected=f"a writable folder with {size:,} bytes free",
            found=error.strerror or str(error),
            hint="choose another place with --out",
        ) from error


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[tuple[Path, int]]:
    with contextlib.suppress(OSError):  # a folder may be writable and not readable
        _remove_stale(path)
    prefix = f".{path.name}.{_machine()}-{os.getpid()}-"
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=path.parent)
    file = Path(name)
    try:
        yield file, descriptor
    finally:
        file.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    """Remove the temporary files of writers of a path that were killed."""
    start = f".{path.name}."
    for file in path.parent.iterdir():
        name = _TEMPORARY.fullmatch(file.name.removeprefix(start))
        if name is None or not file.name.startswith(start):
            continue
        with contextlib.suppress(OSError):
            is_dead = name[1] == _machine() and not _is_running(int(name[2]))
            if is_dead or time.time() - file.stat().st_mtime > _STALE_SECONDS:
                file.unlink()


def _machine() -> str:
    # Process ids mean nothing on another machine, or in another container, with the same disk.
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True  # os.kill would end the process there; only the age counts.
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
