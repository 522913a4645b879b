"""`make java` for one platform, and the programs of the page of Java and Kotlin."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile

import pytest

from runtime.tools import kotlinc
from runtime.tools.java import __main__ as command
from runtime.tools.java import libraries, targets
from tests.hosts import bindings, jvm

PAGE = libraries.ROOT / "docs" / "hosts" / "java.md"
#: The output of each program of the page with the sample bundle.
PRINTED = {
    "java": r"pos\n0\.63\d+\n\{neg=0\.36\d+, pos=0\.63\d+\}\n",
    "kotlin": r"pos 0\.63\d+ 0\.36\d+\n",
}

needs_java = pytest.mark.skipif(jvm.missing() is not None, reason=str(jvm.missing()))


@pytest.fixture(scope="module")
def jar():
    """The jar of `make java PLATFORM=host`, built where zig cannot be installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "install", lambda: pytest.fail("zig was installed"))
        assert command.main(["--platform", "host"]) == 0
    return max(libraries.BUILD.glob("*.jar"), key=os.path.getmtime)


@needs_java
def test_the_jar_of_this_machine_has_one_library(jar):
    with zipfile.ZipFile(jar) as archive:
        found = [name for name in archive.namelist() if "native/" in name]
    platform = targets.host_platform()
    assert found == [f"org/edgernn/native/{platform}/libedgernn_jni.so"]
    assert jar.name == f"edgernn-0.1.0-{platform}.jar"
    assert platform != "linux-x86_64" or jar.name in PAGE.read_text()


@needs_java
@pytest.mark.parametrize("language", PRINTED)
def test_the_program_of_the_page_runs(jar, language, tmp_path):
    reason = jvm.missing(kotlin=language == "kotlin")
    if reason:
        pytest.skip(reason)
    page = PAGE.read_text()
    [program] = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    name = {"java": "Example.java", "kotlin": "Example.kt"}[language]
    (tmp_path / name).write_text(program)
    shutil.copy(bindings.SAMPLE, tmp_path / "model.edgernn")
    compiler = {"java": "javac", "kotlin": "kotlinc"}[language]
    [commands] = re.findall(rf"^    {compiler} .*\n    java .*$", page, re.MULTILINE)
    done = subprocess.run(
        ["sh", "-ec", commands], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=bindings.ENVIRONMENT | {"JAR": str(jar), "CLONE": str(libraries.ROOT)},
    )  # fmt: skip
    assert re.fullmatch(PRINTED[language], done.stdout), done.stderr


@needs_java
def test_a_jar_without_this_platform_says_what_to_do(jar, tmp_path):
    jvm.compile_java(jar, tmp_path)
    arguments = ["-Dos.arch=sparc", "-cp", f"{jar}:{tmp_path}", "Checks", bindings.SAMPLE]
    done = subprocess.run(["java", *arguments], capture_output=True, text=True, check=False)
    assert "no library for this platform\n  found:    linux-sparc\n" in done.stderr
    assert "make java PLATFORM=host" in done.stderr


@needs_java
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("CC", "no-such-compiler", "no-such-compiler was not found\n  next: .*set CC"),
        ("CC", "false", "false failed: "),
        ("JAVA_HOME", "/no-such-jdk", "javac was not found\n  where:    JAVA_HOME, /no-such-jdk\n"),
    ],
)
def test_a_missing_compiler_is_named(monkeypatch, capsys, variable, value, expected):
    monkeypatch.setenv(variable, value)
    assert command.main(["jar", "--platform", "host"]) == 1
    assert re.match(f"error: {expected}", capsys.readouterr().err)


def test_a_jdk_without_headers_is_rejected(monkeypatch, tmp_path):
    compiler = tmp_path / "bin" / "javac"
    compiler.parent.mkdir()
    compiler.touch(mode=0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"no include/jni.h\n  where: .*\n  next: .*JAVA_HOME"):
        libraries.jdk()


@pytest.mark.parametrize(
    "arguments", [["war"], ["aar", "--platform", "host"], ["--platform", "pdp"]]
)
def test_what_cannot_be_built_is_rejected(arguments, capsys):
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux-x86_64"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("Darwin", "arm64", "macos-aarch64"),
        ("Windows", "AMD64", "windows-x86_64"),
    ],
)
def test_a_machine_has_the_name_of_its_target(monkeypatch, system, machine, expected):
    monkeypatch.setattr(targets.platform, "system", lambda: system)
    monkeypatch.setattr(targets.platform, "machine", lambda: machine)
    assert targets.host_platform() == expected
    assert expected in [target.name for target in targets.DESKTOPS]


def test_kotlinc_has_the_library_of_kotlin_beside_it(tmp_path):
    jars, environment = tmp_path / "jars", tmp_path / "tools"
    jars.mkdir()
    (environment / "bin").mkdir(parents=True)
    for name in ("kotlin-jupyter-kernel-0.19.0-944-all.jar", "kotlin-stdlib-2.3.10-RC.jar"):
        (jars / name).touch()
    script = kotlinc.write(jars, environment)
    names = {path.name for path in (environment / "kotlin" / "lib").iterdir()}
    assert names == {"kotlin-compiler.jar", "kotlin-stdlib.jar"}
    assert os.access(script, os.X_OK)
