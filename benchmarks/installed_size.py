"""What a device installs: a fresh environment for each engine, beside that of tensorflow.

python benchmarks/installed_size.py [--model model]

Each environment gets the runtime with one engine, at the versions of constraints.txt, and answers
with the int8 bundle of the model folder. pip and setuptools are not counted. Prints Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = {
    "edgernn-runtime[litert]": ([f"{ROOT}/runtime[litert]"], "tflite-int8"),
    "edgernn-runtime[onnx]": ([f"{ROOT}/runtime[onnx]"], "onnx-int8"),
    "tensorflow": (["tensorflow"], None),
}
_TOOLS = ("pip", "setuptools", "_distutils_hack", "distutils-precedence.pth", "pkg_resources")
_TEXT = "A film to remember."


def main() -> None:
    """Print a row for each environment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    model = parser.parse_args().model.resolve()
    print("| environment | installed MB | packages | answer |")
    print("|---|---:|---|---|")
    for name, (packages, bundle) in ENVIRONMENTS.items():
        with tempfile.TemporaryDirectory() as folder:
            python = _make(Path(folder), packages)
            size, names = _installed(Path(folder))
            answer = "-" if bundle is None else _answer(python, model / f"{bundle}.edgernn")
        shown = ", ".join(names) if len(names) < 12 else f"{len(names)}"
        print(f"| {name} | {size / 1e6:,.0f} | {shown} | {answer} |", flush=True)


def _make(folder: Path, packages: list[str]) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    command = [python, "-m", "pip", "install", "--quiet", "--constraint", constraints]
    subprocess.run([*command, *packages], check=True, stderr=subprocess.DEVNULL)
    return python


def _installed(folder: Path) -> tuple[int, list[str]]:
    """Return the bytes of all installed files, and the names of the packages."""
    (site,) = folder.glob("lib/python*/site-packages")
    parts = [p for p in site.iterdir() if not p.name.startswith(_TOOLS)]
    files = [f for part in parts for f in (part.rglob("*") if part.is_dir() else [part])]
    names = [p.name.partition("-")[0] for p in parts if p.suffix == ".dist-info"]
    return sum(f.stat().st_size for f in files if f.is_file()), sorted(names)


def _answer(python: Path, bundle: Path) -> str:
    command = [python, "-m", "edgernn_runtime", bundle, _TEXT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
