"""Bundles as members, changed and zipped again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from edgernn_export.bundle_file import describe_members, zip_members
from edgernn_runtime.bundle import MANIFEST
from tests.runtime.fuzz import members_of


def rezipped(members, manifest=None):
    """Return a zip whose manifest has the hashes of its members."""
    members = dict(members)
    manifest = json.loads(members[MANIFEST]) if manifest is None else manifest
    if isinstance(manifest, dict) and isinstance(manifest.get("members"), dict):
        for name in members:
            if name in manifest["members"] and isinstance(manifest["members"][name], dict):
                one = describe_members({name: members[name]})[name]
                manifest["members"][name] = {"bytes": one.size, "sha256": one.sha256}
    members[MANIFEST] = json.dumps(manifest).encode("utf-8", "surrogatepass")
    return zip_members(members)


def rezipped_without(members, name):
    manifest = json.loads(members[MANIFEST])
    del manifest["members"][name]
    return rezipped({n: d for n, d in members.items() if n != name}, manifest)


def members_of_bytes(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(data)
        return members_of(path)


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
