"""The builder of wheels; `make hosts` runs those of other systems."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import venv
import zipfile

import pytest

from runtime.tools.wheels import archive, builder, checks, extension, targets, tools

ROOT = tools.ROOT
BUNDLE = ROOT / "tests" / "hosts" / "bundles" / "lstm-int8-binary.edgernn"
NATIVE = targets.find_target("manylinux-x86_64")
#: One target of each system.
BUILT = tuple(map(targets.find_target, ("manylinux-x86_64", "macos-arm64", "windows-x86_64")))

needs_tools = pytest.mark.skipif(
    sys.version_info[:2] != tools.PYTHON_VERSION, reason="wheels are built with Python 3.11"
)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """Return the wheels of BUILT, and those of the other distributions."""
    tools.install()
    folder = tmp_path_factory.mktemp("wheels")
    return [*builder.build_wheels(BUILT, folder), *builder.build_pure_wheels(folder)]


def test_the_table_has_every_platform():
    assert [target.wheel_tag for target in targets.TARGETS] == [
        "cp311-abi3-manylinux_2_17_x86_64",
        "cp311-abi3-manylinux_2_17_aarch64",
        "cp311-abi3-manylinux_2_17_armv7l",
        "cp311-abi3-manylinux_2_31_riscv64",
        "cp311-abi3-musllinux_1_2_x86_64",
        "cp311-abi3-musllinux_1_2_aarch64",
        "cp311-abi3-macosx_11_0_arm64",
        "cp311-abi3-macosx_11_0_x86_64",
        "cp311-abi3-win_amd64",
    ]
    with pytest.raises(ValueError, match=r"expected: manylinux-x86_64, .*\n.*found:    solaris"):
        targets.find_target("solaris")


def test_the_extension_has_the_sources_of_setup_py(monkeypatch):
    monkeypatch.chdir(ROOT / "runtime")
    found = {}
    monkeypatch.setattr("setuptools.setup", found.update)
    text = (ROOT / "runtime" / "setup.py").read_text()
    exec(compile(text, "setup.py", "exec"), {"__name__": "setup"})
    [module] = found["ext_modules"]
    assert extension.sources(NATIVE) == module.sources
    windows = extension.sources(targets.find_target("windows-x86_64"))
    assert set(module.sources) - set(windows) == {"libedgernn/threads/edgernn_helper.c"}


def test_a_wheel_is_the_same_whatever_the_order_of_its_files(tmp_path):
    files = {"a/b.py": b"1", "a/_native.pyd": b"2", "a-1.dist-info/WHEEL": b"Tag: x\n"}
    other = dict(reversed(files.items()))
    (tmp_path / "other").mkdir()
    ours = archive.write_wheel(archive.Wheel("a-1", files), "x", tmp_path)
    theirs = archive.write_wheel(archive.Wheel("a-1", other), "x", tmp_path / "other")
    assert ours.read_bytes() == theirs.read_bytes()
    with zipfile.ZipFile(ours) as opened:
        assert opened.namelist()[-1] == "a-1.dist-info/RECORD"
        modes = {entry.filename: entry.external_attr >> 16 for entry in opened.infolist()}
    assert modes["a/_native.pyd"] == 0o100755
    assert modes["a/b.py"] == 0o100644


@needs_tools
def test_every_file_is_recorded(wheels):
    for path in wheels:
        with zipfile.ZipFile(path) as opened:
            names = opened.namelist()
            lines = opened.read(names[-1]).decode().splitlines()
            assert [line.rsplit(",", 2)[0] for line in lines[:-1]] == sorted(names[:-1])
            for line in lines[:-1]:
                name, digest, size = line.rsplit(",", 2)
                data = opened.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                assert (digest, size) == (f"sha256={expected.decode()}", str(len(data)))


@needs_tools
def test_every_check_passes(wheels):
    found = {}
    for path, target in zip(wheels, [*BUILT, None, None], strict=True):
        results = checks.check_wheel(path, target)
        assert [check for check in results if not check.passed] == []
        found[target.name if target else path.name] = {check.name for check in results}
    common = {"check-wheel-contents", "tag", "abi3audit", "processor", "libraries", "kernels"}
    assert found["manylinux-x86_64"] >= common | {"auditwheel"}
    assert found["macos-arm64"] >= common | {"signature", "oldest macOS"}
    assert found["windows-x86_64"] >= common


@needs_tools
def test_the_checks_reject_a_wheel_of_another_platform(wheels):
    windows = targets.find_target("windows-x86_64")
    arm64 = targets.find_target("manylinux-aarch64")
    file = wheels[0].parent / "_native.abi3.so"
    with zipfile.ZipFile(wheels[0]) as opened:
        file.write_bytes(opened.read("edgernn_runtime/_native.abi3.so"))
    failed = {check.name for check in checks.check_extension(file, arm64) if not check.passed}
    assert failed == {"processor", "kernels"}
    failed = {check.name for check in checks.check_extension(file, windows) if not check.passed}
    assert failed == {"libraries"}
    assert not checks.check_tag(wheels[0], windows.wheel_tag).passed
    assert not checks.check_platform(wheels[0], targets.find_target("musllinux-x86_64")).passed


@needs_tools
def test_a_wheel_contains_the_package_and_nothing_else(wheels):
    with zipfile.ZipFile(wheels[0]) as opened:
        names = set(opened.namelist())
    package = ROOT / "runtime" / "edgernn_runtime"
    modules = {
        f"edgernn_runtime/{f.relative_to(package).as_posix()}" for f in package.rglob("*.py")
    }
    extra = {
        "_native.abi3.so",
        "_native.pyi",
        "py.typed",
        "_sources/edgernn.c",
        "_sources/edgernn.h",
    }
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == modules | {f"edgernn_runtime/{name}" for name in extra}


@needs_tools
def test_the_same_sources_give_the_same_bytes(wheels, tmp_path, monkeypatch):
    # Another build folder, so that nothing comes from a cache of objects.
    monkeypatch.setattr(tools, "BUILD", tmp_path)
    monkeypatch.setattr(extension, "BUILD", tmp_path)
    again = builder.build_wheels(BUILT[:1], tmp_path / "dist")
    assert again[0].read_bytes() == wheels[0].read_bytes()


PREDICT = """
import json, sys
from edgernn_runtime import _native, load
with load(sys.argv[1]) as classifier:
    found = classifier.predict("not a good film")
