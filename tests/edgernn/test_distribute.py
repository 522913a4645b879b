"""Distributed training: the shares of a batch, the workers, and a worker that dies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest

from edgernn.errors import OptionError
from edgernn.model_folder import CHECKPOINT
from edgernn.training import trainer
from edgernn.training.batches import EncodedTexts, ShuffledBatches, from_generator
from edgernn.training.cluster import Cluster, parse_cluster
from edgernn.training.stream_batches import open_batches
from edgernn.training.workers import SharedBatches
from edgernn_export.keras.model_file import load_keras
from tests.edgernn.conftest import reviews, run, write_table

#: Without dropout, one worker and two compute the same, but for the order of sums.
OPTIONS = (
    *("--preset", "tutorial", "--units", "4", "--embedding-dim", "8", "--epochs", "3"),
    *("--vocabulary-size", "100", "--batch-size", "16", "--averaging", "0.9", "--dropout", "0"),
)


@dataclass(frozen=True)
class Place:
    """A worker's place, without a cluster."""

    count: int
    index: int


@pytest.mark.parametrize("count", [2, 3])
def test_the_mean_over_the_shares_is_the_mean_over_the_batch(count):
    draw = np.random.default_rng(0)
    ids = draw.integers(1, 9, (19, 5)).astype(np.int32)
    encoded = EncodedTexts(ids, np.arange(19, dtype=np.int32), draw.random(19).astype(np.float32))
    batches = ShuffledBatches(encoded, 8, seed=1)
    shares = [SharedBatches(batches, Place(count, i)).dataset(0, 1) for i in range(count)]
    whole = batches.dataset(0, 1)
    for batch, *parts in zip(whole.take(6), *(share.take(6) for share in shares), strict=True):
        losses = batch[1].numpy() + 1.0
        mean = (losses * batch[2].numpy()).sum() / len(losses)
        sizes = {len(targets) for _, targets, _ in parts}
        assert len(sizes) == 1
        means = [
            ((targets.numpy() + 1.0) * weights.numpy()).sum() / len(targets)
            for _, targets, weights in parts
        ]
        assert np.mean(means) == pytest.approx(mean, rel=1e-6)


def test_the_options_and_the_launcher_describe_a_cluster(monkeypatch):
    assert parse_cluster("a:1, b:2", 1) == Cluster(("a:1", "b:2"), 1)
    config = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert parse_cluster("auto", None) == Cluster(("a:1", "b:2"), 1)
    config["task"]["type"] = "ps"
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(OptionError, match="TF_CONFIG"):
        parse_cluster("auto", None)


@pytest.mark.parametrize(
    ("workers", "index", "message"),
    [
        ("", 0, "not a list of workers"),
        ("a:1,b", 0, "not a list of workers"),
        ("a:1,a:1", 0, "lists an address twice"),
        ("a:1,b:2", None, "place of this worker"),
        ("a:1,b:2", 2, "place of this worker"),
    ],
)
def test_a_malformed_cluster_is_an_error(workers, index, message):
    with pytest.raises(OptionError, match=message):
        parse_cluster(workers, index)


