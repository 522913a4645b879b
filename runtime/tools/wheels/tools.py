"""The folder of the build and the programs in it: zig, setuptools and the checkers."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "wheels"
#: The virtual environment of the dependency group `wheels`.
ENVIRONMENT = ROOT / "build" / "wheels" / "tools"
PYTHON = ENVIRONMENT / "bin" / "python"
#: The headers of this version are compiled against. Others would give other bytes.
PYTHON_VERSION = (3, 11)
#: The earliest date of a zip; wheels contain no other.
EPOCH = (1980, 1, 1, 0, 0, 0)


def requirements() -> list[str]:
    """Return the pinned packages of the dependency group `wheels` in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(project["dependency-groups"]["wheels"])


def require_python() -> None:
    """Check the version of this Python, whose headers the wheels are compiled against.

    Raises:
        RuntimeError: it is not PYTHON_VERSION.
    """
    if sys.version_info[:2] != PYTHON_VERSION:
        raise RuntimeError(
            "wheels are compiled against the headers of one Python version\n"
            f"  expected: {PYTHON_VERSION[0]}.{PYTHON_VERSION[1]}\n"
            f"  found:    {sys.version_info[0]}.{sys.version_info[1]}\n"
            "  next:     make PYTHON=python3.11 wheels"
        )


def install() -> None:
    """Make the virtual environment of the tools, unless it has these versions."""
    stamp = ENVIRONMENT / "requirements.txt"
    wanted = "\n".join(requirements())
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, *requirements()], check=True)
    stamp.write_text(wanted, encoding="utf-8")


def zig(*arguments: str | Path, folder: Path) -> None:
    """Run zig in a folder, with its cache in the build folder.

    Raises:
        RuntimeError: zig failed; the message contains its output.
    """
    cache = str(BUILD / "cache")
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    command = [PYTHON, "-m", "ziglang", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode or done.stderr:
        raise RuntimeError(f"zig failed: {' '.join(map(str, command))}\n{done.stderr}")


def zig_library() -> Path:
    """Return the folder of zig's own library."""
    [folder] = ENVIRONMENT.glob("lib/python*/site-packages/ziglang/lib")
    return folder


def run_tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment, and return what it printed."""
    search = f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [ENVIRONMENT / "bin" / name, *arguments],
        env=os.environ | {"PATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
