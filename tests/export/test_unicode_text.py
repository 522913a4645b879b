"""The Keras layer of Unicode rules: the runtime's ids, and every target behind it."""

from __future__ import annotations

import base64
import random
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from edgernn_export import Examples, Options, export
from edgernn_export.errors import OptionError, UnsupportedModelError
from edgernn_export.keras.ids_model import ids_model
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.padding import Stated
from edgernn_export.keras.reader import read_source
from edgernn_export.keras.text_vectorization import vectorizer_front
from edgernn_export.keras.unicode_text import UnicodeTextVectorization
from edgernn_runtime import load
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec
from edgernn_runtime.vocabulary import MAX_TOKEN_BYTES
from tests.export.test_c_folder import PASSED, made
from tests.models import both, cell, dense, text_model
from tests.runtime import test_unicode_rules as unicode

_WORDS = ["Хороший", "ПЛОХОЙ", "фильм", "Überraschung", "straße", "très", "ÉTÉ", "good", "don’t"]
_WORDS += [
    "这本书很好",
    "东西不好。",
    "映画が面白い",
    "ที่นี่ดีมาก",
    "한국어",
    "😀",
    "❤️",
    "ＦＩＬＭ",
    "２",
]


def make_texts(count, seed=0):
    draw = random.Random(seed)
    return [" ".join(draw.choices(_WORDS, k=draw.randint(1, 12))) for _ in range(count)]


EXAMPLES = Examples(tuple(make_texts(120, seed=3)), None, "synthetic")


def make_layer(**options):
    layer = UnicodeTextVectorization(**options)
    layer.adapt(make_texts(60, seed=9))
    return layer


def padded(rows, length):
    found = np.zeros((len(rows), length), dtype=np.int64)
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


# ---- The layer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [{}, {"ngrams": [2, 1]}, {"max_length": 4}])
def test_the_layer_gives_the_ids_of_the_vectors(spec):
    value = {**TokenizerSpec(rules="unicode").to_json(), **spec}
    cases = [case for case in unicode.CASES if case["spec"] == value]
    assert len(cases) >= 5
    layer = UnicodeTextVectorization(
        ngrams=spec.get("ngrams"),
        output_sequence_length=spec.get("max_length"),
        vocabulary=[token.decode() for token in unicode.VOCABULARY],
    )
    texts = [base64.b64decode(case["text"]) for case in cases]
    longest = spec.get("max_length") or max(len(case["ids"]) for case in cases)
    expected = padded([case["ids"] for case in cases], longest)
    for given_texts in (tf.constant(texts), tf.constant([[text] for text in texts])):
        ids = layer(given_texts)
        assert ids.dtype == tf.int64
        assert np.array_equal(ids, expected)


LAYER = make_layer()


@given(st.lists(st.text(unicode.ALPHABET, max_size=20), min_size=1, max_size=5))
def test_the_layer_is_the_tokenizer(texts):
    tokenizer = Tokenizer(LAYER.spec, [token.encode() for token in LAYER.get_vocabulary()])
    rows = [tokenizer.ids(text) for text in texts]
    longest = max(map(len, rows))
    assert np.array_equal(LAYER(np.array(texts, dtype=object)), padded(rows, longest))


def test_an_empty_text_alone_has_no_ids():
    assert LAYER([""]).shape == (1, 0)
    assert make_layer(output_sequence_length=3)([""]).numpy().tolist() == [[0, 0, 0]]


def test_the_number_of_ngrams_means_all_widths_up_to_it():
    layer = UnicodeTextVectorization(ngrams=2, vocabulary=["a", "b", "a b"])
    assert layer.spec.ngrams == (1, 2)
    assert layer(["A b"]).numpy().tolist() == [[2, 3, 4]]


@pytest.mark.parametrize("max_tokens", [None, 9])
def test_the_vocabulary_is_in_the_order_of_keras(max_tokens):
    # On ASCII without capitals and marks, both rules cut alike; many words are equally frequent.
    draw = random.Random(1)
    words = [f"{a}{b}" for a in "abc" for b in "xyz0"]
    texts = [" ".join(draw.choices(words, k=9)) for _ in range(12)]
    theirs = layers.TextVectorization(max_tokens=max_tokens)
    theirs.adapt(np.array(texts, dtype=object))
    ours = UnicodeTextVectorization(max_tokens=max_tokens)
    ours.adapt(texts)
    assert ours.get_vocabulary() == theirs.get_vocabulary()
    assert ours.vocabulary_size() == (max_tokens or len(words) + 2)


def test_a_token_that_no_file_can_hold_is_not_learned():
    layer = UnicodeTextVectorization()
    longest = MAX_TOKEN_BYTES // len("é".encode())
    layer.adapt(["é" * longest, "é" * (longest + 1), "a"])
    assert layer.get_vocabulary() == ["", "[UNK]", "é" * longest, "a"]


