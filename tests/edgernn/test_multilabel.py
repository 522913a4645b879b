"""Texts with several labels, thresholds and out-of-scope texts, from the table to the device."""

from __future__ import annotations

import json
import random
import zipfile

import numpy as np
import pytest

import edgernn
from edgernn.calibration import calibration_bins, calibration_error, label_confidence
from edgernn.data.datasets import DataOptions, load_corpus
from edgernn.data.multilabel import join_labels
from edgernn.data.other import with_other
from edgernn.data.rows import Rows
from edgernn.errors import DataError, OptionError
from edgernn.evaluation import evaluate_predictions
from edgernn.labeling import ThresholdOptions, choose_thresholds, describe_unreachable
from edgernn.metrics import score_multilabel
from edgernn.training.path_sum import accuracy, calibrated_sum, log_loss
from edgernn_export.decisions import decide, measure_coverage
from edgernn_export.thresholds import true_labels
from edgernn_runtime import load
from tests.edgernn.conftest import OTHER, run, write_table

WORDS = {"money": ["bank", "stock"], "sport": ["match", "goal"], "tech": ["chip", "laptop"]}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def labeled_texts(count, seed):
    """Return texts with the words of any number of labels."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        labels = [label for label in WORDS if draw.random() < 0.4]
        words = draw.choices(OTHER, k=8) + [draw.choice(WORDS[one]) for one in labels for _ in "ab"]
        draw.shuffle(words)
        rows.append((" ".join(words), labels))
    return rows


def rows_of(texts):
    labels = tuple(join_labels(labels) for _, labels in texts)
    return Rows(tuple(text for text, _ in texts), labels, is_multilabel=True)


LISTS = """{"text": "u", "label": ["b", "a"]}
{"text": "v", "label": []}
{"text": "w", "label": ["c", "a", "a"]}
"""
COLUMNS = """{"text": "u", "a": 1, "b": true, "c": 0}
{"text": "v", "a": 0}
{"text": "w", "a": 1, "c": "1"}
"""
ABC = {"label_columns": ("a", "b", "c")}


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("x.csv", "text,label\nu,b|a\nv,\nw, c | a\n", {"label_delimiter": "|"}),
        ("x.jsonl", LISTS, {}),
        ("x.csv", "text,a,b,c\nu,1,1,0\nv,0,,false\nw,yes,no,true\n", ABC),
        ("x.jsonl", COLUMNS, ABC),
    ],
)
def test_several_labels_are_read(tmp_path, name, content, options):
    rows = load_corpus(DataOptions(str(write(tmp_path / name, content)), **options)).train
    assert rows.is_multilabel
    assert rows.texts == ("u", "v", "w")
    assert rows.label_sets == (("a", "b"), (), ("a", "c"))


@pytest.mark.parametrize(
    ("content", "options", "error", "words"),
    [
        ("text,a\nu,2\n", {"label_columns": ("a",)}, DataError, "neither 1 nor 0"),
        ("text,a\nu,1\n", {"label_columns": ("a", "b")}, OptionError, "'b' does not exist"),
        ("text,label\nu,a\n", {"label_delimiter": ""}, OptionError, "is empty"),
        ("text,label\nu,a\n", {"label_delimiter": "|", "label_columns": ("a",)}, OptionError,
         "exclude each other"),
    ],
)  # fmt: skip
def test_wrong_labels_are_refused(tmp_path, content, options, error, words):
    with pytest.raises(error, match=words):
        load_corpus(DataOptions(str(write(tmp_path / "x.csv", content)), **options))


def test_a_list_of_something_else_is_refused(tmp_path):
    path = write(tmp_path / "x.jsonl", '{"text": "u", "label": [["a"]]}\n')
    with pytest.raises(DataError, match="line 1"):
        load_corpus(DataOptions(str(path)))


def test_scores_of_several_labels():
    true = np.asarray([[1, 0], [1, 1], [0, 0], [0, 1]], dtype=bool)
    predicted = np.asarray([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=bool)
    found = score_multilabel(true, predicted, ("a", "b"))
    assert found.accuracy == 0.5
    assert [(one.precision, one.recall, one.support) for one in found.classes] == [
        (1, 1, 2),
        (0.5, 0.5, 2),
    ]
    assert (found.f1, found.f1_micro) == (0.75, 0.75)
    assert found.confusion == ()


def test_coverage_counts_the_texts_with_a_label():
    probabilities = np.asarray([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]], np.float32)
    truth = np.asarray([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=bool)
    decisions = decide(probabilities, (0.8, 0.7), is_multilabel=False)
    found = measure_coverage(decisions, truth, (0.8, 0.7))
    assert (found.texts, found.share) == (3, 0.75)
    assert found.precision == pytest.approx(2 / 3)
    result = evaluate_predictions(
        ["t"] * 4, [0, 0, 0, 1], probabilities, ("a", "b"), thresholds=(0.8, 0.7)
    )
    assert result.coverage == found
    # The text without a label counts with its most probable one.
    assert result.scores.accuracy == 0.75


def test_calibration_error_of_several_labels_counts_each_label():
    probabilities = np.asarray([[0.9, 0.5]] * 10, dtype=np.float32)
    truth = np.asarray([[True, False]] * 10)
    parts = label_confidence(probabilities, truth, is_multilabel=True)
    assert calibration_error(calibration_bins(*parts)) == pytest.approx((0.1 + 0.5) / 2)


def test_the_sum_of_several_labels_is_calibrated():
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(3000, 3)).astype(np.float32)
    targets = (draw.uniform(size=logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    total = calibrated_sum(4 * logits, np.zeros_like(logits), targets)
    assert total.wide == pytest.approx(0.25, abs=0.03)
    assert abs(total.shift) < 0.1
    found = total.logits(4 * logits, np.zeros_like(logits))
    assert log_loss(found, targets) < log_loss(4 * logits, targets)
    assert accuracy(found, targets) > 0.6


def test_out_of_scope_texts_are_a_class_or_have_no_label():
    training = Rows(tuple("abcdefgh"), ("x",) * 5 + ("y",) * 3)
    validation = Rows(("i", "j"), ("x", "y"))
    texts = tuple(map(str, range(100)))
    first, second = with_other(training, validation, texts, 1)
    # As many as the most frequent label has, spread as the rows are.
    assert first.labels.count("other") == 5
    assert second.labels.count("other") == 1
    assert not set(first.texts) & set(second.texts)
    several = Rows(("a", "b"), ("x", "y"), is_multilabel=True)
    added = with_other(several, several, texts, 1)[0]
    assert added.label_sets[-1] == ()
    with pytest.raises(DataError, match="'other' already"):
        with_other(Rows(("a",), ("other",)), validation, texts, 1)


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """A multi-label model, trained and exported by the command line."""
    folder = tmp_path_factory.mktemp("several")
    rows = [(text, "|".join(labels)) for text, labels in labeled_texts(500, 1)]
    table = write_table(folder / "train.csv", rows)
    options = ("--label-delimiter", "|", "--epochs", 2, "--units", 8, "--embedding-dim", 8)
    assert run("train", "--data", table, *options, "--out", folder / "model") == 0
    for form, recipe in (("native", "int8"), ("tflite", "int8"), ("onnx", "none")):
        assert run("export", folder / "model", "--format", form, "--quantize", recipe) == 0
    return folder / "model"


@pytest.mark.parametrize("form", ["native-int8", "tflite-int8", "onnx-none"])
def test_several_labels_from_training_to_the_device(several, tmp_path, form):
    test = labeled_texts(200, 2)
    lines = [json.dumps({"text": text, "label": labels}) for text, labels in test]
    table = write(tmp_path / "test.jsonl", "\n".join(lines))
    bundle = several / f"{form}.edgernn"
    found = edgernn.evaluate(bundle, table).evaluation
    by_rows = edgernn.evaluate(bundle, rows_of(test)).evaluation
    assert found.scores == by_rows.scores
    assert found.scores.f1_micro > 0.95
    assert found.coverage.texts == pytest.approx(sum(bool(labels) for _, labels in test), abs=12)
    with load(bundle) as classifier:
        assert classifier.bundle.manifest.head == "multilabel"
        right = [set(classifier.predict(text).labels) == set(labels) for text, labels in test]
        assert sum(right) / len(right) == pytest.approx(found.scores.accuracy)
        assert set(classifier.predict("bank goal stock match").labels) == {"money", "sport"}
        assert classifier.predict("the film and the actor").label is None


def test_the_model_folder_of_several_labels(several, capsys):
    lines = (several / "validation.jsonl").read_text().splitlines()
    assert any(len(json.loads(line)["label"]) > 1 for line in lines)
    assert list(json.loads((several / "thresholds.json").read_text())) == list(WORDS)
    assert not (several / "confusion.png").exists()
    metrics = json.loads((several / "metrics.json").read_text())
    assert metrics["validation"]["f1_micro"] > 0.95
    assert run("evaluate", several) == 0
    printed = capsys.readouterr().out
    assert "micro average" in printed
    assert "get a label" in printed
    assert run("predict", several / "native-int8.edgernn", "bank goal bank goal", "film") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert sorted(first.split("\t")[0].split(",")) == ["money", "sport"]
    assert second.startswith("-\t")


def test_one_label_is_expected_of_a_model_with_one(tmp_path, trained):
    table = write_table(tmp_path / "test.csv", [("a good film", "pos|neg")])
    with pytest.raises(OptionError, match="several labels each"):
        edgernn.evaluate(trained, table, label_delimiter="|")


def noisy_reviews(count, seed, share=0.5):
    """Return reviews of which some have no word that says anything."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        label = "spam" if draw.random() < share else "ham"
        own = {"spam": ["win", "prize"], "ham": ["hello", "home"]}[label]
        words = draw.choices(OTHER, k=8) + (draw.choices(own, k=2) if draw.random() < 0.7 else [])
        draw.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def test_uncertain_texts_get_no_label(tmp_path, capsys):
    table = write_table(tmp_path / "train.csv", noisy_reviews(900, 1))
    out = tmp_path / "model"
    options = ("--preset", "bag", "--validation-split", 0.3, "--min-precision", 0.97)
    assert run("train", "--data", table, *options, "--out", out) == 0
    printed = capsys.readouterr()
    assert "of the texts get a label" in printed.out
    assert "no text gets" not in printed.err
    assert run("export", out, "--format", "native", "--quantize", "int8") == 0
    lines = [line for line in printed.out.splitlines() if line.startswith(("thres", "coverage"))]
    exported = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    # The model folder has all of the 270 validation texts.
    assert [line for line in exported if line in lines] == lines
    test = write_table(tmp_path / "test.csv", noisy_reviews(900, 2))
    coverage = edgernn.evaluate(out / "native-int8.edgernn", test).evaluation.coverage
    # Seven tenths of the texts have a word that says something; of the others, half would be wrong.
    assert coverage.precision >= 0.95
    assert 0.65 <= coverage.share <= 0.8
    with load(out / "native-int8.edgernn") as classifier:
        assert classifier.predict("hello home").label == "ham"
        assert classifier.predict("the film and the actor").label is None
        first = classifier.thresholds[0]
    assert run("inspect", out / "native-int8.edgernn") == 0
    row = f"| thresholds | ham {first:.5g}, spam "
    assert row in capsys.readouterr().out
    with zipfile.ZipFile(out / "native-int8.edgernn") as bundle:
        card = bundle.read("README.md").decode()
    assert row in card
    assert "`predict(...).label` is `None`" in card
    unsure = ("predict", out / "native-int8.edgernn", "--json")
    assert run(*unsure, "the film and the actor") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["label"], found["labels"]) == (None, [])
    assert {found["best"], found["runner_up"]} == {"ham", "spam"}
    assert found["probability"] == found["probabilities"][found["best"]]
    lines = write(tmp_path / "texts.txt", "hello home\nthe film and the actor\n")
    assert run("predict", out / "native-int8.edgernn", "--file", lines) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["ham", "-"]


