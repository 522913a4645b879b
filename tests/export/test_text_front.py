"""Models of ids with the tokenizer that their users had: Tokenizer, word index, declared steps."""

from __future__ import annotations

import csv
import json
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgernn_export import Options, export
from edgernn_export.errors import GateError, ModelFileError, OptionError
from edgernn_export.keras.padding import Stated
from edgernn_export.keras.tokenizer_file import load_tokenizer
from edgernn_export.keras.word_index import load_word_index
from edgernn_export.reference_file import read_reference
from edgernn_runtime import load
from edgernn_runtime.tokenizer import Tokenizer
from tests.conftest import make_texts
from tests.models import cell, dense, sequences, spread

layers = keras.layers
legacy = tf.keras.preprocessing.text
LENGTH = 10
#: Texts whose ids differ between Keras's Tokenizer and its TextVectorization.
_LONG = ", half-baked; <br />don't 7 ÉTÉ\u00a0Σας ΟΔΟΣ. {so}end-{end}"
TEXTS = tuple(
    text.upper() + (_LONG.format(so="so " * (i % 9), end=i % 7) if i % 2 else f" {i % 5}")
    for i, text in enumerate(make_texts(120, seed=5, longest=8))
)


def fitted(**options):
    tokenizer = legacy.Tokenizer(**options)
    tokenizer.fit_on_texts(TEXTS[:80])
    return tokenizer


def sequences_of(tokenizer):
    return tokenizer.texts_to_sequences


def rnn(rows, *, length=LENGTH, mask=False, pooled=False):
    stack = (sequences("LSTM"), layers.GlobalMaxPooling1D()) if pooled else (cell("LSTM"),)
    embedding = layers.Embedding(rows, 6, mask_zero=mask)
    return spread(
        keras.Sequential([keras.Input((length,), dtype="int32"), embedding, *stack, dense()])
    )


def pipeline(model, to_ids, padding, truncating, length=LENGTH):
    """Return the user's own pipeline: texts in, probabilities out."""

    def predict(texts):
        rows = to_ids(list(texts))
        ids = keras.utils.pad_sequences(rows, length, padding=padding, truncating=truncating)
        return model.predict(ids, verbose=0)

    # Both labels are predicted for half of the texts.
    middle = np.median(predict(TEXTS))
    bias = model.layers[-1].bias
    bias.assign(bias - np.log(middle / (1 - middle)))
    return predict


def write_reference(path, predict, texts=TEXTS):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "probability"])
        writer.writerows([text, *row] for text, row in zip(texts, predict(texts), strict=True))
    return path


def outputs(path, texts=TEXTS):
    with load(path) as classifier:
        return np.array([classifier.output(text) for text in texts])


@pytest.mark.parametrize("model_format", ["native", "onnx"])
@pytest.mark.parametrize(
    ("options", "padding", "truncating"),
    [
        ({}, "pre", "pre"),
        ({"num_words": 40, "oov_token": "<OOV>"}, "post", "post"),
        ({"num_words": 25}, "pre", "post"),
        ({"char_level": True, "lower": False, "oov_token": "?"}, "post", "pre"),
        ({"filters": "!.", "split": "-"}, "pre", "pre"),
    ],
)
def test_a_tokenizer_and_its_padding_are_its_users_own(
    tmp_path, model_format, options, padding, truncating
):
    tokenizer = fitted(**options)
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    model = rnn(len(tokenizer.word_index) + 1)
    predict = pipeline(model, sequences_of(tokenizer), padding, truncating)
    chosen = Options(
        model_format,
        tokenizer=tmp_path / "tokenizer.json",
        stated=Stated(padding, truncating),
        reference=write_reference(tmp_path / "reference.csv", predict),
        allow_drop=False,
    )
    done = export(model, tmp_path / "x.edgernn", chosen)
    assert done.comparison.reference == "Keras and its Tokenizer"
    assert done.comparison.source == "reference predictions"
    assert np.abs(outputs(done.path) - predict(TEXTS)).max() <= 1e-5


