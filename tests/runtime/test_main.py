"""`python -m edgernn_runtime`, for a device without click."""

from __future__ import annotations

import io
import json
import platform
import subprocess
import sys
from importlib import metadata

import pytest

from edgernn_runtime import __version__, load
from edgernn_runtime.__main__ import main


def test_texts_become_lines_of_json(bundle, capsys):
    assert main([str(bundle), "a good film", "a bad film"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    with load(bundle) as classifier:
        expected = [classifier.predict(text) for text in ("a good film", "a bad film")]
    assert [row["label"] for row in rows] == [one.label for one in expected]
    assert [row["probabilities"] for row in rows] == [one.probabilities for one in expected]


def test_the_lines_of_stdin_are_texts(bundle):
    done = subprocess.run(
        [sys.executable, "-m", "edgernn_runtime", str(bundle)],
        input=b"a good film\n\nna\xc3\xafve\r\n\xff\xfe\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr == b""


def test_a_closed_pipe_does_not_show_a_traceback(bundle):
    with subprocess.Popen(
        [sys.executable, "-m", "edgernn_runtime", str(bundle), *["a good film"] * 2000],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr.read() == b""


def test_a_refused_bundle_is_a_message_and_1(tmp_path, capsys):
    (tmp_path / "x.edgernn").write_bytes(b"no zip")
    assert main([str(tmp_path / "x.edgernn"), "a"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: not a bundle")


def test_the_version_lists_python_and_the_engines(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"edgernn-runtime {__version__}"
    assert lines[1].startswith(f"Python {platform.python_version()}, ")
    assert f"onnxruntime {metadata.version('onnxruntime')}" in lines[2]
    assert lines[3] in ("libedgernn installed", "libedgernn not installed")


def test_wrong_usage_is_2(bundle, tmp_path):
    assert main([str(tmp_path / "none.edgernn"), "a"]) == 2
    done = subprocess.run(
        [sys.executable, "-m", "edgernn_runtime", str(bundle), "--threads", "0"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2


def test_wrong_usage_and_a_missing_bundle_have_their_status(capsys, tmp_path):
    assert main([str(tmp_path / "none.edgernn"), "a"]) == 2
    assert "the bundle does not exist" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), "--threads", "0"])


def test_ctrl_c_ends_it_without_a_traceback(bundle, monkeypatch):
    def interrupt(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("edgernn_runtime.__main__.load", interrupt)
    assert main([str(bundle), "a"]) == 130


def test_stdin_is_read_line_by_line(bundle, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a good film\r\nbad\n")))
    assert main([str(bundle)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_tokens_are_explained_when_asked(bundle, capsys):
    assert main([str(bundle), "--explain", "a good film"]) == 0
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [token["token"] for token in row["tokens"]] == ["a", "good", "film"]
    with load(bundle) as classifier:
        found = [token.weight for token in classifier.explain("a good film").tokens]
    assert [token["weight"] for token in row["tokens"]] == found


def test_a_bundle_is_timed_on_the_device(bundle, capsys):
    assert main(["bench", str(bundle), "--seconds", "0.1", "--tokens", "9"]) == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = report["results"]
    assert report["settings"]["tokens"] == 9
    assert len(row["windows"]) == 5
    assert row["summary"]["p50"] > 0
    assert row["self_test"]["different_ids"] == 0
    assert len(row["cold_start_ms"]) == 5


def test_a_benchmark_of_a_missing_bundle_is_a_message(tmp_path, bundle, capsys):
    assert main(["bench", str(tmp_path / "none.edgernn")]) == 2
    assert capsys.readouterr().err.startswith("error: the bundle does not exist")
    with pytest.raises(SystemExit) as end:
        main(["bench", str(bundle), "--seconds", "0"])
    assert end.value.code == 2