def test_a_rare_label_is_found_by_its_cost(tmp_path):
    rows = noisy_reviews(900, 3, share=0.1)
    data = Rows(*zip(*rows, strict=True))
    out = tmp_path / "model"
    result = edgernn.train(data, out, preset="bag", rare_label="spam", cost=9)
    assert result.evaluation.coverage.thresholds == pytest.approx((0.9, 0.1), abs=1e-4)
    assert result.evaluation.coverage.share == 1
    plain = edgernn.train(data, tmp_path / "plain", preset="bag")
    recall = [one.scores.classes[1].recall for one in (result, plain)]
    assert recall[0] >= recall[1]


def warned_of(options, probabilities, truth, labels, *, is_multilabel=False):
    """Return the chosen thresholds, and the warnings of them."""
    form = {"is_multilabel": is_multilabel}
    thresholds = choose_thresholds(options, probabilities, truth, labels, **form)
    decisions = decide(probabilities, thresholds, **form)
    coverage = measure_coverage(decisions, true_labels(truth, len(labels)), thresholds)
    return thresholds, describe_unreachable(options, coverage, probabilities, truth, labels, **form)


def test_a_precision_that_too_few_rare_texts_can_show_is_a_warning():
    labels = ("ham", "spam")
    options = ThresholdOptions(min_precision=0.9, rare_label="spam")
    sure = np.linspace(0, 1, 101)[:100].astype(np.float32)
    probabilities = np.stack([1 - sure, sure], axis=1)
    for rare, is_reached in ((7, False), (8, True)):
        truth = [(0,)] * (100 - rare) + [(1,)] * rare
        chosen, warnings = warned_of(options, probabilities, truth, labels)
        assert (chosen[1] < 1) == is_reached
        assert len(warnings) == (not is_reached)
        if not is_reached:
            assert "no text gets the label 'spam'" in warnings[0]
            assert "at least 8 right predictions" in warnings[0]
            assert "the validation texts have 7 of 'spam'" in warnings[0]
            assert "--cost" in warnings[0]
    by_cost = ThresholdOptions(cost=2.0, rare_label="spam")
    assert not warned_of(by_cost, probabilities, truth, labels)[1]


