"""`edgernn predict`: order, formats, bad lines, unknown words, Ctrl-C and memory."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgernn.cli import main
from edgernn_runtime import load

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sentiment" / "sentiment.edgernn"
TEXTS = [f"{'very ' * (i % 37)}{'good' if i % 3 else 'bad'} film number {i}" for i in range(1300)]

pytest.importorskip("edgernn_runtime._native", reason="the C library was not built")


def run(*arguments):
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    return done.value.code


@pytest.fixture(scope="module")
def expected():
    with load(SAMPLE) as classifier:
        return [classifier.predict(text) for text in TEXTS]


@pytest.mark.parametrize("text", ["", "東京 xyzzy"])
def test_a_text_without_a_known_word_is_warned_of(text, capsys):
    assert run("predict", SAMPLE, text, "a good film") == 0
    captured = capsys.readouterr()
    assert captured.err == (
        f"warning: no word of {text!r} is in the vocabulary: the prediction is a guess\n"
    )
    assert len(captured.out.splitlines()) == 2


@pytest.mark.parametrize("threads", [1, 2])
def test_lines_come_in_the_order_of_the_file(threads, expected, tmp_path, capsys):
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS) + "\n")
    assert run("predict", SAMPLE, "--file", tmp_path / "texts.txt", "--threads", threads) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    found = [f"{one.probability:.1%}" for one in expected]
    assert [(a, b, c) for a, b, c in lines] == [
        (one.label, share, text) for one, share, text in zip(expected, found, TEXTS, strict=True)
    ]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".csv.gz", ".txt.gz"])
def test_every_kind_of_file_is_read_and_written(suffix, expected, tmp_path):
    path, out = tmp_path / f"texts{suffix}", tmp_path / "out.jsonl"
    opened = gzip.open if suffix.endswith(".gz") else open
    with opened(path, "wt", encoding="utf-8", newline="") as stream:
        if ".jsonl" in suffix:
            stream.writelines(json.dumps({"id": 1, "review": text}) + "\n" for text in TEXTS)
        elif ".txt" in suffix:
            stream.writelines(text + "\n" for text in TEXTS)
        else:
            rows = csv.writer(stream, delimiter="\t" if ".tsv" in suffix else ",")
            rows.writerow(["id", "review"])
            rows.writerows([i, text] for i, text in enumerate(TEXTS))
    options = ("--file", path, "--out", out, "--text-column", "review", "--quiet")
    assert run("predict", SAMPLE, *options) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["probabilities"] for row in rows] == [one.probabilities for one in expected]
    assert [row["text"] for row in rows] == TEXTS


def test_a_bad_line_is_named_and_does_not_end_the_run(tmp_path, capsys):
    path, out = tmp_path / "texts.csv", tmp_path / "out.csv"
    path.write_bytes(
        b'text,label\n"a good, film",pos\nbad,row,here\n"two\nlines",pos\n\xff\xfe,pos\n"open " x,y\n'
        + b"x" * ((1 << 20) + 1)
        + b",pos\na bad film,neg\n"
    )
    assert run("predict", SAMPLE, "--file", path, "--out", out) == 1
    rows = list(csv.DictReader(out.read_text().splitlines(keepends=True)))
    assert [row["line"] for row in rows] == ["2", "4", "9"]
    assert rows[1]["text"] == "two\nlines"
    error = capsys.readouterr().err
    assert "line 3: a row is malformed: expected 2 cells, found 3 cells" in error
    assert "line 6: a row is malformed: expected text in UTF-8, found other bytes" in error
    assert "line 7: a row is malformed" in error
    assert "line 8: the text is too long" in error
    assert "4 of 7 lines have no prediction" in error


def test_bad_lines_of_json_are_named(tmp_path, capsys):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "good \\ud800"}\n{"text": \n[1]\n{"label": "x"}\n\n{"text": "bad"}\n')
    assert run("predict", SAMPLE, "--file", path, "--json") == 1
    done = capsys.readouterr()
    assert [row["line"] for row in json.loads(done.out)] == [1, 6]
    assert "line 2: a line is not JSON" in done.err
    assert 'line 3: a line has no text: expected {"text": ...}, found list' in done.err
    assert "line 4: a line has no text" in done.err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("texts.csv", b"a;text\n1;x\n", "the columns are separated by ';'"),
        ("texts.csv", b"body,label\nx,y\n", "the column 'text' does not exist"),
        ("texts.csv", b"body,label\nx,y\n", "expected: --text-column with a column of the file"),
        ("texts.txt.gz", b"no archive", "the file is damaged"),
    ],
)
def test_files_that_cannot_be_read(name, content, words, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert run("predict", SAMPLE, "--file", tmp_path / name) in (1, 2)
    assert words in capsys.readouterr().err
    assert run("predict", SAMPLE, "--file", tmp_path / "none.txt") == 2
    assert "the file does not exist" in capsys.readouterr().err
    assert run("predict", SAMPLE, "good", "--out", tmp_path / "out") == 2
    assert "--out needs a --file" in capsys.readouterr().err
    assert run("predict", SAMPLE, "--file", os.devnull, "--out", tmp_path / "no" / "out") == 1
    assert "the output cannot be written" in capsys.readouterr().err
    for unknown in ("out.gz", "out.parquet"):
        assert run("predict", SAMPLE, "--file", os.devnull, "--out", tmp_path / unknown) == 2
        assert "--out has an unknown format" in capsys.readouterr().err
        assert not (tmp_path / unknown).exists()


def test_the_name_of_a_file_as_text_gives_a_warning(tmp_path, capsys):
    (tmp_path / "texts.csv").write_text("text\ngood\n")
    assert run("predict", SAMPLE, tmp_path / "texts.csv") == 0
    assert "--file classifies the texts in the file" in capsys.readouterr().err
    for text in ("none.csv", "good", "a. b" * 5000, "good\0.csv"):
        assert run("predict", SAMPLE, text) == 0
        assert "--file" not in capsys.readouterr().err


def endless(out):
    """Start the command on a pipe that never ends."""
    command = [sys.executable, "-m", "edgernn", "predict", SAMPLE, "--file", "-", "--out", out]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ctrl_c_keeps_what_was_written(tmp_path):
    out = tmp_path / "out.jsonl"
    with endless(out) as process:
        process.stdin.write("a good film\n" * 2000)
        process.stdin.flush()
        until = time.monotonic() + 60
        while not (out.exists() and out.stat().st_size) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
        assert process.returncode == 130
        assert "interrupted" in error
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    # The signal may come while a part of the texts is being written.
    assert rows
    assert [row["line"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["label"] for row in rows} == {"pos"}


def test_predict_imports_only_what_it_needs(tmp_path):
    (tmp_path / "texts.txt").write_text("a good film\n")
    program = (
        "import sys\nfrom edgernn.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as done:\n    assert not done.code\n"
        "heavy = ('numpy', 'rich', 'tensorflow', 'onnx', 'edgernn_export.exporter', 'concurrent')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    for arguments in (
        ("--help",),
        ("predict", SAMPLE, "a good film"),
        ("predict", SAMPLE, "--file", tmp_path / "texts.txt"),
    ):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]", arguments


@pytest.mark.parametrize("encoding", ["utf-16", "bundle"])
def test_a_file_that_is_no_text_is_refused(encoding, tmp_path, capsys):
    path = tmp_path / "texts.txt"
    path.write_bytes(SAMPLE.read_bytes() if encoding == "bundle" else "a film".encode(encoding))
    assert run("predict", SAMPLE, "--file", path) == 1
    done = capsys.readouterr()
    assert "the file is not text in UTF-8" in done.err
    assert done.out == ""
