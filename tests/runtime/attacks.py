"""Malicious bundles, each made from a valid one: the runtime must raise an `EdgernnError`.

python -m tests.runtime.attacks BUNDLE

Prints the error of each attack.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from edgernn_runtime import EdgernnError, load
from edgernn_runtime.bundle import MANIFEST, VOCABULARY
from tests.runtime.fuzz import members_of, mended, zipped

Attack = Callable[[Path, Path], Path]


def zip_slip(folder: Path, bundle: Path) -> Path:
    """A member that would be written outside."""
    return _write(folder, zipped({**members_of(bundle), "../../escaped": b"x"}))


def absolute_name(folder: Path, bundle: Path) -> Path:
    """A member with an absolute name."""
    return _write(folder, zipped({**members_of(bundle), "/tmp/escaped": b"x"}))


def bomb(folder: Path, bundle: Path) -> Path:
    """A gigabyte of zeros in a megabyte of zip, under the vocabulary's name."""
    path = folder / "attack.edgernn"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members_of(bundle).items():
            if name != VOCABULARY:
                archive.writestr(name, data, zipfile.ZIP_STORED)
        with archive.open(VOCABULARY, "w", force_zip64=True) as member:
            for _ in range(1024):
                member.write(bytes(1 << 20))
    return path


def claimed_size(folder: Path, bundle: Path) -> Path:
    """A directory entry that claims four gigabytes."""
    data = bytearray(zipped(members_of(bundle)))
    entry = data.index(b"PK\1\2")
    data[entry + 20 : entry + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    return _write(folder, bytes(data))


def link_in_zip(folder: Path, bundle: Path) -> Path:
    """A member that is a symbolic link to a file of the host."""
    path = folder / "attack.edgernn"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members_of(bundle).items():
            info = zipfile.ZipInfo(name)
            if name == VOCABULARY:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, "/etc/passwd")
            else:
                archive.writestr(info, data)
    return path


def link_in_folder(folder: Path, bundle: Path) -> Path:
    """A folder whose vocabulary is a symbolic link."""
    place = _unpacked(folder, bundle)
    (place / VOCABULARY).unlink()
    (place / VOCABULARY).symlink_to("/etc/passwd")
    return place


def sparse_manifest(folder: Path, bundle: Path) -> Path:
    """A manifest of two gigabytes that takes no room on the disk."""
    place = _unpacked(folder, bundle)
    with (place / MANIFEST).open("r+b") as file:
        file.truncate(2 << 30)
    return place


def other_vocabulary(folder: Path, bundle: Path) -> Path:
    """Another vocabulary, with the manifest's hash mended."""
    members = members_of(bundle)
    lines = members[VOCABULARY].split(b"\n")
    lines[2], lines[3] = lines[3], lines[2]
    members[VOCABULARY] = b"\n".join(lines)
    return _write(folder, mended(members, json.loads(members[MANIFEST])))


def swapped_model(folder: Path, bundle: Path) -> Path:
    """The model of another bundle, with the manifest's hash mended."""
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    name = manifest["model"]
    own = hashlib.sha256(members[VOCABULARY]).hexdigest().encode()
    members[name] = members[name].replace(own, hashlib.sha256(b"other").hexdigest().encode())
    return _write(folder, mended(members, manifest))


def eight_byte_model(folder: Path, bundle: Path) -> Path:
    """A model of eight bytes and the vocabulary's hash, with the manifest's hash mended."""
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    own = hashlib.sha256(members[VOCABULARY]).hexdigest().encode()
    members[manifest["model"]] = b"\x1c\0\0\0TFL3" + own
    return _write(folder, mended(members, manifest))


def duplicate_keys(folder: Path, bundle: Path) -> Path:
    """A manifest that names its labels twice, for readers that take the first or the last."""
    members = members_of(bundle)
    first = b'{"labels": ["pos", "neg"], '
    members[MANIFEST] = members[MANIFEST].replace(b"{", first, 1)
    return _write(folder, zipped(members))


def nan_weights(folder: Path, bundle: Path) -> Path:
    """NaN weights, with a correct hash in the manifest.

    An engine may clamp them to finite values; the bundle's self-test finds them.
    """
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    model = bytearray(members[manifest["model"]])
    start, length = max((_run_of_floats(model, offset) for offset in range(4)), key=lambda x: x[1])
    for i in range(start, start + 4 * length, 4):
        struct.pack_into("<f", model, i, float("nan"))
    members[manifest["model"]] = bytes(model)
    return _write(folder, mended(members, manifest))


def _run_of_floats(data: bytearray, offset: int) -> tuple[int, int]:
    """Return where the longest run of floats of a weight's size starts, and how many they are."""
    best, start, length = (0, 0), offset, 0
    for i in range(offset, len(data) - 3, 4):
        if 1e-6 < abs(struct.unpack_from("<f", data, i)[0]) < 10:
            start, length = (i, 1) if length == 0 else (start, length + 1)
            best = max(best, (start, length), key=lambda x: x[1])
        else:
            length = 0
    return best


def deep_manifest(folder: Path, bundle: Path) -> Path:
    """A manifest of brackets, for parsers that recurse."""
    return _write(folder, zipped({**members_of(bundle), MANIFEST: b"[" * 500_000}))


ATTACKS: tuple[Attack, ...] = (
    zip_slip,
    absolute_name,
    bomb,
    claimed_size,
    link_in_zip,
    link_in_folder,
    sparse_manifest,
    other_vocabulary,
    swapped_model,
    eight_byte_model,
    duplicate_keys,
    nan_weights,
    deep_manifest,
)


def error_of(path: Path) -> str:
    """Return the runtime's error for a bundle; "" if it passes its self-test."""
    try:
        with load(path) as classifier:
            classifier.predict("a good film")
            result = classifier.self_test()
            if not result.passed:
                return f"self-test: max absolute error {result.max_abs_error:.2g}"
    except EdgernnError as error:
        return str(error)
    return ""


def _write(folder: Path, data: bytes) -> Path:
    path = folder / "attack.edgernn"
    path.write_bytes(data)
    return path


def _unpacked(folder: Path, bundle: Path) -> Path:
    place = folder / "attack"
    place.mkdir()
    for name, data in members_of(bundle).items():
        (place / name).write_bytes(data)
    return place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    bundle = parser.parse_args().bundle
    for attack in ATTACKS:
        with tempfile.TemporaryDirectory() as folder:
            error = error_of(attack(Path(folder), bundle))
        print(f"{attack.__name__}: {error or 'ACCEPTED'}\n")


if __name__ == "__main__":
    main()
