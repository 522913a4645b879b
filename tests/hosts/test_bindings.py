"""The Rust, Go and C# packages: each replays the corpus, keeps its memory, and is what its page says."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.hosts import bindings, run
from tests.hosts.test_hosts import LINES

SOURCES = bindings.ROOT / "runtime" / "bindings"
HEADER = bindings.ROOT / "runtime" / "libedgernn" / "include" / "edgernn.h"
STATUSES = {
    "rust": ("src/error.rs", r"^    (\w+) = (\d+),"),
    "go": ("status.go", r"^\tErr(\w+)\s+Status = (\d+)"),
    "csharp": ("Status.cs", r"^        (\w+) = (\d+),"),
}
#: Kilobytes. A leak of two floats a prediction, or of one bundle an opening, is 3,000 or more.
MOST_GROWTH = 1500


@pytest.fixture(params=bindings.COMMANDS)
def name(request):
    reason = bindings.missing_for(request.param)
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.mark.parametrize("binding", STATUSES)
def test_a_binding_has_the_statuses_of_the_header(binding):
    expected = {
        name.replace("_", "").lower(): int(number)
        for name, number in re.findall(
            r"^  EDGERNN_ERROR_(\w+) = (\d+)", HEADER.read_text(), re.MULTILINE
        )
    }
    file, pattern = STATUSES[binding]
    found = re.findall(pattern, (SOURCES / binding / file).read_text(), re.MULTILINE)
    assert len(found) == len(expected) == 23
    assert {name.lower(): int(number) for name, number in found} == expected


def test_a_binding_replays_the_corpus(name):
    expected = [f"{part} {count} {count}" for part, count in LINES.items()]
    assert bindings.run(name, "replay", bindings.HOSTS).splitlines() == expected


def test_a_binding_passes_its_own_tests(name):
    printed = bindings.run_tests(name)
    assert re.search(
        r"6 passed; 0 failed|^ok\s+edgernn|ErrorsSayWhatIsWrong passed", printed, re.MULTILINE
    )


def test_predictions_and_classifiers_leave_no_memory(name):
    growth = bindings.run(name, "leaks", bindings.HOSTS / "bundles" / "both-int8.edgernn")
    assert int(growth) < MOST_GROWTH


#: How the program of a page is built in an empty folder, beside the package PACKAGE.
PROGRAMS = {
    "rust": ("src/main.rs", "rust", ["cargo", "run", "--offline", "--quiet"]),
    "go": ("main.go", "go", ["go", "run", "-buildvcs=false", "."]),
    "csharp": (
        "Program.cs",
        "csharp",
        [
            "sh",
            "-c",
            (
                "cp PACKAGE/Edgernn.dll PACKAGE/libedgernn.so . && "
                "mcs -r:Edgernn.dll Program.cs && mono Program.exe"
            ),
        ],
    ),
}
PROJECTS = {
    "rust": (
        "Cargo.toml",
        (
            '[package]\nname = "program"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n'
            'edgernn = { path = "PACKAGE" }\n'
        ),
    ),
    "go": (
        "go.mod",
        "module program\n\ngo 1.19\n\nrequire edgernn v0.1.0\n\nreplace edgernn => PACKAGE\n",
    ),
}


def test_the_program_of_the_page_runs(name, tmp_path):
    bindings.build(name)
    page = (bindings.ROOT / "docs" / "hosts" / f"{name}.md").read_text()
    file, language, command = PROGRAMS[name]
    package = str(bindings.OUTPUT / name)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)[0])
    if name in PROJECTS:
        project, content = PROJECTS[name]
        assert all(line in page for line in content.splitlines() if "PACKAGE" in line)
        (tmp_path / project).write_text(content.replace("PACKAGE", package))
    (tmp_path / "model.edgernn").symlink_to(bindings.SAMPLE)
    done = subprocess.run(
        [part.replace("PACKAGE", package) for part in command],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert re.fullmatch(r"pos 0\.63\d\d\n", done.stdout), done.stderr


def test_a_host_that_cannot_run_says_what_to_install(monkeypatch):
    monkeypatch.setattr(bindings.shutil, "which", lambda command: None)
    assert bindings.missing_for("csharp").startswith("apt-get install mono-mcs")
    with pytest.raises(run.Skipped, match="golang-go"):
        run.run_host("Go", lambda: "")
    assert set(bindings.NAMES) < set(run.ALL)
