"""The contracts of the project as a whole."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import edgernn_runtime

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "edgernn": ROOT / "edgernn",
    "edgernn_export": ROOT / "export" / "edgernn_export",
    "edgernn_runtime": ROOT / "runtime" / "edgernn_runtime",
}
PROJECTS = [ROOT / "pyproject.toml", *(ROOT / d / "pyproject.toml" for d in ("export", "runtime"))]
SOURCES = sorted(file for floor in FLOORS.values() for file in floor.rglob("*.py"))


def _imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def _module_name(file: Path, floor: Path) -> str:
    parts = file.relative_to(floor.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _edges(text: str, name: str, modules: set[str]) -> set[str]:
    """Return the imports of a module: at the top, lazy, for typing, or by `importlib`."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative imports are not followed"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & modules
            found |= {node.module} if inner - modules else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            found.add(node.value)
    return (found & modules) - {name}


def find_cycles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """Return the import cycles, as sets of modules."""
    reached = {}
    for start in graph:
        reachable, left = set(), [start]
        while left:
            for name in graph[left.pop()] - reachable:
                reachable.add(name)
                left.append(name)
        reached[start] = reachable
    return {
        frozenset({name, *(other for other in reachable if name in reached[other])})
        for name, reachable in reached.items()
        if name in reachable
    }


def test_no_modules_import_each_other():
    # Extension modules have a `.pyi` file.
    files = {
        _module_name(file, floor): file
        for floor in FLOORS.values()
        for pattern in ("*.py", "*.pyi")
        for file in floor.rglob(pattern)
    }
    assert len(files) > 100
    graph = {name: _edges(file.read_text(), name, set(files)) for name, file in files.items()}
    assert find_cycles(graph) == set()


def test_cycles_are_found_however_they_are_written():
    modules = {
        "a": "import b",
        "b": "def f():\n    from p import c",
        "p.c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import A",
        "p": "from p.d import D",
        "p.d": "TABLE = {'x': 'p.e'}",
        "p.e": "from p import other",
        "f": "import a",
    }
    graph = {name: _edges(text, name, set(modules)) for name, text in modules.items()}
    assert find_cycles(graph) == {frozenset({"a", "b", "p.c"}), frozenset({"p", "p.d", "p.e"})}


def _run(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("floor", "forbidden"),
    [
        ("edgernn_runtime", {"edgernn", "edgernn_export", "tensorflow", "keras", "onnx", "click"}),
        ("edgernn_export", {"edgernn", "click", "rich", "matplotlib"}),
    ],
)
def test_imports_point_down_only(floor, forbidden):
    files = list(FLOORS[floor].rglob("*.py"))
    assert files
    for file in files:
        assert not _imports(file) & forbidden, file


@pytest.mark.parametrize("floor", FLOORS)
def test_every_error_can_be_imported_from_the_root(floor):
    root, module = importlib.import_module(floor), importlib.import_module(f"{floor}.errors")
    errors = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert len(errors) > 5
    for name, error in errors.items():
        assert issubclass(error, edgernn_runtime.EdgernnError)
        assert getattr(root, name) is error
        assert name in root.__all__


def test_one_version_for_the_three_distributions():
    projects = [tomllib.loads(file.read_text())["project"] for file in PROJECTS]
    assert {project["version"] for project in projects} == {edgernn_runtime.__version__}
    pins = [
        line
        for project in projects
        for line in project["dependencies"]
        if line.startswith("edgernn-")
    ]
    assert len(pins) == 3
    assert all(pin.endswith(f"=={edgernn_runtime.__version__}") for pin in pins)


def test_one_licence_for_the_three_distributions():
    assert {tomllib.loads(f.read_text())["project"]["license"] for f in PROJECTS} == {"Apache-2.0"}
    assert len({(file.parent / "LICENSE").read_bytes() for file in PROJECTS}) == 1


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_stay_short_and_functions_fit_on_a_screen(file):
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 50, f"{node.name}: {lines} lines"


PREDICT = (
    "import sys, edgernn_runtime\n"
    "classifier = edgernn_runtime.load(sys.argv[1])\n"
    "for text in ('a good film', ''):\n"
    "    print(repr(classifier.predict(text)), file=sys.stderr)\n"
    "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
)


@pytest.mark.parametrize("model_format", ["tflite", "onnx", "native"])
def test_predicting_on_a_device_loads_one_engine_and_numpy_only_for_a_foreign_one(
    bundles, model_format
):
    loaded = set(_run(PREDICT, str(bundles[model_format, "int8"])).split())
    engine = {
        "tflite": {"ai_edge_litert", "numpy"},
        "onnx": {"onnxruntime", "numpy"},
        "native": set(),
    }
    assert {"edgernn_runtime", *engine[model_format]} <= loaded
    heavy = {"tensorflow", "keras", "tf_keras", "onnx", "tf2onnx", "click", "rich"}
    assert not loaded & (heavy | set.union(*engine.values()) - engine[model_format])


@pytest.mark.parametrize("name", ["lstm-int8-binary", "both-int8", "tokens-unicode-03"])
def test_a_native_bundle_is_read_and_predicts_without_numpy(name):
    pytest.importorskip("edgernn_runtime._native", reason="the C library was not built")
    path = str(ROOT / "tests" / "hosts" / "bundles" / f"{name}.edgernn")
    # An import of it fails, as where it is not installed.
    code = "import sys\nsys.modules['numpy'] = None\n" + PREDICT
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with edgernn_runtime.load(path) as classifier:
        expected = [repr(classifier.predict(text)) for text in ("a good film", "")]
    assert done.stderr.splitlines() == expected


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from edgernn.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(*sys.modules, file=sys.stderr)\n"
        "assert not {'tensorflow', 'keras', 'onnx', 'matplotlib', 'rich'} & set(sys.modules)\n"
    )
    assert "train" in _run(code)


def test_nothing_tracked_names_a_registry_or_a_home():
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    if not any(tracked):
        pytest.skip("this is not a git checkout")
    forbidden = [
        "/" + "root/",
        "/" + "home/",
        "index" + "-url",
        "py" + "pi.org",
        "files.python" + "hosted",
    ]
    for name in filter(None, tracked):
        file = ROOT / name
        if file.suffix in {".png", ".edgernn", ".bin"} or not file.exists():
            continue
        text = file.read_text(encoding="utf-8")
        assert not [word for word in forbidden if word in text], name
