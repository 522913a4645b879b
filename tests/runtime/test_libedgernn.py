"""libedgernn as its users have it: two files, an installed library, the examples, and Python's predictions."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgernn_export.bundle_file import describe_members, zip_members
from edgernn_export.test_vectors import encode_test_vectors
from edgernn_runtime import __version__, load
from edgernn_runtime.bundle import CARD, MANIFEST, VECTORS
from edgernn_runtime.manifest import Manifest, decode_manifest, encode_manifest
from edgernn_runtime.text_section import TextSection, attach_text
from edgernn_runtime.tokenizer import TokenizerSpec
from tests.runtime.fuzz import members_of
from tests.runtime.test_native import network_of, written
from tests.runtime.wide_networks import both_of

_native = pytest.importorskip("edgernn_runtime._native", reason="the C library was not built")

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "runtime" / "libedgernn"
FIXTURES = Path(__file__).parent / "fixtures"
OLD = [FIXTURES / f"bundle-1-native{kind}.edgernn" for kind in ("", "-wide")]
SAMPLE = ROOT / "examples" / "sentiment" / "sentiment.edgernn"
WORDS = tuple(f"w{i}".encode() for i in range(50))
TEXTS = ("", "w4 w9", "W30, w2! nothing w7 w7", "w11 " * 60, "\x00 w3 \ud800 é")

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def bundle_of(folder, recipe="int8", head="multiclass", network=None, thresholds=None, **rules):
    """Return a bundle of version 2 with random weights: three labels, or two for a binary head."""
    network = network or network_of(3, embedding=20)
    labels = ("no", "yes") if head == "binary" else ("a", "b c", "é")
    vocabulary = (b"", b"[UNK]", *WORDS[2:])
    if head == "binary":
        last = network.layers[-1]
        last = type(last)("head", last.kernel[:, :1], last.bias[:1])
        network = type(network)(network.task, network.embedding, (*network.layers[:-1], last))
    task = type(network.task)(TokenizerSpec(**rules), vocabulary, head, labels)
    network = type(network)(task, network.embedding, network.layers, network.wide)
    empty = (0.25,) if head == "binary" else (0.5, 0.25, 0.25)
    text = TextSection(task.tokenizer, None, labels, empty, vocabulary, thresholds=thresholds)
    model = attach_text(written(network, recipe), text)
    members = {"model.bin": model, VECTORS: b"[]\n", CARD: b"\n"}
    manifest = Manifest(
        tokenizer=task.tokenizer, labels=labels, head=head, pad_to=None, empty=empty, format="native",
        recipe=recipe, lowering="fused", model="model.bin", members=describe_members(members),
        thresholds=thresholds,
    )  # fmt: skip
    path = folder / f"{recipe}-{head}.edgernn"
    path.write_bytes(zip_members({MANIFEST: encode_manifest(manifest), **members}))
    return path


@pytest.fixture(scope="module")
def amalgamation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amalgamation")
    run("python3", LIBRARY / "amalgamate.py", folder)
    return folder


@pytest.fixture(scope="module")
def classify(amalgamation):
    shutil.copy(LIBRARY / "examples" / "classify.c", amalgamation)
    run("cc", "classify.c", "edgernn.c", "-lm", "-o", "classify", cwd=amalgamation)
    return amalgamation / "classify"


@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++ -x c++", "clang++ -x c++"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_the_amalgamation_compiles_without_a_warning(amalgamation, tmp_path, compiler, level):
    if shutil.which(compiler.split()[0]) is None:
        pytest.skip(f"{compiler} is not installed")
    standard = "-std=c++11" if "++" in compiler else "-std=c99"
    flags = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "edgernn.c", "-o", tmp_path / "o")
    run(*compiler.split(), standard, level, *flags, cwd=amalgamation)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the option -mfma is that of x86-64")
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_compiler_joins_a_product_and_a_sum(amalgamation, tmp_path, compiler):
    """Both do so without the pragma in common.h, and the bits would depend on them."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    found = []
    for option in ("-O2", "-ffp-contract=off"):
        command = [compiler, "-O2", "-mavx2", "-mfma", option, amalgamation / "edgernn.c"]
        run(*command, "-S", "-o", tmp_path / "edgernn.s")
        found.append(len(re.findall(r"\bvfn?m(?:add|sub)", (tmp_path / "edgernn.s").read_text())))
    assert found[0] == found[1] > 0


