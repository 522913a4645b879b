"""Bytes to text, with the line of the first byte that is not UTF-8."""

from __future__ import annotations

from pathlib import Path

from edgernn.errors import DataError


def decode(data: bytes, path: Path, *, errors: str = "strict") -> str:
    """Return the text of a file's bytes, a byte order mark left out.

    Args:
        data: the bytes.
        path: the file, for the message.
        errors: `strict`, or `replace` to read what is not UTF-8 as U+FFFD.

    Raises:
        DataError: the bytes are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        # Offsets are counted behind the byte order mark.
        body = data.removeprefix(b"\xef\xbb\xbf")
        raise DataError(
            "the file is not UTF-8",
            path=f"{path}, line {body[: error.start].count(bytes([10])) + 1}",
            expected="text in UTF-8",
            found=f"the byte 0x{body[error.start]:02x}",
            hint=f"iconv -f LATIN1 -t UTF-8 {path.name} makes UTF-8 of Latin-1",
        ) from error