WRONG = {
    "other padding": {"stated": Stated("post", "pre")},
    "other truncation": {"stated": Stated("pre", "post")},
    "a step too many": {"standardize": ("strip_digits",)},
    "another tokenizer": {"tokenizer": "other.json"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_option_fails_the_gate_of_the_reference_predictions(tmp_path, name):
    tokenizer = fitted()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    (tmp_path / "other.json").write_text(fitted(num_words=30).to_json())
    model = rnn(len(tokenizer.word_index) + 1)
    predict = pipeline(model, sequences_of(tokenizer), "pre", "pre")
    right = {
        "tokenizer": "tokenizer.json",
        "stated": Stated("pre", "pre"),
        "reference": write_reference(tmp_path / "reference.csv", predict),
    }
    chosen = {**right, **WRONG[name]}
    chosen["tokenizer"] = tmp_path / chosen["tokenizer"]
    with pytest.raises(GateError, match="reference predictions") as caught:
        export(model, tmp_path / "x.edgernn", Options("native", quantize="int8", **chosen))
    is_padding = "stated" in WRONG[name]
    hint = "Keras equals your predictions with --padding pre --truncating pre"
    options = "--tokenizer or --vocabulary, --standardize, --padding"
    assert (hint if is_padding else options) in str(caught.value)
    assert not (tmp_path / "x.edgernn").exists()


def test_options_that_nothing_proves_are_warned_of(tmp_path):
    tokenizer = fitted()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    model = rnn(len(tokenizer.word_index) + 1)
    predict = pipeline(model, sequences_of(tokenizer), "pre", "pre")
    chosen = {"tokenizer": tmp_path / "tokenizer.json", "stated": Stated("pre", "pre")}
    done = export(model, tmp_path / "x.edgernn", Options("onnx", allow_drop=True, **chosen))
    (warning,) = (one for one in done.warnings if "pipeline" in one)
    assert "--tokenizer, --padding, --truncating are taken as stated; --reference" in warning
    done.path.unlink()
    chosen["reference"] = write_reference(tmp_path / "reference.csv", predict)
    done = export(model, tmp_path / "x.edgernn", Options("onnx", **chosen))
    assert not any("pipeline" in one for one in done.warnings)


def test_a_model_that_predicts_one_label_alone_is_named(tmp_path):
    tokenizer = fitted()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    model = rnn(len(tokenizer.word_index) + 1)
    predict = pipeline(model, sequences_of(tokenizer), "pre", "pre")
    model.layers[-1].bias.assign(model.layers[-1].bias + 3.0)
    chosen = Options(
        "onnx",
        tokenizer=tmp_path / "tokenizer.json",
        stated=Stated("pre", "pre"),
        reference=write_reference(tmp_path / "reference.csv", predict),
    )
    with pytest.raises(GateError, match="Keras predicts the same label for all") as caught:
        export(model, tmp_path / "x.edgernn", chosen)
    assert "train the model further" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("text,pos", lambda p: [p]),
        ("text,neg", lambda p: [1 - p]),
        ("text,neg,pos", lambda p: [1 - p, p]),
        ("text,pos,neg", lambda p: [p, 1 - p]),
        (",text,probability,pos", lambda p: [0.25, p]),
    ],
)
def test_columns_of_reference_predictions_are_found_by_name(tmp_path, header, column):
    rows = [("good", 0.75), ("bad", 0.125)]
    with (tmp_path / "reference.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        for i, (text, p) in enumerate(rows):
            writer.writerow([*([i] if header.startswith(",") else []), text, *column(p)])
    read = read_reference(tmp_path / "reference.csv", 1, ("neg", "pos"))
    assert read.texts == ("good", "bad")
    assert read.outputs.tolist() == [[0.75], [0.125]]


def test_without_a_statement_the_export_names_the_options(tmp_path):
    tokenizer = fitted()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    chosen = Options("native", tokenizer=tmp_path / "tokenizer.json")
    rows = len(tokenizer.word_index) + 1
    with pytest.raises(OptionError, match="--padding pre --truncating pre"):
        export(rnn(rows), tmp_path / "x.edgernn", chosen)
    with pytest.raises(OptionError, match="the truncation of long texts is not stated"):
        export(rnn(rows, mask=True), tmp_path / "x.edgernn", chosen)


def test_a_masked_model_reads_bare_ids(tmp_path):
    tokenizer = fitted(oov_token="<OOV>")
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    model = rnn(len(tokenizer.word_index) + 1, mask=True)
    predict = pipeline(model, sequences_of(tokenizer), "pre", "pre")
    chosen = Options(
        "native", tokenizer=tmp_path / "tokenizer.json", stated=Stated(truncating="pre")
    )
    done = export(model, tmp_path / "x.edgernn", chosen)
    with load(done.path) as classifier:
        assert classifier.bundle.manifest.pad_to is None
    assert np.abs(outputs(done.path) - predict(TEXTS)).max() <= 1e-5


def dataset(texts):
    """Return a word index, and Keras's own ids for texts, as `load_data` numbers them."""
    index = fitted().word_index

    def to_ids(some, rows):
        words = [legacy.text_to_word_sequence(text) for text in some]
        shifted = [[1, *(index[w] + 3 if w in index else 2 for w in row)] for row in words]
        return [[i if i < rows else 2 for i in row] for row in shifted]

    return index, to_ids


@pytest.mark.parametrize("rows", [30, 400])
def test_a_word_index_of_a_data_set_has_start_oov_and_offset(tmp_path, rows):
    index, to_ids = dataset(TEXTS)
    (tmp_path / "imdb_word_index.json").write_text(json.dumps(index))
    model = rnn(rows)
    predict = pipeline(model, lambda texts: to_ids(texts, rows), "pre", "pre")
    chosen = Options(
        "native",
        vocabulary=tmp_path / "imdb_word_index.json",
        stated=Stated("pre", "pre"),
        reference=write_reference(tmp_path / "reference.csv", predict),
    )
    done = export(model, tmp_path / "x.edgernn", chosen)
    assert done.comparison.reference == "Keras on the word index's ids"
    assert np.abs(outputs(done.path) - predict(TEXTS)).max() <= 1e-5
    assert outputs(done.path, ["", "!"])[0] == pytest.approx(predict([""])[0], abs=1e-5)


def test_code_in_front_of_a_tokenizer_is_declared(tmp_path):
    tokenizer = fitted()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    model = rnn(len(tokenizer.word_index) + 1)

    def cleaned(texts):
        return tokenizer.texts_to_sequences([t.replace("<br />", " ").lower() for t in texts])

    predict = pipeline(model, cleaned, "pre", "pre")
    chosen = {
        "tokenizer": tmp_path / "tokenizer.json",
        "stated": Stated("pre", "pre"),
        "reference": write_reference(tmp_path / "reference.csv", predict),
    }
    done = export(
        model, tmp_path / "x.edgernn", Options("onnx", standardize=("br_to_space",), **chosen)
    )
    assert np.abs(outputs(done.path) - predict(TEXTS)).max() <= 1e-5
    done.path.unlink()
    with pytest.raises(GateError, match="reference predictions"):
        export(model, tmp_path / "x.edgernn", Options("onnx", **chosen))


def test_an_unknown_step_is_named(tmp_path):
    with pytest.raises(OptionError, match="did you mean strip_html") as caught:
        export(rnn(9), tmp_path / "x.edgernn", Options("onnx", standardize=("strip-html",)))
    assert "--standardize lower |" in str(caught.value)


def test_a_pickle_is_refused_with_the_lines_that_turn_it_into_json(tmp_path):
    (tmp_path / "tokenizer.pickle").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelFileError, match="a pickled Tokenizer") as caught:
        load_tokenizer(tmp_path / "tokenizer.pickle")
    assert "pickle.load(open(" in str(caught.value)
    assert "tokenizer.to_json()" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: config.update(split="ab"), "split is not one character"),
        (lambda config: config.update(word_index='{"a": 2}'), "does not number its words from 1"),
        (lambda config: config.update(word_index='{"a": "1"}'), "does not number its words"),
        (lambda config: config.update(word_index="[]"), "no words"),
        (lambda config: config.update(word_index="{"), "a word_index that is not JSON"),
        (lambda config: config.update(oov_token="?"), "the oov_token '\\?' is not in word_index"),
        (lambda config: config.update(num_words="9"), "num_words: '9'"),
        (lambda config: config.pop("filters"), "filters: None"),
    ],
)
def test_a_damaged_tokenizer_is_refused(tmp_path, change, said):
    value = json.loads(fitted().to_json())
    change(value["config"])
    (tmp_path / "tokenizer.json").write_text(json.dumps(value))
    with pytest.raises(ModelFileError, match=said):
        load_tokenizer(tmp_path / "tokenizer.json")


