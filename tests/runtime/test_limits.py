"""Limits, tested below, at and above the bound; and unreadable files."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from edgernn_runtime import load
from edgernn_runtime.bundle import MANIFEST, MEMBER_LIMITS, VECTORS, read_bundle
from edgernn_runtime.errors import BundleFormatError, BundleHashError, TextError
from edgernn_runtime.tokenizer import MAX_TEXT_BYTES
from edgernn_runtime.vocabulary import MAX_TOKEN_BYTES, MAX_TOKENS, decode_vocabulary
from tests.runtime.test_bundle import members_of, rewrite


def unpacked(bundle, folder):
    for name, data in members_of(bundle).items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("name", ["manifest.json", "vectors.json", "README.md", "model"])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_the_maximum_size_of_a_member(bundle, tmp_path, name, beyond):
    folder = unpacked(bundle, tmp_path)
    name = read_bundle(bundle).manifest.model if name == "model" else name
    # A sparse file takes no space on the disk.
    with (folder / name).open("r+b") as file:
        file.truncate(MEMBER_LIMITS[name] + beyond)
    with pytest.raises((BundleFormatError, BundleHashError)) as caught:
        read_bundle(folder)
    is_for_its_size = f"{name} of at most {MEMBER_LIMITS[name]:,} bytes" in str(caught.value)
    assert is_for_its_size == (beyond > 0)


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_the_maximum_number_of_tokens(beyond):
    data = b"".join(b"%d\n" % i for i in range(MAX_TOKENS + beyond))
    if beyond <= 0:
        assert len(decode_vocabulary(data)) == MAX_TOKENS + beyond
        return
    with pytest.raises(BundleFormatError, match="at most 1,000,000 tokens"):
        decode_vocabulary(data)


@pytest.mark.parametrize("beyond", [-1, 0, 1])
@pytest.mark.parametrize("start", [b"", rb"\\"], ids=["plain", "escaped"])
def test_the_maximum_size_of_a_token(start, beyond):
    size = MAX_TOKEN_BYTES + beyond - len(start) // 2
    data = start + b"a" * size + b"\n"
    if beyond <= 0:
        assert len(decode_vocabulary(data)[0]) == MAX_TOKEN_BYTES + beyond
        return
    with pytest.raises(BundleFormatError, match="at most 65,535 bytes"):
        decode_vocabulary(data)


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_the_maximum_size_of_a_text(classifier, beyond):
    text = "a" * (MAX_TEXT_BYTES + beyond)
    if beyond <= 0:
        assert classifier.predict(text).label in classifier.labels
        return
    with pytest.raises(TextError, match="the text is too long"):
        classifier.predict(text)


def test_a_text_without_an_end_of_characters(classifier):
    # One word of a megabyte, and a megabyte of words.
    assert classifier.tokenize("film" * 200_000).tolist() == [1]
    assert len(classifier.tokenize("a " * 500_000)) == 500_000


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_bundle_that_cannot_be_read_is_named(bundle, tmp_path, is_folder, monkeypatch):
    path = tmp_path if is_folder else bundle

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BundleFormatError, match="the bundle cannot be read") as caught:
        read_bundle(path)
    assert "Permission denied" in str(caught.value)


_GOOD = {"text": base64.b64encode(b"film").decode(), "ids": [2], "output": [0.5]}
MALFORMED_VECTORS = {
    "not_json": (b"{", "test vectors are malformed"),
    "no_list": (b"{}", "not a list"),
    "empty": (b"[]", "not a list, or an empty list"),
    "no_object": (b"[1]", "a int in the list"),
    "text": (json.dumps([{**_GOOD, "text": 1}]).encode(), "not a string"),
    "base64": (json.dumps([{**_GOOD, "text": "é"}]).encode(), "not base64"),
    "ids": (json.dumps([{**_GOOD, "ids": [1.5]}]).encode(), "not a list of integers"),
    "infinite": (b'[{"text": "", "ids": [Infinity], "output": [0.5]}]', "not a list of integers"),
    "size": (json.dumps([{**_GOOD, "output": [0.5, 0.5]}]).encode(), "another size"),
    "probability": (json.dumps([{**_GOOD, "output": [2]}]).encode(), "not a probability"),
    "nan": (b'[{"text": "", "ids": [], "output": [NaN]}]', "not a probability"),
}


@pytest.mark.parametrize("case", MALFORMED_VECTORS)
def test_malformed_test_vectors_are_refused(bundle, tmp_path, case):
    data, message = MALFORMED_VECTORS[case]
    path = rewrite(bundle, tmp_path / "x.edgernn", **{VECTORS: data})
    with load(path) as classifier, pytest.raises(BundleFormatError, match="vectors") as caught:
        classifier.self_test()
    assert message in str(caught.value)


def test_a_member_entry_without_a_hash_is_refused(bundle, tmp_path):
    manifest = json.loads(members_of(bundle)[MANIFEST])
    manifest["members"]["vocab.txt"] = 3
    path = rewrite(bundle, tmp_path / "x.edgernn", **{MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(BundleFormatError, match=r"members\.vocab\.txt"):
        read_bundle(path)


def test_an_engine_that_fails_on_a_text_is_an_engine_error(classifier):
    from edgernn_runtime.errors import EngineError

    with pytest.raises(EngineError):
        classifier._engine.run(np.array([10_000_000], dtype=np.int32))
