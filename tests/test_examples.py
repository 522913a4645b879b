"""The examples run, and print what their pages show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
SAMPLE = EXAMPLES / "sentiment" / "sentiment.edgernn"

#: The tests also run where the C engine could not be compiled.
NO_COMPILER = "ignore:the C engine of edgernn-runtime:UserWarning"


def run(*arguments, **options):
    """Run a Python program from the root; return its output. A warning is an error in it, too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", NO_COMPILER, *map(str, arguments)],
        cwd=options.pop("cwd", ROOT),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstart_prints_what_the_readme_shows():
    lines = run(EXAMPLES / "quickstart.py").splitlines()
    assert [line.split()[0] for line in lines] == ["pos", "neg", "neg"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    assert len(block.strip().splitlines()) == 5
    shown = re.search(r"# (.*)\n", block)[1]
    assert run("-c", block).strip() == shown
    assert lines[0].split()[:2] == shown.split()


def test_the_quickstart_needs_only_the_runtime():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = text[text.index("\n$(QUICKSTART)/.installed:") :].split("\n\n")[0]
    assert re.findall(r"pip install .* (\S+)$", recipe, re.MULTILINE) == ["./runtime"]
