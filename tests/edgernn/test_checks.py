"""Checks of the data: each kind of suspicious texts is counted, with examples."""

from __future__ import annotations

import pytest

from edgernn.data.checks import check_rows, describe
from edgernn.data.label_noise import find_doubtful_labels, noise_finding
from edgernn.data.rows import Rows
from tests.edgernn.conftest import reviews


def rows(*pairs):
    return Rows(tuple(text for text, _ in pairs), tuple(label for _, label in pairs))


CLEAN = rows(("a good film", "pos"), ("a bad film", "neg"), ("the plot is dull", "neg"))


@pytest.mark.parametrize(
    ("added", "held_out", "sentence"),
    [
        ([], [("A good, film!", "pos")], "1 of 1 validation texts are also training texts: the"),
        ([("a good film ", "pos")], [], "1 of 4 training texts repeat another one"),
        ([("a good film", "neg")], [], "2 of 4 training texts occur with different labels"),
        ([("Nice!", "pos")], [], "1 of 4 training texts have fewer than 2 words"),
        ([("Хороший фильм", "pos")], [], "1 of 4 training texts are in CYRILLIC letters, most"),
        ([("a кино film фильм", "pos")], [], "1 of 4 training texts mix letters of two scripts"),
    ],
)
def test_suspicious_texts_are_counted(added, held_out, sentence):
    assert check_rows(CLEAN, rows()) == ()
    training = rows(*zip(CLEAN.texts, CLEAN.labels, strict=True), *added)
    sentences = [describe(one) for one in check_rows(training, rows(*held_out))]
    assert any(one.startswith(sentence) for one in sentences), sentences


def test_scripts_that_are_written_together_are_not_mixed():
    japanese = rows(("映画はとても良かったです。カタカナ", "pos"), ("つまらない映画", "neg"))
    assert check_rows(japanese, rows()) == ()


def test_examples_are_short_and_few():
    training = rows(*[(f"{'long ' * 99}", "pos")] * 20)
    found = check_rows(training, rows())[0]
    assert (found.count, len(found.examples)) == (19, 5)
    assert all(len(one) <= 120 for one in found.examples)


def test_wrong_labels_are_found():
    pairs = reviews(300, seed=1)
    wrong = [(text, "neg" if label == "pos" else "pos") for text, label in pairs[:6]]
    doubtful, checked = find_doubtful_labels(rows(*wrong, *pairs[6:]))
    assert checked == 300
    assert {one.text for one in doubtful} <= {text for text, _ in pairs[:6]}
    assert len(doubtful) >= 4
    assert [one.probability for one in doubtful] == sorted(
        (one.probability for one in doubtful), reverse=True
    )
    sentence = describe(noise_finding(doubtful, checked))
    assert sentence.startswith(f"{len(doubtful)} of 300 training texts have a label")
    right, _ = find_doubtful_labels(rows(*pairs))
    assert right == ()


def test_labels_with_few_texts_are_not_checked():
    pairs = [*reviews(30, seed=1), ("one of its kind", "rare")]
    assert find_doubtful_labels(rows(*pairs))[1] == 30
    assert find_doubtful_labels(rows(("a b", "x"), ("c d", "y"))) == ((), 0)
