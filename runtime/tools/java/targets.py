"""The platforms that the jar and the AAR contain a library for."""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A platform."""

    #: Its folder in the jar, or its ABI in the AAR.
    name: str
    #: The value of `zig cc -target`.
    zig: str
    #: More options of the compiler.
    options: tuple[str, ...] = ()
    #: The processor's features, if code for it calls functions of the compiler, such as a division.
    features: str = ""

    @property
    def library(self) -> str:
        """The file name of the library, as System.mapLibraryName gives it."""
        return library_name(self.name)


def library_name(name: str) -> str:
    """Return the file name of the library of a platform or an ABI."""
    if name.startswith("windows"):
        return "edgernn_jni.dll"
    return f"libedgernn_jni.{'dylib' if name.startswith('macos') else 'so'}"


def host_platform() -> str:
    """Return the name of this machine's platform, which is that of Native.platform in Java."""
    system, processor = platform.system().lower(), platform.machine().lower()
    system = {"darwin": "macos"}.get(system, system)
    processor = {"amd64": "x86_64", "arm64": "aarch64"}.get(processor, processor)
    return f"{system}-{processor}"


DESKTOPS = (
    Target("linux-x86_64", "x86_64-linux-gnu.2.17"),
    Target("linux-aarch64", "aarch64-linux-gnu.2.17"),
    Target("macos-aarch64", "aarch64-macos.11.0"),
    Target("macos-x86_64", "x86_64-macos.11.0"),
    Target("windows-x86_64", "x86_64-windows-gnu"),
)
#: Android has its own C library. musl's headers name the functions of the C standard as it does.
ANDROIDS = (
    Target("arm64-v8a", "aarch64-linux-musl", ("-mno-outline-atomics",)),
    # Android passes floats in integer registers there.
    Target(
        "armeabi-v7a",
        "thumb-linux-musleabi",
        ("-mcpu=generic+v7a+vfp3d16", "-mfloat-abi=softfp", "-fno-unwind-tables"),
        "generic+v7a+vfp3d16",
    ),
    Target("x86_64", "x86_64-linux-musl"),
)
#: What the AAR's libraries import, by library. All are in Android 5.0 (API 21).
ANDROID_FUNCTIONS = {
    "libc.so": (
        *("fclose", "fopen", "fread", "free", "fseek", "ftell", "getauxval", "malloc", "memchr"),
        *("memcmp", "memcpy", "memmove", "memset", "strcmp", "strlen"),
    ),
    "libm.so": ("erff", "expf", "expm1f", "log1pf", "sqrtf", "tanhf"),
}
MIN_SDK = 21
#: Google Play rejects libraries with smaller pages.
PAGE_BYTES = 16384