def test_a_saved_model_keeps_the_layer(tmp_path):
    model = text_model(cell("LSTM"), dense(), tokenizer=make_layer(output_sequence_length=9))
    model.save(tmp_path / "model.keras")
    texts = tf.constant([[text] for text in EXAMPLES.texts[:20]])
    loaded = load_keras(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == model.layers[0].get_config()
    assert np.array_equal(loaded(texts), model(texts))
    assert np.array_equal(loaded.predict(texts, verbose=0), model.predict(texts, verbose=0))
    dataset = tf.data.Dataset.from_tensor_slices(texts).batch(4).map(loaded.layers[0])
    assert np.array_equal(np.concatenate(list(dataset)), model.layers[0](texts))


# ---- The targets ----------------------------------------------------------------------------------


def stack(kind):
    return (both(cell(kind, 8)), dense())


def outputs(model, texts):
    return np.array([model(tf.constant([[text]])).numpy()[0] for text in texts])


@pytest.mark.parametrize("target", ["tflite", "onnx", "native"])
@pytest.mark.parametrize("length", [None, 6])
def test_a_bundle_predicts_what_keras_does(target, length, tmp_path):
    model = text_model(*stack("LSTM"), tokenizer=make_layer(output_sequence_length=length))
    model.save(tmp_path / "model.keras")
    options = Options(target, allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.comparison.max_change <= 1e-5
    texts = [*EXAMPLES.texts[:20], "НЕВИДАННОЕ слово", "a\xffb 这。"]
    with load(done.path) as classifier:
        assert classifier.bundle.manifest.tokenizer == TokenizerSpec(
            max_length=length, rules="unicode"
        )
        found = np.array([classifier.output(text) for text in texts])
        assert classifier.predict("ПЛОХОЙ фильм").label == classifier.predict("плохой ФИЛЬМ").label
    assert found == pytest.approx(outputs(model, texts), abs=1e-5)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("recipe", ["none", "int8"])
def test_a_folder_of_c_has_the_same_ids_and_labels(recipe, tmp_path):
    text_model(*stack("GRU"), tokenizer=make_layer(max_tokens=40)).save(tmp_path / "model.keras")
    options = Options("c", recipe, allow_drop=True)
    export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
    assert made(tmp_path / "c", "test").startswith(PASSED)


def test_both_ends_of_a_text_from_a_layer_in_front(tmp_path):
    layer = make_layer(output_sequence_length=5)
    keras.Sequential([keras.Input((1,), dtype="string"), layer]).save(tmp_path / "text.keras")
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(layer.vocabulary_size(), 6, mask_zero=True),
            cell("LSTM"),
            dense(),
        ]
    )
    model.save(tmp_path / "model.keras")
    stated = Stated(truncating="head+tail")
    options = Options("onnx", vocabulary=tmp_path / "text.keras", stated=stated, allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.comparison.max_change <= 1e-5
    spec = replace(layer.spec, truncate="head+tail")
    tokenizer = Tokenizer(spec, [token.encode() for token in layer.get_vocabulary()])
    text = "这本书很好 ПЛОХОЙ фильм"
    assert len(tokenizer.ids(text)) == 5
    assert tokenizer.tokens(text)[-1] == "фильм".encode()
    with load(done.path) as classifier:
        expected = model(padded([tokenizer.ids(text)], 5)).numpy()[0]
        assert classifier.output(text) == pytest.approx(expected, abs=1e-5)


def test_the_fallback_conversion_cuts_behind_the_layer(tmp_path):
    layer = make_layer(output_sequence_length=7)
    text = keras.Input((1,), dtype="string")
    x = layers.Embedding(layer.vocabulary_size(), 6)(layer(text))
    x = layers.Concatenate()([layers.GlobalMaxPooling1D()(x), layers.Conv1D(4, 7)(x)[:, 0]])
    model = keras.Model(text, dense()(x))
    model.save(tmp_path / "model.keras")
    source = read_source(load_keras(tmp_path / "model.keras"))
    ids = layer(list(EXAMPLES.texts[:5]))
    assert ids_model(source)(ids).numpy() == pytest.approx(outputs(model, EXAMPLES.texts[:5]))
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", Options("onnx"), EXAMPLES)
    with load(done.path) as classifier:
        found = classifier.output(EXAMPLES.texts[0])
    assert found == pytest.approx(outputs(model, EXAMPLES.texts[:1])[0], abs=1e-5)


def test_a_vocabulary_beside_the_layer_is_refused():
    model = text_model(*stack("LSTM"), tokenizer=make_layer())
    with pytest.raises(OptionError, match="its own vocabulary") as error:
        read_source(model, front=vectorizer_front(make_layer()))
    assert "a UnicodeTextVectorization" in str(error.value.found)


def test_two_layers_of_other_rules_are_refused():
    text = keras.Input((1,), dtype="string")
    one = make_layer(output_sequence_length=4)
    other = layers.TextVectorization(vocabulary=one.get_vocabulary()[2:], output_sequence_length=4)
    table = layers.Embedding(one.vocabulary_size(), 4)
    x = layers.Add()([table(one(text)), table(other(text))])
    model = keras.Model(text, dense()(cell("LSTM")(x)))
    with pytest.raises(UnsupportedModelError, match="tokenize a text in two ways"):
        read_source(model)
