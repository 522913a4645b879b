"""The wide path: words, n-grams, buckets and characters."""

from __future__ import annotations

import random

import numpy as np
import pytest

from edgernn.training.batches import EncodedTexts
from edgernn.training.options import WideOptions
from edgernn.training.path_sum import accuracy
from edgernn.training.wide import fit_wide
from tests.edgernn.conftest import unlike_words


def encoded(texts, targets):
    longest = max(map(len, texts))
    ids = np.array([row + [0] * (longest - len(row)) for row in texts], dtype=np.int32)
    return EncodedTexts(ids, np.asarray(targets, np.int32), np.ones(len(targets), np.float32))


def order_matters(count, seed):
    """Return texts in which `3 4` is one class and `4 3` the other, among other words."""
    draw = random.Random(seed)
    texts, targets = [], []
    for _ in range(count):
        target = draw.randrange(2)
        pair = [3, 4] if target else [4, 3]
        place = draw.randrange(1, 6)
        words = [draw.randrange(5, 12) for _ in range(6)]
        texts.append(words[:place] + pair + words[place:])
        targets.append(target)
    return encoded(texts, targets)


def with_rare_label(count, seed):
    """Return texts of which one in 50 has the label 1, and then two of seven words."""
    draw = random.Random(seed)
    texts, targets = [], []
    for i in range(count):
        target = int(i % 50 == 0)
        drawn = [9 + int(draw.paretovariate(0.5)) for _ in range(12)]
        words = [word if word < 500 else draw.randrange(10, 500) for word in drawn]
        for _ in range(2 if target else int(draw.random() < 0.02)):
            words[draw.randrange(12)] = draw.randrange(3, 10)
        texts.append(words)
        targets.append(target)
    return encoded(texts, targets)


def test_a_rare_label_does_not_need_validation_texts_to_be_fitted_well():
    training, test = with_rare_label(1500, 1), with_rare_label(1500, 101)
    common = np.flatnonzero(test.targets == 0)[:100]
    validation = EncodedTexts(test.ids[common], test.targets[common], test.weights[common])
    options = WideOptions()
    wide = fit_wide(training, validation, unlike_words(500), 2, options)
    logits = wide.logits(test, options.patterns)[:, 0]
    rare, others = logits[test.targets == 1], logits[test.targets == 0]
    # With log-count ratios it is 0.98.
    assert (rare[:, np.newaxis] > others).mean() > 0.99
    assert wide.scaling == "idf"


def test_one_text_of_a_rare_label_is_enough():
    training = with_rare_label(50, 1)
    assert training.targets.sum() == 1
    wide = fit_wide(training, with_rare_label(50, 2), unlike_words(500), 2, WideOptions())
    assert np.isfinite(wide.validation).all()


def test_bigrams_are_learned_if_single_words_carry_no_signal():
    training, validation = order_matters(300, 1), order_matters(100, 2)
    pairs = fit_wide(training, validation, unlike_words(12), 2, WideOptions())
    words = fit_wide(training, validation, unlike_words(12), 2, WideOptions(patterns=()))
    assert accuracy(pairs.validation, validation.targets) > 0.98
    assert accuracy(words.validation, validation.targets) < 0.7


def test_weights_are_multiples_of_a_step_so_int8_is_exact():
    wide = fit_wide(order_matters(200, 1), order_matters(50, 2), unlike_words(12), 2, WideOptions())
    step = np.abs(wide.weights).max() / 127
    levels = wide.weights / step
    assert np.abs(levels - np.rint(levels)).max() < 1e-3


def test_a_bucket_belongs_to_one_ngram():
    wide = fit_wide(
        order_matters(300, 1), order_matters(50, 2), unlike_words(12), 2, WideOptions(buckets=1024)
    )
    assert len(wide.checksums) == 1024
    used = np.flatnonzero(np.abs(wide.weights[12:]).max(axis=1))
    assert 0 < len(used) < 1024


def test_a_rare_word_learns_from_the_characters_that_it_shares():
    stems, endings = ("refund", "invoic"), [chr(0x4E00 + i) * 2 for i in range(60)]
    vocabulary = ["", "[UNK]", *(stem + ending for stem in stems for ending in endings)]
    words = range(2, 122)
    targets = np.asarray([int(word >= 62) for word in words])
    # Each word is in one training text, of which one in six has the wrong label.
    wrong = np.arange(120) % 6 == 0
    training = encoded([[word] for word in words], targets ^ wrong)
    validation = encoded([[word] for word in words], targets)
    wide = fit_wide(training, validation, vocabulary, 2, WideOptions())
    assert accuracy(wide.validation, validation.targets) == 1
    alone = fit_wide(training, validation, unlike_words(122), 2, WideOptions())
    assert accuracy(alone.validation, validation.targets) == pytest.approx(5 / 6)


def test_many_words_are_fitted_without_their_characters(monkeypatch):
    vocabulary = ["", "[UNK]", *(f"word{i}" for i in range(10))]
    training, validation = order_matters(200, 1), order_matters(50, 2)
    monkeypatch.setattr("edgernn.training.wide._MOST_WORDS_WITH_SUBWORDS", 0)
    found = fit_wide(training, validation, vocabulary, 2, WideOptions())
    alone = fit_wide(training, validation, unlike_words(12), 2, WideOptions())
    assert np.array_equal(found.weights, alone.weights)


def test_validation_logits_are_those_of_the_path():
    validation = order_matters(50, 2)
    wide = fit_wide(order_matters(200, 1), validation, unlike_words(12), 2, WideOptions())
    found = wide.logits(validation, WideOptions().patterns)
    assert np.allclose(found, wide.validation, atol=1e-4)
