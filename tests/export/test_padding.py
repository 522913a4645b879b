"""A model of ids whose output depends on its padding is not exported on a guess."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from edgernn_export import Examples, Options, export
from edgernn_export.errors import ModelFileError, OptionError
from edgernn_export.keras.padding import Stated, measure_padding
from edgernn_export.keras.reader import read_source
from edgernn_export.keras.text_vectorization import load_vectorizer, vectorizer_front
from edgernn_runtime import load
from tests.conftest import make_texts, make_tokenizer
from tests.models import both, cell, dense, sequences, spread

layers = keras.layers
EXAMPLES = Examples(tuple(make_texts(120, seed=3, longest=14)), None, "file")
LENGTH = 12
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")


def ids_model(*stack, length=LENGTH, mask=False, rows=None):
    rows = rows or make_tokenizer().vocabulary_size()
    embedding = layers.Embedding(rows, 6, mask_zero=mask)
    return spread(keras.Sequential([keras.Input((length,), dtype="int32"), embedding, *stack]))


def export_ids(folder, model, words=None, allow_drop=False, **stated):
    """Export a model as its user would, with his own vocabulary."""
    words = words or make_tokenizer().get_vocabulary()
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    model.save(folder / "model.keras")
    options = Options(
        "onnx", vocabulary=folder / "vocab.txt", stated=Stated(**stated), allow_drop=allow_drop
    )
    return export(folder / "model.keras", folder / "x.edgernn", options, EXAMPLES)


#: A model, its length, and whether its output depends on the padding.
MODELS = {
    "last_state": (lambda n: ids_model(cell("LSTM"), dense(), length=n), True),
    "maximum": (
        lambda n: ids_model(
            both(sequences("LSTM")), layers.GlobalMaxPooling1D(), dense(), length=n
        ),
        True,
    ),
    "masked": (lambda n: ids_model(both(cell("LSTM")), dense(), length=n, mask=True), False),
    "masked_backwards": (
        lambda n: ids_model(cell("GRU", go_backwards=True), dense(), length=n, mask=True),
        False,
    ),
    # Zeroed states enter the maximum, however few, on either side.
    "masked_maximum": (
        lambda n: ids_model(
            both(sequences("LSTM")), layers.GlobalMaxPooling1D(), dense(), length=n, mask=True
        ),
        "any length",
    ),
    # A maximum over embeddings has no order.
    "bag": (lambda n: ids_model(layers.GlobalMaxPooling1D(), dense(), length=n), "any length"),
}


@pytest.mark.parametrize("length", [LENGTH, None])
@pytest.mark.parametrize("name", MODELS)
def test_whether_padding_matters_is_measured(name, length):
    build, depends = MODELS[name]
    front = vectorizer_front(make_tokenizer(output_sequence_length=length))
    source = read_source(build(length), front=front)
    depends = length is None if depends == "any length" else depends
    assert (measure_padding(source) > 1e-3) == depends
    assert (measure_padding(source) <= 1e-6) == (not depends)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({}, "expected: --padding pre or post, and --truncating pre or post,"),
        ({"padding": "post"}, "found:    --padding post, outputs that padding changes by"),
        ({"padding": "post"}, "expected: --truncating pre or post,"),
        ({"truncating": "post"}, "TextVectorization pads and truncates behind: --padding post"),
        ({"padding": "none", "truncating": "post"}, "expected: --padding pre or post\n"),
    ],
)
def test_what_is_not_stated_is_asked_for(tmp_path, stated, said):
    with pytest.raises(OptionError) as caught:
        export_ids(tmp_path, ids_model(cell("LSTM"), dense()), **stated)
    assert said in str(caught.value)
    assert not (tmp_path / "x.edgernn").exists()


def test_a_stated_model_is_exported_and_is_its_users_own(tmp_path):
    model = ids_model(both(cell("LSTM")), dense())
    tokenizer = make_tokenizer()
    texts = [*EXAMPLES.texts[:20], " ".join(EXAMPLES.texts[:5])]
    rows = [np.trim_zeros(np.array(tokenizer([text]))[0], "b") for text in texts]
    assert max(map(len, rows)) > LENGTH
    for stated in itertools.product(("post", "pre"), ("post", "pre")):
        padding, truncating = stated
        done = export_ids(tmp_path, model, padding=padding, truncating=truncating, allow_drop=True)
        assert done.comparison.reference == "Keras on edgernn's own ids"
        with load(done.path) as classifier:
            found = np.array([classifier.output(text) for text in texts])
        done.path.unlink()
        for other in itertools.product(("post", "pre"), ("post", "pre")):
            padded = keras.utils.pad_sequences(rows, LENGTH, padding=other[0], truncating=other[1])
            change = np.abs(np.asarray(model(padded)) - found).max()
            # The sides are no detail: they are what the statement is about.
            assert (change <= 1e-5, change > 0.01) == (other == stated, other != stated)


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True}])
def test_a_masked_maximum_of_one_direction_follows_the_padding(tmp_path, padding, options):
    stack = sequences("LSTM", **options), layers.GlobalMaxPooling1D(), dense()
    model = ids_model(*stack, mask=True)
    with pytest.raises(OptionError, match="depends on the padding"):
        export_ids(tmp_path, model)
    done = export_ids(tmp_path, model, padding=padding, truncating="post", allow_drop=True)
    assert done.comparison.max_change <= 1e-5


@pytest.mark.parametrize("padding", [None, "pre", "post"])
def test_a_masked_model_needs_no_statement(tmp_path, padding):
    model = ids_model(cell("LSTM"), dense(), mask=True)
    done = export_ids(tmp_path, model, padding=padding, allow_drop=True)
    assert done.comparison.max_change <= 1e-5
    truncation, pipeline, names = done.warnings
    assert f"more than {LENGTH:,} tokens the first ones are read; state --truncating" in truncation
    assert "not compared with your own pipeline: --vocabulary" in pipeline
    assert names.startswith("no --labels")
    (tmp_path / "x.edgernn").unlink()
    warning, _ = export_ids(tmp_path, model, truncating="post", allow_drop=True).warnings
    assert warning.startswith("not compared with your own pipeline: --vocabulary, --truncating")


def test_a_model_of_any_length_is_fed_bare_ids_or_has_a_length(tmp_path):
    model = ids_model(cell("LSTM"), dense(), length=None)
    with pytest.raises(OptionError, match="--padding none"):
        export_ids(tmp_path, model)
    with pytest.raises(OptionError, match="or --max-length with --padding post"):
        export_ids(tmp_path, model, padding="post")
    assert export_ids(tmp_path, model, padding="none", allow_drop=True).path.exists()
    (tmp_path / "x.edgernn").unlink()
    stated = {"padding": "post", "truncating": "post", "max_length": LENGTH}
    with load(export_ids(tmp_path, model, allow_drop=True, **stated).path) as classifier:
        assert classifier.bundle.manifest.pad_to == LENGTH


def test_a_vocabulary_joined_without_a_last_line_feed_is_read(tmp_path):
    words = make_tokenizer().get_vocabulary()
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    front = load_vectorizer(tmp_path / "vocab.txt")
    assert [token.decode() for token in front.vocabulary] == words
    # An empty last token would be the pad again; a backslash is the beginning of an escape.
    for end in ("\n\n", "\\"):
        (tmp_path / "vocab.txt").write_text("\n".join(words) + end, encoding="utf-8")
        with pytest.raises(ModelFileError, match="malformed"):
            load_vectorizer(tmp_path / "vocab.txt")


def test_a_text_vectorization_in_a_file_keeps_the_first_tokens(tmp_path):
    model = ids_model(both(cell("LSTM")), dense(), mask=True)
    done = export_ids(tmp_path, model, allow_drop=True)
    (warning,) = (one for one in done.warnings if "the first ones are read" in one)
    assert "TextVectorization keeps the first ones: --truncating post" in warning


def test_a_model_of_strings_pads_its_texts_itself(model_file, tmp_path):
    for stated in ({"padding": "post"}, {"truncating": "pre"}, {"max_length": 9}):
        (option,) = stated
        name = option.replace("_", "-")
        options = Options("onnx", stated=Stated(**stated))
        with pytest.raises(OptionError, match=f"--{name} does not fit the model"):
            export(model_file, tmp_path / "x.edgernn", options, EXAMPLES)


def test_a_vocabulary_shorter_than_the_embedding_is_warned_of(tmp_path):
    words = make_tokenizer().get_vocabulary()
    model = ids_model(cell("LSTM"), dense(), mask=True, rows=len(words))
    done = export_ids(tmp_path, model, words[:20], allow_drop=True)
    (warning,) = (one for one in done.warnings if "the vocabulary has" in one)
    assert "20 tokens" in warning
    assert f"{len(words)} rows" in warning