def test_a_precision_that_no_text_can_show_is_a_warning():
    sure = np.full((33, 3), 0.01, dtype=np.float32)
    truth = [(i % 3,) for i in range(33)]
    sure[np.arange(33), [one for (one,) in truth]] = 0.98
    for precision, is_reached in ((0.97, True), (0.99, False)):
        options = ThresholdOptions(min_precision=precision)
        thresholds, warnings = warned_of(options, sure, truth, ("a", "b", "c"))
        assert thresholds == ((0.5,) * 3 if is_reached else (1,) * 3)
        assert len(warnings) == (not is_reached)
    assert warnings[0] == (
        "no text gets a label: a precision of 0.99 takes at least 98 right predictions, and more "
        "if some are wrong; the validation texts have 33: 11 of 'a', 11 of 'b', 11 of 'c'; try "
        "more of them (a larger --validation-split, or --validation), or a lower --min-precision"
    )


def test_each_label_without_the_precision_is_named():
    # Half of the predictions of b and c are wrong.
    best = np.repeat([0, 1, 2], 80)
    truth = [(0,)] * 80 + [(1,), (0,)] * 40 + [(2,), (0,)] * 40
    probabilities = np.full((240, 3), 0.1, dtype=np.float32)
    probabilities[np.arange(240), best] = 0.8
    options = ThresholdOptions(min_precision=0.95)
    thresholds, (warning,) = warned_of(options, probabilities, truth, ("a", "b", "c"))
    assert thresholds == (0.5, 1, 1)
    assert warning.startswith("no text gets the labels 'b', 'c': a precision of 0.95 takes at ")
    assert "at least 18 right" in warning
    assert "the validation texts have 40 of 'b', 40 of 'c'; try" in warning