def rows_on_the_device(front, texts):
    tokenizer = Tokenizer(front.spec, front.vocabulary)
    return [tokenizer.ids(text).tolist() for text in texts]


def test_a_tokenizer_encoded_twice_is_read(tmp_path):
    tokenizer = fitted()
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer.to_json()))
    front = load_tokenizer(tmp_path / "tokenizer.json")
    assert [row.tolist() for row in front.look_up(TEXTS)] == tokenizer.texts_to_sequences(TEXTS)
    assert rows_on_the_device(front, TEXTS) == tokenizer.texts_to_sequences(TEXTS)


def test_an_oov_token_that_is_also_a_word_has_the_words_number(tmp_path):
    tokenizer = fitted(oov_token="so")
    assert 1 not in tokenizer.word_index.values()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    front = load_tokenizer(tmp_path / "tokenizer.json")
    assert front.spec.oov == tokenizer.word_index["so"] > 1
    texts = [*TEXTS, "unused", " unused so new"]
    assert rows_on_the_device(front, texts) == tokenizer.texts_to_sequences(texts)


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": 1, "b": 1}', "{}"])
def test_a_damaged_word_index_is_refused(tmp_path, content):
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(ModelFileError):
        load_word_index(tmp_path / "index.json", None)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "found:    no header"),
        ("text\n", "1 of probabilities"),
        ("text,a\n", "a header alone"),
        ("text,a\nx,0\ny,1\n", "which are labels"),
        ("text,a\nx,2\n", "'2' in row 2"),
        ("text,a\nx,nan\n", "'nan' in row 2"),
        ("text,a\nx,maybe\n", "'maybe' in row 2"),
        ("text,a\nx,0.5,1\n", "3 in row 2"),
        ("words,a\nx,1\n", "words, a"),
        ("text,a,b,c\nx,1,0,0\n", "text, a, b, c"),
    ],
)
def test_wrong_reference_predictions_are_refused(tmp_path, rows, said):
    tokenizer = fitted()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    (tmp_path / "reference.csv").write_text(rows)
    chosen = Options(
        "native",
        tokenizer=tmp_path / "tokenizer.json",
        stated=Stated("pre", "pre"),
        reference=tmp_path / "reference.csv",
    )
    with pytest.raises(OptionError, match="the reference predictions cannot be read") as caught:
        export(rnn(len(tokenizer.word_index) + 1), tmp_path / "x.edgernn", chosen)
    assert said in str(caught.value)
