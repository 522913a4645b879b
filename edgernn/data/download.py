"""Downloads that can be taken up again, and are checked when they are whole."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from edgernn.errors import DownloadError

#: Told how many bytes are there and how many there will be; None where the server does not say.
DownloadCallback = Callable[[int, int | None], None]

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


def download(url: str, target: Path, sha256: str, report: DownloadCallback) -> None:
    """Fetch a file, going on where an earlier try broke off.

    What came so far stands beside the target as `NAME.part`; it gets its name once its hash is
    right.

    Args:
        url: http or https.
        target: the file to write; nothing is done where it stands already with that hash.
        sha256: its SHA-256 in hexadecimal digits.
        report: told of the progress.

    Raises:
        DownloadError: the server cannot be reached or refuses, the connection broke, the folder
            cannot be written to, or the hash is wrong.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_file() and _sha256(target) == sha256:
            return
        _fetch(url, part, report)
        found = _sha256(part)
        if found == sha256:
            part.replace(target)
            return
        part.unlink()
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(
            "the download failed",
            path=url,
            found=str(error) or type(error).__name__,
            hint="run the same command again; it goes on where this one stopped",
        ) from error
    raise DownloadError(
        "the downloaded file is not the published one; it was removed",
        path=url,
        expected=f"sha256 {sha256}",
        found=f"sha256 {found}",
        hint="try again, or fetch it by hand and name its folder with --data-dir",
    )


def _fetch(url: str, part: Path, report: DownloadCallback) -> None:
    """Append to the partial file what is missing of it."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address must begin with http:// or https://")
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
                    report(have, total)
            if total is not None and have < total:
                raise ConnectionError(f"the connection broke after {have:,} of {total:,} bytes")
    except urllib.error.HTTPError as error:
        # The part is whole already; its hash decides.
        if error.code != _RANGE_NOT_SATISFIABLE:
            raise


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
