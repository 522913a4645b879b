"""Presets of `edgernn train`: both paths, their sum, sizes, unlabeled texts."""

from __future__ import annotations

import json
import random
import zipfile
from dataclasses import replace

import click
import numpy as np
import pytest
import tensorflow as tf

from edgernn.console import markdown
from edgernn.data.rows import Rows
from edgernn.score_tables import paths_table
from edgernn.training.keras_builder import PathModel, RecurrentPath
from edgernn.training.options import PRESETS, NetworkOptions, TrainingOptions
from edgernn.training.path_scores import LEAST_GAIN, join_paths
from edgernn.training.path_sum import accuracy, calibrated_sum, cross_validated_log_loss, log_loss
from edgernn.training.run import _advice
from edgernn.training.subwords import subword_vectors
from edgernn.training.trainer import TrainedClassifier, train
from edgernn.training.word_vectors import skip_gram
from edgernn_runtime import load
from edgernn_runtime.activations import softmax
from tests.edgernn.conftest import BAD, GOOD, OTHER, reviews, run, write_table
from tests.networks import read_network

pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
FAST = ("--units", "8", "--embedding-dim", "8", "--epochs", 2)


def test_the_sum_weighs_both_paths():
    draw = np.random.default_rng(0)
    targets = draw.integers(0, 2, 2000).astype(np.int32)
    sign = (2 * targets - 1)[:, np.newaxis]
    wide, network = (10 * (sign + draw.normal(0, 2, sign.shape)).astype(np.float32) for _ in "ab")
    total = calibrated_sum(wide, network, targets)
    joined = total.logits(wide, network)
    assert accuracy(joined, targets) > max(accuracy(x, targets) for x in (wide, network)) + 0.03
    assert log_loss(joined, targets) < log_loss(wide, targets) / 2
    assert total.wide > 0 < total.network


def test_a_path_without_signal_gets_no_weight():
    draw = np.random.default_rng(0)
    targets = draw.integers(0, 3, 3000).astype(np.int32)
    wide = 3 * np.eye(3, dtype=np.float32)[targets] + draw.normal(0, 1, (3000, 3))
    noise = draw.normal(0, 5, (3000, 3)).astype(np.float32)
    total = calibrated_sum(wide.astype(np.float32), noise, targets)
    assert total.network < 0.02 * total.wide


def test_noise_does_not_lower_the_log_loss_on_other_texts():
    draw = np.random.default_rng(0)
    targets = draw.integers(0, 2, 1000).astype(np.int32)
    sign = (2 * targets - 1)[:, np.newaxis].astype(np.float32)
    wide = sign + draw.normal(0, 1, sign.shape).astype(np.float32)
    alone = cross_validated_log_loss(wide, np.zeros_like(wide), targets)
    useful = sign + draw.normal(0, 1, sign.shape).astype(np.float32)
    assert cross_validated_log_loss(wide, useful, targets) < 0.8 * alone
    noise = [draw.normal(0, 1, sign.shape).astype(np.float32) for _ in range(20)]
    losses = [cross_validated_log_loss(wide, one, targets) for one in noise]
    assert min(losses) > (1 - LEAST_GAIN) * alone


@pytest.mark.parametrize("classes", [2, 3])
def test_few_separable_texts_do_not_make_a_model_certain(classes):
    targets = (np.arange(24) % classes).astype(np.int32)
    logits = np.eye(classes, dtype=np.float32)[targets]
    if classes == 2:
        logits = 2 * logits[:, 1:] - 1
    total = calibrated_sum(logits, logits, targets)
    found = total.logits(logits, logits)
    if classes == 2:
        found = np.concatenate([np.zeros_like(found), found], axis=1)
    assert 0.9 < softmax(found).max() < 0.99


def test_log_loss_of_known_logits():
    assert log_loss(np.array([[0.0]]), np.array([1])) == pytest.approx(np.log(2))
    logits = np.array([[2.0, 0.0, -1.0]], dtype=np.float32)
    assert log_loss(logits, np.array([2])) == pytest.approx(-np.log(softmax(logits)[0, 2]))


def test_words_with_the_same_context_have_similar_vectors():
    draw = random.Random(0)
    texts = [
        np.array([draw.choice(words) for _ in range(12)], dtype=np.int32)
        for words in ([2, 3, 4], [5, 6, 7]) * 300
    ]
    table = skip_gram(texts, 9, 8, 10, 1)
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    assert unit[2] @ unit[3] > unit[2] @ unit[6] + 0.3
    assert not table[8].any()
    assert np.array_equal(table, skip_gram(texts, 9, 8, 10, 1))


