"""What the system says of itself and of this process; None for what it does not say."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_CPU_INFO = Path("/proc/cpuinfo")
_STATUS = Path("/proc/self/status")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
#: Instructions that decide how fast a matrix product is.
_FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8")
_ARM_FLAGS = ("neon", "asimd", "asimddp", "asimdhp", "i8mm", "sve")


def environment(packages: tuple[str, ...]) -> dict[str, Any]:
    """Return what timings depend on: processor, cores, system and the packages' versions."""
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
    """Return the most memory that this process ever held, in bytes."""
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
