"""The installed size of the runtime with each engine, beside that of tensorflow.

python benchmarks/installed_size.py [--model model]

Each fresh environment gets the runtime with one engine, at the versions of constraints.txt, and
runs the int8 bundle of the model folder. pip and setuptools are not counted. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = {
    "edgernn-runtime[litert]": ("{runtime}[litert]", "tflite-int8"),
    "edgernn-runtime[onnx]": ("{runtime}[onnx]", "onnx-int8"),
    "edgernn-runtime (NumPy)": ("{runtime}", "native-int8"),
    "tensorflow": ("tensorflow", None),
}
_TOOLS = ("pip", "setuptools", "_distutils_hack", "distutils-precedence.pth", "pkg_resources")
_TEXT = "A film to remember."


def main() -> None:
    """Print a row for each environment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    model = parser.parse_args().model.resolve()
    print("| environment | installed MB | packages | prediction |")
    print("|---|---:|---|---|")
    for name, (package, bundle) in ENVIRONMENTS.items():
        with tempfile.TemporaryDirectory() as folder:
            python = _make(Path(folder), package)
            size, names = _installed(Path(folder))
            prediction = "-" if bundle is None else _prediction(python, model / f"{bundle}.edgernn")
        shown = ", ".join(names) if len(names) < 12 else f"{len(names)}"
        print(f"| {name} | {size / 1e6:,.0f} | {shown} | {prediction} |", flush=True)


def _make(folder: Path, package: str) -> Path:
    # Built from a copy, because a build leaves files behind.
    source = folder / "source"
    shutil.copytree(ROOT / "runtime", source, ignore=shutil.ignore_patterns("*.egg-info", "build"))
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    command = [python, "-m", "pip", "install", "--quiet", "--constraint", constraints]
    subprocess.run(
        [*command, package.format(runtime=source)], check=True, stderr=subprocess.DEVNULL
    )
    return python


def _installed(folder: Path) -> tuple[int, list[str]]:
    """Return the bytes of all installed files, and the names of the packages."""
    (site,) = folder.glob("lib/python*/site-packages")
    parts = [p for p in site.iterdir() if not p.name.startswith(_TOOLS)]
    files = [f for part in parts for f in (part.rglob("*") if part.is_dir() else [part])]
    names = [p.name.partition("-")[0] for p in parts if p.suffix == ".dist-info"]
    return sum(f.stat().st_size for f in files if f.is_file()), sorted(names)


def _prediction(python: Path, bundle: Path) -> str:
    command = [python, "-m", "edgernn_runtime", bundle, _TEXT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    row = json.loads(done.stdout)
    return f"{row['label']} {row['probability']:.1%}"


if __name__ == "__main__":
    main()