def test_words_of_like_characters_start_with_like_vectors():
    vocabulary = ["", "[UNK]", "refund", "refunded", "refunds", "weather"]
    table = subword_vectors(vocabulary, 400, 1)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    assert unit[2] @ unit[3] > 0.2
    assert abs(unit[2] @ unit[5]) < 0.1
    # A word that shares no characters has a vector as Keras's Embedding would draw it.
    assert np.abs(table[5]).max() <= 0.05
    assert np.array_equal(table, subword_vectors(vocabulary, 400, 1))


def test_a_share_of_the_tokens_is_unknown_in_each_step():
    ids = np.tile(np.arange(40, dtype=np.int32), (50, 1))
    path = RecurrentPath(NetworkOptions(units=(4,), embedding_dim=4), 40, 1)
    kept = PathModel(path, 0.0, 0.0)._with_dropped_tokens(tf.constant(ids))
    assert np.array_equal(kept, ids)
    core = PathModel(path, 0.0, 0.3)
    first, second = (core._with_dropped_tokens(tf.constant(ids)).numpy() for _ in range(2))
    assert (first != second).any()
    assert not first[:, 0].any()
    assert set(first[first != ids]) == {1}
    assert (first != ids)[:, 2:].mean() == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("adversarial", [0.0, 0.016])
def test_a_step_does_not_see_the_dropped_tokens(adversarial):
    path = RecurrentPath(NetworkOptions(units=(4,), embedding_dim=4), 12, 1)
    core = PathModel(path, adversarial, 1.0)
    core.compile("sgd", tf.keras.losses.BinaryCrossentropy(from_logits=True))
    before = path.embedding.embeddings.numpy()
    core.train_step((tf.constant([[3, 4, 5, 0]]), tf.constant([1]), tf.ones(1)))
    changed = (path.embedding.embeddings.numpy() != before).any(axis=1)
    assert list(np.flatnonzero(changed)) == [1]


def test_an_adversarial_step_moves_each_text_by_a_share_of_its_norm():
    tf.keras.utils.set_random_seed(0)
    shape = NetworkOptions(units=(4,), embedding_dim=4, dropout=0.0, spatial_dropout=0.0)
    path = RecurrentPath(shape, 12, 1)
    core = PathModel(path, 0.016, 0.0)
    core.compile("sgd", tf.keras.losses.BinaryCrossentropy(from_logits=True))
    ids, targets = tf.constant([[3, 4, 5, 0]]), tf.constant([1])
    before = [w.copy() for w in core.get_weights()]
    core.train_step((ids, targets, tf.ones(1)))
    assert any((a != b).any() for a, b in zip(before, core.get_weights(), strict=True))
    loss, _, _, direction, x = core._gradients(ids, targets, tf.ones(1), None)
    size = 0.016 * tf.norm(x)
    worse = core._gradients(ids, targets, tf.ones(1), size * direction / tf.norm(direction))[0]
    better = core._gradients(ids, targets, tf.ones(1), -size * direction / tf.norm(direction))[0]
    assert better < loss < worse


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_trains_exports_and_predicts(name, tmp_path):
    table = write_table(tmp_path / "reviews.csv", reviews(300, 1))
    out = tmp_path / "model"
    fast = () if name == "bag" else FAST
    assert run("train", "--data", table, "--preset", name, *fast, "--out", out) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["preset"]["name"] == name
    assert metrics["paths"]["bag"]["accuracy"] > 0.9
    # After two epochs the network may not improve the sum, which then does not contain it.
    assert metrics["deployed"] == {"tutorial": "network", "bag": "bag"}.get(
        name, metrics["deployed"]
    )
    assert (out / "history.png").is_file() == (name != "bag")
    for model_format in ("native", "onnx", "tflite"):
        options = ("--format", model_format, "--quantize", "int8", "--allow-drop")
        assert run("export", out, *options) == 0
    if name == "bag":
        assert run("bench", "--quick", "--model", out, "--seconds", 0.1, "--tokens", 20) == 0
    if name != "tutorial":
        with load(out / "native-int8.edgernn") as classifier:
            assert classifier.predict("a good great film").label == "pos"
            assert classifier.predict("the worst dull plot").label == "neg"


