"""Training that continues from a model: vocabulary, labels, weights, and what was forgotten."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgernn.model_folder import read_model_folder
from edgernn.training.batches import EncodedTexts
from edgernn.training.continued_wide import continue_wide
from edgernn.training.options import WideOptions
from edgernn.training.origin import read_origin
from edgernn.training.wide import fit_wide
from edgernn_export.keras.model_file import load_keras
from tests.edgernn.conftest import reviews, run, unlike_words, write_table

OPTIONS = (
    *("--preset", "small", "--units", "4", "--embedding-dim", "8", "--epochs", "4"),
    *("--vocabulary-size", "100", "--buckets", "1024", "--batch-size", "16"),
)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A model of two labels."""
    folder = tmp_path_factory.mktemp("first")
    table = write_table(folder / "reviews.csv", reviews(400, seed=1))
    assert run("train", "--data", table, "--out", folder / "model", *OPTIONS) == 0
    return folder / "model"


def test_new_labels_are_added_and_old_texts_are_scored(first, tmp_path, capsys):
    sport = [(f"the team has a match and a goal {i % 7}", "sport") for i in range(100)]
    table = write_table(tmp_path / "new.csv", [*reviews(100, seed=2), *sport])
    out = tmp_path / "model"
    assert run("train", "--from", first, "--data", table, "--out", out) == 0
    shown = capsys.readouterr().out
    assert "Continued from" in shown
    folder = read_model_folder(out)
    assert folder.labels == ("neg", "pos", "sport")
    assert len(folder.validation) == 40 + 20
    before, after = (load_keras(one / "model.keras") for one in (first, out))
    vocabularies = [model.layers[1].get_vocabulary() for model in (before, after)]
    assert vocabularies[0] == vocabularies[1]
    metrics = json.loads((out / "metrics.json").read_text())
    old, new = (
        metrics["changes"]["old validation texts"],
        metrics["changes"]["new validation texts"],
    )
    assert (old["texts"], new["texts"]) == (40, 20)
    assert old["before"] == 1
    assert old["after"] == pytest.approx(1 - (old["forgotten"] - old["learned"]) / 40)
    # The old model does not have the label of half of the new texts.
    assert new["before"] < 0.8 < new["after"]


def test_the_first_outputs_are_those_of_the_old_model(first):
    origin = read_origin(first)
    labels = ("neg", "pos", "sport")
    wide = origin.wide(labels)
    ids = np.array([[2, 3, 4, 5]], dtype=np.int32)
    encoded = EncodedTexts(ids, np.zeros(1, np.int32), np.ones(1, np.float32))
    layer = next(one for one in origin.model.layers if type(one).__name__ == "HashedNgrams")
    single = float(np.asarray(layer(ids))[0, 0])
    assert wide.logits(encoded, ("bigram", "skip")) == pytest.approx(
        np.array([[-single / 2, single / 2, 0]])
    )


def test_words_that_the_new_texts_lack_keep_their_weights():
    draw = np.random.default_rng(0)
    targets = (np.arange(200) % 2).astype(np.int32)
    ones = np.ones(200, np.float32)
    # Word 2 or 3 is the label; later word 4 or 5 is.
    old, new = (
        EncodedTexts(
            np.stack([low + targets, draw.integers(6, 20, 200)], axis=1).astype(np.int32),
            targets,
            ones,
        )
        for low in (2, 4)
    )
    options = WideOptions(buckets=1024)
    start = fit_wide(old, old, unlike_words(20), 2, options)
    both = EncodedTexts(
        *(
            np.concatenate([a, b])
            for a, b in ((old.ids, new.ids), (old.targets, new.targets), (old.weights, new.weights))
        )
    )
    wide = continue_wide(start, new, both, options.patterns)
    step = float(np.abs(wide.weights[wide.weights != 0]).min())
    assert wide.weights[2:4] == pytest.approx(start.weights[2:4], abs=step)
    predicted = wide.validation[:, 0] > 0
    assert (predicted == both.targets).mean() == 1
    before = start.logits(new, options.patterns)[:, 0] > 0
    assert (before == new.targets).mean() < 1
    assert wide.weights[4] < 0 < wide.weights[5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--units", "8"), "cannot change the sizes"),
        (("--max-size", "1MB"), "cannot change the sizes"),
        (("--preset", "bag"), "--preset does not fit --from"),
    ],
)
def test_the_sizes_of_the_model_stay(first, tmp_path, capsys, options, message):
    table = write_table(tmp_path / "new.csv", reviews(50, seed=2))
    arguments = ("train", "--from", first, "--data", table, "--out", tmp_path / "model", *options)
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err


def test_a_label_without_new_texts_is_a_warning(first, tmp_path, capsys):
    rows = [row for row in reviews(100, seed=2) if row[1] == "pos"]
    table = write_table(tmp_path / "new.csv", rows)
    out = tmp_path / "model"
    assert run("train", "--from", first, "--data", table, "--out", out, "--epochs", "1") == 0
    assert "no new text is labeled neg" in capsys.readouterr().err
