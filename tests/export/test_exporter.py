"""The exporter verifies before it writes, and writes all or nothing."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from edgernn_export import RECIPES, Examples, Options, export
from edgernn_export.bundle_file import write_file, zip_members
from edgernn_export.comparison import compare
from edgernn_export.errors import GateError, OptionError, OutputError
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.recipes import Gate
from edgernn_export.verification import check, compute_outputs, repeats_itself
from edgernn_runtime import load
from tests.conftest import make_model, make_texts

TARGETS = ["tflite", "onnx"]


@pytest.fixture(scope="module")
def examples():
    return Examples(tuple(make_texts(120, seed=3)), None, "file")


@pytest.mark.parametrize("model_format", TARGETS)
def test_a_float_bundle_agrees_with_keras_on_a_thousand_texts(bundles, model_file, model_format):
    texts = make_texts(1000, seed=11, longest=80)
    keras_model = load_keras(model_file)
    expected = keras_outputs(read_source(keras_model), texts)
    with load(bundles[model_format, "none"]) as classifier:
        found = compute_outputs(classifier, texts)
    assert np.abs(found - expected).max() <= 1e-5


@pytest.mark.parametrize("model_format", TARGETS)
def test_the_empty_text_has_keras_answer(bundles, model_file, model_format):
    model = load_keras(model_file)
    beside_a_word = model(tf.constant([[""], ["film"]])).numpy()
    with load(bundles[model_format, "none"]) as classifier:
        assert classifier.output("") == pytest.approx(beside_a_word[0], abs=1e-6)


def test_padding_that_matters_is_fed_as_keras_feeds_it(tmp_path, examples):
    model = make_model(mask=False, max_length=9)
    model.save(tmp_path / "model.keras")
    for model_format in TARGETS:
        done = export(
            tmp_path / "model.keras",
            tmp_path / f"{model_format}.edgernn",
            Options(model_format),
            examples,
        )
        assert done.comparison.max_change <= 1e-5
        with load(done.path) as classifier:
            assert classifier.tokenize("film").tolist()[1:] == [0] * 8
            assert len(classifier.tokenize("film " * 30)) == 9


def test_the_same_export_gives_the_same_bytes(model_file, tmp_path, examples):
    first, second = (
        export(model_file, tmp_path / f"{i}" / "x.edgernn", Options("onnx"), examples).path
        for i in range(2)
    )
    assert first.read_bytes() == second.read_bytes()


def test_the_manifest_keeps_the_figures(bundles):
    with zipfile.ZipFile(bundles["tflite", "int8"]) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        card = archive.read("README.md").decode()
    comparison = manifest["figures"]["comparison"]
    assert comparison["texts"] == 200
    assert comparison["source"] == "file"
    assert manifest["figures"]["model_stats"]["operators"]["UNIDIRECTIONAL_SEQUENCE_LSTM"] == 4
    assert manifest["lowering"] == "fused"
    assert "neg, pos" in card
    assert "int8: int8 weights" in card


@pytest.mark.parametrize("model_format", ["tflite", "native"])
def test_the_card_gives_the_sizes_of_the_members(bundles, model_format):
    with zipfile.ZipFile(bundles[model_format, "int8"]) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        card = archive.read("README.md").decode()
    if model_format == "native":
        expected = [f"| model with vocabulary | {sizes['model.bin']:,} bytes |"]
    else:
        expected = [
            f"| model | {sizes['model.tflite']:,} bytes |",
            f"| vocabulary | {sizes['vocab.txt']:,} bytes |",
        ]
    assert [line for line in card.splitlines() if line.endswith(" bytes |")] == expected


def test_without_texts_they_are_drawn_and_the_manifest_says_so(model_file, tmp_path):
    done = export(model_file, tmp_path / "x.edgernn", Options("onnx"))
    assert done.comparison.source == "synthetic"
    with zipfile.ZipFile(done.path) as archive:
        figures = json.loads(archive.read("manifest.json"))["figures"]
    assert figures["comparison"]["source"] == "synthetic"


def test_a_missed_gate_writes_nothing(model_file, tmp_path, examples, monkeypatch):
    strict = replace(RECIPES["int8"], gate=Gate(max_change=1e-9))
    monkeypatch.setitem(RECIPES, "int8", strict)
    out = tmp_path / "x.edgernn"
    with pytest.raises(GateError, match="nothing was written") as caught:
        export(model_file, out, Options("tflite", "int8"), examples)
    assert "max absolute error" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    done = export(model_file, out, Options("tflite", "int8", allow_drop=True), examples)
    assert any("max absolute error" in warning for warning in done.warnings)
    assert out.exists()


def test_texts_of_one_class_cannot_pass_the_gate(model_file, tmp_path):
    model = load_keras(model_file)
    texts = make_texts(300)
    outputs = keras_outputs(read_source(model), texts)[:, 0]
    one_class = tuple(text for text, p in zip(texts, outputs, strict=True) if p > 0.5)
    examples = Examples(one_class, None, "file")
    with pytest.raises(GateError, match="labels that Keras predicts on these texts"):
        export(model_file, tmp_path / "x.edgernn", Options("onnx"), examples)


def test_texts_that_cannot_tell_models_apart_cannot_pass_the_gate(model_file, tmp_path):
    # Words that are out of vocabulary look alike to a model with any other weights... of theirs.
    examples = Examples(("", "..."), None, "file")
    with pytest.raises(GateError, match="negative control: a perturbed model fails"):
        export(model_file, tmp_path / "x.edgernn", Options("onnx"), examples)


def test_the_answers_of_another_model_fail_every_gate(bundles, examples):
    other = make_model(seed=7)
    expected = keras_outputs(read_source(other), examples.texts)
    for (_, recipe), path in bundles.items():
        with load(path) as classifier:
            found = compute_outputs(classifier, examples.texts)
        comparison = compare(expected, found, "binary", examples)
        assert not all(one.passed for one in check(comparison, RECIPES[recipe].gate))


def test_a_state_that_leaks_is_noticed(bundles):
    class Leaky:
        count = 0

        def output(self, text):
            self.count += 1
            return np.array([self.count], dtype=np.float32)

    assert not repeats_itself(Leaky(), ["a", "b"])
    with load(bundles["tflite", "none"]) as classifier:
        assert repeats_itself(classifier, make_texts(10))


def test_a_bundle_that_stands_there_is_kept(model_file, tmp_path, examples):
    out = tmp_path / "x.edgernn"
    out.write_bytes(b"mine")
    with pytest.raises(OutputError, match="the output exists already"):
        export(model_file, out, Options("onnx"), examples)
    assert out.read_bytes() == b"mine"
    export(model_file, out, Options("onnx", overwrite=True), examples)
    assert load(out).labels == ("0", "1")


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"quantize": "int-8"}, "int8"),
        ({"quantize": "fp16"}, None),
        ({"quantize": "int8x"}, "int8"),
    ],
)
def test_an_unknown_recipe_is_refused_and_the_nearest_suggested(
    model_file, tmp_path, options, near
):
    with pytest.raises(OptionError, match="there is no such recipe") as caught:
        export(model_file, tmp_path / "x.edgernn", Options("onnx", **options))
    assert near is None or f"did you mean {near}?" in str(caught.value)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_file(tmp_path / "file" / "x.edgernn", b"data")
    assert str(tmp_path / "file" / "x.edgernn") in str(caught.value)


def test_a_full_disk_leaves_the_old_file():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    with pytest.raises(OutputError, match="cannot be written"):
        write_file_to_full_disk()


def write_file_to_full_disk():
    import resource
    import signal
    import tempfile
    from pathlib import Path

    # A limit on the size of files stands in for a full disk; both fail in the middle of a write.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "x.edgernn"
        target.write_bytes(b"old")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            write_file(target, b"new" * 1000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
            assert target.read_bytes() == b"old"
            assert os.listdir(folder) == ["x.edgernn"]


def test_a_written_file_has_the_usual_permissions(tmp_path):
    mask = os.umask(0o022)
    try:
        write_file(tmp_path / "x", b"data")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o644


def test_a_zip_of_the_same_members_is_the_same():
    members = {"a": b"1", "b": b"2" * 1000}
    assert zip_members(members) == zip_members(members)
