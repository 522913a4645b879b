"""Builds the jar and the AAR into build/java: python -m runtime.tools.java [jar] [aar].

`--platform host` builds the jar of this machine alone, with its C compiler instead of zig.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.tools.java.archives import build_aar, build_host_jar, build_jar
from runtime.tools.java.targets import DESKTOPS
from runtime.tools.wheels.tools import ROOT, install

BUILDERS = {"jar": build_jar, "aar": build_aar}
HOST = "host"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m runtime.tools.java", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("archives", nargs="*", help="jar or aar (default: both)")
    parser.add_argument(
        "--platform",
        choices=(HOST, *(target.name for target in DESKTOPS)),
        help="build the jar of this platform alone; host is this machine, compiled by cc",
    )
    options = parser.parse_args(arguments)
    if not set(options.archives) <= set(BUILDERS):
        parser.error("expected: jar or aar")
    if options.platform and options.archives not in ([], ["jar"]):
        parser.error("--platform is for the jar: the AAR has the libraries of all phones")
    return options


def _build(archives: Sequence[str], platform: str | None) -> list[Path]:
    if platform == HOST:
        return [build_host_jar()]
    install()
    if platform:
        return [build_jar(platform)]
    return [BUILDERS[name]() for name in archives or BUILDERS]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what was asked for, and return the exit status."""
    options = _parse(arguments)
    try:
        for path in _build(options.archives, options.platform):
            size = path.stat().st_size
            sys.stdout.write(f"{path.relative_to(ROOT).as_posix()}, {size:,} bytes\n")
    except RuntimeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
