"""Engines that are missing, broken or slow are reported; they neither escape nor stay silent."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from edgernn_runtime import load
from edgernn_runtime.engines import SlowEngineWarning, _warn_of_fallback

FIXTURES = Path(__file__).parent / "fixtures"
NATIVE = FIXTURES / "bundle-1-native.edgernn"


@pytest.mark.parametrize("raised", ["ImportError", "OSError", "AttributeError"])
@pytest.mark.parametrize(
    ("name", "package", "extra", "title"),
    [
        ("bundle-1-tflite", "ai_edge_litert", "litert", "LiteRT"),
        ("bundle-1-onnx", "onnxruntime", "onnx", "ONNX Runtime"),
    ],
)
def test_a_broken_engine_package_is_an_engine_error(tmp_path, name, package, extra, title, raised):
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text(f"raise {raised}('libfoo.so.1: no such file')")
    code = (
        "import sys\n"
        "from edgernn_runtime import load\n"
        "from edgernn_runtime.errors import EngineError\n"
        "try: load(sys.argv[1])\n"
        "except EngineError as error: print(error)\n"
    )
    bundle = FIXTURES / f"{name}.edgernn"
    search = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, bundle],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"the engine {title} is installed but cannot be imported",
        f"  where:    {bundle}",
        f"  expected: a package {package.replace('_', '-')} that runs on this machine",
        f"  found:    {raised}: libfoo.so.1: no such file",
        f"  next:     pip install --force-reinstall 'edgernn-runtime[{extra}]'",
    ]


@pytest.fixture
def without_the_c_engine(monkeypatch):
    real, name = importlib.util.find_spec, "edgernn_runtime._native"
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == name else real(n))
    _warn_of_fallback.cache_clear()


@pytest.mark.usefixtures("without_the_c_engine")
def test_the_slow_engine_warns_once_in_a_process():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            load(NATIVE).predict("a good film")
    (warning,) = caught
    assert warning.category is SlowEngineWarning
    assert "NumPy is about 70 times slower" in str(warning.message)
    assert "install a C compiler" in str(warning.message)
    assert "in the clone: pip install --force-reinstall ./runtime " in str(warning.message)
    assert "rm -r build/quickstart, then make quickstart" in str(warning.message)
    assert warning.filename == __file__


def test_the_c_engine_does_not_warn():
    if importlib.util.find_spec("edgernn_runtime._native") is None:
        pytest.skip("the C engine is not built")
    _warn_of_fallback.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(NATIVE).predict("a good film")
