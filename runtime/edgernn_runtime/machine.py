"""Facts about the machine and this process; None if the system does not provide them."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_CPU_INFO = Path("/proc/cpuinfo")
_STATUS = Path("/proc/self/status")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
#: Instruction sets that matter for matrix products.
_FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8")
_ARM_FLAGS = ("neon", "asimd", "asimddp", "asimdhp", "i8mm", "sve")


def environment(packages: tuple[str, ...]) -> dict[str, Any]:
    """Return the environment of a measurement: processor, cores, system, package versions."""
    return {
        "processor": _processor(),
        "flags": _flags(),
        "cores": os.cpu_count(),
        "governor": _text(_GOVERNOR),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in packages},
    }


def peak_bytes() -> int | None:
    """Return the peak memory of this process in bytes, or None."""
    return _status("VmHWM")


def _status(field: str) -> int | None:
    for line in (_text(_STATUS) or "").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return None


def _processor() -> str:
    for line in (_text(_CPU_INFO) or "").splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _flags() -> list[str]:
    for line in (_text(_CPU_INFO) or "").splitlines():
        if line.startswith(("flags", "Features")):
            found = set(line.partition(":")[2].split())
            return [name for name in (*_FLAGS, *_ARM_FLAGS) if name in found]
    return []


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
