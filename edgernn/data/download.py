"""Downloads that resume, verified by their hash."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from edgernn.errors import DownloadError

#: `callback(received, total)` in bytes; the total is None if the server does not send it.
DownloadCallback = Callable[[int, int | None], None]

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


def download(url: str, target: Path, sha256: str, callback: DownloadCallback) -> None:
    """Download a file, and resume an interrupted download.

    The received bytes are in `NAME.part` beside the target until their hash is verified.

    Args:
        url: http or https.
        target: the file to write; a file with the expected hash is not downloaded again.
        sha256: its SHA-256 in hexadecimal digits.
        callback: called with the progress.

    Raises:
        DownloadError: the server or the connection failed, the folder cannot be written, or the
            hash differs.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_file() and _sha256(target) == sha256:
            return
        _fetch(url, part, callback)
        actual = _sha256(part)
        if actual == sha256:
            part.replace(target)
            return
        part.unlink()
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(
            "the download failed",
            path=url,
            expected="a response with the complete file",
            found=str(error) or type(error).__name__,
            hint="run the same command again; it resumes the download",
        ) from error
    raise DownloadError(
        "the downloaded file does not match its published hash; it was removed",
        path=url,
        expected=f"sha256 {sha256}",
        found=f"sha256 {actual}",
        hint="try again, or download it by hand and pass its folder with --data-dir",
    )


def _fetch(url: str, part: Path, callback: DownloadCallback) -> None:
    """Append the missing bytes to the partial file."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("the URL must begin with http:// or https://")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            if response.status != _PARTIAL_CONTENT:
                have = 0
            length = response.headers.get("Content-Length")
            total = have + int(length) if length else None
            with part.open("ab" if have else "wb") as stream:
                while chunk := response.read(_CHUNK):
                    stream.write(chunk)
                    have += len(chunk)
                    callback(have, total)
            if total is not None and have < total:
                raise ConnectionError(f"the connection broke after {have:,} of {total:,} bytes")
    except urllib.error.HTTPError as error:
        # 416: the partial file is complete; its hash is verified next.
        if error.code != _RANGE_NOT_SATISFIABLE:
            raise


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
