"""The Rust, Go, C# and Swift packages: each replays the corpus, keeps its memory, and is what its page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from tests.hosts import bindings, run, swift
from tests.hosts.debian import run as run_command
from tests.hosts.test_hosts import LINES

SOURCES = bindings.ROOT / "runtime" / "bindings"
HEADER = bindings.ROOT / "runtime" / "libedgernn" / "include" / "edgernn.h"
STATUSES = {
    "rust": ("src/error.rs", r"^    (\w+) = (\d+),"),
    "go": ("status.go", r"^\tErr(\w+)\s+Status = (\d+)"),
    "csharp": ("Status.cs", r"^        (\w+) = (\d+),"),
    "swift": ("Sources/Edgernn/EdgernnError.swift", r"^        case (\w+) = (\d+)"),
}
#: Kilobytes. A leak of two floats a prediction, or of one bundle an opening, is 3,000 or more.
MOST_GROWTH = 1500


@pytest.fixture(params=bindings.NAMES.values())
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
    assert len(found) == len(expected) == 24
    assert {name.lower(): int(number) for name, number in found} == expected


def test_a_binding_replays_the_corpus(name):
    expected = [f"{part} {count} {count}" for part, count in LINES.items()]
    assert bindings.run(name, "replay", bindings.HOSTS).splitlines() == expected


def test_a_binding_passes_its_own_tests(name):
    printed = bindings.run_tests(name)
    assert re.search(
        r"7 passed; 0 failed|^ok\s+edgernn|ErrorsSayWhatIsWrong passed"
        r"|Executed 9 tests, with 0 failures",
        printed,
        re.MULTILINE,
    )


def test_predictions_and_classifiers_leave_no_memory(name):
    growth = bindings.run(name, "leaks", bindings.HOSTS / "bundles" / "both-int8.edgernn")
    assert int(growth) < MOST_GROWTH


#: How the program of a page is built in an empty folder, beside the package PACKAGE.
PROGRAMS = {
    "rust": ("src/main.rs", "rust", ["cargo", "run", "--offline", "--quiet"]),
    "go": ("main.go", "go", ["go", "run", "."]),
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


def test_swift_knows_of_every_file_that_it_does_not_compile():
    """Swift warns of the others, in the program of whoever depends on the package."""
    library = bindings.ROOT / "runtime" / "libedgernn"
    text = (bindings.ROOT / "Package.swift").read_text()
    [excluded, *_] = re.findall(r"exclude: \[(.*?)\]", text, re.DOTALL)
    parts = {path.relative_to(library).as_posix() for path in library.glob("src/**/*.inc")}
    assert {name for name in re.findall(r'"(.*?)"', excluded) if name.endswith(".inc")} == parts


def run_swift_program(folder):
    """Run the program of Swift's page as it says, and return what it prints."""
    page = (bindings.ROOT / "docs" / "hosts" / "swift.md").read_text()
    project, program = re.findall(r"```swift\n(.*?)```", page, re.DOTALL)[:2]
    (folder / "Sources" / "program").mkdir(parents=True)
    (folder / "Sources" / "program" / "main.swift").write_text(program)
    (folder / "Package.swift").write_text(project.replace("../edgernn", str(bindings.ROOT)))
    shutil.copy(bindings.SAMPLE, folder / "model.edgernn")
    if swift.is_installed():
        return run_command(["swift", "run", "--quiet"], cwd=folder)
    swift.write_command()
    return run_command([swift.COMMAND, "run", "--quiet"], cwd=folder)


def test_the_program_of_the_page_runs(name, tmp_path):
    from tests.runtime.test_libedgernn import bundle_of

    if name == "swift":
        assert re.fullmatch(r"pos 0\.63\d+\n", run_swift_program(tmp_path))
        return
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
    strict = bundle_of(tmp_path, "none", "binary", thresholds=(1.0, 1.0))
    for bundle, printed in ((bindings.SAMPLE, r"pos 0\.63\d\d\n"), (strict, r"- 0\.\d+\n")):
        shutil.copy(bundle, tmp_path / "model.edgernn")
        done = subprocess.run(
            [part.replace("PACKAGE", package) for part in command],
            cwd=tmp_path, env=bindings.ENVIRONMENT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert re.fullmatch(printed, done.stdout), done.stderr


def run_csharp_without_library(folder, arguments):
    """Run the C# host in a folder that has its assemblies, and return what it prints as an error."""
    bindings.build("csharp")
    for file in ("Host.exe", "Edgernn.dll"):
        shutil.copy(bindings.OUTPUT / "csharp" / file, folder)
    command = ["mono", folder / "Host.exe", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr


@pytest.mark.skipif(
    bindings.missing_for("csharp") != "", reason=bindings.missing_for("csharp") or "installed"
)
@pytest.mark.parametrize("bundle", [bindings.SAMPLE, "no-such-file"])
def test_csharp_says_which_library_is_missing(bundle, tmp_path):
    library = tmp_path / "libedgernn.so"
    found = run_csharp_without_library(tmp_path, ["cost", bundle, "1", "a film"])
    assert f"libedgernn.so was not found\n  expected: {library}\n  next:     copy it" in found
    assert "`make bindings`" in found
    library.write_bytes(b"not a library")
    found = run_csharp_without_library(tmp_path, ["cost", bundle, "1", "a film"])
    assert f"libedgernn.so cannot be loaded\n  where:    {library}\n" in found


needs_swift = pytest.mark.skipif(swift.missing() != "", reason=swift.missing())


@needs_swift
def test_the_example_for_ios_is_swift():
    """It needs SwiftUI, so that no more than its syntax can be checked here."""
    example = bindings.ROOT / "examples" / "ios" / "ClassifyApp.swift"
    run_command(swift.command("swiftc", "-parse", example))


@needs_swift
def test_the_manifest_has_every_source(tmp_path):
    """A file of libedgernn that SwiftPM does not know is a warning, or missing in the library."""
    found = json.loads(run_command(swift.command("swift", "package", "describe", "--type", "json")))
    [target] = [target for target in found["targets"] if target["name"] == "CEdgernn"]
    library = bindings.ROOT / "runtime" / "libedgernn"
    sources = (path.relative_to(library).as_posix() for path in library.glob("src/**/*.c"))
    assert sorted(target["sources"]) == sorted(sources)
    [headers] = [target for target in found["products"] if target["name"] == "Edgernn"]
    assert headers["targets"] == ["Edgernn"]


def test_swift_says_why_it_cannot_run(monkeypatch, tmp_path):
    monkeypatch.setattr(swift.shutil, "which", lambda command: None)
    monkeypatch.setenv("EDGERNN_SWIFT", str(tmp_path))
    assert swift.missing().startswith("no Swift: python -m tests.hosts.swift")
    monkeypatch.setattr(swift.shutil, "which", lambda command: str(swift.COMMAND))
    assert swift.missing().startswith("no Swift: python -m tests.hosts.swift")
    program = tmp_path / "usr/libexec/swift/bin/swift"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setattr(swift.os, "geteuid", lambda: 1000)
    assert swift.missing().startswith("no Swift on the PATH, and only root")


def test_a_host_that_cannot_run_says_what_to_install(monkeypatch):
    monkeypatch.setattr(bindings.shutil, "which", lambda command, path: None)
    assert bindings.missing_for("csharp").startswith("apt-get install mono-mcs")
    with pytest.raises(run.Skipped, match="golang-go"):
        run.run_host("Go", lambda: "")
    assert set(bindings.NAMES) < set(run.ALL)
