"""The command `edgernn bench`: measurements, failures, gates and options."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from edgernn.benchmarking.compare import compare, comparison_table
from edgernn.benchmarking.plan import reference_folder
from edgernn.benchmarking.records import read_report
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT
from edgernn_runtime.bench import main as device_bench
from tests.edgernn.conftest import Page, reviews, run, write_table
from tests.schemas import check

FAST = ("--seconds", 0.1, "--tokens", 12)


def fast(folder, *more):
    return ("bench", "--model", folder, *FAST, *more)


@pytest.fixture(scope="module")
def measured(trained, tmp_path_factory):
    """A benchmark of two bundles, with its page and its chart."""
    out = tmp_path_factory.mktemp("bench")
    done = subprocess.run(
        [sys.executable, "-m", "edgernn", *map(str, fast(trained, "--json"))]
        + ["--html", str(out / "report.html"), "--plot", str(out / "report.png")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (out / "report.json").write_text(done.stdout, encoding="utf-8")
    return out


def test_everything_is_measured(measured):
    report = json.loads((measured / "report.json").read_text())
    check("bench", report)
    rows = {row["variant"]: row for row in report["results"]}
    assert list(rows) == ["keras predict", "keras tf.function", "onnx-none", "tflite-int8"]
    assert (report["schema"], report["partial"]) == ("edgernn-bench/3", False)
    for row in rows.values():
        assert row["error"] is None
        assert len(row["windows"]) == 5
        assert all(len(window["total_ms"]) >= 5 for window in row["windows"])
        figures = row["summary"]
        order = [figures[name] for name in ("min", "p50", "p90", "p95", "p99")]
        assert 0 < order[0] <= order[1] <= order[2] <= order[3] <= order[4]
        assert figures["samples"] == sum(len(window["total_ms"]) for window in row["windows"])
        assert [point["tokens"] for point in row["curve"]] == [8, 12, 16, 32, 64, 128, 256]
        assert row["throughput"][0]["callers"] == 1
        assert row["peak_bytes"] > 20e6
    assert rows["keras predict"]["peak_bytes"] > 3 * rows["onnx-none"]["peak_bytes"]
    assert len(rows["keras predict"]["cold_start_ms"]) == 3
    assert len(rows["tflite-int8"]["cold_start_ms"]) == 7
    good = rows["onnx-none"]["quality"]
    assert good["label_agreement"] == 1
    assert good["p99_absolute_error"] <= 1e-5
    assert good["accuracy"] == rows["keras predict"]["quality"]["accuracy"]
    assert report["environment"]["packages"]["keras"]


def test_a_report_is_read_as_it_was_written(measured):
    text = (measured / "report.json").read_text()
    again = json.loads(json.dumps(read_report(measured / "report.json").to_json()))
    assert again == json.loads(text)


def test_a_report_of_schema_2_is_read(measured, tmp_path):
    value = json.loads((measured / "report.json").read_text())
    old = {"variant": "form", "labels_predicted": "labels_given"}
    old |= {f"label_agreement{end}": f"agreement{end}" for end in ("", "_95")}
    old |= {f"p99_absolute_error{end}": f"p99_change{end}" for end in ("", "_95")}

    def renamed(fields):
        return {old.get(name, name): field for name, field in fields.items()}

    rows = [{**renamed(row), "growth_bytes": 1, "energy_mj": None} for row in value.pop("results")]
    for row in rows:
        row["quality"] = row["quality"] and renamed(row["quality"])
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**value, "schema": "edgernn-bench/2", "rows": rows}))
    assert read_report(path) == read_report(measured / "report.json")


def test_the_page_is_self_contained_and_follows_the_theme(measured):
    text = (measured / "report.html").read_text()
    found = Page(text)
    assert found.tags.count("svg") == 3
    assert found.tags.count("table") == 5
    assert "script" not in found.tags
    assert all(address.startswith("#") for address in found.addresses)
    assert "url(http" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text
    assert "var(--ink)" in text[text.index("<svg") :]
    # All colour placeholders of the page are replaced.
    assert not re.search("#0[12]0[12]0[12]", text)


def test_the_chart_is_a_png(measured):
    assert (measured / "report.png").read_bytes().startswith(b"\x89PNG")


def test_variants_that_fail_are_rows_with_their_error(trained, tmp_path):
    broken = tmp_path / "broken.edgernn"
    broken.write_bytes(b"no bundle")
    # The measuring processes cannot import onnxruntime.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'onnxruntime' else find(name, *a)\n"
    )
    bundles = (broken, trained / "onnx-none.edgernn", trained / "tflite-int8.edgernn")
    done = subprocess.run(
        [sys.executable, "-m", "edgernn", *map(str, fast(trained, "--quick", *bundles))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    assert done.returncode == 1, done.stderr
    assert "broken: not a bundle" in done.stdout
    assert "onnx-none: the engine ONNX Runtime is not installed" in done.stdout
    for variant in ("broken", "onnx-none"):
        assert f"| {variant} | not measured | not measured" in done.stdout
    assert re.search(r"\| tflite-int8 \| 0\.\d+ \| \d", done.stdout)


def test_texts_without_labels_and_gates_that_need_them(trained, tmp_path, capsys):
    path = tmp_path / "texts.txt"
    path.write_text("a good film\n\na bad film\n" * 20, encoding="utf-8")
    options = ("--quick", "--data", path, trained / "onnx-none.edgernn")
    gates = ("--max-drop", 1, "--min-agreement", 0.9, "--max-p95-ms", 1e6)
    assert run(*fast(trained, *options, *gates)) == 1
    out = capsys.readouterr().out
    assert "the texts have no labels: accuracy is not measured" in out
    assert "missed: onnx-none: accuracy was not measured" in out
    assert out.count("missed:") == 1


#: A shell makes background processes, and their children, ignore interrupts.
_INTERRUPTIBLE = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[0] = "edgernn"
runpy.run_module("edgernn", run_name="__main__", alter_sys=True)
"""


