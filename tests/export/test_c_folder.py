"""`--format c`: what a compiler makes of the folder gives the runtime's answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace

import pytest
from keras import layers

from edgernn_export import Examples, Options, export
from edgernn_export.errors import OptionError, OutputError
from edgernn_runtime import load
from tests.conftest import make_texts, make_tokenizer
from tests.device import boards
from tests.models import cell, dense, text_model

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or shutil.which("make") is None, reason="there is no C compiler"
)
EXAMPLES = Examples(tuple(make_texts(120, seed=3)), None, "synthetic")
HARD = (
    b"",
    b"a good film",
    b"\xff\xfe na\xc3\xafve caf\xc3\xa9 \xf0\x9f\x91\xa9",
    b"!!!",
    b"x" * 5000,
)
MODELS = {
    "binary": (lambda: text_model(cell("LSTM", 8), dense()), None),
    "multiclass": (
        lambda: text_model(cell("GRU", 8), layers.Dense(3, activation="softmax")),
        ("plain", 'quoted "\\" ?', "straße\n"),
    ),
    "multilabel": (
        lambda: text_model(cell("SimpleRNN", 8), layers.Dense(3, activation="sigmoid")),
        None,
    ),
}
#: What the self-test prints first.
PASSED = "passed: 25 texts, 0 with other ids, 0 with other labels"


def made(folder, target="classify", **variables):
    options = [f"{name}={value}" for name, value in variables.items()]
    done = subprocess.run(
        ["make", "-s", "-C", folder, target, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("recipe", ["none", "float16", "int8"])
@pytest.mark.parametrize("name", MODELS)
def test_a_folder_answers_as_the_runtime(name, recipe, tmp_path):
    build, labels = MODELS[name]
    build().save(tmp_path / "model.keras")
    options = Options("c", recipe, labels=labels, allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
    assert done.path == tmp_path / "c"
    assert done.size == sum(f.stat().st_size for f in (tmp_path / "c").rglob("*") if f.is_file())
    assert made(tmp_path / "c", "test").startswith(PASSED)
    made(tmp_path / "c")
    options = replace(options, format="native")
    bundle = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES).path
    found = subprocess.run(
        [tmp_path / "c" / "classify"],
        input=b"\n".join(HARD) + b"\n",
        capture_output=True,
        check=True,
    )
    with load(bundle) as classifier:
        expected = [classifier.predict(text) for text in HARD]
    lines = found.stdout.decode().replace("straße\n", "straße_").splitlines()
    assert len(lines) == len(HARD)
    for line, prediction in zip(lines, expected, strict=True):
        label, _, probability = line.partition("\t")
        assert label == prediction.label.replace("\n", "_")
        assert float(probability) == pytest.approx(prediction.probability, abs=1e-3)


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    """A folder with the program `classify`, and the bundle of the same model."""
    place = tmp_path_factory.mktemp("binary")
    text_model(cell("LSTM", 8), dense()).save(place / "model.keras")
    options = Options("c", "none", allow_drop=True)
    export(place / "model.keras", place / "c", options, EXAMPLES)
    options = replace(options, format="native")
    export(place / "model.keras", place / "x.edgernn", options, EXAMPLES)
    made(place / "c", CFLAGS="-std=c99 -O1 -Wall -Wextra -Wpedantic -Werror")
    return place


def test_the_program_classifies_its_arguments(binary):
    texts = ("a good film", "", "two\nlines")
    done = subprocess.run([binary / "c" / "classify", *texts], capture_output=True, check=True)
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    with load(binary / "x.edgernn") as classifier:
        expected = [classifier.predict(text) for text in texts]
    assert [label for label, _ in lines] == [one.label for one in expected]
    probabilities = [float(probability) for _, probability in lines]
    assert probabilities == pytest.approx([one.probability for one in expected], abs=1e-3)


def test_the_program_prints_its_usage(binary):
    usage = "usage: classify TEXT..., or classify < FILE with a text per line\n"
    program = binary / "c" / "classify"
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, usage, "")
    terminal, end = os.openpty()
    done = subprocess.run([program], stdin=end, capture_output=True, text=True, check=False)
    os.close(terminal)
    os.close(end)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", usage)
    empty = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run([program], check=False, **empty)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("compiler", "emulator"),
    [
        ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
        ("arm-linux-gnueabihf-gcc", "qemu-arm-static"),
        ("riscv64-linux-gnu-gcc", "qemu-riscv64-static"),
    ],
)
def test_a_folder_has_its_labels_on_other_processors(compiler, emulator, tmp_path):
    _skip_without(compiler, emulator)
    text_model(cell("LSTM", 20, return_sequences=True), cell("GRU", 12), dense()).save(
        tmp_path / "model.keras"
    )
    for recipe in ("none", "int8"):
        options = Options("c", recipe, allow_drop=True)
        export(tmp_path / "model.keras", tmp_path / recipe, options, EXAMPLES)
        made(tmp_path / recipe, "selftest", CC=compiler, LDFLAGS="-static")
        command = [emulator, tmp_path / recipe / "selftest"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith(PASSED)


def test_a_folder_has_its_labels_on_a_microcontroller(tmp_path):
    board = next(board for board in boards.BOARDS if board.name == "Cortex-M7")
    _skip_without(*board.tools)
    text_model(cell("LSTM", 8), dense()).save(tmp_path / "model.keras")
    options = Options("c", "int8", allow_drop=True)
    export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
    found = boards.measure(board, tmp_path / "c", 64, boards.POOL)
    failed = (found["skipped"], found["other_ids"], found["other_labels"])
    assert (found["texts"], failed) == (25, (0, 0, 0))
    assert found["error_e9"] <= 10_000_000


def _skip_without(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tests/device/README.md says how")


def test_other_rules_of_the_tokenizer_are_kept(tmp_path):
    options = Options("c", "int8", allow_drop=True)
    for i, rules in enumerate(
        (
            {"split": "character"},
            {"ngrams": 2, "standardize": "lower"},
            {"output_sequence_length": 7},
        )
    ):
        model = text_model(cell("LSTM", 8), dense(), tokenizer=make_tokenizer(**rules))
        model.save(tmp_path / "model.keras")
        export(tmp_path / "model.keras", tmp_path / f"c{i}", options, EXAMPLES)
        assert made(tmp_path / f"c{i}", "test").startswith("passed")


def test_clang_makes_the_same_of_it(tmp_path):
    _skip_without("clang")
    text_model(cell("LSTM", 8), dense()).save(tmp_path / "model.keras")
    options = Options("c", "int8", allow_drop=True)
    export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
    assert made(tmp_path / "c", "test", CC="clang").startswith(PASSED)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_it_is_c_plus_plus_too(compiler, tmp_path):
    """Every file, the engine's included, without a warning; and the program passes."""
    _skip_without(compiler)
    text_model(cell("LSTM", 8), dense()).save(tmp_path / "model.keras")
    folder = tmp_path / "c"
    export(tmp_path / "model.keras", folder, Options("c", "int8", allow_drop=True), EXAMPLES)
    flags = ["-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Isrc", "-x", "c++"]
    files = ["selftest.c", "src/model.c", "model_vectors.c", "src/edgernn.c"]
    command = [compiler, *flags, *files, "-lm", "-o", "selftest"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    command = [compiler, *flags, "-c", "main.c", "-o", "main.o"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([folder / "selftest"], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(PASSED)


def test_only_a_folder_of_its_own_is_replaced(tmp_path):
    text_model(cell("LSTM", 8), dense()).save(tmp_path / "model.keras")
    options = Options("c", "none", allow_drop=True)
    export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
    before = (tmp_path / "c" / "src" / "model.c").read_bytes()
    with pytest.raises(OutputError, match="the output exists already"):
        export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
    replacing = Options("c", "none", allow_drop=True, overwrite=True)
    (tmp_path / "c" / "of_another_export.txt").write_text("old")
    export(tmp_path / "model.keras", tmp_path / "c", replacing, EXAMPLES)
    assert not (tmp_path / "c" / "of_another_export.txt").exists()
    assert (tmp_path / "c" / "src" / "model.c").read_bytes() == before
    (tmp_path / "mine").mkdir()
    with pytest.raises(OutputError, match="the output exists already"):
        export(tmp_path / "model.keras", tmp_path / "mine", replacing, EXAMPLES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "mine", "model.keras"]


def test_two_models_link_into_one_program(tmp_path):
    text_model(cell("LSTM", 8), dense()).save(tmp_path / "model.keras")
    for name, labels in (("sentiment", ("neg", "pos")), ("topic", ("a b", "a*/b"))):
        options = Options("c", "int8", name=name, labels=labels, allow_drop=True)
        export(tmp_path / "model.keras", tmp_path / name, options, EXAMPLES)
    (tmp_path / "program.c").write_text(
        '#include <stdio.h>\n#include "sentiment.h"\n#include "topic.h"\n'
        "int main(void) { edgernn_classifier *a, *b; float p[2]; size_t label;\n"
        "if (sentiment_load(&a) || topic_load(&b)) return 1;\n"
        'if (edgernn_classify(b, "good", 4, p, TOPIC_LABELS, &label)) return 1;\n'
        'printf("%s %s", edgernn_label(a, SENTIMENT_LABEL_POS), edgernn_label(b, TOPIC_LABEL_A_B_1));\n'
        "edgernn_free(a); edgernn_free(b); return 0; }\n"
    )
    models = ["sentiment/src/sentiment.c", "topic/src/topic.c"]
    sources = ["program.c", *models, "topic/src/edgernn.c"]
    flags = ["-Wall", "-Wextra", "-Werror", "-Isentiment/src", "-Itopic/src"]
    command = ["cc", *flags, *sources, "-lm", "-o", "program"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "pos a*/b")


@pytest.mark.parametrize("name", ["", "Model", "1st", "a-b", "edgernn", "x" * 32])
def test_a_name_that_c_does_not_take_is_refused(tmp_path, name):
    with pytest.raises(OptionError, match="this name cannot be used in C"):
        export(tmp_path / "model.keras", tmp_path / "c", Options("c", name=name), EXAMPLES)
