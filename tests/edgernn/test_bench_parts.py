"""The parts of the benchmark: figures, gates, comparisons, pages, and variants of a script."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.benchmarking.charts import svg_charts
from edgernn.benchmarking.compare import compare
from edgernn.benchmarking.gates import Gates, missed
from edgernn.benchmarking.page import page
from edgernn.benchmarking.plan import Plan
from edgernn.benchmarking.quality import quality
from edgernn.benchmarking.records import BenchmarkReport, VariantResult
from edgernn.benchmarking.run import run
from edgernn.benchmarking.tables import tables
from edgernn.benchmarking.variants import KERAS_PREDICT, Variant, last_error
from edgernn.metrics import score
from edgernn_runtime.timing import Window, cut_texts, summarize
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec
from tests.edgernn.conftest import Page

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def window(*samples):
    return Window(samples, samples, samples)


def test_figures_are_medians_over_windows():
    # One window of five was disturbed.
    windows = [window(*np.linspace(1, 2, 101)) for _ in range(4)] + [window(50.0, 60.0, 70.0)]
    summary = summarize(windows)
    assert summary.p50 == pytest.approx(1.5)
    assert summary.p99 == pytest.approx(1.99)
    assert summary.min == 1
    assert summary.spread == pytest.approx((60 - 1.5) / 1.5)
    assert summary.samples == 4 * 101 + 3


def test_speedups_are_ratios_of_paired_windows():
    # The machine was twice as slow in the second half, for both.
    slow = VariantResult("slow", windows=tuple(window(x) for x in (10.0, 10.0, 20.0, 20.0, 20.0)))
    quick = VariantResult("quick", windows=tuple(window(x) for x in (1.0, 1.0, 2.0, 2.0, 2.0)))
    assert quick.speedup(slow) == 10


def test_scores_agree_with_those_of_evaluate():
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 3, 500)
    found = draw.dirichlet([1, 1, 1], 500)
    reference = draw.dirichlet([1, 1, 1], 500)
    figures = quality(found, reference, truth.tolist())
    scores = score(truth.tolist(), found.argmax(axis=1).tolist(), ("a", "b", "c"))
    assert figures.accuracy == pytest.approx(scores.accuracy)
    assert figures.accuracy_95 == scores.accuracy_95
    assert figures.macro_f1 == pytest.approx(scores.f1)
    assert figures.macro_f1_95[0] < figures.macro_f1 < figures.macro_f1_95[1]
    assert (
        figures.p99_absolute_error_95[0]
        <= figures.p99_absolute_error
        <= figures.p99_absolute_error_95[1]
    )
    same = (found.argmax(axis=1) == reference.argmax(axis=1)).mean()
    assert figures.label_agreement == pytest.approx(same)


def test_intervals_contain_the_quantile_as_often_as_they_should():
    # Of 400 samples of a known distribution, about 95 % of the intervals contain its 99th percentile.
    draw = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        change = draw.uniform(0, 0.5, 1000)
        found = np.stack([0.5 + change, 0.5 - change], axis=1)
        figures = quality(found, np.full((1000, 2), 0.5), None)
        low, high = figures.p99_absolute_error_95
        covered += low <= 0.495 <= high
    assert 0.90 <= covered / 400 <= 0.99


def report_of(*rows, **more):
    settings = {"tokens": 12, "threads": 1, "seconds": 1.0}
    machine = {"processor": "p", "cores": 2, "flags": [], "packages": {"numpy": "2"}}
    return BenchmarkReport(settings, machine, rows, **more)


def quality_of(right, texts=100):
    truth = np.zeros(texts, dtype=int)
    found = np.tile([0.9, 0.1], (texts, 1))
    found[right:] = [0.1, 0.9]
    return quality(found, np.tile([0.9, 0.1], (texts, 1)), truth.tolist())


def test_each_gate_can_be_missed_and_kept():
    full = VariantResult("keras predict", quality=quality_of(100), windows=(window(9.0),))
    small = VariantResult("small", quality=quality_of(98), windows=(window(1.0, 1.0, 4.0),))
    report, bundles = report_of(full, small), frozenset({"small"})
    assert missed(report, Gates(2.0, 0.98, 4.0), bundles) == ()
    (drop,) = missed(report, Gates(max_drop=1.9), bundles)
    assert drop == "small: accuracy drop is 2.00 points, above the limit of 1.9"
    (same,) = missed(report, Gates(min_agreement=0.99), bundles)
    assert same == "small: label agreement is 98.00%, below the limit of 99.00%"
    (late,) = missed(report, Gates(max_p95_ms=3.0), bundles)
    assert late == "small: p95 is 3.70 ms, above the limit of 3 ms"
    failed = report_of(full, VariantResult("small", error="none"))
    assert len(missed(failed, Gates(1, 1, 1), bundles)) == 3


def test_a_change_is_reported_only_beyond_every_window():
    def five(*medians):
        return tuple(window(x) for x in medians)

    before = VariantResult("a", windows=five(1.0, 1.1, 1.2, 1.1, 1.0))
    for medians, verdict in (
        ((0.7, 0.8, 0.9, 0.8, 0.9), "faster"),
        ((1.3, 1.4, 1.3, 1.5, 1.3), "slower"),
        ((1.15, 1.4, 1.3, 1.5, 1.3), "within noise"),
    ):
        after = VariantResult("a", windows=five(*medians))
        assert compare(report_of(before), report_of(after))[0].verdict == verdict
    assert compare(report_of(before), report_of(VariantResult("b")))[1].verdict == "not measured"


def test_notes_name_a_constant_model_and_a_partial_run():
    constant = quality([[0.9, 0.1]] * 20, [[0.9, 0.1], [0.1, 0.9]] * 10, [0, 1] * 10)
    report = report_of(VariantResult("same", quality=constant), partial=True, missed=("same: bad",))
    notes = tables(report)[0].notes
    assert "same predicts the same label for every text" in notes
    assert "PARTIAL: interrupted before everything was measured" in notes
    text = page(report)
    assert "Partial: interrupted" in text
    assert "Missed: same: bad" in text


def test_names_cannot_break_the_page():
    row = VariantResult("<script>alert(1)</script>", windows=(window(1.0, 2.0),), error="<b>")
    found = Page(page(report_of(row)))
    assert "script" not in found.tags
    assert "b" not in found.tags


@pytest.mark.parametrize("count", [0, 1, 12])
def test_a_page_of_any_number_of_rows(count):
    rows = [
        replace(
            VariantResult(f"variant-{i}", file_bytes=10**6),
            quality=quality_of(90),
            windows=(window(1.0 + i),),
        )
        for i in range(count)
    ]
    report = report_of(*rows)
    assert len(svg_charts(report)) == (2 if count else 0)
    assert Page(page(report)).tags.count("tr") >= count


@given(st.integers(1, 40), st.sampled_from(["whitespace", "character"]))
def test_texts_have_the_requested_length(tokens, split):
    tokenizer = Tokenizer(TokenizerSpec(split=split), (b"", b"[UNK]", b"film"))
    for text in cut_texts(tokenizer, ["a good film", "", "naïve straße"], tokens):
        assert len(tokenizer.tokens(text)) == tokens


def plan_of(folder):
    return Plan(
        model=folder / "model.keras",
        bundles=(),
        tokenizer_bundle=folder / "none.edgernn",
        tokens=2,
        texts={1: ("one",), 2: ("one two",)},
        quality_texts=("a", "b"),
        truth=(0, 1),
        threads=1,
        seconds=0.05,
        curve_seconds=0.01,
        keras_cold_starts=0,
        cold_starts=0,
        callers=(1, 2),
    )


#: Engines that predict the first label for every text, or for every text except "b".
_ENGINES = """
class Runner:
    def __init__(self, other):
        self.other = other
    def tokenize(self, text):
        return text.split()
    def output_of_ids(self, ids):
        return [0.9, 0.1]
    def predict(self, text):
        return self.output_of_ids(self.tokenize(text))
    def probabilities(self, texts):
        return [[0.2, 0.8] if text == self.other else [0.9, 0.1] for text in texts]

