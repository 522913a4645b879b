r"""The vocabulary file: one token a line, the line's number being the id.

UTF-8, LF, a final LF. A token may contain a line break or a backslash (n-grams, character split),
so there are three escapes: `\\` is a backslash, `\n` a line feed, `\r` a carriage return.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgernn_runtime.errors import BundleFormatError

MAX_TOKENS = 1_000_000
MAX_TOKEN_BYTES = 65_535

_BACKSLASH = ord("\\")
_ESCAPED = {_BACKSLASH: b"\\", ord("n"): b"\n", ord("r"): b"\r"}


def encode_vocabulary(tokens: Sequence[bytes]) -> bytes:
    """Return the file's bytes for the tokens, in id order."""
    return b"".join(_escape(token) + b"\n" for token in tokens)


def decode_vocabulary(data: bytes) -> tuple[bytes, ...]:
    """Return the tokens in id order.

    Raises:
        BundleFormatError: no final line feed, bytes that are not UTF-8, an unknown escape, a
            carriage return, more than `MAX_TOKENS` lines, a token over `MAX_TOKEN_BYTES`, or
            the same token twice.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("UTF-8", f"an invalid byte at offset {error.start}") from error
    if not data.endswith(b"\n"):
        raise _malformed("a line feed after every token", "no line feed after the last")
    if b"\r" in data:
        raise _malformed("lines that end in a line feed alone", "a carriage return")
    lines = data[:-1].split(b"\n")
    if len(lines) > MAX_TOKENS:
        raise _malformed(f"at most {MAX_TOKENS:,} tokens", f"{len(lines):,}")
    tokens = tuple(
        _unescape(line, i) if b"\\" in line or len(line) > MAX_TOKEN_BYTES else line
        for i, line in enumerate(lines)
    )
    if len(set(tokens)) != len(tokens):
        raise _malformed("each token once", "a duplicate token")
    return tokens


def _escape(token: bytes) -> bytes:
    return token.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")


def _unescape(line: bytes, index: int) -> bytes:
    token = bytearray()
    rest = iter(line)
    for byte in rest:
        if byte != _BACKSLASH:
            token.append(byte)
            continue
        escape = next(rest, None)
        if escape not in _ESCAPED:
            raise _malformed(r"the escapes \\, \n and \r", f"another escape in line {index + 1}")
        token += _ESCAPED[escape]
    check_token_size(token, index)
    return bytes(token)


def check_token_size(token: Sequence[int], index: int) -> None:
    """Check that a token of the vocabulary is not too long.

    Args:
        token: its bytes.
        index: its id.

    Raises:
        BundleFormatError: it has more than `MAX_TOKEN_BYTES`.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise BundleFormatError(
            "a token of the vocabulary is too long",
            status="MALFORMED_VOCABULARY",
            path="vocab.txt",
            expected=f"at most {MAX_TOKEN_BYTES:,} bytes of UTF-8",
            found=f"{len(token):,} bytes in line {index + 1}",
            hint="remove it from the texts that the vocabulary is learned from",
        )


def _malformed(expected: str, found: str) -> BundleFormatError:
    return BundleFormatError(
        "the vocabulary is malformed",
        path="vocab.txt",
        expected=expected,
        found=found,
        status="MALFORMED_VOCABULARY",
    )
