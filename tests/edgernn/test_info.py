"""The command `edgernn info`."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib import metadata

import pytest

import edgernn
import edgernn_runtime
from edgernn_runtime.engines import ENGINES
from tests.edgernn.conftest import run


def collected(capsys):
    assert run("info", "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_versions_are_those_that_are_installed(capsys):
    found = collected(capsys)
    assert found["edgernn"] == edgernn.__version__
    assert found["python"] == platform.python_version()
    assert found["system"] == platform.platform()
    for name in ("numpy", "keras", "tensorflow", "onnxruntime", "ai-edge-litert"):
        assert found["packages"][name] == metadata.version(name)


def test_kernels_are_those_of_this_processor(capsys):
    native = pytest.importorskip("edgernn_runtime._native", reason="the C library was not built")
    found = collected(capsys)["libedgernn"]
    assert found["kernels"] == native.kernels()
    assert "portable" in found["kernels"]
    major, minor, patch = map(int, found["version"].split("."))
    assert 10_000 * major + 100 * minor + patch == native.version()


def test_engines_and_packages_that_are_missing_are_named(monkeypatch, capsys):
    from edgernn.commands import info

    monkeypatch.setitem(sys.modules, "edgernn_runtime._native", None)
    monkeypatch.delattr(edgernn_runtime, "_native", raising=False)
    monkeypatch.setattr(
        info.importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else object()
    )
    found = collected(capsys)
    assert found["libedgernn"] is None
    states = {
        (engine["format"], engine["engine"]): engine["installed"] for engine in found["engines"]
    }
    assert len(states) == sum(map(len, ENGINES.values()))
    assert [key for key, installed in states.items() if not installed] == [("onnx", "ONNX Runtime")]
    assert run("info") == 0
    out = capsys.readouterr().out
    assert "| libedgernn | not installed |" in out
    assert "| onnx: ONNX Runtime | not installed |" in out
    assert "| tflite: LiteRT | installed |" in out


def test_nothing_heavy_is_imported():
    code = (
        "import sys\n"
        "from edgernn.cli import main\n"
        "try: main(['info'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'tensorflow', 'keras', 'onnx', 'onnxruntime', 'torch', 'ai_edge_litert'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| tensorflow |" in done.stdout
