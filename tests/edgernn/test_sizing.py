"""Sizes that follow the data: bundle sizes, vocabularies and epochs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgernn.commands.options import Size
from edgernn.errors import OptionError
from edgernn.training.options import PRESETS
from edgernn.training.sizing import _token_lengths, fit_sizes
from edgernn_runtime.text_section import TextSection, encode_text_section
from edgernn_runtime.tokenizer import TokenizerSpec


@pytest.mark.parametrize("tokens", [300, 1025, 4097, 12_000])
def test_the_estimated_vocabulary_is_no_smaller_than_the_stored_one(tokens):
    words = [f"{i:x}" for i in range(tokens)]
    vocabulary = (b"", b"[UNK]", *(word.encode() for word in words))
    text = TextSection(TokenizerSpec(), None, ("neg", "pos"), (0.5,), vocabulary)
    stored = len(encode_text_section(text))
    estimated = sum(_token_lengths([" ".join(words)]))
    assert stored - 100 <= estimated <= 1.3 * stored


def test_many_classes_leave_no_room_for_the_wide_path_of_tiny():
    texts = [f"word{i} word{i + 1}" for i in range(3000)]
    assert fit_sizes(PRESETS["tiny"], texts, 77, None).wide is None
    assert fit_sizes(PRESETS["tiny"], texts, 6, None).wide is not None


def test_a_size_below_the_smallest_model_is_rejected():
    with pytest.raises(OptionError, match="no model fits"):
        fit_sizes(PRESETS["small"], ["a b c"] * 10, 2, 5_000)


def test_the_vocabulary_takes_what_is_left_of_the_size():
    texts = [f"w{i}" for i in range(12_000)]
    found = fit_sizes(PRESETS["bag"], texts, 2, 90_000)
    assert found.wide.buckets < PRESETS["bag"].wide.buckets
    words = found.text.vocabulary_size
    one_more = replace(found, text=replace(found.text, vocabulary_size=words + 1))
    assert words < 10_000
    assert fit_sizes(one_more, texts, 2, 90_000) == found
    assert fit_sizes(found, texts, 2, 90_000) == found


@pytest.mark.parametrize(
    ("text", "size"), [("1MB", 10**6), ("400kb", 400_000), ("1.5 MB", 1_500_000), ("77", 77)]
)
def test_a_size_is_read(text, size):
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "MB", "-1KB", "1GBB", "0"])
def test_an_invalid_size_is_rejected(text):
    with pytest.raises(Exception, match="is not a size"):
        Size().convert(text, None, None)


@pytest.mark.parametrize(
    ("texts", "classes", "epochs"), [(22_500, 2, 3), (9_000, 77, 30), (4_907, 6, 18), (10**6, 2, 3)]
)
def test_many_classes_and_few_rows_take_more_epochs(texts, classes, epochs):
    assert PRESETS["small"].training.epochs_for(texts, classes) == epochs


@pytest.mark.parametrize(
    ("texts", "classes", "share"), [(22_500, 2, 0.1), (9_000, 4, 0.3), (4_907, 6, 0.3)]
)
def test_few_epochs_replace_fewer_tokens(texts, classes, share):
    training = PRESETS["small"].training
    assert training.token_dropout_for(texts, classes) == pytest.approx(share)
