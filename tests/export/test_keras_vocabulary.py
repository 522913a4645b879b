"""A `.keras` file whose vocabulary Keras misreads is read as it was written."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edgernn_export import Options, export
from edgernn_export.errors import ModelFileError
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.keras.saved_vocabulary import with_vocabulary_in_config
from edgernn_runtime import load
from tests.conftest import make_model, make_texts

#: What `str.splitlines` cuts at and `TextVectorization` does not.
SEPARATORS = ["\u0085", "\u2028", "\u2029", "\x1c", "\x1d", "\x1e"]


def adapted(separator):
    layer = keras.layers.TextVectorization(max_tokens=60)
    texts = [f"film{separator}scene good {separator} bad", *make_texts(30)]
    layer.adapt(np.array(texts, dtype=object))
    return layer


def test_keras_itself_still_breaks_on_it(tmp_path):
    make_model(tokenizer=adapted("\u0085")).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="could not be loaded"):
        keras.saving.load_model(tmp_path / "model.keras")


@pytest.mark.parametrize("separator", SEPARATORS)
def test_the_ids_are_those_of_the_model_that_was_saved(tmp_path, separator):
    model = make_model(tokenizer=adapted(separator))
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = load_keras(path)
    source = read_source(loaded)
    assert f"film{separator}scene".encode() in source.task.vocabulary
    texts = [f"good {separator} film{separator}scene", *make_texts(20)]
    expected = keras_outputs(read_source(model), texts)
    assert keras_outputs(source, texts) == pytest.approx(expected, abs=1e-6)
    done = export(path, tmp_path / "x.edgernn", Options("onnx"))
    with load(done.path) as classifier:
        found = [classifier.output(text) for text in texts]
    assert np.array(found) == pytest.approx(expected, abs=1e-5)


LINE_FEEDS = {
    "after other tokens": ["ab", "a\nb"],
    "after [UNK]": ["\n\n\n", "ab"],
    "at the end": ["\n", "ab", "ab"],
    "beside other line ends": ["a\r\nb\u0085", "\r\u2028\n"],
    "none": ["ab", "abc"],
}


@pytest.mark.parametrize("case", LINE_FEEDS)
def test_a_line_feed_is_a_token_of_a_character_split(tmp_path, case):
    layer = keras.layers.TextVectorization(split="character", standardize="lower")
    layer.adapt(np.array(LINE_FEEDS[case], dtype=object))
    vocabulary = [str(token) for token in layer.get_vocabulary()]
    assert ("\n" in vocabulary) == (case != "none")
    model = make_model(tokenizer=layer)
    path = tmp_path / "model.keras"
    model.save(path)
    source = read_source(load_keras(path))
    assert source.task.vocabulary == tuple(token.encode() for token in vocabulary)
    texts = ["a\nb", "\n\n", "b\r\na\u0085", "aab"]
    expected = keras_outputs(read_source(model), texts)
    done = export(path, tmp_path / "x.edgernn", Options("native"))
    with load(done.path) as classifier:
        assert [classifier.output(text) for text in texts] == [
            pytest.approx(row, abs=1e-5) for row in expected
        ]
        ids = classifier.tokenize("\n").tolist()
    assert ids == [vocabulary.index("\n") if "\n" in vocabulary else 1]


def test_line_feeds_inside_longer_tokens_are_not_guessed(tmp_path):
    layer = keras.layers.TextVectorization(split="character", standardize=None, ngrams=2)
    layer.adapt(np.array(["a\nb"], dtype=object))
    make_model(tokenizer=layer).save(tmp_path / "model.keras")
    with pytest.raises(ModelFileError, match="cannot load"):
        load_keras(tmp_path / "model.keras")


def test_a_file_that_keras_reads_right_is_left_alone(model_file):
    assert with_vocabulary_in_config(model_file) is None
