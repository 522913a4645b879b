"""Checkpoints: a killed training that resumes gives the same model, to the bit."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from edgernn.model_folder import CHECKPOINT
from edgernn.training.batches import EncodedTexts, ShuffledBatches
from edgernn.training.checkpoint import Checkpoint, FitState
from edgernn_export.keras.model_file import load_keras
from tests.edgernn.conftest import reviews, run, write_table

#: Dropout, averages, several epochs and a short last batch: everything that has a state.
OPTIONS = (
    *("--preset", "tutorial", "--units", "4", "--embedding-dim", "8", "--epochs", "3"),
    *("--vocabulary-size", "100", "--batch-size", "16", "--averaging", "0.9"),
)


def weights(folder):
    return [value.tolist() for value in load_keras(folder / "model.keras").get_weights()]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("data") / "reviews.csv", reviews(330, seed=1))


@pytest.fixture(scope="module")
def killed(table, tmp_path_factory):
    """The folder of a training that was killed within an epoch."""
    out = tmp_path_factory.mktemp("killed") / "model"
    checkpoint = out / CHECKPOINT / "fit-1.npz"
    command = [sys.executable, "-m", "edgernn", "train", "--data", table, "--out", out, *OPTIONS]
    process = subprocess.Popen(
        [*map(str, command), "--checkpoint-minutes", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen = set()
    # There is a checkpoint after each of the 57 batches.
    while len(seen) < 25 and process.poll() is None:
        if checkpoint.is_file():
            seen.add(checkpoint.stat().st_mtime_ns)
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert {file.name for file in out.iterdir()} == {CHECKPOINT}
    return out


def test_a_killed_training_resumes_to_the_same_bits(table, killed, tmp_path):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    shutil.copytree(killed, resumed)
    assert run("train", "--data", table, "--out", whole, *OPTIONS) == 0
    assert run("train", "--data", table, "--out", resumed, *OPTIONS, "--resume") == 0
    assert weights(resumed) == weights(whole)
    for name in ("history.json", "metrics.json"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes()
    assert not (resumed / CHECKPOINT).exists()


def test_an_interrupted_training_must_be_resumed_or_replaced(table, killed, tmp_path, capsys):
    out = tmp_path / "model"
    shutil.copytree(killed, out)
    options = ("train", "--data", table, "--out", out, *OPTIONS)
    assert run(*options) == 1
    assert "contains an interrupted training" in capsys.readouterr().err
    assert run(*options, "--resume", "--seed", "2") == 2
    error = capsys.readouterr().err
    assert "belongs to another training" in error
    assert "other preset.training.seed" in error
    checkpoint = out / CHECKPOINT / "fit-1.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert run(*options, "--resume") == 1
    assert "the checkpoint is damaged" in capsys.readouterr().err


def test_resume_without_a_checkpoint_trains_from_the_beginning(table, tmp_path, capsys):
    options = ("--preset", "bag", "--data", table, "--out", tmp_path / "model", "--resume")
    assert run("train", *options) == 0
    assert "there is no checkpoint" in capsys.readouterr().err
    assert run("train", *options) == 1
    assert "contains a model already" in capsys.readouterr().err


def test_a_checkpoint_round_trips(tmp_path):
    checkpoint = Checkpoint(tmp_path / "c" / "fit-1.npz", {"seed": 1}, minutes=0)
    assert checkpoint.read() is None
    arrays = {"a": [np.arange(3.0), np.array(2.0)], "none": []}
    values = {"best": [float("inf"), 0.1], "history": {"loss": [0.1, 0.2]}}
    checkpoint.save(FitState(1, 2, finished=True, values=values, arrays=arrays))
    state = checkpoint.parse(checkpoint.read())
    assert (state.epoch, state.step, state.finished, state.values) == (1, 2, True, values)
    assert [a.tolist() for a in state.arrays["a"]] == [[0, 1, 2], 2]
    assert state.arrays["none"] == []
    assert {file.name for file in (tmp_path / "c").iterdir()} == {"fit-1.npz", "training.json"}


@pytest.mark.parametrize("position", [(0, 0), (0, 3), (1, 0), (2, 5)])
def test_batches_continue_from_a_position(position):
    draw = np.random.default_rng(0)
    ids = draw.integers(1, 9, (50, 7)).astype(np.int32)
    encoded = EncodedTexts(ids, np.arange(50, dtype=np.int32), np.ones(50, np.float32))
    batches = ShuffledBatches(encoded, 8, seed=3)
    assert (batches.steps, batches.texts) == (7, 50)
    epoch, step = position
    skipped = epoch * batches.steps + step
    whole = [b[1].numpy().tolist() for b in batches.dataset(0, 0).take(4 * batches.steps)]
    rest = batches.dataset(epoch, step).take(4 * batches.steps - skipped)
    assert [b[1].numpy().tolist() for b in rest] == whole[skipped:]
    for one in range(4):
        epoch = whole[one * batches.steps : (one + 1) * batches.steps]
        assert sorted(text for batch in epoch for text in batch) == list(range(50))
