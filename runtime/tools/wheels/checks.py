"""Checks wheels without running them."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from runtime.tools.wheels.archive import PURE_TAG, read_wheel
from runtime.tools.wheels.targets import Target
from runtime.tools.wheels.tools import PYTHON, run_tool

#: The libraries that an extension may depend on.
LIBRARIES = {
    "linux": r"lib(c|m|pthread)\.so\.[0-9]|libc\.musl-\w+\.so\.1",
    "macos": r"/usr/lib/libSystem\.B\.dylib|@rpath/_native\.abi3\.so",
    "windows": r"python3\.dll|KERNEL32\.dll|api-ms-win-crt-\w+-l1-1-0\.dll",
}
#: Prints what is in an extension; lief is installed for the tools alone.
READ_EXTENSION = """
import json, sys
import lief
file = lief.parse(sys.argv[1])
windows = isinstance(file, lief.PE.Binary)
macos = isinstance(file, lief.MachO.Binary)
if windows:
    imports = [entry.name for library in file.imports for entry in library.entries]
    exports = [entry.name for entry in file.get_export().entries]
    processor = file.header.machine.name
else:
    imports = [symbol.name for symbol in file.imported_symbols]
    exports = [symbol.name for symbol in file.exported_symbols]
    processor = file.header.cpu_type.name if macos else file.header.machine_type.name
names = [getattr(library, "name", library) for library in file.libraries]
print(json.dumps({
    "processor": processor,
    "libraries": names,
    "imports": imports,
    "exports": exports,
    "is_signed": macos and file.has_code_signature,
    "oldest": list(file.build_version.minos[:2]) if macos and file.has_build_version else [],
}))
"""
PROCESSORS = {
    "x86_64": "X86_64 AMD64",
    "aarch64": "AARCH64 ARM64",
    "arm": "ARM",
    "riscv64": "RISCV",
}


@dataclass(frozen=True)
class Check:
    """The outcome of one check."""

    name: str
    passed: bool
    #: What was found, in one line.
    detail: str


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def check_contents(wheel: Path) -> Check:
    """Run check-wheel-contents."""
    done = run_tool("check-wheel-contents", wheel)
    return Check(
        "check-wheel-contents", done.returncode == 0, _last_line(done.stdout).rpartition(": ")[2]
    )


def check_tag(wheel: Path, tag: str) -> Check:
    """Compare the tag in the metadata with that of the file name."""
    read = read_wheel(wheel)
    lines = read.files[f"{read.info}/WHEEL"].decode().splitlines()
    found = [line.removeprefix("Tag: ") for line in lines if line.startswith("Tag: ")]
    return Check("tag", found == [tag] and wheel.stem.endswith(f"-{tag}"), ", ".join(found))


def check_abi3(wheel: Path) -> Check:
    """Run abi3audit, which compares the imports from Python with the stable ABI."""
    done = run_tool("abi3audit", "--strict", "--report", wheel)
    if done.returncode:
        return Check("abi3audit", False, _last_line(done.stderr))
    [audited] = json.loads(done.stdout)["specs"].values()
    results = [entry["result"] for entry in audited["wheel"]]
    passed = len(results) == 1 and results[0]["is_abi3_baseline_compatible"]
    return Check("abi3audit", passed, f"needs Python {results[0]['computed']}")


def check_platform(wheel: Path, target: Target) -> Check:
    """Run auditwheel, which compares the symbols of the C library with the tag."""
    done = run_tool("auditwheel", "show", wheel)
    found = re.findall(r'platform\s+tag:\s+"(\w+)"', done.stdout)[:1]
    return Check("auditwheel", found == [target.tag], ", ".join(found) or _last_line(done.stderr))


def check_extension(file: Path, target: Target) -> list[Check]:
    """Check the processor, libraries, symbols and kernels of an extension."""
    done = subprocess.run(
        [PYTHON, "-c", READ_EXTENSION, file], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    processor = PROCESSORS[target.zig.partition("-")[0]].split()
    libraries = found["libraries"]
    allowed = all(re.fullmatch(LIBRARIES[target.system], name) for name in libraries)
    initializer = "_PyInit__native" if target.system == "macos" else "PyInit__native"
    data = file.read_bytes()
    kernels = [name for name in target.kernels if f"{name}\0".encode() in data]
    checks = [
        Check("processor", found["processor"] in processor, found["processor"]),
        Check("libraries", bool(libraries) and allowed, ", ".join(libraries)),
        Check("initializer", initializer in found["exports"], initializer),
        Check("kernels", tuple(kernels) == target.kernels, ", ".join(kernels)),
    ]
    return [*checks, *_check_macos(found, target)]


def _check_macos(found: dict[str, list[int] | bool], target: Target) -> list[Check]:
    if target.system != "macos":
        return []
    # Processors of Intel run unsigned libraries; Apple's own do not.
    signed = bool(found["is_signed"])
    needed = target.zig.startswith("aarch64")
    words = "ad hoc" if signed else "unsigned" + (" (not needed)" if not needed else "")
    return [
        Check("oldest macOS", found["oldest"] == [11, 0], str(found["oldest"])),
        Check("signature", signed or not needed, words),
    ]


def check_wheel(wheel: Path, target: Target | None) -> list[Check]:
    """Return all checks that apply to a wheel.

    Args:
        wheel: its path.
        target: its platform, or None for a wheel without an extension.
    """
    if target is None:
        return [check_contents(wheel), check_tag(wheel, PURE_TAG)]
    checks = [check_contents(wheel), check_tag(wheel, target.wheel_tag), check_abi3(wheel)]
    if target.system == "linux":
        checks.append(check_platform(wheel, target))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / target.extension
        file.write_bytes(read_wheel(wheel).files[f"edgernn_runtime/{target.extension}"])
        return [*checks, *check_extension(file, target)]