def test_a_model_that_is_never_sure_enough_is_a_warning():
    # Every prediction is right, but none reaches 0.5.
    probabilities = np.full((90, 3), 0.3, dtype=np.float32)
    truth = [(i % 3,) for i in range(90)]
    probabilities[np.arange(90), [one for (one,) in truth]] = 0.4
    options = ThresholdOptions(min_precision=0.9)
    _, (warning,) = warned_of(options, probabilities, truth, ("a", "b", "c"))
    assert "no validation text gets a label" in warning
    assert "at least 0.5" in warning


def test_the_precision_of_no_labels_is_not_measured(tmp_path, capsys):
    table = write_table(tmp_path / "train.csv", noisy_reviews(150, 1))
    out = tmp_path / "model"
    options = ("--preset", "bag", "--min-precision", 0.99)
    assert run("train", "--data", table, *options, "--out", out) == 0
    captured = capsys.readouterr()
    assert "warning: no text gets a label: a precision of 0.99 takes at least 98" in captured.err
    never = ("thresholds: 1 for every label", "0.0% of the texts get a label (0)", "not measured")
    assert [words for words in never if words not in captured.out] == []
    assert json.loads((out / "metrics.json").read_text())["coverage"]["precision"] is None
    # With the thresholds of the model folder, and with its validation texts alone.
    for wanted, is_warned in (((), False), (("--min-precision", 0.98, "--force"), True)):
        assert run("export", out, "--format", "native", *wanted) == 0
        captured = capsys.readouterr()
        assert [words for words in never if words not in captured.out] == []
        assert ("a precision of 0.98 takes at least 48" in captured.err) == is_warned


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cost": 2.0}, "--cost alone"),
        ({"rare_label": "spam"}, "neither"),
        ({"rare_label": "spam", "cost": 2.0, "min_precision": 0.9}, "both"),
        ({"rare_label": "no", "min_precision": 0.9}, "not one of two labels"),
    ],
)
def test_options_of_thresholds_that_do_not_fit_are_refused(tmp_path, options, words):
    data = Rows(*zip(*noisy_reviews(100, 1), strict=True))
    with pytest.raises(OptionError, match=words):
        edgernn.train(data, tmp_path / "model", preset="bag", **options)
