"""The engine in C by itself: its kernels' bits and errors, under sanitizers, and on emulated processors."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgernn_runtime import unicode_lower
from edgernn_runtime.engines import numpy_reference
from edgernn_runtime.ir import Network
from edgernn_runtime.text_section import TextSection, attach_text
from edgernn_runtime.tokenizer import SPLIT, Tokenizer, TokenizerSpec, with_padding
from edgernn_runtime.tokenizer import STANDARDIZE as STANDARDIZE_NAMES
from tests.runtime import test_unicode_rules as unicode
from tests.runtime.test_native import network_of, texts, written
from tests.runtime.test_tokenizer_vectors import CASES, VOCABULARY
from tests.runtime.wide_networks import wide_of

NATIVE = Path(__file__).resolve().parents[2] / "runtime" / "libedgernn"
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Iinclude", "-Isrc")
SOURCES = sorted(str(path.relative_to(NATIVE)) for path in NATIVE.glob("src/**/*.c"))
#: The hash of integer products that every processor gives.
PRODUCTS = "07f41a524ec5f329"
#: The largest error of a gate, absolute.
GATES = 5e-7

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")


def build(program, out, *options, compiler="cc"):
    sources = [f"tests/{program}.c", *SOURCES]
    command = [*compiler.split(), *FLAGS, *options, *sources, "-lm", "-o", str(out)]
    done = subprocess.run(command, cwd=NATIVE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def branches_never_taken(folder, program, name):
    """Return the lines of a source with a branch that a program, built for gcov, never took."""
    data = folder / f"{program}-{name}.gcda"
    command = ["gcov", "--json-format", "--branch-probabilities", data]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    report = gzip.decompress((folder / f"{program}-{name}.gcov.json.gz").read_bytes())
    (source,) = (file for file in json.loads(report)["files"] if file["file"] == f"src/{name}.c")
    lines = (NATIVE / "src" / f"{name}.c").read_text().splitlines()
    return [
        lines[line["line_number"] - 1].strip()
        for line in source["lines"]
        if line["count"] == 0 or any(branch["count"] == 0 for branch in line["branches"])
    ]


def check_kernels(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    for name, products, *errors in lines:
        assert products == PRODUCTS, name
        found = dict(zip(errors[::2], map(float, errors[1::2]), strict=True))
        assert set(found) == {"sigmoid", "tanh", "lstm"}
        assert max(found.values()) <= GATES, (name, found)
    return [line[0] for line in lines]


@pytest.mark.parametrize("compiler", ["cc", "clang"])
@pytest.mark.parametrize("level", ["-O0", "-O3", "-Os"])
def test_products_are_the_same_to_the_bit_and_gates_are_near(level, compiler, tmp_path):
    # Compilers differ in what they fuse: Clang makes one instruction of `a + b * c` by itself.
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    names = check_kernels(build("kernels", tmp_path / "kernels", level, compiler=compiler))
    assert names[-1] == "portable"


WASM = "--target=wasm32-wasi"
WASI = NATIVE.parents[1] / "tests" / "hosts" / "javascript" / "wasi.js"


@pytest.mark.skipif(
    not (shutil.which("clang-19") and shutil.which("wasm-ld-19") and shutil.which("node")),
    reason="needs node, and Debian's clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32",
)
@pytest.mark.parametrize(("options", "name"), [((), "portable"), (("-msimd128",), "simd128")])
@pytest.mark.parametrize("level", ["-O2", "-Oz"])
def test_webassembly_has_the_same_products(level, options, name, tmp_path):
    program = build(
        "kernels", tmp_path / "kernels.wasm", level, *options, compiler=f"clang-19 {WASM}"
    )
    assert check_kernels("node", "--no-warnings", str(WASI), str(program)) == [name]


@needs_compiler
def test_the_engine_is_clean_under_sanitizers(tmp_path):
    options = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover")
    check_kernels(build("kernels", tmp_path / "kernels", *options))
    replay = build("replay", tmp_path / "replay", *options)
    for shape in (
        {},
        {"cell": "gru"},
        {"units": (5, 17), "embedding": 7},
        {"merge": "sum", "units": (3, 3)},
    ):
        for recipe in ("none", "float16", "int8"):
            check_replay(tmp_path, network_of(3, **shape), recipe, str(replay))


@needs_compiler
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_a_helper_changes_no_bit(sanitizer, tmp_path):
    """With a second thread, awake and asleep: the same bits, and no race between the two."""
    helper = ("-Ithreads", "threads/edgernn_helper.c", "-pthread")
    options = ("-g", "-O1", f"-fsanitize={sanitizer}", "-fno-sanitize-recover", *helper)
    pairs = build("pairs", tmp_path / "pairs", *options)
    for shape in ({}, {"cell": "gru", "merge": "ave"}):
        for recipe in ("none", "int8"):
            model = tmp_path / "model.bin"
            model.write_bytes(written(network_of(3, **shape), recipe))
            done = subprocess.run([pairs, model], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert done.stdout == "300 texts, 0 differ\n"


def check_replay(folder, network, recipe, *command):
    """Compare the outputs of a C program with those of NumPy."""
    data = written(network, recipe)
    model = folder / "model.bin"
    model.write_bytes(data)
    rows = texts(4)
    lines = "".join(" ".join(map(str, ids)) + "\n" for ids in rows)
    done = subprocess.run(
        [*command, str(model)], input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = np.array([line.split() for line in done.stdout.splitlines()], dtype=np.float32)
    reference = numpy_reference.Engine(data, 1)
    change = np.abs(found - np.stack([reference.run(ids) for ids in rows]))
    assert np.median(change) <= 1e-5
    assert change.max() <= (0.02 if recipe == "int8" else 2e-6)


@needs_compiler
def test_a_program_says_what_is_wrong(tmp_path):
    replay = build("replay", tmp_path / "replay", "-O1")
    (tmp_path / "x.bin").write_bytes(b"no model" * 40)
    for path, words in (("none.bin", "cannot be read"), ("x.bin", "neither a .edgernn bundle")):
        done = subprocess.run(
            [replay, tmp_path / path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert words in done.stderr


def test_a_big_endian_processor_is_refused_by_name(tmp_path):
    for program in ("s390x-linux-gnu-gcc", "qemu-s390x-static"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tests/device/README.md says how")
    replay = build("replay", tmp_path / "replay", "-static", compiler="s390x-linux-gnu-gcc")
    (tmp_path / "model.bin").write_bytes(written(network_of(1), "int8"))
    command = ["qemu-s390x-static", replay, tmp_path / "model.bin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "a big-endian processor cannot read a model.bin" in done.stderr


@pytest.mark.parametrize(
    ("compiler", "emulator"),
    [
        ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
        ("clang --target=aarch64-linux-gnu", "qemu-aarch64-static"),
        ("clang --target=aarch64-linux-gnu -march=armv8.2-a+dotprod", "qemu-aarch64-static"),
        ("arm-linux-gnueabihf-gcc", "qemu-arm-static"),
        ("riscv64-linux-gnu-gcc", "qemu-riscv64-static"),
    ],
)
def test_other_processors_give_the_same_bits(compiler, emulator, tmp_path):
    # Clang takes the C library of GCC's package.
    library = ("aarch64-linux-gnu-gcc",) if "aarch64" in compiler else ()
    for program in (compiler.split()[0], *library, emulator):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tests/device/README.md says how")
    built = [
        str(build(name, tmp_path / name, "-O3", "-static", compiler=compiler))
        for name in ("kernels", "replay")
    ]
    check_kernels(emulator, built[0])
    for recipe in ("none", "int8"):
        check_replay(tmp_path, network_of(3), recipe, emulator, built[1])


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@needs_compiler
def test_the_code_is_below_88_kilobytes(tmp_path):
    command = ["make", "-s", "-C", NATIVE, f"BUILD={tmp_path}", "size"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    text, data, *_ = done.stdout.splitlines()[-1].split()
    assert int(text) + int(data) <= 88 << 10


def model_with_text(spec, vocabulary, pad_to=None, pad_side="post"):
    """Return a bag of zeros whose text section has these rules and this vocabulary."""
    wide = wide_of(1, words=len(vocabulary))
    task = replace(network_of(1).task, vocabulary=tuple(vocabulary))
    data = written(Network(task, None, (), wide), "int8")
    empty = (0.5, 0.25, 0.25)
    text = TextSection(spec, pad_to, ("a", "b", "c"), empty, tuple(vocabulary), pad_side)
    return attach_text(data, text)


def ids_in_c(program, folder, spec, vocabulary, texts, pad_to=None, pad_side="post"):
    """Return the ids that the C tokenizer gives texts."""
    path = folder / "model.bin"
    path.write_bytes(model_with_text(spec, vocabulary, pad_to, pad_side))
    given = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    done = subprocess.run([program, path], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [list(map(int, line.split())) for line in done.stdout.decode().split("\n")[:-1]]


@pytest.fixture(scope="module")
def tokenize(tmp_path_factory):
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    options = ("-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover")
    return build("tokenize", tmp_path_factory.mktemp("tokenize") / "tokenize", *options)


@pytest.mark.parametrize(
    ("cases", "vocabulary", "least"),
    [(CASES, VOCABULARY, 1000), (unicode.CASES, unicode.VOCABULARY, 600)],
    ids=["keras", "unicode"],
)
def test_the_tokenizer_in_c_gives_the_ids_of_the_vectors(
    tokenize, tmp_path, cases, vocabulary, least
):
    """Every vector: those that were written from the Keras layer, and those of the Unicode rules."""
    by_spec = {}
    for case in cases:
        by_spec.setdefault(json.dumps(case["spec"], sort_keys=True), []).append(case)
    compared = 0
    for spec_text, group in by_spec.items():
        spec = TokenizerSpec.from_json(json.loads(spec_text))
        given = [base64.b64decode(case["text"]) for case in group]
        found = ids_in_c(tokenize, tmp_path, spec, vocabulary, given)
        for case, ids in zip(group, found, strict=True):
            # Bare ids leave out each 0; the vectors have those in the middle.
            assert ids == [i for i in case["ids"] if i], case
            compared += 1
    assert compared >= least


@needs_compiler
def test_the_tables_in_c_are_those_in_python(tmp_path):
    program = build("unicode", tmp_path / "unicode", "-O1", "-fsanitize=address,undefined")
    done = subprocess.run([program], capture_output=True, check=True)
    found = np.frombuffer(done.stdout, dtype="<u4").reshape(-1, 2)
    folds, lowered = unicode.module._folds(), unicode_lower._lower_map()
    # The scratch of the tokenizer, not the table, has room for the two code points of U+0130.
    lowered = {**lowered, 0x130: folds[0x130]}
    starts, names = unicode_lower.case_classes()
    ends = [*starts[1:], 0x110000]
    runs = zip(names, starts, ends, strict=True)
    cases = [name for name, start, end in runs for _ in range(start, end)]
    expected = [
        [folds.get(i, i) << 3 | "SXWAM".index(name), lowered.get(i, i) << 2 | "NCI".index(case)]
        for i, (name, case) in enumerate(zip(unicode.classes(), cases, strict=True))
    ]
    assert found.tolist() == expected


@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=20),
    st.sampled_from(STANDARDIZE_NAMES),
    st.sampled_from(SPLIT),
    st.sampled_from([(), (1, 2), (2,), (3, 1)]),
    st.sampled_from([None, 1, 4, 5]),
    st.sampled_from(["head", "head+tail", "tail"]),
    st.sampled_from([None, 3, 8]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_tokenizer_in_c_is_that_in_python(
    tokenize, tmp_path, given_texts, standardize, split, ngrams, length, truncate, pad_to
):
    spec = TokenizerSpec(standardize, split, ngrams, length, truncate)
    words = b" ".join(given_texts).replace(b"\r", b"").split()
    vocabulary = [b"", b"[UNK]", *dict.fromkeys([b"a b", b"a", b"\\", b"\n", "é".encode()])]
    vocabulary += [w for w in dict.fromkeys(words) if w not in vocabulary and _is_utf8(w)][:20]
    python = Tokenizer(spec, vocabulary)
    expected = [with_padding(python.ids(text), pad_to).tolist() for text in given_texts]
    assert ids_in_c(tokenize, tmp_path, spec, vocabulary, given_texts, pad_to) == expected


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
            st.text(unicode.ALPHABET, max_size=30).map(str.encode),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([(), (1, 2), (3, 1)]),
    st.sampled_from([None, 1, 4, 5]),
    st.sampled_from(["head", "head+tail", "tail"]),
    st.sampled_from([None, 3, 8]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_unicode_rules_in_c_are_those_in_python(
    tokenize, tmp_path, given_texts, ngrams, length, truncate, pad_to
):
    spec = TokenizerSpec(ngrams=ngrams, max_length=length, truncate=truncate, rules="unicode")
    words = Tokenizer(TokenizerSpec(ngrams=ngrams, rules="unicode"), []).tokens(
        b" ".join(given_texts)
    )
    # Every other token is in the vocabulary, so that each is seen in whole.
    vocabulary = [b"", b"[UNK]", *list(dict.fromkeys(words))[::2]]
    python = Tokenizer(spec, vocabulary)
    expected = [with_padding(python.ids(text), pad_to).tolist() for text in given_texts]
    assert ids_in_c(tokenize, tmp_path, spec, vocabulary, given_texts, pad_to) == expected


@pytest.mark.parametrize("character", ["Ⱥ", "a", "中", "𐐀", "\xff"])
def test_the_longest_tokens_of_the_unicode_rules_have_room(tokenize, tmp_path, character):
    # U+023A has two bytes and becomes U+2C65, which has three. The sanitizers watch the scratch.
    texts = [
        character.encode("latin-1" if character == "\xff" else "utf-8") * n
        for n in (1, 2, 63, 64, 999)
    ]
    spec = TokenizerSpec(rules="unicode")
    vocabulary = [b"", b"[UNK]", *dict.fromkeys(Tokenizer(spec, []).tokens(b" ".join(texts)))]
    vocabulary = [token for token in vocabulary if len(token) <= 256]
    expected = [Tokenizer(spec, vocabulary).ids(text).tolist() for text in texts]
    assert ids_in_c(tokenize, tmp_path, spec, vocabulary, texts) == expected


def _is_utf8(word):
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True
