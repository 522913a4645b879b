"""The hosts Java and Kotlin: the corpus, what it does not replay, memory, and the AAR."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile

import pytest

from edgernn_runtime import load
from runtime.tools.java import libraries
from runtime.tools.java.targets import ANDROID_FUNCTIONS, ANDROIDS, PAGE_BYTES
from tests.hosts import android, jvm
from tests.hosts.test_hosts import LINES

BUNDLE = libraries.ROOT / "examples" / "sentiment" / "sentiment.edgernn"
EXPECTED = [f"{name} {count} {count}" for name, count in LINES.items()]
AAR = android.AAR

needs_java = pytest.mark.skipif(jvm.missing() is not None, reason=str(jvm.missing()))
needs_kotlin = pytest.mark.skipif(
    jvm.missing(kotlin=True) is not None, reason=str(jvm.missing(kotlin=True))
)
needs_aar = pytest.mark.skipif(not AAR.exists(), reason="the AAR was not built: make java")


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """The jar of this machine and the compiled programs, as a class path."""
    folder = tmp_path_factory.mktemp("java")
    jar = jvm.build_jar(folder)
    jvm.compile_java(jar, folder)
    return f"{jar}:{folder}"


@needs_java
def test_java_replays_the_corpus(classes):
    found = jvm.run_class("Host", classes, jvm.HOSTS, options=["-Xcheck:jni"])
    assert found.splitlines() == EXPECTED


@needs_java
def test_java_passes_what_the_corpus_does_not_replay(classes):
    found = jvm.run_class("Checks", classes, BUNDLE, options=["-Xcheck:jni"]).splitlines()
    assert len(found) == 12
    assert [line for line in found if not line.endswith(": passed")] == []


@needs_java
def test_the_example_of_onnx_runtime_passes_the_ids_on(classes, tmp_path):
    """There is no jar of ONNX Runtime: its classes are stubs that print what they get."""
    stubs = sorted((jvm.SOURCES / "stubs").rglob("*.java"))
    example = libraries.ROOT / "examples" / "java" / "OnnxRuntimeExample.java"
    options = ["--release", "8", "-Xlint:all,-options", "-Werror", "-cp", classes, "-d", tmp_path]
    subprocess.run(["javac", *options, *stubs, example], check=True)
    text = "A film to remember."
    found = jvm.run_class("OnnxRuntimeExample", f"{classes}:{tmp_path}", BUNDLE, "model.onnx", text)
    with load(BUNDLE) as classifier:
        ids = classifier.tokenize(text.encode()).tolist()
    expected = [f"[{ids}]", f"[{len(ids)}]", "[ids, lengths] [probabilities]", "neg 0.75"]
    assert found.splitlines() == expected


@needs_java
def test_java_does_not_leak(classes):
    """100,000 predictions, and 1,000 times open and close."""
    options = ["-XX:+UseSerialGC", "-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch"]
    found = jvm.run_class("Checks", classes, BUNDLE, "leaks", options=options).splitlines()
    assert found == ["predictions: passed", "open and close: passed"]


@needs_kotlin
def test_kotlin_replays_the_corpus():
    assert jvm.run_kotlin().splitlines() == EXPECTED


def test_java_knows_every_status():
    header = (libraries.ROOT / "runtime/libedgernn/include/edgernn.h").read_text()
    expected = re.findall(r"^  EDGERNN_(?:ERROR_)?(\w+) = (\d+)", header, re.MULTILINE)
    source = (libraries.BINDING / "src/main/java/org/edgernn/Status.java").read_text()
    found = re.findall(r"^  (\w+),?$", source, re.MULTILINE)
    assert [(name, str(number)) for number, name in enumerate(found)] == expected


def test_no_class_needs_android():
    sources = list((libraries.BINDING / "src/main").rglob("*.*"))
    assert len(sources) >= 9
    for source in sources:
        assert not re.search(r"^import android", source.read_text(), re.MULTILINE), source


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@needs_java
def test_classes_are_those_of_java_8(classes):
    found = members(classes.partition(":")[0])
    versions = [int.from_bytes(found[name][6:8]) for name in found if name.endswith(".class")]
    assert len(versions) >= 7
    assert set(versions) == {52}


@needs_aar
def test_the_aar_has_the_members_of_the_format():
    found = members(AAR)
    assert {"AndroidManifest.xml", "classes.jar", "R.txt", "proguard.txt"} <= set(found)
    classes = members(io.BytesIO(found["classes.jar"]))
    assert "org/edgernn/Classifier.class" in classes
    assert not [name for name in classes if "native/" in name]


@needs_aar
@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")
@pytest.mark.parametrize("abi", [target.name for target in ANDROIDS])
def test_android_libraries_load_on_every_android(abi, tmp_path):
    """16 KB pages, no import but those of bionic, and nothing exported but the JNI functions."""
    library = tmp_path / "library.so"
    library.write_bytes(members(AAR)[f"jni/{abi}/libedgernn_jni.so"])
    command = ["readelf", "--wide", "--program-headers", "--dynamic", "--dyn-syms", library]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pages = [
        int(line.split()[-1], 16) for line in found.splitlines() if line.split()[:1] == ["LOAD"]
    ]
    assert len(pages) >= 2
    assert all(page >= PAGE_BYTES for page in pages)
    assert set(re.findall(r"NEEDED.*\[(.*)\]", found)) == set(ANDROID_FUNCTIONS)
    assert re.findall(r"SONAME.*\[(.*)\]", found) == ["libedgernn_jni.so"]
    assert {"(HASH)", "(GNU_HASH)"} <= set(re.findall(r"\(\w+\)", found))
    assert "TEXTREL" not in found
    imported = set(re.findall(r"UND (\w+)", found))
    assert imported <= {name for names in ANDROID_FUNCTIONS.values() for name in names}
    exported = re.findall(r"(?:GLOBAL|WEAK)\s+DEFAULT\s+\d+ (\w+)", found)
    assert len(exported) == 9
    assert all(name.startswith("Java_org_edgernn_Native_") for name in exported)


@pytest.mark.parametrize("name", android.PROCESSORS)
def test_the_libraries_for_arm_replay_the_corpus(name):
    if android.missing(name):
        pytest.skip(android.missing(name))
    assert android.run(name).splitlines() == EXPECTED
