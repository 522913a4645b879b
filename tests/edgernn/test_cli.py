"""The command line: results on stdout, messages on stderr, exit status 0, 1 or 2."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import subprocess
import sys
from importlib import metadata

import click
import pytest

from edgernn.cli import COMMANDS, cli
from edgernn.training.options import PRESETS
from edgernn_runtime import load
from edgernn_runtime.__main__ import main as runtime
from tests.edgernn.conftest import SMALL, reviews, run, write_table

HELP_PAGES = ((), *((name,) for name in COMMANDS), ("data", "imdb"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    assert run(command, "--help") == 0
    assert "Usage: edgernn " + command in capsys.readouterr().out


@pytest.mark.parametrize("path", HELP_PAGES, ids=" ".join)
def test_every_help_fits_a_screen_and_has_an_example_that_parses(path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(*path, "--help") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    start = next(i for i, line in enumerate(lines) if line.startswith("  Example: "))
    example = " ".join(line.strip() for line in lines[start : lines.index("", start)])
    name, *arguments = shlex.split(example.removeprefix("Example: "))
    assert name == "edgernn"
    assert tuple(arguments[: len(path)]) == path
    command, context = cli, None
    while isinstance(command, click.Group):
        context = command.make_context(command.name, [], parent=context, resilient_parsing=True)
        command = command.get_command(context, arguments.pop(0))
    # Wrong options raise UsageError.
    command.make_context(command.name, list(arguments), parent=context)


@pytest.mark.parametrize("arguments", [(), ("bench",)])
def test_the_help_of_the_package_for_devices_has_an_example(arguments, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        runtime([*arguments, "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 50
    text = " ".join(" ".join(lines).split())
    assert "xample: " + " ".join(["python -m edgernn_runtime", *arguments]) in text


def test_help_all_shows_the_options_that_help_leaves_out(capsys):
    assert run("train", "--help") == 0
    few = capsys.readouterr().out
    assert run("train", "--help-all") == 0
    every = capsys.readouterr().out
    options = {one for param in cli.get_command(None, "train").params for one in param.opts}
    assert {one for one in options if one in every} == options
    assert {"--preset", "--epochs"} <= {one for one in options if one in few}
    assert "--spatial-dropout" not in few


def test_the_shell_completes_commands_options_and_values():
    def completed(words):
        typed = words.split(" ")
        done = subprocess.run(
            [sys.executable, "-c", "from edgernn.cli import main; main()"],
            env={
                **os.environ,
                "_EDGERNN_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(typed) - 1),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert completed("edgernn ev") == ["evaluate"]
    assert completed("edgernn train --spatial") == ["--spatial-dropout"]
    assert completed("edgernn train --preset ") == list(PRESETS)


def test_help_lists_the_commands_with_a_line_each(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    for name, line in COMMANDS.items():
        assert f"{name}" in out
        assert line in out


def test_the_version(capsys):
    assert run("--version") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "edgernn 0.1.0"
    assert lines[1].startswith(f"Python {platform.python_version()}, ")
    for package in ("tensorflow", "keras", "numpy", "ai-edge-litert", "onnxruntime"):
        assert f"{package} {metadata.version(package)}" in lines[2]
    assert lines[3] in ("libedgernn installed", "libedgernn not installed")


@pytest.mark.parametrize(
    "arguments",
    [
        ("trian",),
        ("train", "--epochs", "0"),
        ("train", "--units", "64,x"),
        ("train", "--cell", "transformer"),
        ("train", "--data", "nowhere.csv"),
        ("export", "nowhere", "--format", "tflite"),
        ("export", "nowhere.keras", "--format", "tflite"),
        ("export",),
        ("predict", "nowhere.edgernn", "a"),
        ("predict",),
        ("evaluate", "nowhere"),
        ("bench", "--model", "nowhere"),
        ("verify", "nowhere.edgernn"),
        ("inspect", "nowhere.edgernn"),
        ("data", "imdb", "--data-dir", "nowhere"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_with_a_message_and_no_traceback(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("option", "value", "near"),
    [
        ("--format", "tflight", "tflite"),
        ("--quantize", "int-8", "int8"),
        ("--format", "onx", "onnx"),
    ],
)
def test_a_misspelt_name_suggests_the_nearest(trained, option, value, near, capsys):
    arguments = {"--format": "tflite", "--quantize": "none", option: value}
    assert run("export", trained, *[x for pair in arguments.items() for x in pair]) == 2
    assert f"did you mean {near}?" in capsys.readouterr().err


def test_predict_prints_one_line_per_text(trained, capsys, tmp_path):
    bundle = trained / "tflite-int8.edgernn"
    assert run("predict", bundle, "a good great film", "a bad dull film") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["pos", "neg"]
    (tmp_path / "texts.txt").write_text("a good great film\n\n")
    assert run("predict", bundle, "--file", tmp_path / "texts.txt", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["text"] for row in rows] == ["a good great film", ""]
    assert set(rows[0]["probabilities"]) == {"neg", "pos"}


def test_quiet_leaves_the_table(trained, tmp_path, capsys):
    arguments = (
        "export",
        trained,
        "--format",
        "native",
        "--force",
        "--out",
        tmp_path / "a.edgernn",
    )
    assert run(*arguments) == 0
    loud = capsys.readouterr()
    assert loud.err
    assert run(*arguments, "--quiet") == 0
    quiet = capsys.readouterr()
    assert quiet.err == ""
    assert quiet.out.splitlines()[:6] == loud.out.splitlines()[:6]


@pytest.mark.parametrize("command", [("predict", "a"), ("verify",), ("inspect",), ("evaluate",)])
def test_a_keras_file_instead_of_a_bundle_names_the_export(command, tmp_path, capsys):
    model = tmp_path / "model.keras"
    model.write_bytes(b"PK")
    name, *texts = command
    table = write_table(tmp_path / "x.csv", [("a", "x"), ("b", "y")])
    data = ("--data", table) if name == "evaluate" else ()
    assert run(name, model, *texts, *data) == 2
    error = capsys.readouterr().err
    assert "a Keras model is not a bundle" in error
    assert f"edgernn export {model} --format native" in error


@pytest.mark.parametrize("arguments", [(), ("a", "--file", os.devnull)])
def test_predict_needs_texts_from_one_place(trained, arguments, capsys):
    assert run("predict", trained / "onnx-none.edgernn", *arguments) == 2
    assert "expected: TEXT..." in capsys.readouterr().err


def test_predict_reads_stdin(trained):
    done = subprocess.run(
        [sys.executable, "-m", "edgernn", "predict", str(trained / "onnx-none.edgernn"), "-"],
        input=b"a good great film\na bad dull film\n",
        capture_output=True,
        check=True,
    )
    assert done.stdout.count(b"\n") == 2
    assert done.stderr == b""


def test_evaluate_scores_a_model_and_a_bundle_equally(trained, tmp_path, capsys):
    table = write_table(tmp_path / "test.csv", reviews(100, 5))
    found = []
    for path in (trained, trained / "onnx-none.edgernn"):
        assert run("evaluate", path, "--data", table, "--json") == 0
        found.append(json.loads(capsys.readouterr().out))
    keras_scores, bundle_scores = found
    assert keras_scores["accuracy"] == bundle_scores["accuracy"] > 0.9
    assert keras_scores["texts"] == 100
    assert sum(map(sum, bundle_scores["confusion"])) == 100


def test_evaluate_without_data_uses_the_validation_texts(trained, capsys):
    assert run("evaluate", trained / "tflite-int8.edgernn") == 0
    out = capsys.readouterr().out
    assert "validation texts of" in out
    assert "| class | precision | recall | F1 | texts |" in out
    assert "true class by row" in out


def test_evaluate_rejects_labels_that_are_not_classes_of_the_model(trained, tmp_path, capsys):
    table = write_table(tmp_path / "test.csv", [("a", "yes"), ("b", "no")])
    assert run("evaluate", trained / "onnx-none.edgernn", "--data", table) == 2
    assert "expected: neg, pos" in capsys.readouterr().err


def test_export_prints_its_checks_and_json(trained, tmp_path, capsys):
    out = tmp_path / "x.edgernn"
    assert run("export", trained, "--format", "onnx", "--quantize", "float16", "--out", out) == 0
    printed = capsys.readouterr()
    assert "| ✓ | max absolute error |" in printed.out
    assert "LSTM x 2" in printed.out
    arguments = ("--format", "onnx", "--out", out, "--force", "--json")
    assert run("export", trained, *arguments) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["path"] == str(out)
    assert row["comparison"]["source"] == "model folder"


def test_export_does_not_replace_without_force(trained, capsys):
    assert run("export", trained, "--format", "tflite", "--quantize", "int8") == 1
    assert "--force replaces it" in capsys.readouterr().err


def test_export_takes_a_keras_file_with_texts_and_labels(trained, table, tmp_path, capsys):
    model = tmp_path / "mine.keras"
    model.write_bytes((trained / "model.keras").read_bytes())
    options = ("--format", "tflite", "--labels", "neg, pos", "--texts", table)
    assert run("export", model, *options) == 0
    with load(tmp_path / "mine-tflite-none.edgernn") as classifier:
        assert classifier.predict("a good great film").label == "pos"
    assert "(file)" in capsys.readouterr().out


def test_export_gives_a_model_folder_other_labels(trained, tmp_path):
    out = tmp_path / "x.edgernn"
    options = ("--format", "onnx", "--labels", "thumbs down,thumbs up", "--out", out)
    assert run("export", trained, *options) == 0
    with load(out) as classifier:
        assert classifier.predict("a good great film").label == "thumbs up"


def test_labels_of_texts_are_not_guessed_for_a_model_without(trained, table, tmp_path, capsys):
    model = tmp_path / "mine.keras"
    model.write_bytes((trained / "model.keras").read_bytes())
    assert run("export", model, "--format", "onnx", "--texts", table, "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["comparison"]["accuracy"] is None
    said = " ".join(printed.err.split())
    assert "no --labels: the classes are named 0, 1;" in said
    assert f"the labels of {table} are not used" in said


def test_the_wrong_number_of_labels_is_wrong_usage(trained, tmp_path, capsys):
    options = ("--format", "onnx", "--labels", "a,b,c", "--out", tmp_path / "x.edgernn")
    assert run("export", trained, *options) == 2
    assert "2 different labels" in capsys.readouterr().err
    # The number comes before the names that the texts have.
    labeled = write_table(tmp_path / "labeled.csv", reviews(20, 3))
    assert run("export", trained, *options, "--texts", labeled) == 2
    assert "2 different labels" in capsys.readouterr().err
    options = ("--format", "onnx", "--labels", "a,b", "--out", tmp_path / "x.edgernn")
    assert run("export", trained, *options, "--texts", labeled) == 2
    said = capsys.readouterr().err
    assert "the data contains labels that are not classes of the model" in said
    assert f"where:    {labeled}" in said
    assert "check --labels" in said


def test_train_does_not_replace_without_force(trained, table, capsys, tmp_path):
    assert run("train", "--data", table, "--out", trained) == 1
    assert "replace it with --force" in capsys.readouterr().err
    (tmp_path / "precious.txt").write_text("mine")
    assert run("train", "--data", table, "--out", tmp_path, "--force") == 1
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused_before_training(table, capsys, tmp_path):
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "model"
    assert run("train", "--data", table, "--out", out) == 1
    error = capsys.readouterr().err
    assert "the model folder cannot be created" in error
    assert "fitting" not in error


def test_training_again_removes_the_bundles_of_the_old_model(table, tmp_path):
    out = tmp_path / "model"
    arguments = ("train", "--data", table, "--epochs", 1, *SMALL, "--out", out)
    assert run(*arguments) == 0
    (out / "tflite-int8.edgernn").write_bytes(b"of the old model")
    assert run(*arguments, "--force") == 0
    assert not (out / "tflite-int8.edgernn").exists()


def test_training_needs_two_classes(tmp_path, capsys):
    table = write_table(tmp_path / "x.csv", [("a", "same"), ("b", "same")])
    assert run("train", "--data", table, "--out", tmp_path / "model") == 1
    assert "at least two classes" in capsys.readouterr().err


def test_too_few_rows_to_split_are_counted(tmp_path, capsys):
    table = write_table(tmp_path / "x.csv", [("a", "x"), ("b", "y")])
    assert run("train", "--data", table, "--out", tmp_path / "model") == 1
    error = capsys.readouterr().err
    assert "too few rows to split off validation texts" in error
    assert "found:    2 rows; no training row of" in error
    assert "all labeled" not in error


def test_train_warns_of_labels_that_are_lists(tmp_path, capsys):
    table = write_table(tmp_path / "x.csv", [("a", "alarm|lights"), ("b", "alarm|lights")])
    assert run("train", "--data", table, "--out", tmp_path / "model") == 1
    assert "warning: 1 label looks like several labels in one" in capsys.readouterr().err


def test_inspect_shows_the_parts_of_a_native_bundle(trained, capsys, tmp_path):
    bundle = tmp_path / "native.edgernn"
    assert run("export", trained, "--format", "native", "--out", bundle) == 0
    capsys.readouterr()
    assert run("inspect", bundle) == 0
    printed = capsys.readouterr().out
    assert "| model: structure and metadata |" in printed
    assert not re.search(r"\| vocabulary \| [\d,]+ \|", printed)


def test_inspect_shows_and_verify_runs_the_self_test(trained, capsys):
    bundle = trained / "tflite-int8.edgernn"
    assert run("inspect", bundle) == 0
    shown = capsys.readouterr().out
    assert "| operator UNIDIRECTIONAL_SEQUENCE_LSTM | 4 |" in shown
    # The parts add up to the bundle's members.
    table = shown.partition("Size by part")[2].partition("Manifest")[0]
    rows = re.findall(r"^\| (.+?) \| ([\d,]+) \|", table, re.MULTILINE)
    parts = {name: int(size.replace(",", "")) for name, size in rows}
    assert list(parts)[:3] == ["model: embedding", "model: recurrent_0", "model: recurrent_1"]
    assert "model: dense_3, the head" in parts
    members = load(bundle).bundle.manifest.members
    assert sum(parts.values()) == sum(member.size for member in members.values())
    assert run("inspect", bundle, "--json") == 0
    assert json.loads(capsys.readouterr().out)["recipe"] == "int8"
    assert run("verify", bundle) == 0
    assert "self-test passed, 25 test vectors" in capsys.readouterr().out


def test_verify_fails_if_an_output_differs(trained, tmp_path, capsys):
    from tests.runtime.test_bundle import members_of, rewrite

    vectors = json.loads(members_of(trained / "onnx-none.edgernn")["vectors.json"])
    vectors[3]["output"][0] += 0.01
    vectors[4]["ids"].append(1)
    path = rewrite(
        trained / "onnx-none.edgernn",
        tmp_path / "x.edgernn",
        **{"vectors.json": json.dumps(vectors).encode()},
    )
    assert run("verify", path, "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert result["different_ids"] == 1
    assert result["max_abs_error"] == pytest.approx(0.01, abs=1e-3)