@pytest.mark.parametrize("recipe", ["none", "float16", "int8"])
@pytest.mark.parametrize("head", ["binary", "multiclass", "multilabel"])
def test_the_example_prints_what_python_predicts(classify, tmp_path, recipe, head):
    path = bundle_of(tmp_path, recipe, head)
    with load(path) as classifier:
        assert classifier._open_text_engine() is not None
        for text in TEXTS:
            if "\x00" in text:
                continue
            found = classifier.predict(text)
            assert run(classify, path, text) == f"{found.label} {found.probability:.4f}\n"


SELF_TEST = """#include "edgernn.h"
#include <stdio.h>
int main(int count, char **paths) {
  for (int i = 1; i < count; i++) {
    edgernn_classifier *classifier;
    edgernn_status status = edgernn_load(paths[i], &classifier);
    puts(edgernn_status_name(status ? status : edgernn_self_test(classifier, NULL, NULL)));
    edgernn_free(classifier);
  }
  return 0;
}
"""


@pytest.fixture(scope="module")
def self_test(amalgamation):
    """Return a program that prints the status of opening and testing each file."""
    (amalgamation / "test.c").write_text(SELF_TEST)
    run("cc", "test.c", "edgernn.c", "-lm", "-o", "test", cwd=amalgamation)
    return amalgamation / "test"


def test_a_folder_is_no_bundle(self_test, tmp_path):
    assert run(self_test, tmp_path) == "EDGERNN_ERROR_NOT_A_BUNDLE\n"


def test_a_bundle_for_another_engine_is_refused_by_name(self_test):
    paths = [FIXTURES / f"bundle-1-{name}.edgernn" for name in ("tflite", "onnx", "native")]
    other = "EDGERNN_ERROR_OTHER_FORMAT\n"
    assert run(self_test, *paths) == f"{other}{other}EDGERNN_OK\n"


@pytest.mark.parametrize(
    ("recipe", "passes"),
    [("int8", True), ("int8-full", True), ("none", False), ("int8x", False), ("int4", False), ("", False)],
)  # fmt: skip
def test_only_known_integer_recipes_get_the_wide_tolerance(self_test, tmp_path, recipe, passes):
    members = members_of(bundle_of(tmp_path))
    manifest = decode_manifest(members.pop(MANIFEST))
    with load(tmp_path / "int8-multiclass.edgernn") as classifier:
        rows = json.loads(encode_test_vectors(classifier, ()))
    for row in rows:
        row["output"][0] += 0.005
    members[VECTORS] = json.dumps(rows).encode()
    manifest = replace(manifest, recipe=recipe, members=describe_members(members))
    path = tmp_path / "changed.edgernn"
    path.write_bytes(zip_members({MANIFEST: encode_manifest(manifest), **members}))
    with load(path) as classifier:
        assert classifier.self_test().passed is passes
    expected = "EDGERNN_OK" if passes else "EDGERNN_ERROR_SELF_TEST"
    assert run(self_test, path) == f"{expected}\n"


@pytest.mark.parametrize("path", [*OLD, SAMPLE], ids=lambda path: path.stem)
def test_old_bundles_are_read_by_c_and_python_alike(classify, path):
    with load(path) as classifier:
        for text in ("", "a good film", "terrible, the worst PLOT of all"):
            found = classifier.predict(text)
            assert run(classify, path, text) == f"{found.label} {found.probability:.4f}\n"


