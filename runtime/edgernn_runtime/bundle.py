"""The reader of bundles: a zip of stored members, or a folder of the same members.

Names, sizes and hashes are checked before an engine reads the model. `docs/bundle.md` specifies
the format.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import stat
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import (
    BundleFormatError,
    BundleHashError,
    BundleNotFoundError,
    EdgernnError,
)
from edgernn_runtime.manifest import MAX_MANIFEST_BYTES, Manifest, decode_manifest
from edgernn_runtime.model_header import is_self_contained
from edgernn_runtime.text_section import read_text
from edgernn_runtime.tokenizer_spec import check_ids
from edgernn_runtime.vocabulary import decode_vocabulary
from edgernn_runtime.zip_reader import read_directory

MANIFEST = "manifest.json"
VOCABULARY = "vocab.txt"
VECTORS = "vectors.json"
CARD = "README.md"

#: The maximum size of each member in bytes; other names are not allowed.
MEMBER_LIMITS = {
    MANIFEST: MAX_MANIFEST_BYTES,
    VOCABULARY: 512 << 20,
    VECTORS: 16 << 20,
    CARD: 1 << 20,
    "model.tflite": 256 << 20,
    "model.onnx": 256 << 20,
    "model.ort": 256 << 20,
    "model.bin": 256 << 20,
    "required_operators.config": 1 << 20,
}
#: The key of the vocabulary's SHA-256 in the model's metadata.
VOCABULARY_HASH_KEY = "edgernn.vocabulary_sha256"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Bundle:
    """The contents of a bundle, checked.

    Attributes:
        path: its path.
        manifest: its manifest.
        vocabulary: V tokens in id order, as UTF-8.
        model: the model file's bytes; a view of the file if it is mapped.
        vectors: the bytes of `vectors.json`.
        card: the bytes of the model card.
    """

    path: Path
    manifest: Manifest
    vocabulary: tuple[bytes, ...]
    model: Buffer
    vectors: bytes
    card: bytes


def read_bundle(path: Path | str, *, mapped: bool = False) -> Bundle:
    """Return the bundle at a path.

    Args:
        path: a `.edgernn` file, or a folder with its members.
        mapped: map the file instead of copying it, so that processes share the memory. Replace a
            mapped file by renaming, as edgernn does; never truncate it, because the system ends a
            process that reads beyond the end.

    Raises:
        BundleNotFoundError: the path does not exist.
        BundleFormatError: it is not a bundle, or a member is missing, too large or malformed.
        BundleVersionError: it was written by a newer edgernn.
        BundleHashError: a member does not match its hash in the manifest.
    """
    path = Path(path)
    read = _read_folder if path.is_dir() else _read_zip
    return parse_bundle(path, read(path, mapped=mapped))


def parse_bundle(path: Path, members: Mapping[str, Buffer]) -> Bundle:
    """Return the bundle with the given members.

    Args:
        path: the path that errors name.
        members: the bytes of each member by name.

    Raises:
        BundleFormatError: a member is missing or malformed.
        BundleVersionError: the manifest was written by a newer edgernn.
        BundleHashError: a member is not the one the manifest was written for.
        EngineError: the header of a self-contained `model.bin` is malformed.
    """
    for name in (MANIFEST, VECTORS, CARD):
        _require(path, name in members, f"a member {name}", f"only {', '.join(sorted(members))}")
    manifest = _located(path, lambda: decode_manifest(bytes(members[MANIFEST])))
    _check_members(path, manifest, members)
    model = members[manifest.model]
    vocabulary: tuple[bytes, ...]
    text = _located(path, lambda: read_text(model)) if is_self_contained(model) else None
    if text is not None:
        vocabulary = text.vocabulary
        # The model's own copy is what the C library reads.
        manifest = replace(
            manifest,
            tokenizer=text.tokenizer,
            labels=text.labels,
            pad_to=text.pad_to,
            pad_side=text.pad_side,
            empty=text.empty,
            thresholds=text.thresholds,
        )
    else:
        has_vocabulary = VOCABULARY in members and not is_self_contained(model)
        _require(path, has_vocabulary, f"a member {VOCABULARY}", "no vocabulary")
        _check_pair(path, manifest, members)
        vocabulary = _located(path, lambda: decode_vocabulary(bytes(members[VOCABULARY])))
        if len(vocabulary) < 2:
            raise BundleFormatError(
                "the vocabulary is malformed",
                path=path,
                expected="padding, out of vocabulary, and tokens",
                found=f"{len(vocabulary)} lines",
                status="MALFORMED_VOCABULARY",
            )
    _located(path, lambda: check_ids(manifest.tokenizer, len(vocabulary)))
    return Bundle(
        path=path,
        manifest=manifest,
        vocabulary=vocabulary,
        model=model,
        vectors=bytes(members[VECTORS]),
        card=bytes(members[CARD]),
    )


def _with_path(error: EdgernnError, path: Path) -> EdgernnError:
    """Return the error with the bundle's path before the member's name."""
    error.path = str(path) if error.path is None else f"{path}: {error.path}"
    return error


def _located(path: Path, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except EdgernnError as error:
        raise _with_path(error, path) from error.__cause__


def _require(path: Path, condition: bool, expected: str, found: str) -> None:
    if not condition:
        raise BundleFormatError(
            "not a bundle",
            path=path,
            expected=expected,
            found=found,
            hint="if it was downloaded or copied, it may be incomplete: copy it again",
        )


def _read_folder(path: Path, *, mapped: bool) -> dict[str, Buffer]:
    try:
        files = sorted(path.iterdir())
        for file in files:
            mode = file.lstat().st_mode
            _check_name(path, file.name)
            _require(path, stat.S_ISREG(mode), "regular files", f"{file.name}, not a regular file")
            _check_size(path, file.name, file.lstat().st_size)
        return {file.name: _read_file(file, mapped=mapped) for file in files}
    except OSError as error:
        raise _unreadable(path, error) from error


def _read_file(path: Path, *, mapped: bool) -> Buffer:
    if not mapped or path.lstat().st_size == 0:
        return path.read_bytes()
    with path.open("rb") as file:
        return _map(file)


def _map(file: BinaryIO) -> memoryview:
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _read_zip(path: Path, *, mapped: bool) -> dict[str, Buffer]:
    try:
        with path.open("rb") as file:
            # An empty file cannot be mapped.
            whole = _map(file) if file.seek(0, os.SEEK_END) else memoryview(b"")
    except FileNotFoundError as error:
        raise _not_found(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    entries = _located(path, lambda: read_directory(whole, MEMBER_LIMITS))
    members: dict[str, Buffer] = {}
    for entry in entries:
        data = whole[entry.start : entry.start + entry.size]
        members[entry.name] = data if mapped else bytes(data)
        # The manifest has the hashes of all others, and only this to protect itself.
        if entry.name == MANIFEST and zlib.crc32(data) != entry.crc:
            raise BundleHashError(
                f"{MANIFEST} is damaged",
                path=path,
                expected=f"CRC-32 {entry.crc:08x}",
                found=f"{zlib.crc32(data):08x}",
                hint="copy the bundle again, or export it again",
            )
    return members


def _not_found(path: Path) -> BundleNotFoundError:
    return BundleNotFoundError(
        "the bundle does not exist",
        path=path,
        expected="a .edgernn file, or a folder with its members",
        found="no such file or folder",
        hint="write one with `edgernn export`",
    )


def _unreadable(path: Path, error: OSError) -> BundleFormatError:
    return BundleFormatError(
        "the bundle cannot be read",
        path=path,
        found=error.strerror or str(error),
        status="NOT_FOUND",
    )


def _check_name(path: Path, name: str) -> None:
    shown = name if len(name) <= 80 else name[:80] + "..."
    _require(path, name in MEMBER_LIMITS, f"only {', '.join(MEMBER_LIMITS)}", repr(shown))


def _check_size(path: Path, name: str, size: int) -> None:
    limit = MEMBER_LIMITS[name]
    _require(path, size <= limit, f"{name} of at most {limit:,} bytes", f"{size:,}")


def _check_members(path: Path, manifest: Manifest, members: Mapping[str, Buffer]) -> None:
    named, present = {MANIFEST, *manifest.members}, set(members)
    _require(
        path,
        named == present and manifest.model in members and manifest.model != MANIFEST,
        "the members that the manifest names: " + ", ".join(sorted(named)),
        ", ".join(sorted(present)),
    )
    for name, member in manifest.members.items():
        found = hashlib.sha256(members[name]).hexdigest()
        if len(members[name]) != member.size or found != member.sha256:
            raise BundleHashError(
                f"{name} does not match its hash in the manifest",
                path=path,
                expected=f"{member.size:,} bytes, sha256 {member.sha256}",
                found=f"{len(members[name]):,} bytes, sha256 {found}",
                hint="copy the bundle again, or export it again",
            )


def _check_pair(path: Path, manifest: Manifest, members: Mapping[str, Buffer]) -> None:
    # The metadata of each model format contains the hash as text, so one search finds it without a
    # parser for each.
    sha256 = manifest.members[VOCABULARY].sha256
    if re.search(sha256.encode(), members[manifest.model]) is None:
        raise BundleHashError(
            "the model was trained with another vocabulary",
            path=path,
            expected=f"{VOCABULARY_HASH_KEY} {sha256} in the metadata of {manifest.model}",
            found="no such hash",
            hint="export the bundle again from its model",
        )
