"""The generic lowering: what a Network does not cover, by others' converters, to the same gates."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edgernn_export import Examples, Options, export
from edgernn_export.errors import OptionError
from edgernn_export.keras.padding import Stated
from edgernn_runtime import load
from tests import models
from tests.conftest import make_texts, make_tokenizer
from tests.export.test_matrix import BOUNDS
from tests.models import both, cell, dense, sequences, spread

layers = keras.layers
#: The TFLite converter leaves matrices of less than 1,024 weights as they are.
UNITS, EMBEDDING = 32, 64
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
EXAMPLES = Examples(tuple(make_texts(120, seed=3)), None, "file")


def text_model(*stack, **options):
    return models.text_model(*stack, embedding_dim=EMBEDDING, **options)


def embedded(max_length=None):
    tokenizer = make_tokenizer(output_sequence_length=max_length)
    text = keras.Input((1,), dtype="string")
    return text, layers.Embedding(tokenizer.vocabulary_size(), EMBEDDING, mask_zero=True)(
        tokenizer(text)
    )


def attention():
    text, x = embedded()
    x = both(sequences("LSTM", UNITS))(x)
    x = layers.GlobalAveragePooling1D()(layers.Attention()([x, x]))
    return spread(keras.Model(text, layers.Dense(3, activation="softmax")(x)))


def residual():
    text, x = embedded(max_length=20)
    x = layers.Concatenate(name="beside")([x, both(sequences("GRU", UNITS))(x)])
    return spread(keras.Model(text, dense()(cell("LSTM", UNITS)(x))))


MODELS = {
    "conv": (
        "Conv1D",
        lambda: text_model(
            layers.Conv1D(32, 3, padding="same"), both(cell("LSTM", UNITS)), dense()
        ),
    ),
    "conv_of_padded": (
        "Conv1D",
        lambda: text_model(
            layers.Conv1D(32, 3),
            layers.MaxPooling1D(2),
            cell("LSTM", UNITS),
            dense(),
            max_length=20,
            mask=False,
        ),
    ),
    "normalization": (
        "LayerNormalization",
        lambda: text_model(both(cell("LSTM", UNITS)), layers.LayerNormalization(), dense()),
    ),
    "attention": ("Attention", attention),
    "residual": ("beside", residual),
    "mish": (
        "mish",
        lambda: text_model(cell("LSTM", UNITS, activation="mish"), dense(), scale=0.7),
    ),
    "mask_of_the_other_order": (
        "mask of the other order",
        lambda: text_model(
            sequences("LSTM", UNITS, go_backwards=True), cell("LSTM", UNITS), dense(), max_length=20
        ),
    ),
}


@pytest.mark.parametrize("model_format", ["tflite", "onnx"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_is_not_covered_goes_the_generic_way(name, model_format, tmp_path):
    cause, build = MODELS[name]
    build().save(tmp_path / "model.keras")
    for recipe in ("none", "float16", "int8"):
        done = export(
            tmp_path / "model.keras",
            tmp_path / f"{recipe}.edgernn",
            # Random models may give one label only, and lose more in eight bits than trained ones.
            Options(model_format, recipe, allow_drop=True),
            EXAMPLES,
        )
        assert done.lowering == "fallback"
        assert cause in done.warnings[0]
        assert "\n" not in done.warnings[0]
        assert done.comparison.max_change <= BOUNDS[recipe]
        most = max(done.stats.weight_bytes, key=lambda kind: done.stats.weight_bytes[kind])
        assert most == {"none": "float32", "float16": "float16", "int8": "int8"}[recipe]
        with load(done.path) as classifier:
            assert classifier.bundle.manifest.lowering == "fallback"
            assert classifier.predict("").probability >= 0
        if model_format == "tflite":
            (signature,) = Interpreter(model_content=classifier.bundle.model).get_signature_list()
            assert signature == "serving_default"


def ids_of_two_branches():
    """Return a model with two inputs of the same tokens."""
    one, two = keras.Input((None,), name="one"), keras.Input((None,), name="two")
    parts = [both(cell("LSTM"))(layers.Embedding(40, 6, mask_zero=True)(x)) for x in (one, two)]
    return spread(keras.Model([one, two], dense()(layers.Concatenate()(parts))))


def front(folder, **options):
    tokenizer = make_tokenizer(**options)
    model = keras.Sequential([keras.Input((1,), dtype="string"), tokenizer])
    model.save(folder / "text.keras")
    return tokenizer


@pytest.mark.parametrize("model_format", ["tflite", "onnx"])
def test_two_inputs_of_the_same_tokens(model_format, tmp_path):
    front(tmp_path)
    ids_of_two_branches().save(tmp_path / "model.keras")
    options = Options(model_format, vocabulary=tmp_path / "text.keras", allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.lowering == "fallback"
    assert done.comparison.max_change <= 1e-5


def ids_model(max_length=None, mask=True):
    embedding = layers.Embedding(40, 6, mask_zero=mask)
    # Keras's own default: an input of floats.
    return spread(
        keras.Sequential([keras.Input((max_length,)), embedding, both(cell("LSTM")), dense()])
    )


@pytest.mark.parametrize("model_format", ["tflite", "onnx"])
@pytest.mark.parametrize("max_length", [None, 9, 40])
@pytest.mark.parametrize("mask", [True, False])
def test_a_model_of_ids_takes_its_vocabulary_from_a_saved_layer(
    model_format, max_length, mask, tmp_path
):
    tokenizer = front(tmp_path, output_sequence_length=max_length)
    model = ids_model(max_length, mask=mask)
    model.save(tmp_path / "model.keras")
    stated = Stated() if mask else Stated("post", "post") if max_length else Stated("none")
    options = Options(
        model_format, vocabulary=tmp_path / "text.keras", stated=stated, allow_drop=True
    )
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.lowering == "fused"
    text = EXAMPLES.texts[0]
    with load(done.path) as classifier:
        expected = model(np.array(tokenizer([text])), training=False).numpy()[0]
        assert classifier.output(text) == pytest.approx(expected, abs=1e-5)
        assert classifier.bundle.manifest.pad_to == (None if mask else max_length)


@pytest.mark.parametrize("given", [None, 9])
def test_a_model_of_ids_takes_its_vocabulary_from_a_file(given, tmp_path):
    tokenizer = make_tokenizer(output_sequence_length=9)
    model = ids_model(9 if given is None else None)
    model.save(tmp_path / "model.keras")
    words = "".join(f"{word}\n" for word in tokenizer.get_vocabulary())
    (tmp_path / "vocab.txt").write_text(words, encoding="utf-8")
    stated = Stated(max_length=given)
    options = Options("onnx", vocabulary=tmp_path / "vocab.txt", stated=stated, allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    with load(done.path) as classifier:
        for text in EXAMPLES.texts[:20]:
            expected = model(np.array(tokenizer([text])), training=False).numpy()[0]
            assert classifier.output(text) == pytest.approx(expected, abs=1e-5)


def test_a_model_that_has_its_vocabulary_takes_no_other(model_file, tmp_path):
    front(tmp_path)
    options = Options("onnx", vocabulary=tmp_path / "text.keras")
    with pytest.raises(OptionError, match="the model has its own vocabulary"):
        export(model_file, tmp_path / "x.edgernn", options)


def test_an_average_of_nothing_has_the_answer_of_an_unknown_word(tmp_path):
    model = text_model(layers.GlobalAveragePooling1D(), dense())
    model.save(tmp_path / "model.keras")
    done = export(
        tmp_path / "model.keras", tmp_path / "x.edgernn", Options("onnx", allow_drop=True), EXAMPLES
    )
    assert any("NaN for an empty text" in warning for warning in done.warnings)
    with load(done.path) as classifier:
        unknown = classifier.output("unheard")
        assert classifier.output("") == pytest.approx(unknown, abs=1e-6)


@pytest.mark.parametrize("max_length", [5, 8])
@pytest.mark.parametrize("mask", [True, False])
def test_a_model_of_both_ends_of_a_text(max_length, mask, tmp_path):
    front(tmp_path, output_sequence_length=max_length)
    model = ids_model(max_length, mask=mask)
    model.save(tmp_path / "model.keras")
    options = Options(
        "onnx",
        vocabulary=tmp_path / "text.keras",
        stated=Stated(None if mask else "post", "head+tail"),
        allow_drop=True,
    )
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.comparison.max_change <= 1e-5
    whole = make_tokenizer()
    with load(done.path) as classifier:
        for text in (EXAMPLES.texts[0], "film", "film " * max_length + "good"):
            ids = np.trim_zeros(np.array(whole([text]))[0], "b")
            if len(ids) > max_length:
                tail = max_length // 2
                ids = np.concatenate([ids[: max_length - tail], ids[-tail:]])
            padded = np.zeros((1, max_length), dtype=int)
            padded[0, : len(ids)] = ids
            expected = model(padded, training=False).numpy()[0]
            assert classifier.output(text) == pytest.approx(expected, abs=1e-5)


def test_an_activation_that_onnx_lacks_is_named_with_its_layer(tmp_path):
    model = text_model(cell("LSTM", UNITS, activation="selu", name="me"), dense(), scale=0.5)
    model.save(tmp_path / "model.keras")
    for model_format, lowering in (("onnx", "fallback"), ("tflite", "loop")):
        options = Options(model_format, allow_drop=True)
        done = export(tmp_path / "model.keras", tmp_path / model_format, options, EXAMPLES)
        assert done.lowering == lowering
        assert done.comparison.max_change <= 1e-5
        if model_format == "onnx":
            assert "layer me" in done.warnings[0]
            assert "selu" in done.warnings[0]
