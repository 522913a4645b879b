"""Streams of tables: the survey, the order, and a training from files."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections import Counter

import numpy as np
import pytest

from edgernn.data.datasets import DataOptions
from edgernn.data.stream import find_tables, survey, text_hash, training_rows
from edgernn.data.table import iterate_table, read_table
from edgernn.errors import DataError, OptionError
from edgernn.training.stream_batches import Stream, StreamedBatches
from tests.edgernn.conftest import reviews, run, write_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """360 rows in three kinds of files."""
    folder = tmp_path_factory.mktemp("files")
    rows = list(dict.fromkeys(reviews(360, seed=1)))
    write_table(folder / "a.csv", rows[:120])
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows[120:]]
    (folder / "b.jsonl").write_text("\n".join(lines[:120]))
    with gzip.open(folder / "c.jsonl.gz", "wt") as stream:
        stream.write("\n".join(lines[120:]))
    (folder / "notes.md").write_text("not a table")
    return folder, rows


def test_a_glob_and_a_folder_name_the_same_tables(folder):
    path, _ = folder
    tables = find_tables(DataOptions(str(path)))
    assert [file.name for file in tables.paths] == ["a.csv", "b.jsonl", "c.jsonl.gz"]
    glob = find_tables(DataOptions(str(path / "*.jsonl")))
    assert [file.name for file in glob.paths] == ["b.jsonl"]
    with pytest.raises(OptionError, match="no tables"):
        find_tables(DataOptions(str(path / "*.txt")))


def test_every_row_is_either_validation_or_training(folder):
    path, rows = folder
    tables = find_tables(DataOptions(str(path)))
    found = survey(tables, 0.1, 1000)
    assert found.rows == len(rows)
    assert found.labels == Counter(label for _, label in rows)
    held_out = set(found.validation.texts)
    assert len(held_out) == round(0.1 * len(rows))
    training = list(
        itertools.islice(training_rows(tables, found.last, seed=1), len(rows) - len(held_out))
    )
    assert sorted(training) == sorted(row for row in rows if row[0] not in held_out)
    assert set(training) == set(zip(found.sample.texts, found.sample.labels, strict=True))


def test_the_split_does_not_depend_on_the_files(folder, tmp_path):
    path, rows = folder
    write_table(tmp_path / "one.csv", rows[::-1])
    one, many = (survey(find_tables(DataOptions(str(p))), 0.2, 50) for p in (tmp_path, path))
    assert one == many
    assert len(many.sample) == 50
    assert max(map(text_hash, many.validation.texts)) < min(map(text_hash, many.sample.texts))


def test_equal_texts_are_on_the_same_side(tmp_path):
    write_table(tmp_path / "a.csv", reviews(30, seed=1) * 20)
    found = survey(find_tables(DataOptions(str(tmp_path))), 0.1, 1000)
    assert not set(found.validation.texts) & set(found.sample.texts)
    write_table(tmp_path / "a.csv", [("same text", "a")] * 20)
    with pytest.raises(DataError, match="too few rows"):
        survey(find_tables(DataOptions(str(tmp_path))), 0.1, 1000)


def test_each_pass_has_another_order(folder):
    path, rows = folder
    tables = find_tables(DataOptions(str(path)))
    twice = list(itertools.islice(training_rows(tables, -1, seed=1), 2 * len(rows)))
    assert sorted(twice[: len(rows)]) == sorted(twice[len(rows) :])
    assert twice[: len(rows)] != twice[len(rows) :]


@pytest.mark.parametrize("position", [(0, 3), (1, 0), (7, 4)])
def test_a_stream_continues_from_a_position(folder, position):
    path, _ = folder
    tables = find_tables(DataOptions(str(path)))
    stream = Stream(tables, survey(tables, 0.1, 1000), steps_per_epoch=9)

    def encode(texts):
        return np.array([[1 + len(text), text_hash(text) % 1000] for text in texts], np.int32)

    batches = StreamedBatches(stream, encode, {"neg": (0, 1.0), "pos": (1, 2.0)}, 4, seed=1)
    assert (batches.steps, batches.texts) == (9, 36)
    skipped = position[0] * 9 + position[1]
    whole = [b[0].numpy().tolist() for b in batches.dataset(0, 0).take(skipped + 60)]
    rest = [b[0].numpy().tolist() for b in batches.dataset(*position).take(60)]
    assert rest == whole[skipped:]


def test_a_text_without_tokens_has_no_weight(folder):
    path, _ = folder
    tables = find_tables(DataOptions(str(path)))
    stream = Stream(tables, survey(tables, 0.1, 1000), None)
    batches = StreamedBatches(
        stream,
        lambda texts: np.zeros((len(texts), 2), np.int32),
        {"neg": (0, 1.0), "pos": (1, 1.0)},
        4,
        1,
    )
    ids, _, weights = next(iter(batches.dataset(0, 0)))
    assert ids.numpy().tolist() == [[1, 0]] * 4
    assert weights.numpy().tolist() == [0] * 4


def test_streamed_tables_equal_those_in_memory(tmp_path):
    rows = [('a, "b"\nc', "x"), ("", "x"), ("d\x85e\rf", "y"), ("g", " "), ("h" * 200_000, "z")]
    write_table(tmp_path / "a.csv", rows)
    lines = [json.dumps({"text": t, "label": label}, ensure_ascii=False) for t, label in rows]
    (tmp_path / "b.jsonl").write_text("\n".join(lines), encoding="utf-8-sig")
    for name in ("a.csv", "b.jsonl"):
        whole = read_table(tmp_path / name, "text", "label")
        streamed = list(iterate_table(tmp_path / name, "text", "label"))
        assert streamed == list(zip(whole.texts, whole.labels, strict=True))
        assert len(streamed) == 3


def test_readers_that_overlap_allow_long_cells(tmp_path):
    before = csv.field_size_limit()
    write_table(tmp_path / "a.csv", [("h" * 200_000, "z")] * 3)
    first, second = (iterate_table(tmp_path / "a.csv", "text", "label") for _ in range(2))
    next(first), next(second)
    first.close()
    assert len(list(second)) == 2
    assert csv.field_size_limit() == before


def test_a_damaged_file_is_an_error_with_its_line(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text,label\ngood,pos\n\xff,neg\n")
    with pytest.raises(DataError, match="not UTF-8"):
        list(iterate_table(tmp_path / "a.csv", "text", "label"))
    data = gzip.compress(b"text,label\n" + b"good,pos\n" * 9999)
    (tmp_path / "a.csv.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        list(iterate_table(tmp_path / "a.csv.gz", "text", "label"))


def test_parquet_rows_equal_those_of_a_table(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the extra `parquet`")
    from pyarrow.parquet import write_table as write_parquet

    rows = reviews(3000, seed=1)
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    write_parquet(pyarrow.table(columns), tmp_path / "a.parquet")
    assert list(iterate_table(tmp_path / "a.parquet", "text", "label")) == rows
    with pytest.raises(OptionError, match="does not exist"):
        list(iterate_table(tmp_path / "a.parquet", "body", "label"))
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="damaged"):
        list(iterate_table(tmp_path / "a.parquet", "text", "label"))


def test_the_command_trains_from_files(folder, tmp_path, capsys):
    path, rows = folder
    options = (
        *("--units", "4", "--embedding-dim", "8", "--batch-size", "16", "--vocabulary-size", "100"),
        *("--epochs", "2", "--steps-per-epoch", "5", "--sample-texts", "100"),
    )
    out = tmp_path / "model"
    assert run("train", "--stream", "--data", path / "*", "--out", out, *options) == 0
    shown = capsys.readouterr()
    assert f"{len(rows)} rows, 2 labels" in shown.err
    assert "sample of 100 texts" in shown.err
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["training_texts"] == len(rows) - round(0.1 * len(rows))
    assert metrics["validation"]["accuracy"] > 0.8