@pytest.mark.parametrize("rules", [{}, {"rules": "unicode"}, {"ngrams": (1, 2), "max_length": 9}])
def test_text_in_c_gives_the_output_of_ids_in_python(tmp_path, rules):
    with load(bundle_of(tmp_path, network=both_of(3), **rules)) as classifier:
        for text in TEXTS:
            output = classifier.output(text)
            probabilities = classifier.predict(text).probabilities
            assert list(probabilities.values()) == output.tolist()


def test_threads_share_a_classifier_without_a_lock(tmp_path):
    with load(bundle_of(tmp_path)) as classifier:
        expected = [classifier.predict(text) for text in TEXTS]
        wrong = []

        def work():
            wrong.extend(
                text
                for _ in range(200)
                for text, one in zip(TEXTS, expected, strict=True)
                if classifier.predict(text) != one
            )

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_an_explanation_is_that_of_python(amalgamation, tmp_path):
    shutil.copy(LIBRARY / "examples" / "explain.c", amalgamation)
    run("cc", "explain.c", "edgernn.c", "-lm", "-o", "explain", cwd=amalgamation)
    path = bundle_of(tmp_path, "none", "binary", ngrams=(1, 2))
    text = "w4 unknown W9 w4"
    found = [line.split(" ", 1) for line in run(amalgamation / "explain", path, text).splitlines()]
    with load(path) as classifier:
        expected = classifier.explain(text).tokens
    assert [token for _, token in found] == [one.token for one in expected]
    change = [float(weight) - one.weight for (weight, _), one in zip(found, expected, strict=True)]
    assert np.abs(change).max() <= 1e-4
    assert max(abs(one.weight) for one in expected) > 1e-3


@pytest.mark.parametrize("name", ["steps-padded", "steps-bare", "steps-start", "steps-bag"])
def test_an_explanation_with_steps_is_that_of_python(amalgamation, name):
    """Padding in front, tokens that vanish, a start id, n-grams."""
    shutil.copy(LIBRARY / "examples" / "explain.c", amalgamation)
    run("cc", "explain.c", "edgernn.c", "-lm", "-o", "explain", cwd=amalgamation)
    path = LIBRARY.parents[1] / "tests" / "hosts" / "bundles" / f"{name}.edgernn"
    text = "Good,<br />unknown FILM good"
    found = [line.split(" ", 1) for line in run(amalgamation / "explain", path, text).splitlines()]
    with load(path) as classifier:
        expected = classifier.explain(text).tokens
        assert [one.id for one in expected] == classifier.tokenizer.ids(text).tolist()
    assert [token for _, token in found] == [one.token for one in expected]
    change = [float(weight) - one.weight for (weight, _), one in zip(found, expected, strict=True)]
    assert np.abs(change).max() <= 1e-2
    assert any(abs(one.weight) > 1e-3 for one in expected)


def test_a_program_without_a_heap_gives_the_same(amalgamation, classify, tmp_path):
    source = LIBRARY / "examples" / "without_heap.c"
    run("cc", "-std=c11", "-I.", source, "edgernn.c", "-lm", "-o", "bare", cwd=amalgamation)
    for path in (bundle_of(tmp_path), *OLD):
        for text in ("", "w3 w4", "a good film"):
            assert run(amalgamation / "bare", path, text) == run(classify, path, text)


