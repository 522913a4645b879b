"""Each model that cannot be exported is rejected with an error that names the change."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path

import h5py
import keras
import pytest

from edgernn_export.keras.head_tail_truncation import HeadTailTruncation
from tests.conftest import make_tokenizer
from tests.edgernn.conftest import run
from tests.models import cell, dense, sequences, text_model

layers = keras.layers


@keras.saving.register_keras_serializable("mine")
class Doubling(layers.Layer):
    """A custom layer."""

    def call(self, x):
        return 2 * x


@keras.saving.register_keras_serializable("mine")
def shout(text):
    """A custom standardization."""
    return text


def ids_model(*stack, shape=(None,)):
    return keras.Sequential(
        [
            keras.Input(shape, dtype="int32"),
            layers.Embedding(40, 4, mask_zero=True, name="table"),
            *stack,
        ]
    )


def dense_named(outputs, activation):
    return layers.Dense(outputs, activation=activation, name="out")


def with_state():
    text = keras.Input((1,), dtype="string")
    tokenizer = make_tokenizer()
    x = layers.Embedding(tokenizer.vocabulary_size(), 4)(tokenizer(text))
    _, hidden, _ = layers.LSTM(3, return_state=True, name="encoder")(x)
    return keras.Model(text, dense()(hidden))


def stateful(kind):
    tokenizer = make_tokenizer()
    text = keras.Input((1,), batch_size=1, dtype="string")
    embedding = layers.Embedding(tokenizer.vocabulary_size(), 4)
    layer = cell(kind, 3, stateful=True, name="memory")
    return keras.Sequential([text, tokenizer, embedding, layer, dense()])


def two_outputs():
    text = keras.Input((1,), dtype="string")
    tokenizer = make_tokenizer()
    x = layers.LSTM(3)(layers.Embedding(tokenizer.vocabulary_size(), 4)(tokenizer(text)))
    return keras.Model(text, [layers.Dense(1, name="mood")(x), layers.Dense(3, name="topic")(x)])


def two_vectorizers():
    text = keras.Input((1,), dtype="string")
    one, two = make_tokenizer(name="words"), make_tokenizer(split="character", name="letters")
    parts = [layers.LSTM(3)(layers.Embedding(60, 4)(part(text))) for part in (one, two)]
    return keras.Model(text, dense()(layers.Concatenate()(parts)))


def with_features():
    ids, features = keras.Input((None,), name="ids"), keras.Input((3,), name="features")
    x = layers.LSTM(3)(layers.Embedding(40, 4)(ids))
    return keras.Model([ids, features], dense()(layers.Concatenate()([x, features])))


def hidden_vectorizer():
    tokenizer = make_tokenizer(name="words")
    embedding = layers.Embedding(tokenizer.vocabulary_size(), 4)
    front = keras.Sequential([keras.Input((1,), dtype="string"), tokenizer, embedding])
    text = keras.Input((1,), dtype="string")
    x = layers.LayerNormalization()(layers.LSTM(3)(front(text)))
    return keras.Model(text, dense()(x))


def looked_up():
    lookup = layers.StringLookup(vocabulary=["a", "b"], name="lookup")
    text = keras.Input((4,), dtype="string", name="words")
    x = layers.LSTM(3)(layers.Embedding(4, 4)(lookup(text)))
    return keras.Model(text, dense()(x))


def hashed():
    text = keras.Input((4,), dtype="string", name="words")
    x = layers.LSTM(3)(layers.Embedding(9, 4)(layers.Hashing(9)(text)))
    return keras.Model(text, dense()(x))


def half_precision():
    return text_model(layers.LSTM(3, dtype="mixed_float16", name="half"), dense())


def ends_of_a_head():
    tokenizer = make_tokenizer(name="words", output_sequence_length=9)
    text = keras.Input((1,), dtype="string")
    embedding = layers.Embedding(tokenizer.vocabulary_size(), 4)
    ends = HeadTailTruncation(5, name="ends")
    return keras.Sequential([text, tokenizer, ends, embedding, cell("LSTM"), dense()])


def not_a_number():
    model = text_model(layers.LSTM(3, name="broken"), dense())
    kernel, *rest = model.get_layer("broken").get_weights()
    kernel[0, 0] = float("nan")
    model.get_layer("broken").set_weights([kernel, *rest])
    return model


def small_embedding():
    tokenizer = make_tokenizer()
    embedding = layers.Embedding(5, 4, name="table")
    text = keras.Input((1,), dtype="string")
    return keras.Sequential([text, tokenizer, embedding, cell("LSTM"), dense()])


def lstm_model(**tokenizer_options):
    tokenizer = make_tokenizer(name="words", **tokenizer_options)
    return text_model(cell("LSTM"), dense(), tokenizer=tokenizer)


def ragged():
    tokenizer = make_tokenizer(name="words", ragged=True)
    text = keras.Input((1,), dtype="string")
    embedding = layers.Embedding(tokenizer.vocabulary_size(), 4)
    return keras.Sequential([text, tokenizer, embedding, layers.GlobalMaxPooling1D(), dense()])


def counts(mode):
    tokenizer = layers.TextVectorization(output_mode=mode, name="words")
    tokenizer.adapt(["a film", "a plot"])
    return keras.Sequential([keras.Input((1,), dtype="string"), tokenizer, dense()])


def of_a_standardization():
    tokenizer = layers.TextVectorization(vocabulary=["a", "b"], standardize=shout, name="words")
    return text_model(cell("LSTM"), dense(), tokenizer=tokenizer)


def not_built():
    tokenizer = make_tokenizer()
    return keras.Sequential([tokenizer, layers.Embedding(60, 4), cell("LSTM"), dense()])


def write_words(path, words=("", "[UNK]", "a", "film")):
    path.write_text("".join(f"{word}\n" for word in words))
    return path


def model_args(build):
    def arguments(folder):
        build().save(folder / "model.keras")
        return [folder / "model.keras"]

    return arguments


def file_args(name, data, folder=None):
    def arguments(base):
        path = base / (folder or "") / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return [path.parent if folder else path]

    return arguments


def truncated(folder):
    path = folder / "model.keras"
    lstm_model().save(path)
    path.write_bytes(path.read_bytes()[:2000])
    return [path]


def hdf5_of_weights(folder):
    with h5py.File(folder / "model.h5", "w") as file:
        file["dense/kernel:0"] = [1.0]
    return [folder / "model.h5"]


def hdf5_without_vocabulary(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lstm_model().save(folder / "model.h5")
    return [folder / "model.h5"]


def code_that_raises(folder):
    (folder / "mine.py").write_text("raise RuntimeError('no data')\n")
    lstm_model().save(folder / "model.keras")
    return [folder / "model.keras", "--trust-code", folder / "mine.py"]


def other_zip(folder):
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        archive.writestr("hello.txt", "hello")
    return [folder / "model.keras"]


def options_args(build, *options):
    def arguments(folder):
        build().save(folder / "model.keras")
        return [folder / "model.keras", *(x.format(folder=folder) for x in options)]

    return arguments


def ids_args(prepare, *options, shape=(None,)):
    def arguments(folder):
        ids_model(cell("LSTM"), dense(), shape=shape).save(folder / "model.keras")
        prepare(folder)
        return [folder / "model.keras", *(x.format(folder=folder) for x in options)]

    return arguments


def front(folder, **options):
    tokenizer = make_tokenizer(name="words", **options)
    keras.Sequential([keras.Input((1,), dtype="string"), tokenizer]).save(folder / "text.keras")


WORDS, FRONT = "--vocabulary={folder}/vocab.txt", "--vocabulary={folder}/text.keras"

#: Arguments of `edgernn export`.
CASES = {
    "stateful_lstm": model_args(lambda: stateful("LSTM")),
    "stateful_gru": model_args(lambda: stateful("GRU")),
    "return_state": model_args(with_state),
    "lambda": model_args(
        lambda: text_model(cell("LSTM"), layers.Lambda(lambda x: x, name="twice"), dense())
    ),
    "class_of_ones_own": model_args(
        lambda: text_model(cell("LSTM"), Doubling(name="twice"), dense())
    ),
    "function_of_ones_own": model_args(of_a_standardization),
    "ragged": model_args(ragged),
    "multi_hot": model_args(lambda: counts("multi_hot")),
    "tf_idf": model_args(lambda: counts("tf_idf")),
    "encoding": model_args(lambda: lstm_model(encoding="latin-1")),
    "two_outputs": model_args(two_outputs),
    "two_vectorizers": model_args(two_vectorizers),
    "hidden_vectorizer": model_args(hidden_vectorizer),
    "string_lookup": model_args(looked_up),
    "hashed_strings": model_args(hashed),
    "features_beside_the_text": model_args(with_features),
    "half_precision": model_args(half_precision),
    "not_a_number": model_args(not_a_number),
    "ends_of_a_head": model_args(ends_of_a_head),
    "small_embedding": model_args(small_embedding),
    "softmax_of_one": model_args(lambda: text_model(cell("LSTM"), dense_named(1, "softmax"))),
    "tanh_head": model_args(lambda: text_model(cell("LSTM"), dense_named(1, "tanh"))),
    "recurrent_head": model_args(lambda: text_model(cell("LSTM", name="last"))),
    "pooling_head": model_args(
        lambda: text_model(sequences("LSTM"), layers.GlobalAveragePooling1D(name="mean"))
    ),
    "a_label_for_each_token": model_args(
        lambda: text_model(sequences("LSTM"), dense_named(1, "sigmoid"))
    ),
    "not_built": model_args(not_built),
    "ids_without_a_vocabulary": model_args(lambda: ids_model(cell("LSTM"), dense())),
    "nothing": lambda folder: [folder / "model.keras"],
    "hdf5": file_args("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(100)),
    "hdf5_of_weights": hdf5_of_weights,
    "hdf5_without_vocabulary": hdf5_without_vocabulary,
    "graph_of_tensorflow": file_args("saved_model.pb", b"", folder="graph"),
    "no_code": options_args(lstm_model, "--trust-code={folder}/mine.py"),
    "code_of_a_model_file": options_args(lstm_model, "--trust-code={folder}/model.keras"),
    "code_that_raises": code_that_raises,
    "pickle": file_args("model.pkl", pickle.dumps({"a": 1})),
    "text": file_args("model.keras", b"hello"),
    "truncated": truncated,
    "another_zip": other_zip,
    "too_many_labels": options_args(lstm_model, "--labels=a,b,c"),
    "too_few_labels": options_args(lstm_model, "--labels=a"),
    "a_label_twice": options_args(lstm_model, "--labels=a,a"),
    "a_vocabulary_too_many": options_args(lstm_model, "--vocabulary={folder}/model.keras"),
    "unknown_format": options_args(lstm_model, "--format=tflight"),
    "unknown_recipe": options_args(lstm_model, "--quantize=int4"),
    "stateless_onnx": options_args(lstm_model, "--format=onnx", "--stateless"),
    "ort_tflite": options_args(lstm_model, "--ort"),
    "ort_and_stateless": options_args(lstm_model, "--ort", "--stateless"),
    "int8_full_onnx": options_args(lstm_model, "--format=onnx", "--quantize=int8-full"),
    "int8_full_stateless": options_args(lstm_model, "--quantize=int8-full", "--stateless"),
    "int8_full_gru": options_args(
        lambda: text_model(cell("GRU", name="memory"), dense()), "--quantize=int8-full"
    ),
    "no_such_vocabulary": ids_args(lambda _: None, WORDS),
    "vocabulary_without_pad": ids_args(lambda f: write_words(f / "vocab.txt", ("a", "b")), WORDS),
    "vocabulary_with_a_word_twice": ids_args(
        lambda f: write_words(f / "vocab.txt", ("", "[UNK]", "a", "a")), WORDS
    ),
    "vocabulary_too_large": ids_args(
        lambda f: write_words(f / "vocab.txt", ("", "[UNK]", *map(str, range(60)))), WORDS
    ),
    "vocabulary_in_latin_1": ids_args(
        lambda f: (f / "vocab.txt").write_bytes(b"\n[UNK]\ncaf\xe9\n"), WORDS
    ),
    "front_without_vectorizer": ids_args(lambda _: None, "--vocabulary={folder}/model.keras"),
    "both_ends_of_no_length": ids_args(front, FRONT, "--truncating=head+tail"),
    "both_ends_of_the_layers_own": options_args(lstm_model, "--truncating=head+tail"),
    "front_of_another_length": ids_args(
        lambda f: front(f, output_sequence_length=9), FRONT, shape=(12,)
    ),
    "front_of_another_max_length": ids_args(
        lambda f: front(f, output_sequence_length=12), FRONT, "--max-length=9"
    ),
}

EXPECTED = dict(
    part.partition("\n")[::2]
    for part in (Path(__file__).parent / "refusals.txt").read_text().split("## ")[1:]
)


def test_each_case_has_an_expected_error():
    assert len(CASES) >= 25
    assert set(CASES) == set(EXPECTED)


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
@pytest.mark.parametrize("case", CASES)
def test_a_model_that_cannot_be_exported_is_rejected(case, tmp_path, capsys):
    arguments = [str(argument) for argument in CASES[case](tmp_path)]
    before = sorted(tmp_path.iterdir())
    status = run("export", "--format=tflite", *arguments)
    captured = capsys.readouterr()
    error = captured.err.replace(str(tmp_path), "FOLDER").partition("error: ")[2]
    assert f"exit {status}: {error}" == EXPECTED[case].strip("\n") + "\n"
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert sorted(tmp_path.iterdir()) == before
