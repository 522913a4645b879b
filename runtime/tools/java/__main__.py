"""Builds the jar and the AAR into build/java: python -m runtime.tools.java [jar] [aar]."""

from __future__ import annotations

import argparse
import sys

from runtime.tools.java.archives import build_aar, build_jar
from runtime.tools.wheels.tools import install

BUILDERS = {"jar": build_jar, "aar": build_aar}


def main() -> int:
    """Build what was asked for, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m runtime.tools.java", description=__doc__)
    parser.add_argument("archives", nargs="*", help="jar or aar (default: both)")
    names = parser.parse_args().archives or list(BUILDERS)
    if not set(names) <= set(BUILDERS):
        parser.error("expected: jar or aar")
    try:
        install()
        for path in (BUILDERS[name]() for name in names):
            sys.stdout.write(f"{path.name}, {path.stat().st_size:,} bytes\n")
    except RuntimeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
