"""Replays the corpus and prints a table: python -m tests.hosts.run [HOST ...].

HOST is the start of the name of one host or several, such as javascript.
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


def main():
    chosen = [name.lower() for name in sys.argv[1:]] or [""]
    failed = False
    print(f"{'host':<28}{'replayed':<14}{'lines':>7}{'passed':>8}")
    for name, run in ALL.items():
        if not any(name.lower().startswith(start) for start in chosen):
            continue
        try:
            lines = run_host(name, run).splitlines()
        except Skipped as reason:
            print(f"{name:<28}skipped: {reason}")
            continue
        for part, count, passed in map(str.split, lines):
            failed |= count != passed
            print(f"{name:<28}{part:<14}{count:>7}{passed:>8}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
