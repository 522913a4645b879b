"""Mistakes that are reported before TensorFlow is imported, which takes seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.edgernn.conftest import reviews, write_table

_PROGRAM = """
import sys
from edgernn.cli import main
try:
    main(sys.argv[1:])
except SystemExit as done:
    sys.exit(3 if {"tensorflow", "keras"} & set(sys.modules) else done.code)
"""


def status_and_error(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("header", "options", "status", "message"),
    [
        ("text,label", ("--data", "nowhere.csv"), 2, "the data does not exist"),
        ("words,label", (), 2, "the column 'text' does not exist"),
        ("text;label", (), 1, "the columns are separated by ';'"),
        ("text,label", ("--rare-label", "pos"), 2, "--rare-label"),
    ],
)
def test_train_reads_its_data_first(header, options, status, message, tmp_path):
    table = tmp_path / "reviews.csv"
    table.write_text(header + "\n" + "a,b\n" * 20)
    found, error = status_and_error("train", "--data", table, *options, "--out", tmp_path / "out")
    assert (found, message in error) == (status, True), error
    assert not (tmp_path / "out").exists()


def test_train_checks_its_output_first(trained, tmp_path):
    table = write_table(tmp_path / "reviews.csv", reviews(60, 1))
    status, error = status_and_error("train", "--data", table, "--out", trained)
    assert (status, "--force" in error) == (1, True), error


def test_a_folder_of_c_sources_is_not_a_bundle(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "edgernn_config.h").touch()
    status, error = status_and_error("predict", tmp_path, "a text")
    assert (status, "export the model with --format native" in error) == (2, True), error


def test_export_checks_its_output_first(trained):
    options = ("--format", "onnx", "--quantize", "none")
    status, error = status_and_error("export", trained, *options)
    assert (status, "--force replaces it" in error) == (1, True), error