def test_statuses_have_names_and_sentences_within_bounds(amalgamation, tmp_path):
    program = tmp_path / "names.c"
    program.write_text(
        '#include <stdio.h>\n#include "edgernn.h"\nint main(void) {\n'
        'for (int i = -1; i < 27; i++) printf("%s|%s\\n", edgernn_status_name((edgernn_status)i),'
        " edgernn_status_message((edgernn_status)i));\nreturn edgernn_version(); }\n"
    )
    out = tmp_path / "names"
    run("cc", f"-I{amalgamation}", program, amalgamation / "edgernn.c", "-lm", "-o", out)
    done = subprocess.run([out], capture_output=True, text=True, check=False)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    header = (LIBRARY / "include" / "edgernn.h").read_text()
    named = dict(re.findall(r"^  (EDGERNN_(?:OK|ERROR_\w+)) = (\d+)", header, re.MULTILINE))
    assert {name: str(i - 1) for i, (name, _) in enumerate(rows) if name != "unknown"} == named
    assert [name for name, _ in (rows[0], *rows[-2:])] == ["unknown"] * 3
    assert len({message for _, message in rows}) == len(named) + 1
    # The number is that of the package, two digits a part, cut to an exit code.
    number = int("".join(f"{part:0>2}" for part in __version__.split(".")))
    assert done.returncode == number % 256


def test_the_installed_library_is_found(amalgamation, classify, tmp_path):
    for program in ("make", "pkg-config"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    prefix = tmp_path / "usr"
    run(
        "make",
        "-s",
        "-C",
        LIBRARY,
        f"BUILD={tmp_path / 'build'}",
        f"PREFIX={prefix}",
        "CFLAGS=-O1",
        "install",
    )
    environment = {"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "edgernn", env=environment).split()
    assert run("pkg-config", "--modversion", "edgernn", env=environment) == f"{__version__}\n"
    out = tmp_path / "classify"
    run("cc", amalgamation / "classify.c", *flags, f"-Wl,-rpath,{prefix / 'lib'}", "-o", out)
    path = bundle_of(tmp_path)
    assert run(out, path, "w3 w4") == run(classify, path, "w3 w4")
    symbols = run("nm", "-D", "--defined-only", prefix / "lib" / "libedgernn.so").split()[2::3]
    header = (LIBRARY / "include" / "edgernn.h").read_text()
    assert set(symbols) == set(re.findall(r"(edgernn_\w+)\(", header.split("Version ---")[1])) - {
        "edgernn_open."
    }


@pytest.mark.parametrize("way", ["find_package", "add_subdirectory"])
def test_cmake_builds_a_program_with_the_library(amalgamation, classify, tmp_path, way):
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed")
    prefix = tmp_path / "prefix"
    if way == "find_package":
        run("cmake", "-S", LIBRARY, "-B", tmp_path / "library", f"-DCMAKE_INSTALL_PREFIX={prefix}")
        run("cmake", "--build", tmp_path / "library")
        run("cmake", "--install", tmp_path / "library")
        use = "find_package(edgernn REQUIRED)"
    else:
        use = f"add_subdirectory({LIBRARY} library)"
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.14)\nproject(program LANGUAGES C)\n"
        f"{use}\nadd_executable(program {amalgamation / 'classify.c'})\n"
        "target_link_libraries(program edgernn::edgernn)\n"
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "b")
    path = bundle_of(tmp_path)
    assert run(tmp_path / "b" / "program", path, "w3") == run(classify, path, "w3")


def test_an_open_model_takes_at_most_four_kilobytes_with_portable_kernels(amalgamation, tmp_path):
    program = tmp_path / "memory.c"
    program.write_text(
        '#include <stdio.h>\n#include <stdlib.h>\n#include "edgernn.h"\n'
        "int main(int n, char **a) { size_t bytes = 0; char *data = aligned_alloc(64, 1 << 21);\n"
        'FILE *f = fopen(a[n - 1], "rb"); size_t size = fread(data, 1, 1 << 21, f);\n'
        'int status = edgernn_memory_size(data, size, "portable", &bytes);\n'
        'printf("%lu", (unsigned long)bytes); return status; }\n'
    )
    out = tmp_path / "memory"
    run(
        "cc", "-std=c11", f"-I{amalgamation}", program, amalgamation / "edgernn.c", "-lm", "-o", out
    )
    # Two bidirectional layers of 64 units, pooling and a head, as the default model has them.
    path = bundle_of(tmp_path, network=network_of(3, units=(64, 32), embedding=64))
    assert int(run(out, path)) <= 4096
