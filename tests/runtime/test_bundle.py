"""The reader accepts what the writer writes, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from edgernn_export.bundle_file import ALIGNMENT, describe_members, write_file, zip_members
from edgernn_runtime import EdgernnError, load
from edgernn_runtime.bundle import MANIFEST, VOCABULARY, read_bundle
from edgernn_runtime.errors import (
    BundleFormatError,
    BundleHashError,
    BundleNotFoundError,
    BundleVersionError,
    EngineError,
)
from edgernn_runtime.manifest import (
    SCHEMA_NAME,
    SCHEMA_VERSION,
    decode_manifest,
    encode_manifest,
)

FIXTURES = Path(__file__).parent / "fixtures"
#: The thresholds of the fixtures of schema 3.
_THRESHOLDS = (0.75, 0.875)


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(source, target, *, mend_hashes=True, **changes):
    """Write a bundle with changed members; None removes one."""
    members = {**members_of(source), **changes}
    members = {name: data for name, data in members.items() if data is not None}
    if mend_hashes and MANIFEST not in changes:
        manifest = decode_manifest(members.pop(MANIFEST))
        manifest = replace(manifest, members=describe_members(members))
        members = {MANIFEST: encode_manifest(manifest), **members}
    target.write_bytes(zip_members(members))
    return target


def test_zip_and_folder_are_read_alike(bundle, tmp_path):
    for name, data in members_of(bundle).items():
        (tmp_path / name).write_bytes(data)
    zipped, folder = read_bundle(bundle), read_bundle(tmp_path)
    assert replace(folder, path=zipped.path) == zipped
    assert load(tmp_path).predict("good film") == load(bundle).predict("good film")


def test_a_mapped_bundle_is_the_copied_one(bundle, tmp_path):
    shutil.copy(bundle, tmp_path / "own.edgernn")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in members_of(bundle).items():
        (folder / name).write_bytes(data)
    copied = load(bundle).predict("good film")
    for path in (tmp_path / "own.edgernn", folder):
        bundle = read_bundle(path, mapped=True)
        assert isinstance(bundle.model, memoryview)
        assert bundle.model == read_bundle(path).model
        assert load(path, mapped=True).predict("good film") == copied


def test_a_mapped_bundle_survives_its_replacement(bundle, tmp_path):
    path = tmp_path / "own.edgernn"
    shutil.copy(bundle, path)
    with load(path, mapped=True) as classifier:
        before = classifier.predict("good film")
        write_file(path, b"another file")
        assert classifier.predict("good film") == before


@pytest.mark.parametrize("end", [30, 200, 5000])
def test_a_mapped_bundle_cut_short_is_refused(bundle, tmp_path, end):
    path = tmp_path / "short.edgernn"
    path.write_bytes(bundle.read_bytes()[:end])
    with pytest.raises(EdgernnError):
        read_bundle(path, mapped=True)


@pytest.mark.parametrize(
    ("signature", "place", "value", "words"),
    [
        # The last member's place in the directory, and its extra field's length in its own header.
        (b"PK\x01\x02", 42, b"\xff\xff\xff\x7f", "README.md inside the file"),
        (b"PK\x03\x04", 28, b"\xff\xff", "inside the file"),
    ],
)
def test_a_mapped_member_outside_the_file_is_refused(
    bundle, tmp_path, signature, place, value, words
):
    data = bytearray(bundle.read_bytes())
    at = data.rindex(signature) + place
    data[at : at + len(value)] = value
    path = tmp_path / "wrong.edgernn"
    path.write_bytes(data)
    with pytest.raises(BundleFormatError, match=words):
        read_bundle(path, mapped=True)


def test_members_are_stored_and_aligned(bundle):
    with zipfile.ZipFile(bundle) as archive:
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            with open(bundle, "rb") as stream:
                stream.seek(info.header_offset + 26)
                name, extra = (int.from_bytes(stream.read(2), "little") for _ in range(2))
            assert (info.header_offset + 30 + name + extra) % ALIGNMENT == 0


def test_nothing_there(tmp_path):
    with pytest.raises(BundleNotFoundError, match="the bundle does not exist") as caught:
        load(tmp_path / "none.edgernn")
    assert str(tmp_path / "none.edgernn") in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all" * 99, b"\0" * 4096])
def test_no_bundle_at_all(content, tmp_path):
    path = tmp_path / "x.edgernn"
    path.write_bytes(content)
    with pytest.raises(BundleFormatError, match="not a bundle"):
        load(path)


@pytest.mark.parametrize(
    ("content", "start"),
    [(b"\x89PNG\r\n\x1a\n" + bytes(100), r"b'.x89PNG'"), (b"a short text", "b'a sh'")],
)
def test_another_kind_of_file_is_not_called_incomplete(content, start, tmp_path):
    path = tmp_path / "another.edgernn"
    path.write_bytes(content)
    with pytest.raises(BundleFormatError, match=f"starts with {start}") as caught:
        load(path)
    assert "`edgernn export` writes one from a model" in str(caught.value)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_bundle_is_refused(bundle, tmp_path, share):
    data = bundle.read_bytes()
    path = tmp_path / "x.edgernn"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(EdgernnError, match="may be incomplete: copy it again"):
        load(path)


def test_every_changed_byte_is_noticed_or_harmless(bundle, tmp_path):
    data, path = bundle.read_bytes(), tmp_path / "x.edgernn"
    whole = read_bundle(bundle)
    for position in range(0, len(data), max(len(data) // 150, 1)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x5A]) + data[position + 1 :])
        try:
            found = read_bundle(path)
        except EdgernnError:
            continue
        assert (found.model, found.vocabulary) == (whole.model, whole.vocabulary)


@pytest.mark.parametrize("name", ["manifest.json", "vocab.txt", "vectors.json", "README.md"])
def test_a_missing_member_is_named(bundle, tmp_path, name):
    if name not in members_of(bundle):
        # A native model contains its vocabulary.
        name = "model.bin"
    path = rewrite(bundle, tmp_path / "x.edgernn", mend_hashes=False, **{name: None})
    with pytest.raises(BundleFormatError, match=name):
        load(path)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "extra.txt", "a/b"])
def test_a_member_of_another_name_is_refused(bundle, tmp_path, name):
    path = rewrite(bundle, tmp_path / "x.edgernn", **{name: b"x"})
    with pytest.raises(BundleFormatError, match="not a bundle"):
        load(path)


def test_a_compressed_member_is_refused(bundle, tmp_path):
    path = tmp_path / "x.edgernn"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members_of(bundle).items():
            archive.writestr(name, data)
    with pytest.raises(BundleFormatError, match="compressed"):
        load(path)


def test_a_duplicate_member_is_refused(bundle, tmp_path):
    path = tmp_path / "x.edgernn"
    shutil.copy(bundle, path)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive,
    ):
        archive.writestr("README.md", b"other\n")
    with pytest.raises(BundleFormatError, match="each name once"):
        load(path)


def test_a_linked_member_is_refused(bundle, tmp_path):
    for name, data in members_of(bundle).items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "README.md").unlink()
    os.symlink("/etc/hostname", tmp_path / "README.md")
    with pytest.raises(BundleFormatError, match="regular files"):
        load(tmp_path)


def test_a_member_of_another_hash_is_refused(bundle, tmp_path):
    card = members_of(bundle)["README.md"] + b"x"
    path = rewrite(bundle, tmp_path / "x.edgernn", mend_hashes=False, **{"README.md": card})
    with pytest.raises(BundleHashError, match=r"README\.md does not match its hash"):
        load(path)


def test_a_changed_manifest_is_refused(bundle, tmp_path):
    data = bundle.read_bytes()
    path = tmp_path / "x.edgernn"
    path.write_bytes(data.replace(b'"figures"', b'"figuren"'))
    for mapped in (False, True):
        with pytest.raises(BundleHashError, match=r"manifest\.json is damaged"):
            load(path, mapped=mapped)


def test_the_vocabulary_of_another_model_is_refused(bundle, tmp_path):
    if VOCABULARY not in members_of(bundle):
        model = members_of(bundle)["model.bin"].replace(b"good", b"gaad")
        path = rewrite(bundle, tmp_path / "x.edgernn", **{"model.bin": model})
        with pytest.raises(EngineError) as caught:
            load(path)
        assert caught.value.status == "CHECKSUM"
        return
    vocabulary = members_of(bundle)[VOCABULARY].replace(b"good", b"gaad")
    path = rewrite(bundle, tmp_path / "x.edgernn", **{VOCABULARY: vocabulary})
    with pytest.raises(BundleHashError, match="another vocabulary"):
        load(path)


def test_a_newer_schema_is_refused_by_name(bundle, tmp_path):
    manifest = json.loads(members_of(bundle)[MANIFEST])
    manifest["schema"] = "edgernn-bundle/4"
    path = rewrite(bundle, tmp_path / "x.edgernn", **{MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(BundleVersionError, match="pip install --upgrade edgernn-runtime") as caught:
        load(path)
    assert "edgernn-bundle/4" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", None),
        ("schema", "edgernn-bundle/0"),
        ("schema", "other/1"),
        ("labels", []),
        ("labels", ["a", "a"]),
        ("labels", ["a", "b", "c"]),
        ("labels", "ab"),
        ("head", "other"),
        ("empty", [0.5, 0.5]),
        ("empty", [2]),
        ("empty", "0.5"),
        ("padding", {"to": 0}),
        ("padding", "some"),
        ("format", 3),
        ("model", "manifest.json"),
        ("model", "model.other"),
        ("members", []),
        ("members", {"vocab.txt": {"bytes": -1, "sha256": "0" * 64}}),
        ("tokenizer", None),
        ("interface", []),
    ],
)
def test_a_wrong_field_is_refused(bundle, tmp_path, field, value):
    manifest = json.loads(members_of(bundle)[MANIFEST])
    manifest[field] = value
    path = rewrite(bundle, tmp_path / "x.edgernn", **{MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(BundleFormatError) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "manifest", [b"", b"{", b"[]", b"\xff", b'{"a": 1, "a": 2}', b"[" * 100_000]
)
def test_an_invalid_manifest_is_refused(bundle, tmp_path, manifest):
    path = rewrite(bundle, tmp_path / "x.edgernn", **{MANIFEST: manifest})
    with pytest.raises(BundleFormatError):
        load(path)


def test_a_format_without_an_engine_is_refused(bundle, tmp_path):
    manifest = json.loads(members_of(bundle)[MANIFEST])
    manifest["format"] = "coreml"
    path = rewrite(bundle, tmp_path / "x.edgernn", **{MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(BundleFormatError, match="no engine runs this model format"):
        load(path)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.edgernn")), ids=lambda path: path.stem)
def test_bundles_of_every_schema_load_for_ever(path):
    schema = int(path.stem.split("-")[1])
    assert json.loads(members_of(path)[MANIFEST])["schema"] == f"{SCHEMA_NAME}/{schema}"
    with load(path) as classifier:
        assert classifier.thresholds == (_THRESHOLDS if schema == 3 else None)
        prediction = classifier.predict("a good film")
        assert prediction.best in classifier.labels
        limits = dict(zip(classifier.labels, classifier.thresholds or (0, 0), strict=True))
        is_sure = prediction.probability >= limits[prediction.best]
        assert prediction.label == (prediction.best if is_sure else None)
        assert classifier.self_test().passed


def test_there_is_a_bundle_of_every_schema():
    schemas = {int(path.stem.split("-")[1]) for path in FIXTURES.glob("*.edgernn")}
    assert schemas == set(range(1, SCHEMA_VERSION + 1))
