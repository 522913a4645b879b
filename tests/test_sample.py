"""The sample bundle in `examples/sentiment`: its size, its card and the figures on its page."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from edgernn.data.packages import load_reviews
from edgernn.data.rows import clean_breaks, sample
from edgernn.data.table import read_table
from edgernn.model_folder import VALIDATION_TEXTS
from edgernn_runtime import load
from tests.conftest import SHARED_DATA

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "sentiment"
BUNDLE = FOLDER / "sentiment.edgernn"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
IMDB = SHARED_DATA / "imdb" / "test.csv.gz"


@pytest.fixture(scope="module")
def classifier():
    with load(BUNDLE) as opened:
        yield opened


def figure(pattern):
    """Return a figure of the page."""
    found = re.search(pattern, PAGE)
    assert found, pattern
    return float(found[1].replace(",", ""))


def accuracy(classifier, rows):
    pairs = zip(rows.texts, rows.labels, strict=True)
    return sum(classifier.predict(text).label == label for text, label in pairs) / len(rows)


def test_its_size_is_at_most_a_megabyte_and_equals_its_page():
    size = BUNDLE.stat().st_size
    assert size <= 1_000_000
    assert size == figure(r"\| bundle \| ([\d,]+) bytes")


def test_it_passes_its_self_test(classifier):
    assert classifier.self_test().passed


def test_the_card_contains_the_training_data_and_the_scores(classifier):
    card = classifier.bundle.card.decode()
    assert "Large Movie Review Dataset" in card
    found = re.search(r"accuracy of this file \| ([\d.]+)%", card)
    held_out = sample(load_reviews().validation, VALIDATION_TEXTS)
    assert f"{accuracy(classifier, held_out):.2%}" == f"{found[1]}%"


def test_the_page_contains_the_score_on_the_sample_sentences(classifier):
    with (FOLDER / "sentences.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    right = sum(classifier.predict(row["text"]).label == row["label"] for row in rows)
    assert len(rows) == 12
    assert right == figure(r"\| sample sentences \| (\d+) of 12")


def test_the_page_contains_the_accuracy_on_the_test_half(classifier):
    if not IMDB.is_file():
        pytest.skip("IMDB's test half is not here")
    rows = read_table(IMDB, "text", "label")
    names = {"0": "neg", "1": "pos"}
    labels = tuple(names.get(label, label) for label in rows.labels)
    pairs = zip(map(clean_breaks, rows.texts), labels, strict=True)
    right = sum(classifier.predict(text).label == label for text, label in pairs)
    assert f"{100 * right / len(rows):.2f}" == f"{figure(r'test half of IMDB . ([0-9.]+) %'):.2f}"


def test_the_manifest_has_the_figures_of_its_verification(classifier):
    figures = json.loads(json.dumps(dict(classifier.bundle.manifest.figures)))
    assert all(check["passed"] for check in figures["checks"])
