"""Training: batches, weights, and the output of the command."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from edgernn.data.rows import Rows
from edgernn.metrics import score, wilson_interval
from edgernn.model_folder import read_model_folder
from edgernn.training import trainer
from edgernn.training.batches import EncodedTexts, balanced_weights, batch_order, to_dataset
from edgernn.training.options import PRESETS, TrainingOptions
from edgernn.training.path_scores import join_paths
from edgernn.training.path_sum import calibrated_sum
from edgernn.training.tokenizer_choice import choose_tokenizer
from edgernn.training.trainer import train
from edgernn_export.keras.model_file import load_keras
from edgernn_runtime import load
from tests.edgernn.conftest import SMALL, reviews, run, write_table


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(1, 9), st.booleans())
def test_every_text_is_in_one_batch(lengths, batch_size, shuffled):
    random = np.random.default_rng(0) if shuffled else None
    batches = batch_order(np.array(lengths), batch_size, random)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= batch_size for batch in batches)


def test_batches_have_little_padding_and_differ_between_epochs():
    lengths = np.random.default_rng(0).integers(1, 400, 5000)
    random = np.random.default_rng(1)
    first, second = (batch_order(lengths, 64, random) for _ in range(2))
    padded = sum(len(batch) * lengths[batch].max() for batch in first)
    assert padded < 1.1 * lengths.sum()
    assert [b.tolist() for b in first] != [b.tolist() for b in second]


def test_a_longer_batch_may_come_after_shorter_ones():
    # Keras infers the shape from the first batches, unless it is explicit.
    ids = np.zeros((40, 64), dtype=np.int32)
    for i in range(40):
        ids[i, : i + 1] = 2
    encoded = EncodedTexts(ids, np.arange(40, dtype=np.int32) % 2, np.ones(40, np.float32))
    core = keras.Sequential(
        [keras.Input((None,), dtype="int32"), keras.layers.Embedding(3, 2, mask_zero=True)]
        + [keras.layers.LSTM(2), keras.layers.Dense(1)]
    )
    core.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    shapes = [tuple(batch[0].shape) for batch in to_dataset(encoded, 8)]
    assert shapes[0][1] < shapes[-1][1]
    core.evaluate(to_dataset(encoded, 8), verbose=0)


def test_balanced_weights_give_each_class_the_same_total():
    targets = np.array([0, 0, 0, 1], dtype=np.int32)
    weights = balanced_weights(targets, 2)
    assert weights[targets == 0].sum() == pytest.approx(weights[targets == 1].sum())
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize(("texts", "epochs"), [(22_414, 3), (4_907, 13), (100, 30), (10**6, 3)])
def test_small_data_takes_more_epochs(texts, epochs):
    assert PRESETS["tutorial"].training.epochs_for(texts) == epochs
    assert TrainingOptions(epochs=2).epochs_for(texts) == 2


def test_scores_of_a_known_confusion():
    scores = score([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 0], ("a", "b", "c"))
    assert scores.confusion == ((2, 1, 0), (0, 2, 0), (1, 0, 0))
    assert scores.accuracy == pytest.approx(4 / 6)
    a, b, c = scores.classes
    assert (a.precision, a.recall, a.support) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert (b.precision, b.recall, b.f1) == (pytest.approx(2 / 3), 1, pytest.approx(0.8))
    assert (c.precision, c.recall, c.f1) == (0, 0, 0)
    assert scores.f1 == pytest.approx((2 / 3 + 0.8 + 0) / 3)


def test_the_interval_of_a_share():
    # A textbook example: 10 of 20.
    assert wilson_interval(10, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson_interval(10, 10) == pytest.approx((0.7225, 1), abs=1e-4)


def test_the_model_folder_is_complete(trained):
    assert {file.name for file in trained.iterdir()} == {
        "model.keras",
        "labels.json",
        "metrics.json",
        "history.json",
        "history.png",
        "report.html",
        "confusion.png",
        "validation.jsonl",
        "tflite-int8.edgernn",
        "onnx-none.edgernn",
    }
    for name in ("history.png", "confusion.png"):
        assert (trained / name).read_bytes().startswith(b"\x89PNG")
    folder = read_model_folder(trained)
    assert folder.labels == ("neg", "pos")
    assert len(folder.validation) == 60
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["validation"]["accuracy"] > 0.9
    assert {c["label"] for c in metrics["validation"]["classes"]} == {"neg", "pos"}
    history = json.loads((trained / "history.json").read_text())
    assert set(history) >= {"loss", "accuracy", "val_loss", "val_accuracy"}
    best = int(np.argmin(history["val_loss"])) + 1
    assert metrics["epoch"] == best


def test_the_saved_model_gives_probabilities(trained):
    model = load_keras(trained / "model.keras")
    outputs = model(tf.constant([["good great film"], ["bad dull plot"]])).numpy()
    assert outputs[0] > 0.5 > outputs[1]


def test_the_best_epoch_is_saved_with_its_calibration(trained):
    model = load_keras(trained / "model.keras")
    rows = read_model_folder(trained).validation
    outputs = model(tf.constant([[text] for text in rows.texts])).numpy().astype(np.float64)
    targets = np.array([label == "pos" for label in rows.labels], dtype=np.int32)
    found = -np.log(np.where(targets[:, None], outputs, 1 - outputs)).mean()
    history = json.loads((trained / "history.json").read_text())
    assert found < min(history["val_loss"])
    # Calibrated logits cannot be calibrated further.
    logits = np.log(outputs / (1 - outputs)).astype(np.float32)
    again = calibrated_sum(np.zeros_like(logits), logits, targets)
    assert (again.network, again.shift) == pytest.approx((1, 0), abs=0.02)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_cells_train_and_export(table, tmp_path, cell):
    out = tmp_path / "model"
    options = ("--cell", cell, "--epochs", 2, *SMALL)
    assert run("train", "--data", table, *options, "--out", out) == 0
    for model_format in ("onnx", "tflite"):
        assert run("export", out, "--format", model_format, "--allow-drop") == 0


def test_several_classes_with_weights_and_a_validation_file(tmp_path):
    def rows(seed):
        pairs = reviews(150, seed)
        return pairs + [(text.replace("film", "song"), "song") for text, _ in pairs[:20]]

    train = write_table(tmp_path / "train.csv", rows(1))
    validation = write_table(tmp_path / "validation.csv", rows(2))
    out = tmp_path / "model"
    options = ("--validation", validation, "--class-weight", "balanced", "--epochs", 2)
    assert run("train", "--data", train, *options, *SMALL, "--out", out) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert [c["label"] for c in metrics["validation"]["classes"]] == ["neg", "pos", "song"]
    assert metrics["validation"]["texts"] == 170


def interrupted(out, data, options, line):
    """Run `edgernn train`, press Ctrl-C after a line on stderr, and return status and outputs."""
    command = [sys.executable, "-m", "edgernn", "train", "--data", str(data), "--out", str(out)]
    with subprocess.Popen(
        [*command, *map(str, options)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for found in process.stderr:
            if found.startswith(line):
                process.send_signal(signal.SIGINT)
                break
        output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def test_ctrl_c_keeps_the_best_epoch_so_far(table, tmp_path):
    out = tmp_path / "model"
    options = ("--epochs", 500, "--patience", 500, *SMALL)
    status, output, errors = interrupted(out, table, options, "epoch 2/")
    assert status == 130, errors
    assert "interrupted; keeping epoch" in errors
    assert "accuracy" in output
    assert json.loads((out / "metrics.json").read_text())["interrupted"] is True
    assert read_model_folder(out).labels == ("neg", "pos")


def test_ctrl_c_in_the_first_epoch_writes_nothing(tmp_path):
    # One epoch of so many texts outlasts the signal.
    long = write_table(tmp_path / "long.csv", reviews(40_000, 1))
    out = tmp_path / "model"
    status, output, errors = interrupted(
        out, long, ("--preset", "tutorial"), "training the network"
    )
    assert status == 130, errors
    assert output == ""
    expected = "interrupted before there is a model; nothing was written"
    assert errors.splitlines()[-1] == expected
    assert not out.exists()


def test_the_best_epoch_is_kept_when_a_later_one_is_worse(monkeypatch):
    def uncalibrated(*arguments):
        total, scores = join_paths(*arguments)
        return replace(total, network=1.0, shift=0.0), scores

    monkeypatch.setattr(trainer, "join_paths", uncalibrated)
    # Random labels can only be memorized, so the validation loss soon rises.
    draw = random.Random(0)
    rows = [(text, draw.choice(("a", "b"))) for text, _ in reviews(160, 3)]
    texts, labels = zip(*rows, strict=True)
    training, validation = Rows(texts[:120], labels[:120]), Rows(texts[120:], labels[120:])
    tutorial = PRESETS["tutorial"]
    trained = train(
        training,
        validation,
        ("a", "b"),
        replace(
            tutorial,
            network=replace(tutorial.network, units=(16,), embedding_dim=16, dropout=0.0),
            training=replace(
                tutorial.training, epochs=12, batch_size=16, learning_rate=0.02, patience=12
            ),
        ),
        lambda _: None,
    )
    losses = trained.history["val_loss"]
    assert trained.best_epoch == int(np.argmin(losses)) + 1 < len(losses) == 12
    outputs = trained.model(tf.constant([[text] for text in validation.texts])).numpy()[:, 0]
    targets = np.array([label == "b" for label in validation.labels])
    found = -np.log(np.where(targets, outputs, 1 - outputs)).mean()
    assert found == pytest.approx(min(losses), abs=1e-4)
    assert max(losses) > min(losses) + 0.1


def test_both_ends_of_long_texts_from_training_to_the_device(tmp_path):
    # The words with the sentiment are at the end, after 60 neutral words.
    rows = [(f"{'film plot ' * 30}{mood}", mood) for mood in ("good", "bad") * 100]
    table = write_table(tmp_path / "long.csv", rows)
    out = tmp_path / "model"
    ends = ("--max-length", 20, "--truncate", "head+tail")
    fast = ("--epochs", 12, "--patience", 12, "--learning-rate", 0.02, "--dropout", 0)
    assert run("train", "--data", table, *fast, *SMALL, *ends, "--out", out) == 0
    assert json.loads((out / "metrics.json").read_text())["validation"]["accuracy"] == 1
    for model_format in ("tflite", "onnx"):
        assert run("export", out, "--format", model_format) == 0
        with load(out / f"{model_format}-none.edgernn") as classifier:
            spec = classifier.bundle.manifest.tokenizer
            assert (spec.truncate, spec.max_length) == ("head+tail", 20)
            assert classifier.predict("plot film " * 300 + "good").label == "good"
            assert classifier.predict("plot film " * 300 + "bad").label == "bad"
    assert run("bench", "--quick", "--model", out, "--seconds", 0.1, "--tokens", 20) == 0


def test_unicode_rules_from_training_to_the_device(tmp_path):
    # Validation texts in capitals of other scripts are OOV by Keras's rules, but not by Unicode's.
    def rows(count, seed, change):
        draw = random.Random(seed)
        fillers = ["фильм", "сюжет", "актёр", "очень", "это"]
        moods = [("хороший", "pos"), ("плохой", "neg")]
        chosen = [draw.choice(moods) for _ in range(count)]
        return [
            (change(" ".join([*draw.choices(fillers, k=4), word])), mood) for word, mood in chosen
        ]

    train = write_table(tmp_path / "train.csv", rows(200, 1, str))
    capitals = write_table(tmp_path / "capitals.csv", rows(60, 2, str.upper))
    fast = ("--epochs", 12, "--patience", 12, "--learning-rate", 0.02, "--dropout", 0)
    data = ("--data", train, "--validation", capitals)
    accuracy = {}
    for rules in ("keras", "unicode"):
        out = tmp_path / rules
        options = ("--tokenizer", rules, "--max-length", 20, "--truncate", "head+tail")
        assert run("train", *data, *fast, *SMALL, *options, "--out", out) == 0
        metrics = json.loads((out / "metrics.json").read_text())
        accuracy[rules] = metrics["validation"]["accuracy"]
    assert accuracy["unicode"] == 1
    assert accuracy["keras"] < 0.8
    out = tmp_path / "unicode"
    assert run("export", out, "--format", "onnx") == 0
    with load(out / "onnx-none.edgernn") as classifier:
        assert classifier.bundle.manifest.tokenizer.rules == "unicode"
        assert classifier.predict("ХОРОШИЙ фильм!").label == "pos"
        assert classifier.predict("Фильм «плохой»").label == "neg"
    assert run("evaluate", out, "--data", capitals) == 0


def test_words_are_split_at_punctuation_from_training_to_the_device(tmp_path, capfd):
    # Keras's rules read each of these texts as one token, which no other text contains.
    draw = random.Random(4)
    fillers = ["film", "plot", "scene", "music"]
    rows = [
        ("-".join([*draw.choices(fillers, k=3), mood, str(i)]), mood)
        for i, mood in enumerate(("good", "bad") * 100)
    ]
    table = write_table(tmp_path / "dashes.csv", rows)
    out, grown = tmp_path / "words", tmp_path / "grown"
    bag = ("--preset", "bag", "--tokenizer", "auto", "--validation-split", 0.3)
    assert run("train", "--data", table, *bag, "--out", out) == 0
    assert "tokenizer words: log loss of words and n-grams 0." in capfd.readouterr().err
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["validation"]["accuracy"] == 1
    assert metrics["preset"]["text"]["tokenizer"] == "words"
    assert run("train", "--data", table, "--from", out, "--out", grown) == 0
    assert run("export", grown, "--format", "native") == 0
    with load(grown / "native-none.edgernn") as classifier:
        assert classifier.bundle.manifest.tokenizer.steps == ("lower", "punctuation_to_space")
        assert classifier.predict("unseen/GOOD!").label == "good"
        assert classifier.predict("(bad)unseen").label == "bad"


def test_a_gain_as_small_as_noise_does_not_change_the_tokenizer():
    assert choose_tokenizer({"keras": 0.4, "words": 0.399}) == "keras"
    assert choose_tokenizer({"keras": 0.4, "words": 0.39}) == "words"