def open_runner(other, *, threads):
    assert threads == 1
    return Runner(other)

def fail(*, threads):
    raise ValueError("no such file")
"""


def test_a_script_measures_its_own_variants(tmp_path, monkeypatch):
    (tmp_path / "script_engines.py").write_text(_ENGINES)
    monkeypatch.syspath_prepend(tmp_path)
    opener = "script_engines:open_runner"
    variants = [
        Variant(KERAS_PREDICT, opener, ("b",), is_parallel=False),
        Variant("mine", opener, ("",), "engine", 5),
        Variant("failing", "script_engines:fail", ()),
        Variant("not converted", opener, (), error="not installed"),
        Variant("unscored", opener, ("",), is_scored=False),
    ]
    notes = []
    report = run(plan_of(tmp_path), variants, notes.append)
    keras, mine, failing, unconverted, unscored = report.results
    assert (mine.engine, mine.file_bytes, mine.error) == ("engine", 5, None)
    assert len(mine.windows) == 5
    assert [point.tokens for point in mine.curve] == [1, 2]
    assert [rate.callers for rate in mine.throughput] == [1, 2]
    assert [rate.callers for rate in keras.throughput] == [1]
    assert (keras.quality.accuracy, mine.quality.accuracy) == (1, 0.5)
    assert mine.quality.label_agreement == 0.5
    assert unscored.quality is None
    assert unscored.windows
    assert failing.error == "ValueError: no such file"
    assert unconverted.error == "not installed"
    assert not failing.windows
    assert not unconverted.windows
    assert len(notes) == 6


def test_peers_that_cannot_convert_have_an_error(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    peers = importlib.import_module("peer_variants")
    missing = peers.Peer("model.onnx", "a_package_that_does_not_exist", None)
    broken = peers.Peer("model.onnx", None, None)
    monkeypatch.setattr(peers, "PEERS", {"missing": missing, "tf2onnx": broken})
    found = peers.peer_variants(tmp_path / "none.keras", tmp_path / "none.edgernn", tmp_path)
    assert [variant.name for variant in found] == ["missing", "tf2onnx"]
    assert found[0].error == "a_package_that_does_not_exist is not installed"
    assert found[1].error.startswith("does not convert: ")


def test_the_last_error_of_a_message_fits_a_table():
    assert last_error("warning\nValueError: bad\nbye") == "ValueError: bad"
    assert last_error("") == "no message"
    assert last_error("found:   a, b") == "a, b"
    long = last_error("Error: " + "word " * 60)
    assert len(long) <= 100
    assert long.endswith("word ...")
