"""Decoding of UTF-8, with errors that name the line."""

from __future__ import annotations

from pathlib import Path

from edgernn.errors import DataError

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def conversion_hint(start: bytes, path: Path) -> str:
    """Return what to do with a file that is not UTF-8, by its first bytes."""
    encoding = "UTF-16" if start.startswith(_UTF16_MARKS) else "LATIN1"
    return f"convert the file, such as with: iconv -f {encoding} -t UTF-8 {path.name}"


def decode(data: bytes, path: Path, *, errors: str = "strict") -> str:
    """Decode the bytes of a file, without a byte order mark.

    Args:
        data: the bytes.
        path: the file, for the error.
        errors: `strict`, or `replace` to decode invalid bytes as U+FFFD.

    Raises:
        DataError: the bytes are not UTF-8; the message contains the line and the byte.
    """
    try:
        return data.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        # Offsets do not include the byte order mark.
        body = data.removeprefix(b"\xef\xbb\xbf")
        raise DataError(
            "the file is not UTF-8",
            path=f"{path}, line {body[: error.start].count(bytes([10])) + 1}",
            expected="text in UTF-8",
            found=f"the byte 0x{body[error.start]:02x}",
            hint=conversion_hint(data, path),
        ) from error
