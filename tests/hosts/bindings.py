"""The hosts in Rust, Go, C# and Swift: what each needs, how it is built, and how it runs."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

from runtime.tools.bindings import OUTPUT, write_package
from tests.hosts import swift

HOSTS = Path(__file__).parent
ROOT = HOSTS.parents[1]
SAMPLE = ROOT / "examples" / "sentiment" / "sentiment.edgernn"
#: The environment of the dependency group `hosts`, which `make tools` makes. Its Python is not meant.
TOOLS = ROOT / "build" / "tools"
ENVIRONMENT = os.environ | {
    "PATH": f"{os.environ['PATH']}{os.pathsep}{TOOLS / 'bin'}",
    "GOCACHE": str(OUTPUT / "gocache"),
    "GOFLAGS": "-buildvcs=false",
}
#: The commands of each host, and Debian's packages with their size.
COMMANDS = {"rust": ("cargo", "cc"), "go": ("go", "cc"), "csharp": ("mcs", "mono", "cc")}
PACKAGES = {
    "rust": "cargo gcc libc6-dev (90 MB)",
    "go": "golang-go gcc libc6-dev (65 MB), or make tools",
    "csharp": "mono-mcs mono-runtime gcc libc6-dev (7 MB)",
}
NAMES = {"Rust": "rust", "Go": "go", "C#": "csharp", "Swift": "swift"}


def missing_for(name):
    """Return the reason why a host cannot run, or an empty text."""
    if name == "swift":
        return swift.missing()
    path = ENVIRONMENT["PATH"]
    is_missing = any(shutil.which(command, path=path) is None for command in COMMANDS[name])
    return f"apt-get install {PACKAGES[name]}" if is_missing else ""


def _call(command, folder):
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@functools.cache
def build(name):
    """Build the package and its host, and return the command that runs the host."""
    if name == "swift":
        return swift.build()
    folder = write_package(name)
    if name == "rust":
        _call(["cargo", "build", "--offline", "--release", "--examples"], folder)
        return [folder / "target" / "release" / "examples" / "host"]
    if name == "go":
        # Go writes several programs into a folder that exists.
        (folder / "bin").mkdir(exist_ok=True)
        _call(["go", "build", "-o", folder / "bin", "./cmd/..."], folder)
        return [folder / "bin" / "host"]
    host, sources = folder / "Host.exe", sorted((folder / "tests").glob("*.cs"))
    _call(["mcs", "-nologo", "-warnaserror", "-r:Edgernn.dll", f"-out:{host}", *sources], folder)
    return ["mono", host]


def run_tests(name):
    """Run the package's own tests and return what they print."""
    if name == "swift":
        return swift.run_tests()
    command = build(name)
    folder = OUTPUT / name
    if name == "rust":
        return _call(["cargo", "test", "--offline", "--release"], folder)
    if name == "go":
        return _call(["go", "test", "."], folder)
    return _call([*command, "test", SAMPLE], folder)


def run(name, *arguments):
    """Run a host: replay, leaks or cost with its arguments."""
    return _call([*build(name), *map(str, arguments)], ROOT)


#: The hosts by name: functions that return a line for each part: its name, lines replayed, passed.
ALL = {title: partial(run, name, "replay", HOSTS) for title, name in NAMES.items()}