assert "numpy" not in sys.modules
print(json.dumps([_native.__file__, _native.kernels(), found.label, found.probability]))
"""


@needs_tools
@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64", reason="not Linux on x86-64"
)
def test_the_wheel_predicts_without_compiler_and_numpy(wheels, tmp_path):
    from edgernn_runtime import _native, load

    venv.create(tmp_path / "venv", with_pip=True)
    python, empty = tmp_path / "venv" / "bin" / "python", {"PATH": str(tmp_path / "nothing")}
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    source = ["--find-links", wheels[0].parent, "edgernn", "edgernn-export", "edgernn-runtime"]
    subprocess.run([*pip, *source], env=empty, check=True, capture_output=True)
    output = subprocess.run(
        [python, "-W", "error", "-c", PREDICT, BUNDLE], env=empty, check=True, capture_output=True, text=True
    ).stdout  # fmt: skip
    file, kernels, label, probability = json.loads(output)
    assert str(tmp_path) in file
    # The compilers' runtime libraries must agree on what the processor is able to do.
    assert kernels == _native.kernels()
    with load(BUNDLE) as classifier:
        expected = classifier.predict("not a good film")
    assert label == expected.label
    assert probability == pytest.approx(expected.probability, abs=1e-6)
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True
    ).stdout
    assert {entry["name"].replace("_", "-") for entry in json.loads(listed)} >= {
        "edgernn", "edgernn-export", "edgernn-runtime",
    }  # fmt: skip
