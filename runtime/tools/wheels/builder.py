"""Builds the wheels of the three distributions."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from runtime.tools.wheels.archive import PURE_TAG, Wheel, add_extension, read_wheel, write_wheel
from runtime.tools.wheels.extension import compile_extension
from runtime.tools.wheels.targets import Target
from runtime.tools.wheels.tools import PYTHON, ROOT


@dataclass(frozen=True)
class Project:
    """A distribution and what its wheel is built from."""

    name: str
    #: The folder of its pyproject.toml, relative to the root.
    folder: str
    #: Files and folders in it.
    inputs: tuple[str, ...]


COMMON = ("pyproject.toml", "README.md", "LICENSE")
RUNTIME = Project(
    "edgernn-runtime",
    "runtime",
    (*COMMON, "setup.py", "MANIFEST.in", "edgernn_runtime", "libedgernn", "bindings/python"),
)
PROJECTS = (
    Project("edgernn", ".", (*COMMON, "edgernn")),
    Project("edgernn-export", "export", (*COMMON, "edgernn_export")),
    RUNTIME,
)
#: What a build or an installation leaves in a folder of sources.
IGNORED = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "*.egg-info", "build")


def _copy_inputs(project: Project, folder: Path) -> None:
    for name in project.inputs:
        source, target = ROOT / project.folder / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=IGNORED)
        else:
            shutil.copy(source, target)


def build_pure(project: Project) -> Wheel:
    """Build a distribution without an extension by setuptools, from a copy of its inputs.

    Raises:
        RuntimeError: setuptools failed; the message contains its output.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "source"
        folder.mkdir()
        _copy_inputs(project, folder)
        command: list[str | Path] = [PYTHON, "-m", "pip", "wheel", "--no-deps"]
        done = subprocess.run(
            [*command, "--no-build-isolation", "--wheel-dir", name, folder],
            env=os.environ | {"EDGERNN_PURE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"setuptools failed for {project.name}\n{done.stdout}{done.stderr}")
        [wheel] = Path(name).glob("*.whl")
        return read_wheel(wheel)


def build_wheels(targets: Sequence[Target], folder: Path, jobs: int = 2) -> list[Path]:
    """Build a wheel of edgernn-runtime for each target, in parallel, and return them.

    Args:
        targets: the platforms.
        folder: where the wheels are written.
        jobs: compilers at a time.

    Raises:
        RuntimeError: a compiler failed or warned, or setuptools failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pure = build_pure(RUNTIME)

    def build(target: Target) -> Path:
        extension = compile_extension(target).read_bytes()
        path = f"edgernn_runtime/{target.extension}"
        tag = target.wheel_tag
        return write_wheel(add_extension(pure, path, extension, tag), tag, folder)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(build, targets))


def build_pure_wheels(folder: Path) -> list[Path]:
    """Build the wheels of edgernn and edgernn-export, and return them.

    Raises:
        RuntimeError: setuptools failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = [project for project in PROJECTS if project is not RUNTIME]
    return [write_wheel(build_pure(project), PURE_TAG, folder) for project in others]
