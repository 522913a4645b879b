"""Installs the wheels, replays the corpus, and writes the table: python -m tests.hosts.wheels."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from runtime.tools.wheels.checks import check_wheel
from runtime.tools.wheels.targets import TARGETS, Target
from runtime.tools.wheels.tools import BUILD, ROOT
from tests.hosts import pythons

HOST = Path(__file__).with_name("host.py")
DIST = BUILD / "dist"
SITES = BUILD / "sites"
PAGE = ROOT / "docs" / "wheels.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Replay:
    """The outcome of one wheel: why it did not run, or lines of `host.py`."""

    where: str
    reason: str | None
    output: str = ""


def find_wheel(target: Target) -> Path | None:
    found = sorted(DIST.glob(f"edgernn_runtime-*-{target.wheel_tag}.whl"))
    return found[-1] if found else None


def install(target: Target) -> Path:
    """Install a wheel into a folder by pip, which checks its tags, and return the folder."""
    site = SITES / target.name
    shutil.rmtree(site, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    platform = ["--platform", target.tag, "--python-version", "3.11", "--abi", "abi3"]
    command = [*pip, "--no-deps", "--no-index", "--find-links", DIST, "--only-binary=:all:"]
    subprocess.run(
        [*command, *platform, "--implementation", "cp", "--target", site, "edgernn-runtime"],
        check=True,
    )
    return site


def missing(target: Target) -> str | None:
    """Return why the wheel of a target cannot run here, or None."""
    if target.system == "macos":
        return "no macOS to run it on"
    if find_wheel(target) is None:
        return "not built: make wheels"
    return pythons.ALL[target.name].missing()


def replay(target: Target) -> Replay:
    """Install a wheel and replay the corpus with it."""
    where = "" if target.system == "macos" else pythons.ALL[target.name].where
    reason = missing(target)
    if reason:
        return Replay(where, reason)
    return Replay(where, None, pythons.ALL[target.name].run(install(target), HOST))


def checks_passed(target, path):
    """Return the checks of a wheel that passed, of how many."""
    found = check_wheel(path, target)
    return f"{sum(check.passed for check in found)} of {len(found)}"


def row(target: Target) -> str:
    """Return a line of the table in docs/wheels.md."""
    path = find_wheel(target)
    size = f"{path.stat().st_size / 1000:.0f} KB" if path else "-"
    found = replay(target)
    where, result = found.where or "-", f"not run: {found.reason}"
    if not found.reason:
        parts = [line.split() for line in found.output.splitlines()]
        passed, lines = (sum(int(part[i]) for part in parts) for i in (2, 1))
        result = f"{passed:,} of {lines:,}"
    checks = checks_passed(target, path) if path else "-"
    return f"| `{target.tag}` | {size} | {checks} | {where} | {result} |"


def main() -> None:
    """Replay every wheel, and write the table into the page."""
    head = [
        "| platform | size | checks passed | run in | lines of the corpus |",
        "|---|---:|---|---|---|",
    ]
    table = "\n".join([*head, *map(row, TARGETS)])
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
