"""The examples run, and print what their pages show."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgernn_runtime import load
from tests.edgernn.conftest import run as edgernn

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
SAMPLE = EXAMPLES / "sentiment" / "sentiment.edgernn"
#: Without a label for the empty text.
THRESHOLDS = EXAMPLES.parent / "tests/hosts/bundles/thresholds-binary.edgernn"

#: The tests also run where the C engine could not be compiled.
NO_COMPILER = "ignore:the C engine of edgernn-runtime:UserWarning"


def run(*arguments, **options):
    """Run a Python program from the root; return its output. A warning is an error in it, too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", NO_COMPILER, *map(str, arguments)],
        cwd=options.pop("cwd", ROOT),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstart_prints_what_the_readme_shows():
    lines = run(EXAMPLES / "quickstart.py").splitlines()
    assert [line.split()[0] for line in lines] == ["pos", "neg", "neg"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    assert len(block.strip().splitlines()) == 5
    shown = re.search(r"# (.*)\n", block)[1]
    assert run("-c", block).strip() == shown
    assert lines[0].split()[:2] == shown.split()


def test_the_quickstart_needs_only_the_runtime():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = text[text.index("\n$(QUICKSTART)/.installed:") :].split("\n\n")[0]
    assert re.findall(r"pip install .* (\S+)$", recipe, re.MULTILINE) == ["./runtime"]


def commands(title):
    """Return the commands of a section of the page."""
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"\n## {title}\n(.*?)(\n## |\Z)", page, re.DOTALL)[1]
    return re.findall(r"^    (\S.*)$", section, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the examples, in which their commands run."""
    made = tmp_path_factory.mktemp("examples")
    (made / "examples").symlink_to(EXAMPLES)
    return made


@pytest.fixture(scope="module")
def ran(folder):
    """Run the commands of a section once, and return what those of Python printed."""
    printed = {}

    def execute(title):
        if title not in printed:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                printed[title] = [
                    output for line in commands(title) for output in execute_one(line)
                ]
        return printed[title]

    return execute


def execute_one(command):
    """Run a command; yield the output of a Python program."""
    sender, _, receiver = command.rpartition("|")
    name, *arguments = shlex.split(receiver)
    if name == "edgernn":
        assert edgernn(*arguments) == 0
    elif sender:
        text = shlex.split(sender)[1].replace("\\n", "\n")
        yield run(*arguments, input=text, cwd=Path.cwd())
    else:
        # In this process, which has imported TensorFlow already.
        with contextlib.redirect_stdout(io.StringIO()) as output:
            runpy.run_path(arguments[0])["main"](*arguments[1:])
        yield output.getvalue()


def test_spam_is_flagged_in_a_stream(ran):
    (output,) = ran("Flag spam in a stream")
    assert re.fullmatch(r"[01]\.\d\d  You have won a free phone! Click to claim it\.\n", output)


def test_spam_is_flagged_before_the_stream_ends(ran, folder):
    ran("Flag spam in a stream")
    program = [sys.executable, EXAMPLES / "spam/flag.py", folder / "spam/native-int8.edgernn"]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True) as process:
        process.stdin.write("See you.\nWinner! Call now to claim your cash prize.\n")
        process.stdin.flush()
        assert "Winner!" in process.stdout.readline()
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 0


def test_support_questions_are_routed(ran):
    (output,) = ran("Route support questions")
    assert output == "billing\tI was charged twice on my invoice.\nperson\tHello?\n"


def test_a_keras_model_of_ones_own_is_exported(ran, folder):
    source = (EXAMPLES / "own_gru/train.py").read_text(encoding="utf-8")
    assert not re.search(r"import.*edgernn", source)
    (output,) = ran("Export a Keras model of your own")
    labels = output.strip().removeprefix("labels: ").split(",")
    with load(folder / "mine-native-int8.edgernn") as classifier:
        assert list(classifier.labels) == labels
        assert classifier.predict("Where is my parcel?").label == "delivery"


def test_the_engines_print_the_output_of_the_classifier(ran, folder):
    ran("Route support questions")
    outputs = ran("Run LiteRT and ONNX Runtime yourself")
    text = "Where is my parcel?"
    for output, name in zip(outputs, ("tflite-int8", "onnx-none"), strict=True):
        values, _, shown = output.rstrip("\n").partition("\t")
        with load(folder / "support" / f"{name}.edgernn") as classifier:
            expected = classifier.predict(text).probabilities
        assert json.loads(values) == pytest.approx(list(expected.values()), abs=1e-6)
        assert shown == text


@pytest.mark.parametrize("bundle", [SAMPLE, THRESHOLDS], ids=lambda path: path.stem)
def test_the_service_answers_with_the_predictions(monkeypatch, bundle):
    pytest.importorskip("httpx", reason="the extra `examples` is not installed")
    testing = pytest.importorskip("fastapi.testclient", reason="the extra `examples` is missing")
    monkeypatch.syspath_prepend(EXAMPLES / "service")
    monkeypatch.setenv("EDGERNN_BUNDLE", str(bundle))
    import app

    texts = ["Funny, warm and clever.", "", "\U0001f3ac dull"]
    with testing.TestClient(app.app) as client, load(bundle) as classifier:
        answer = client.post("/classify", json={"texts": texts})
        assert answer.status_code == 200
        expected = [classifier.predict(text) for text in texts]
        assert answer.json() == [
            {"label": one.label, "probability": one.probability} for one in expected
        ]
        assert client.get("/health").json() == {"passed": True}
        for texts in (["x" * 20_001], ["x"] * 101, "x", [1]):
            assert client.post("/classify", json={"texts": texts}).status_code == 422


def test_the_loop_classifies_new_files_and_ends_with_ctrl_c(tmp_path):
    program = [sys.executable, EXAMPLES / "raspberry_pi/loop.py", SAMPLE, tmp_path]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True) as process:
        for text, label in (("Funny and clever.", "pos"), ("A dull, terrible film.", "neg")):
            (tmp_path / "new.part").write_text(text + "\n", encoding="utf-8")
            (tmp_path / "new.part").rename(tmp_path / "new.txt")
            assert process.stdout.readline() == f"{label}\t{text}\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert list(tmp_path.iterdir()) == []


def test_each_example_is_on_the_page():
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.iterdir():
        if path.name not in ("README.md", "__pycache__"):
            assert f"| [{path.name}](" in page or path.name == "sentiment", path.name