def first_mood_decides(count, seed):
    """Return reviews with a good and a bad word, too far from each other for the wide path."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        first, second = (GOOD, BAD) if i % 2 else (BAD, GOOD)
        parts = [draw.choices(OTHER, k=draw.randint(2, 4)) for _ in range(3)]
        words = [*parts[0], draw.choice(first), *parts[1], draw.choice(second), *parts[2]]
        rows.append((" ".join(words), ("neg", "pos")[i % 2]))
    return rows


def test_the_saved_model_is_the_sum_of_both_paths():
    pairs = [*reviews(200, 1), *first_mood_decides(200, 1)]
    random.Random(1).shuffle(pairs)
    rows = Rows(*map(tuple, zip(*pairs, strict=True)))
    fast = replace(
        PRESETS["small"],
        network=NetworkOptions(units=(8,), embedding_dim=8, dropout=0.1, spatial_dropout=0.1),
        training=TrainingOptions(epochs=4, learning_rate=0.02, vectors=0),
    )
    training, validation = rows.take(range(320)), rows.take(range(320, 400))
    trained = train(training, validation, ("neg", "pos"), fast, lambda _: None)
    assert trained.deployed == "both"
    network = read_network(trained.model)
    assert network.wide is not None
    assert len(network.layers) == 3
    outputs = trained.model(tf.constant([[text] for text in validation.texts])).numpy()[:, 0]
    found = np.where(outputs > 0.5, "pos", "neg")
    assert (found == np.array(validation.labels)).mean() == trained.scores.both.accuracy


@pytest.mark.parametrize("preset", ["bag", "small"])
def test_a_wide_path_that_is_worse_than_a_guess_stays_in_the_model(preset):
    draw = np.random.default_rng(0)
    targets = draw.integers(0, 3, 300).astype(np.int32)
    wrong = -np.eye(3, dtype=np.float32)[targets]
    network = None if preset == "bag" else wrong
    total, _ = join_paths(PRESETS[preset], wrong, network, targets)
    assert 0 < total.wide < 0.01


def test_a_network_that_does_not_help_is_removed_with_a_warning():
    draw = np.random.default_rng(0)
    targets = draw.integers(0, 2, 600).astype(np.int32)
    wide = (2 * targets - 1)[:, np.newaxis] + draw.normal(0, 1, (600, 1))
    noise = draw.normal(0, 1, (600, 1)).astype(np.float32)
    total, scored = join_paths(PRESETS["small"], wide.astype(np.float32), noise, targets)
    assert total.network == 0 < total.wide
    assert scored.network.log_loss > scored.bag.log_loss
    trained = TrainedClassifier(None, {}, 1, False, scored, "bag", None)
    (advice,) = _advice(PRESETS["small"], trained, 600)
    assert "--preset bag trains the same model in seconds" in advice
    printed = markdown(paths_table(scored, "bag", 600))
    assert "words and n-grams (bag)" in printed
    assert "calibrated on one half of these texts and measured on the other" in printed
    assert not list(_advice(PRESETS["small"], replace(trained, deployed="both"), 600))
    worse = replace(trained, deployed="network")
    assert "try --preset small" in next(_advice(PRESETS["tutorial"], worse, 600))


def test_an_option_of_a_missing_path_is_rejected(tmp_path, capfd):
    assert run("train", "--preset", "bag", "--units", "8", "--out", tmp_path / "m") == 2
    error = capfd.readouterr().err
    assert "--units does not fit the preset" in error
    assert "--preset tutorial | small | best" in error
    assert run("train", "--preset", "tutorial", "--buckets", "8", "--out", tmp_path / "m") == 2
    assert "--buckets does not fit" in capfd.readouterr().err
    assert run("train", "--preset", "bag", "--epochs", 3, "--out", tmp_path / "m") == 2
    assert "--epochs does not fit the preset" in capfd.readouterr().err
    assert run("train", "--patterns", "bigram,bigram", "--out", tmp_path / "m") == 2
    assert "lists a pattern twice" in capfd.readouterr().err


def test_every_option_of_train_has_a_help_text():
    from edgernn.commands.train import train as command

    options = [one for one in command.params if isinstance(one, click.Option)]
    assert len(options) > 25
    assert not [one.name for one in options if not one.help]


def test_texts_in_both_parts_are_counted_in_a_warning(tmp_path, capfd):
    table = write_table(tmp_path / "reviews.csv", reviews(60, 1))
    out = tmp_path / "model"
    options = ("--preset", "bag", "--seed", 3, "--out", out)
    assert run("train", "--data", table, "--validation", table, *options) == 0
    error = " ".join(capfd.readouterr().err.split())
    assert "60 of 60 validation texts are also training texts" in error


def test_a_file_without_texts_is_refused(tmp_path, capfd):
    table = write_table(tmp_path / "reviews.csv", reviews(60, 1))
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n")
    options = ("--preset", "bag", "--unlabeled", empty, "--out", tmp_path / "model")
    assert run("train", "--data", table, *options) == 1
    assert "the file does not contain texts" in capfd.readouterr().err


def test_the_default_reads_both_ends_of_a_long_text(tmp_path):
    rows = [(f"{'word ' * 450}{mood}", mood) for mood in ("good", "bad") for _ in range(30)]
    table = write_table(tmp_path / "long.csv", rows)
    out = tmp_path / "model"
    assert run("train", "--data", table, "--preset", "bag", "--out", out) == 0
    assert json.loads((out / "metrics.json").read_text())["validation"]["accuracy"] == 1


def test_unlabeled_texts_are_used(tmp_path):
    table = write_table(tmp_path / "reviews.csv", reviews(200, 1))
    unlabeled = tmp_path / "more.txt"
    unlabeled.write_text("\n".join(text for text, _ in reviews(300, 2)), encoding="utf-8")
    out = tmp_path / "model"
    options = ("--preset", "bag", "--unlabeled", unlabeled)
    assert run("train", "--data", table, *options, "--out", out) == 0
    assert json.loads((out / "metrics.json").read_text())["paths"]["bag"]["accuracy"] > 0.9
    missing = ("--preset", "bag", "--unlabeled", tmp_path / "none.txt")
    assert run("train", "--data", table, *missing, "--out", tmp_path / "n") == 2


def test_unlabeled_texts_without_a_word_are_ignored(tmp_path, capfd):
    table = write_table(tmp_path / "reviews.csv", reviews(200, 1))
    unlabeled = tmp_path / "more.txt"
    texts = [text for text, _ in reviews(60, 2)]
    unlabeled.write_text("\n".join([*texts, "!!!", "..."]), encoding="utf-8")
    out = tmp_path / "model"
    assert run("train", "--data", table, *FAST, "--unlabeled", unlabeled, "--out", out) == 0
    assert "log loss with predicted labels" in capfd.readouterr().err
    assert np.isfinite(json.loads((out / "history.json").read_text())["loss"]).all()


@pytest.mark.parametrize("most", [60_000, 100_000, 300_000])
def test_sizes_fit_the_bundle(most, tmp_path):
    draw = random.Random(0)
    words = [f"word{i:05d}" for i in range(9000)]
    rows = [(" ".join(draw.choices(words, k=30)) + f" {mood}", mood) for mood in ("a", "b") * 400]
    table, out = write_table(tmp_path / "t.csv", rows), tmp_path / "model"
    options = ("--max-size", f"{most / 1000}KB", "--epochs", 1)
    assert run("train", "--data", table, *options, "--out", out) == 0
    assert run("export", out, "--format", "native", "--quantize", "int8", "--allow-drop") == 0
    size = (out / "native-int8.edgernn").stat().st_size
    assert size <= most
    # A bundle below half of the limit would be reduced too far.
    assert size > most / 2 or json.loads((out / "metrics.json").read_text())["deployed"] == "bag"


@pytest.mark.parametrize("classes", [2, 6])
def test_the_model_of_tiny_has_at_most_its_size(classes, tmp_path):
    draw = random.Random(0)
    words = [f"word{i:04d}" for i in range(4000)]
    rows = [
        (" ".join(draw.choices(words, k=12)) + f" m{i % classes}", f"l{i % classes}")
        for i in range(1200)
    ]
    table, out = write_table(tmp_path / "t.csv", rows), tmp_path / "model"
    assert run("train", "--data", table, "--preset", "tiny", "--epochs", 1, "--out", out) == 0
    assert run("export", out, "--format", "native", "--quantize", "int8", "--allow-drop") == 0
    with zipfile.ZipFile(out / "native-int8.edgernn") as bundle:
        size = bundle.getinfo("model.bin").file_size
    most = PRESETS["tiny"].max_model
    assert size <= most
    # One epoch seldom makes the network pay; without it the model is smaller.
    assert size > 0.8 * most or json.loads((out / "metrics.json").read_text())["deployed"] == "bag"


def test_texts_without_a_word_are_skipped(tmp_path, capfd):
    table = write_table(tmp_path / "t.csv", [*reviews(120, 1), ("!!!", "pos"), ("...", "neg")])
    out = tmp_path / "model"
    assert run("train", "--data", table, *FAST, "--out", out) == 0
    assert "skipped 1 text without words" in capfd.readouterr().err
    history = json.loads((out / "history.json").read_text())
    assert np.isfinite(history["loss"]).all()


def test_too_few_texts_with_a_word_are_refused(tmp_path, capfd):
    table = write_table(tmp_path / "t.csv", [("a good day", "x"), ("?!", "x"), ("bad", "y")])
    options = ("--validation", write_table(tmp_path / "v.csv", [("?!", "x"), ("...", "y")]))
    assert run("train", "--data", table, "--preset", "bag", *options, "--out", tmp_path / "m") == 1
    assert "no training text or no validation text contains a word" in capfd.readouterr().err
