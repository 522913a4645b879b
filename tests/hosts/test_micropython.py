"""The native module for MicroPython: in its port to Unix, and on an emulated Cortex-M4."""

from __future__ import annotations

import zipfile

import pytest

from edgernn_runtime import load
from tests.hosts import micropython

SAMPLE = micropython.HOSTS / "bundles" / "lstm-int8-multiclass.edgernn"
TEXTS = ("a good film", "", "naïve café", "word " * 300)
#: Models of the corpus that the board replays here; `make host-micropython` replays all.
FEW = 4


def need(arch):
    reason = micropython.missing(arch)
    if reason:
        pytest.skip(reason)


def test_the_corpus_is_replayed_in_the_port_to_unix():
    need("x64")
    for line in micropython.run_unix().splitlines():
        part, count, passed = line.split()
        assert int(count) >= 340, part
        assert count == passed, part


def test_a_board_replays_models():
    need("armv7emsp")
    with micropython.Board() as board:
        board.run((micropython.SCRIPTS / "replay.py").read_text())
        found = [board.run(call) for call in micropython.calls("predictions")[:FEW]]
    assert found == ["predictions 10 10\n"] * FEW


def test_a_file_is_loaded_and_texts_have_the_labels_of_the_runtime(tmp_path):
    need("x64")
    data = zipfile.ZipFile(SAMPLE).read("model.bin")
    (tmp_path / "model.bin").write_bytes(data)
    script = f"""
import edgernn
classifier = edgernn.load({str(tmp_path / "model.bin")!r})
print(*classifier.labels())
for text in {TEXTS!r}:
    label, probabilities = classifier.predict(text)
    print(label, round(probabilities[label], 4), len(probabilities))
"""
    first, *lines = micropython.run_script(script, tmp_path).splitlines()
    with load(SAMPLE) as classifier:
        assert first == " ".join(classifier.labels)
        for line, text in zip(lines, TEXTS, strict=True):
            label, probability, count = line.rsplit(" ", 2)
            found = classifier.predict(text)
            assert label == found.label
            assert float(probability) == pytest.approx(found.probability, abs=1e-3)
            assert int(count) == len(classifier.labels)


def test_errors_have_the_names_of_the_header(tmp_path):
    need("x64")
    data = bytearray(zipfile.ZipFile(SAMPLE).read("model.bin"))
    data[-1] ^= 1
    script = f"""
import edgernn
for data in (b"", b"EDGERNN", bytes.fromhex({data.hex()!r}), 3, "nowhere.bin"):
    try:
        edgernn.load(data)
    except ValueError as error:
        print(error.args[0])
    except (TypeError, OSError) as error:
        print(type(error).__name__)
"""
    expected = ["NOT_A_BUNDLE", "NOT_A_BUNDLE", "CHECKSUM", "TypeError", "OSError"]
    assert micropython.run_script(script, tmp_path).splitlines() == expected
