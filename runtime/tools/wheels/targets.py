"""The platforms that edgernn-runtime has wheels for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

System = Literal["linux", "macos", "windows"]

X86_KERNELS = ("avx512-vnni", "avx-vnni", "avx2", "sse2", "portable")
#: AMX needs the permission of the system, which is asked for on Linux.
LINUX_X86_KERNELS = ("amx-int8", *X86_KERNELS)
ARM64_KERNELS = ("neon-dotprod", "neon", "portable")


@dataclass(frozen=True)
class Target:
    """A platform of wheels."""

    #: The name in commands, tables and tests.
    name: str
    #: The platform tag of the wheel.
    tag: str
    #: The value of `zig cc -target`: processor, system and the oldest version of its C library.
    zig: str
    system: System
    #: The kernels that the extension contains.
    kernels: tuple[str, ...]

    @property
    def extension(self) -> str:
        """The file name of the extension: CPython for Windows has no suffix for the stable ABI."""
        return "_native.pyd" if self.system == "windows" else "_native.abi3.so"

    @property
    def wheel_tag(self) -> str:
        """The tag of the wheel: Python, ABI, platform."""
        return f"cp311-abi3-{self.tag}"


TARGETS = (
    Target(
        "manylinux-x86_64",
        "manylinux_2_17_x86_64",
        "x86_64-linux-gnu.2.17",
        "linux",
        LINUX_X86_KERNELS,
    ),
    Target(
        "manylinux-aarch64",
        "manylinux_2_17_aarch64",
        "aarch64-linux-gnu.2.17",
        "linux",
        ARM64_KERNELS,
    ),
    Target(
        "manylinux-armv7l",
        "manylinux_2_17_armv7l",
        "arm-linux-gnueabihf.2.17",
        "linux",
        ("portable",),
    ),
    Target(
        "manylinux-riscv64",
        "manylinux_2_31_riscv64",
        "riscv64-linux-gnu.2.31",
        "linux",
        ("portable",),
    ),
    Target(
        "musllinux-x86_64", "musllinux_1_2_x86_64", "x86_64-linux-musl", "linux", LINUX_X86_KERNELS
    ),
    Target(
        "musllinux-aarch64", "musllinux_1_2_aarch64", "aarch64-linux-musl", "linux", ARM64_KERNELS
    ),
    Target("macos-arm64", "macosx_11_0_arm64", "aarch64-macos.11.0", "macos", ARM64_KERNELS),
    Target("macos-x86_64", "macosx_11_0_x86_64", "x86_64-macos.11.0", "macos", X86_KERNELS),
    Target("windows-x86_64", "win_amd64", "x86_64-windows-gnu", "windows", X86_KERNELS),
)


def find_target(name: str) -> Target:
    """Return a target by its name.

    Raises:
        ValueError: there is no such target.
    """
    for target in TARGETS:
        if target.name == name:
            return target
    names = ", ".join(target.name for target in TARGETS)
    raise ValueError(f"unknown target\n  expected: {names}\n  found:    {name}")