def test_an_interrupt_keeps_the_measurements(trained):
    options = map(str, fast(trained, "--json", "--seconds", 60))
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if line.startswith("timing"):
            break
    # The first window of the first variant takes twelve seconds.
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    report = json.loads(out)
    assert report["partial"] is True
    assert [row["variant"] for row in report["results"]][:2] == [
        "keras predict",
        "keras tf.function",
    ]
    assert all(row["windows"] == [] for row in report["results"])


def test_data_of_one_class_and_the_reference_of_the_bundles_folder(
    trained, tmp_path, monkeypatch, capsys
):
    rows = [(text, label) for text, label in reviews(60, 5) if label == "pos"]
    table = write_table(tmp_path / "one.csv", rows)
    # The working directory does not contain ./model.
    monkeypatch.chdir(tmp_path)
    options = ("--quick", "--json", *FAST, "--data", table)
    assert run("bench", *options, trained / "onnx-none.edgernn") == 0
    rows = json.loads(capsys.readouterr().out)["results"]
    assert [row["variant"] for row in rows] == ["keras predict", "keras tf.function", "onnx-none"]
    assert rows[2]["quality"]["label_agreement"] == 1
    assert 0 <= rows[2]["quality"]["macro_f1"] <= 1


def test_the_reference_folder_is_unique_or_the_default(trained, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("model.keras", "labels.json"):
        (other / name).write_bytes((trained / name).read_bytes())
    own, loose = trained / "onnx-none.edgernn", tmp_path / "loose.edgernn"
    assert reference_folder([own, loose]) == trained
    assert reference_folder([loose]) == DEFAULT
    assert reference_folder([]) == DEFAULT
    with pytest.raises(OptionError, match="different model folders"):
        reference_folder([own, other / "a.edgernn"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--tokens", 1000), "--tokens of at most 400"),
        (("--data", "nowhere.txt"), "the texts cannot be read"),
        (("--data", "nowhere.csv"), "the data does not exist"),
        (("--compare", "a.json", "b.json"), "the file is not a benchmark report"),
    ],
)
def test_wrong_usage_is_2(trained, options, words, capsys):
    assert run("bench", "--model", trained, *options) == 2
    assert words in capsys.readouterr().err


def test_bench_without_a_bundle_prints_how_to_export_one(trained, tmp_path, capsys):
    for file in trained.iterdir():
        if file.suffix != ".edgernn":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert run("bench", "--model", tmp_path) == 2
    assert "edgernn export --format tflite --quantize int8" in capsys.readouterr().err


def test_reports_of_two_machines_are_compared_with_a_note(measured, trained, capsys, tmp_path):
    device = tmp_path / "device.json"
    assert device_bench([str(trained / "onnx-none.edgernn"), "--seconds", "0.2"]) == 0
    device.write_text(capsys.readouterr().out)
    assert run("bench", "--compare", measured / "report.json", device) == 0
    out = capsys.readouterr().out
    assert re.search(
        r"\| onnx-none \| \d\.\d+ \| \d\.\d+ \| \d\.\d+ \| (faster|slower|within)", out
    )
    assert "tokens: 12 before, 200 after" in out
    assert run("bench", "--json", "--compare", measured / "report.json", device) == 0
    changes = json.loads(capsys.readouterr().out)
    assert {change["variant"] for change in changes} >= {"keras predict", "onnx-none"}
    same = read_report(measured / "report.json")
    assert {change.verdict for change in compare(same, same)} == {"within noise"}
    assert comparison_table(same, same).notes == (
        "faster or slower: every window of one run is beyond every window of the other",
    )