def start(table, out, *options):
    """Start two workers on free ports of this machine, which read a table, a folder or a glob."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0)), second.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in (first, second)]
    cluster = ",".join(f"127.0.0.1:{port}" for port in ports)
    command = [sys.executable, "-m", "edgernn", "train", "--data", table, "--out", out, *OPTIONS]
    return [
        subprocess.Popen(
            [*map(str, command), "--distribute", cluster, "--worker", str(i), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in (0, 1)
    ]


def finish(processes):
    """Return the exit statuses and the errors of the workers."""
    errors = [process.communicate(timeout=1500)[1] for process in processes]
    return [process.returncode for process in processes], errors


def wait_for_checkpoint(folder, first):
    """Wait until the first worker has written a checkpoint."""
    while not (folder / CHECKPOINT / "fit-1.npz").is_file():
        assert first.poll() is None
        time.sleep(0.01)


def weights(folder):
    return load_keras(folder / "model.keras").get_weights()


def history(folder):
    return json.loads((folder / "history.json").read_text())


def test_two_workers_train_the_model_of_one_and_resume(tmp_path):
    table = write_table(tmp_path / "reviews.csv", reviews(330, seed=1))
    one, two, killed = (tmp_path / name for name in ("one", "two", "killed"))
    single = ("--distribute", "127.0.0.1:1", "--worker", "0")
    assert run("train", "--data", table, "--out", one, *OPTIONS, *single) == 0
    statuses, errors = finish(start(table, two))
    assert statuses == [0, 0], errors
    for a, b in zip(weights(one), weights(two), strict=True):
        assert a == pytest.approx(b, abs=1e-3)
    assert history(one)["loss"] == pytest.approx(history(two)["loss"], abs=1e-3)

    first, second = start(table, killed, "--checkpoint-minutes", "0")
    wait_for_checkpoint(killed, first)
    second.kill()
    statuses, errors = finish([first, second])
    assert statuses[0] == 1
    assert "a worker of the training stopped" in errors[0]
    assert not (killed / "model.keras").exists()
    statuses, errors = finish(start(table, killed, "--resume"))
    assert statuses == [0, 0], errors
    assert "continuing from the checkpoint" in errors[0]
    for a, b in zip(weights(two), weights(killed), strict=True):
        assert (a == b).all()
    # The metrics are summed in another order.
    for name, values in history(killed).items():
        assert values == pytest.approx(history(two)[name], abs=1e-5)


class JoinedBatches:
    """Batches of one worker, each of them the shares of several workers."""

    def __init__(self, shares):
        self._shares = shares
        self.steps, self.texts = shares[0].steps, shares[0].texts

    def dataset(self, epoch, step):
        def batches():
            parts = [share.dataset(epoch, step).as_numpy_iterator() for share in self._shares]
            for group in zip(*parts, strict=True):
                longest = max(ids.shape[1] for ids, _, _ in group)
                padded = [np.pad(b[0], ((0, 0), (0, longest - b[0].shape[1]))) for b in group]
                columns = zip(*(batch[1:] for batch in group), strict=True)
                yield (np.concatenate(padded), *map(np.concatenate, columns))

        return from_generator(batches, np.zeros(0, np.int32))


def test_two_workers_that_stream_and_resume_train_the_model_of_one(tmp_path, monkeypatch):
    folder, one, two = (tmp_path / name for name in ("files", "one", "two"))
    folder.mkdir()
    rows = reviews(400, seed=1)
    for i in range(3):
        write_table(folder / f"{i}.csv", rows[i::3])
    stream = ("--stream", "--steps-per-epoch", "12", "--sample-texts", "200")
    options = (*stream, "--learning-rate", "0.02")
    first, second = start(folder, two, *options, "--checkpoint-minutes", "0")
    wait_for_checkpoint(two, first)
    second.kill()
    statuses, errors = finish([first, second])
    assert statuses[0] == 1
    assert "a worker of the training stopped" in errors[0]
    statuses, errors = finish(start(folder, two, *options, "--resume"))
    assert statuses == [0, 0], errors
    assert "continuing from the checkpoint" in errors[0]

    def joined(*arguments):
        *others, workers = arguments
        assert workers.count == 1
        return JoinedBatches([open_batches(*others, Place(2, i)) for i in (0, 1)])

    monkeypatch.setattr(trainer, "open_batches", joined)
    single = ("--distribute", "127.0.0.1:1", "--worker", "0")
    assert run("train", "--data", folder, "--out", one, *OPTIONS, *options, *single) == 0
    for a, b in zip(weights(one), weights(two), strict=True):
        assert a == pytest.approx(b, abs=2e-4)
    for name, values in history(one).items():
        assert values == pytest.approx(history(two)[name], abs=2e-4)
