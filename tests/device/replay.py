"""Replay bundles on this machine: what `tests/device/arm.sh` runs on the emulated one."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from edgernn_runtime import load


def main() -> int:
    """Replay each bundle that is named, and return 1 where one fails."""
    failed = 0
    for path in map(Path, sys.argv[1:]):
        with load(path) as classifier:
            found = classifier.verify()
        failed += not found.passed
        print(
            f"{platform.machine()} {path.name}: {found.vectors} vectors, "
            f"{found.different_ids} with other ids, largest change {found.max_change:.1e}, "
            f"{'passed' if found.passed else 'FAILED'}",
            flush=True,
        )
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
