"""TextVectorization with our own standardization: the ids of its steps, and every target behind it."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from edgernn_export import Examples, Options, export
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.reader import read_source
from edgernn_export.keras.text_vectorization import read_tokenizer, read_vocabulary
from edgernn_export.keras.word_text import WORD_STEPS, lower_and_split_at_punctuation
from edgernn_runtime import load
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec
from tests.conftest import make_texts, make_tokenizer
from tests.export.test_c_folder import PASSED, made
from tests.models import both, cell, dense, text_model

LAYER = make_tokenizer(standardize=lower_and_split_at_punctuation)
SPEC = TokenizerSpec(rules="steps", steps=WORD_STEPS)
TOKENIZER = Tokenizer(SPEC, read_vocabulary(LAYER))
TEXTS = tuple(
    text.upper() + f" bad-film!don't {{good}}{i % 4}_plot" for i, text in enumerate(make_texts(120))
)
EXAMPLES = Examples(TEXTS, None, "synthetic")


def make_model(**options):
    tokenizer = make_tokenizer(standardize=lower_and_split_at_punctuation, **options)
    return text_model(both(cell("LSTM")), dense(), tokenizer=tokenizer)


def outputs(model, texts):
    return np.array([model(tf.constant([[text]])).numpy()[0] for text in texts])


@given(st.text(st.sampled_from("aB filmGOOD'-_!`{~[@/:;\x7f\x00\t\n\u00a0“”É東"), max_size=40))
def test_the_layer_gives_the_ids_of_the_steps(text):
    ids = np.trim_zeros(LAYER([text, "good"])[0].numpy(), "b").tolist()
    assert TOKENIZER.ids(text).tolist() == ids


def test_the_reader_returns_the_steps():
    assert read_tokenizer(LAYER) == (SPEC, None)


def test_punctuation_separates_words():
    assert LAYER(["GOOD-film's"]).numpy().tolist() == LAYER(["good film s"]).numpy().tolist()


def test_declared_steps_come_before_the_own_ones():
    source = read_source(make_model(), steps=("strip_digits",))
    assert source.task.tokenizer.steps == ("strip_digits", *WORD_STEPS)
    assert source.steps == ("strip_digits",)


@pytest.mark.parametrize("target", ["tflite", "onnx", "native"])
def test_a_saved_model_is_exported(target, tmp_path):
    model = make_model(output_sequence_length=9)
    model.save(tmp_path / "model.keras")
    loaded = load_keras(tmp_path / "model.keras")
    assert np.array_equal(outputs(loaded, TEXTS[:9]), outputs(model, TEXTS[:9]))
    options = Options(target, allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.comparison.max_change <= 1e-5
    with load(done.path) as classifier:
        rules = classifier.bundle.manifest.tokenizer
        assert rules == TokenizerSpec(rules="steps", steps=WORD_STEPS, max_length=9)
        found = np.array([classifier.output(text) for text in TEXTS[:20]])
    assert found == pytest.approx(outputs(model, TEXTS[:20]), abs=1e-5)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_folder_of_c_has_the_same_ids_and_labels(tmp_path):
    make_model().save(tmp_path / "model.keras")
    export(tmp_path / "model.keras", tmp_path / "c", Options("c", allow_drop=True), EXAMPLES)
    assert made(tmp_path / "c", "test").startswith(PASSED)


def test_a_function_of_the_same_name_is_refused(tmp_path):
    make_model().save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    own = b"edgernn>lower_and_split_at_punctuation"
    assert own in members["config.json"]
    members["config.json"] = members["config.json"].replace(own, own.partition(b">")[2])
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(UnsupportedModelError, match="lower_and_split_at_punctuation is not part"):
        load_keras(tmp_path / "other.keras")


def test_a_users_function_of_the_same_name_must_be_declared():
    def split(text):
        return tf.strings.regex_replace(text, "film", " ")

    split.__name__ = lower_and_split_at_punctuation.__name__
    model = text_model(cell("LSTM"), dense(), tokenizer=make_tokenizer(standardize=split))
    with pytest.raises(UnsupportedModelError, match="standardize is outside"):
        read_source(model)


def test_a_saved_model_folder_contains_the_function(tmp_path):
    model = make_model()
    model.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    assert saved.serve(tf.constant([["bad-film!don't"]])).numpy() == pytest.approx(
        outputs(model, ["bad film don t"]), abs=1e-6
    )
