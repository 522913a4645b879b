"""The C files of libedgernn form layers: no two of them need each other."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_contracts import find_cycles

LIBRARY = Path(__file__).resolve().parents[2] / "runtime" / "libedgernn"


def test_no_c_files_need_each_other(tmp_path):
    for tool in ("cc", "nm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    sources = sorted((LIBRARY / "src").rglob("*.c"))
    assert len(sources) > 20
    owner, needs = {}, {}
    for source in sources:
        path = tmp_path / f"{source.stem}.o"
        include = [f"-I{LIBRARY / part}" for part in ("include", "src")]
        subprocess.run(["cc", "-O0", "-c", *include, "-o", path, source], check=True)
        names = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        symbols = [line.split() for line in names.splitlines()]
        owner |= {line[2]: source.stem for line in symbols if line[-2] in "TDRB"}
        needs[source.stem] = {line[-1] for line in symbols if line[-2] == "U"}
    graph = {
        name: {owner[symbol] for symbol in symbols if symbol in owner} - {name}
        for name, symbols in needs.items()
    }
    assert graph["network"]
    assert find_cycles(graph) == set()
