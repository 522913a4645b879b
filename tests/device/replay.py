"""Run the self-tests of bundles: `tests/device/arm.sh` runs this on the emulated machine."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from edgernn_runtime import load


def main() -> int:
    """Run the self-test of each bundle in the arguments, and return 1 if one fails."""
    failed = 0
    for path in map(Path, sys.argv[1:]):
        with load(path) as classifier:
            result = classifier.self_test()
        failed += not result.passed
        print(
            f"{platform.machine()} {path.name}: {result.vectors} test vectors, "
            f"{result.different_ids} with different ids, max absolute error "
            f"{result.max_abs_error:.1e}, {'passed' if result.passed else 'FAILED'}",
            flush=True,
        )
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
