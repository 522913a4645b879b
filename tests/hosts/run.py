"""Replays the corpus and prints a table: python -m tests.hosts.run [--write] [HOST ...].

HOST is the start of the name of one host or several, such as javascript. --write puts the table into
docs/hosts/README.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from runtime.tools.wheels.targets import TARGETS
from tests.hosts import android, bindings, javascript, jvm, micropython, wheels

HOSTS = Path(__file__).parent
ROOT = HOSTS.parents[1]
LIBRARY = ROOT / "runtime" / "libedgernn"
PAGE = ROOT / "docs" / "hosts" / "README.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
HEAD = ("| host | lines of the corpus |", "|---|---|")


class Skipped(Exception):
    """Why a host does not run here."""


def run_python():
    return subprocess.run(
        [sys.executable, "-m", "tests.hosts.host"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip


def run_c(*flags):
    """Compile the two files of the library with the C host, and run it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, LIBRARY / "amalgamate.py", folder], check=True)
        sources = [HOSTS / "host.c", Path(folder) / "edgernn.c"]
        command = ["cc", "-O2", *flags, f"-I{folder}", *sources, "-lm", "-o", f"{folder}/host"]
        subprocess.run(command, check=True)
        return subprocess.run(
            [f"{folder}/host", HOSTS], capture_output=True, text=True, check=True
        ).stdout


def run_wheel(target):
    replay = wheels.replay(target)
    if replay.reason:
        raise Skipped(replay.reason)
    return replay.output


def run_if(reason, run):
    if reason:
        raise Skipped(reason)
    return run()


#: The hosts by name: functions that return a line for each part: its name, lines replayed, passed.
ALL = {
    "C": run_c,
    "Python": run_python,
    **bindings.ALL,
    **javascript.ALL,
    "jvm-java": lambda: run_if(jvm.missing(), jvm.run_java),
    "jvm-kotlin": lambda: run_if(jvm.missing(kotlin=True), jvm.run_kotlin),
    **{
        name: partial(run_if, micropython.missing(arch), micropython.ALL[name])
        for name, arch in micropython.ARCHS.items()
    },
    **{
        f"android-{name}": partial(run_if, android.missing(name), partial(android.run, name))
        for name in android.PROCESSORS
    },
    **{f"wheel-{target.name}": partial(run_wheel, target) for target in TARGETS},
}


def run_host(name, run):
    host = bindings.NAMES.get(name)
    missing = bindings.missing_for(host) if host else javascript.missing_for(name)
    if missing:
        raise Skipped(missing)
    return run()


def replay(name, run):
    """Return a row of the table: the host, what it replayed, and whether all lines passed."""
    try:
        lines = run_host(name, run).splitlines()
    except Skipped as reason:
        return f"| {name} | not run here: {reason} |", True
    parts = [(part, int(count), int(passed)) for part, count, passed in map(str.split, lines)]
    cells = [f"{passed:,} of {count:,} {part}" for part, count, passed in parts]
    return f"| {name} | {', '.join(cells)} |", all(count == passed for _, count, passed in parts)


def write_table(rows):
    """Put the rows into the page; docs/wheels.md has those of wheels."""
    rows = [row for row in rows if not row.startswith("| wheel-")]
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{chr(10).join(rows)}\n{END}{rest.partition(END)[2]}")


def main():
    writes = "--write" in sys.argv[1:]
    chosen = [name.lower() for name in sys.argv[1:] if name != "--write"] or [""]
    rows = list(HEAD)
    print(*HEAD, sep="\n")
    failed = False
    for name, run in ALL.items():
        if not any(name.lower().startswith(start) for start in chosen):
            continue
        row, passed = replay(name, run)
        failed |= not passed
        rows.append(row)
        print(row, flush=True)
    if writes:
        write_table(rows)
    sys.exit(failed)


if __name__ == "__main__":
    main()
