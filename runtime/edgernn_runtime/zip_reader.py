"""The reader of zip files with stored members, as strict as the one of the C library.

Of what APPNOTE.TXT allows, a bundle uses no compression, no comment, one disk and no 64-bit sizes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from edgernn_runtime.errors import BundleFormatError

#: Signature, numbers of two disks, entries on this disk and in all, bytes and offset of the
#: directory, bytes of a comment.
_END = struct.Struct("<IIHHIIH")
#: Signature, flags, method, CRC-32, two sizes, bytes of name, extra field and comment, offset.
_ENTRY = struct.Struct("<I4xHH4xIIIHHH8xI")
#: Signature, bytes of name and extra field.
_LOCAL = struct.Struct("<I22xHH")
_END_SIGNATURE, _ENTRY_SIGNATURE, _LOCAL_SIGNATURE = 0x06054B50, 0x02014B50, 0x04034B50
_IS_ENCRYPTED = 1
MAX_BYTES = 2**31 - 1


@dataclass(frozen=True)
class Entry:
    """A member of a zip file.

    Attributes:
        name: its name, not checked yet.
        size: its size in bytes, not checked yet.
        crc: its CRC-32.
        start: where its bytes start, if the size is right.
    """

    name: str
    size: int
    crc: int
    start: int


#: The first bytes of a zip file.
_START = b"PK\x03\x04"


def read_directory(data: memoryview, limits: dict[str, int]) -> list[Entry]:
    """Return the members of a zip file.

    Args:
        data: the file.
        limits: the names that are allowed, and the largest size of each.

    Raises:
        BundleFormatError: the file is not a zip file with stored members of these names.
    """
    if not _END.size <= len(data) <= MAX_BYTES:
        if data and bytes(data[: len(_START)]) != _START[: len(data)]:
            raise _not_a_zip(bytes(data[: len(_START)]))
        raise _refused("NOT_A_BUNDLE", f"{_END.size} to {MAX_BYTES:,} bytes", f"{len(data):,}")
    end = len(data) - _END.size
    signature, disks, here, count, size, directory, comment = _END.unpack_from(data, end)
    if signature != _END_SIGNATURE:
        raise _not_a_zip(bytes(data[: len(_START)]))
    is_plain = disks == 0 and here == count and comment == 0
    _require(is_plain, "one disk and no comment", "several disks, or a comment")
    _require(directory + size == end, f"a directory of {size} bytes at the end", f"{directory}")
    entries: list[Entry] = []
    at = directory
    for _ in range(count):
        _require(end - at >= _ENTRY.size, f"{count} entries", f"{len(entries)}")
        entry, at = _read_entry(data, at, directory, limits)
        names = {other.name for other in entries}
        _require(entry.name not in names, "each name once", entry.name)
        entries.append(entry)
    _require(at == end, f"a directory of {count} entries", f"{end - at} bytes more")
    return entries


def _read_entry(
    data: memoryview, at: int, directory: int, limits: dict[str, int]
) -> tuple[Entry, int]:
    """Return the entry at a place, and the place of the next one."""
    fields = _ENTRY.unpack_from(data, at)
    signature, flags, method, crc, packed, size, name_bytes, extra, comment, local = fields
    _require(signature == _ENTRY_SIGNATURE, "an entry of the directory", f"{signature:08x}")
    following = at + _ENTRY.size + name_bytes + extra + comment
    _require(following <= len(data) - _END.size, "an entry in the directory", f"{following}")
    name = str(data[at + _ENTRY.size : at + _ENTRY.size + name_bytes], "utf-8", "replace")
    shown = name if len(name) <= 80 else name[:80] + "..."
    _require(name in limits, f"only {', '.join(limits)}", repr(shown))
    is_stored = method == 0 and packed == size and not flags & _IS_ENCRYPTED
    _require(is_stored, "stored members", f"{name}, compressed or encrypted")
    limit = limits[name]
    _require(size <= limit, f"{name} of at most {limit:,} bytes", f"{size:,}")
    _require(local + _LOCAL.size <= directory, f"{name} inside the file", f"{local}")
    signature, name_bytes, extra = _LOCAL.unpack_from(data, local)
    start = local + _LOCAL.size + name_bytes + extra
    is_inside = signature == _LOCAL_SIGNATURE and start + size <= directory
    _require(is_inside, f"{name} inside the file", f"{start} to {start + size}")
    return Entry(name, size, crc, start), following


def _require(condition: bool, expected: str, found: str) -> None:
    if not condition:
        raise _refused("MALFORMED_BUNDLE", expected, found)


def _not_a_zip(start: bytes) -> BundleFormatError:
    if start == _START:
        return _refused("NOT_A_BUNDLE", "the end of a zip file", "a zip file without its end")
    return BundleFormatError(
        "not a bundle",
        expected="a zip file as `edgernn export` writes it",
        found=f"another kind of file, which starts with {start!r}",
        hint="pass a .edgernn file; `edgernn export` writes one from a model",
        status="NOT_A_BUNDLE",
    )


def _refused(status: str, expected: str, found: str) -> BundleFormatError:
    return BundleFormatError(
        "not a bundle",
        expected=f"a zip file as `edgernn export` writes it: {expected}",
        found=found,
        hint="if it was downloaded or copied, it may be incomplete: copy it again",
        status=status,
    )
