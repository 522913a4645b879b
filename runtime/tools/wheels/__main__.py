"""Builds and checks the wheels: python -m runtime.tools.wheels [TARGET ...]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runtime.tools.wheels.builder import build_pure_wheels, build_wheels
from runtime.tools.wheels.checks import check_wheel
from runtime.tools.wheels.targets import TARGETS, find_target
from runtime.tools.wheels.tools import BUILD, install, require_python


def main() -> int:
    """Build the wheels, check them, and return 1 if a check fails."""
    parser = argparse.ArgumentParser(prog="python -m runtime.tools.wheels", description=__doc__)
    parser.add_argument("targets", nargs="*", help="names of targets (default: all)")
    parser.add_argument("--output", type=Path, default=BUILD / "dist", help="the folder of wheels")
    arguments = parser.parse_args()
    try:
        targets = tuple(map(find_target, arguments.targets)) or TARGETS
        require_python()
        install()
        wheels = build_wheels(targets, arguments.output)
        pure = build_pure_wheels(arguments.output)
    except (RuntimeError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    failed = False
    for wheel, target in [*zip(wheels, targets, strict=True), *((path, None) for path in pure)]:
        sys.stdout.write(f"{wheel.name}, {wheel.stat().st_size:,} bytes\n")
        for check in check_wheel(wheel, target):
            failed |= not check.passed
            verdict = "passed" if check.passed else "FAILED"
            sys.stdout.write(f"  {check.name:<22}{verdict}  {check.detail}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
