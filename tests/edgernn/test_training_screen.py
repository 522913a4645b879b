"""What a training shows and draws: an encoded text, the layers, plots, logs for TensorBoard."""

from __future__ import annotations

import json
import re

import pytest
import tensorflow as tf

from edgernn.metrics import score
from edgernn.plotting import render_svg
from edgernn.score_plots import confusion_png, draw_confusion, draw_history
from edgernn.training.keras_builder import PathModel, RecurrentPath, build_tokenizer
from edgernn.training.options import PRESETS, NetworkOptions, TextOptions
from edgernn.training.summary import describe_encoding, describe_layers
from edgernn_export.keras.model_file import load_keras
from tests.edgernn.conftest import run


def test_the_screen_shows_an_encoded_text_the_layers_and_the_epochs(trained):
    lines = (trained.parent / "screen.txt").read_text(encoding="utf-8").splitlines()
    vocabulary = load_keras(trained / "model.keras").layers[1].get_vocabulary()
    start = next(i for i, line in enumerate(lines) if line.startswith("vocabulary of"))
    assert lines[start] == f"vocabulary of {len(vocabulary)} tokens; the first text:"
    text, ids, tokens = (line.split()[1:] for line in lines[start + 1 : start + 4])
    assert [vocabulary[int(i)] for i in ids] == tokens == text[: len(tokens)]
    network = "\n".join(lines[lines.index("fitting words and n-grams") :])
    assert re.search(r"\n  Embedding +\[N, T, 8\] +192\n  Bidirectional\(LSTM\) ", network)
    assert network.index("network of ") < network.index("epoch 1/6: loss ")
    assert max(map(len, lines[start:-1])) <= 100


@pytest.mark.parametrize("rules", ["keras", "words", "unicode"])
def test_an_encoded_text_fits_a_line_and_cannot_control_the_terminal(rules):
    options = TextOptions(tokenizer=rules, max_length=20, truncate="head+tail")
    tokenizer = build_tokenizer(["good film " * 3, "film"], options)
    described = describe_encoding(tokenizer, "film good unheard\n\x1b[2J " * 40)
    rows = described.splitlines()
    assert len(rows) == 4
    assert max(map(len, rows)) <= 80
    assert described.replace("\n", "").isprintable()
    assert rows[2].split()[1:4] == ["2", "3", "1"]
    assert rows[3].split()[1:4] == ["film", "good", "[UNK]"]


def test_the_layers_have_the_shapes_and_parameters_of_the_model():
    shape = NetworkOptions(units=(4, 2), embedding_dim=3, dense_units=5, pooling="last", cell="gru")
    model = PathModel(RecurrentPath(shape, 10, 3), 0.0, 0.0)
    title, *rows = describe_layers(model).splitlines()
    assert title == f"network of {model.count_params():,} parameters:"
    table = [re.split(r"\s{2,}", row.strip()) for row in rows]
    assert [kind for kind, _, _ in table] == [
        "Embedding",
        "Bidirectional(GRU)",
        "Bidirectional(GRU)",
        "Dense",
        "Dense",
    ]
    assert [size for _, size, _ in table] == [
        "[N, T, 3]",
        "[N, T, 8]",
        "[N, 4]",
        "[N, 5]",
        "[N, 3]",
    ]
    assert sum(int(count.replace(",", "")) for _, _, count in table) == model.count_params()


def test_the_confusion_matrix_shows_the_counts_and_any_label():
    scores = score([0, 0, 0, 1, 2], [0, 0, 1, 1, 0], ("$5_x$ and $\\bad", "中文", "x" * 60))
    text = render_svg(lambda figure: draw_confusion(figure.subplots(), scores), 4, 4)
    shown = re.findall(r">([^<>]+)</text>", text)
    assert "5 texts, accuracy 60.0%" in shown
    assert shown.count("$5_x$ and $\\bad") == 2  # true and predicted
    assert sum(one.count("x") > 20 and one.endswith("…") for one in shown) == 2
    counts = [one for one in shown if one.isdigit()]
    assert sorted(counts) == ["0", "0", "0", "0", "0", "1", "1", "1", "2"]
    # The font has no Chinese characters, which must not warn.
    assert confusion_png(scores).startswith(b"\x89PNG")


def test_many_classes_are_drawn_without_counts():
    names = tuple(f"c{i}" for i in range(40))
    scores = score(list(range(40)), list(range(40)), names)
    text = render_svg(lambda figure: draw_confusion(figure.subplots(), scores), 8, 8)
    shown = re.findall(r">([^<>]+)</text>", text)
    assert set(names) <= set(shown)
    assert "1" not in shown


def test_the_learning_curves_mark_the_kept_epoch():
    history = {"loss": [2, 1], "val_loss": [2, 3], "accuracy": [0, 1], "val_accuracy": [1, 0]}
    text = render_svg(lambda figure: draw_history(figure, history, 1), 8, 3)
    shown = re.findall(r">([^<>]+)</text>", text)
    assert shown.count("kept: epoch 1") == shown.count("validation") == 2
    assert "1.5" not in shown[: shown.index("epoch")]  # epochs are integers


def test_tensorboard_logs_contain_the_history(trained):
    history = json.loads((trained / "history.json").read_text())
    found = {}
    for part, prefix in (("train", ""), ("validation", "val_")):
        (file,) = (trained.parent / "logs" / part).glob("events.out.tfevents.*")
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                name = prefix + value.tag.removeprefix("epoch_")
                found[name, event.step] = float(tf.make_ndarray(value.tensor))
    expected = {(k, i): v for k, values in history.items() for i, v in enumerate(values)}
    assert found == pytest.approx(expected)


def test_tensorboard_needs_a_folder_and_epochs(table, tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("")
    data = ("--data", table, "--out", tmp_path / "model")
    assert run("train", *data, "--tensorboard", blocked) == 1
    assert "the logs for TensorBoard cannot be written" in capsys.readouterr().err
    assert run("train", *data, "--preset", "bag", "--tensorboard", tmp_path / "logs") == 2
    assert "expected: a preset with a network" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
    assert PRESETS["bag"].network is None
