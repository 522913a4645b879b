"""Data is read correctly, or rejected with the file and the line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shlex
import subprocess
import sys
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.data.datasets import DataOptions, load_corpus, load_rows
from edgernn.data.imdb import ARCHIVE, load_imdb
from edgernn.data.rows import (
    Rows,
    clean_breaks,
    find_joined_labels,
    label_indices,
    label_names,
    sample,
    split,
    without_duplicates,
)
from edgernn.data.table import iterate_table
from edgernn.errors import DataError, OptionError


def load(path, **options):
    return load_corpus(DataOptions(str(path), **options))


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", 'text,label\n"a, b",pos\nc,neg\n'),
        ("x.csv", '\ufefflabel,text,more\r\npos,"a, b",1\r\nneg,c,2\r\n'),
        ("x.tsv", "text\tlabel\na, b\tpos\nc\tneg\n"),
        ("x.jsonl", '{"text": "a, b", "label": "pos"}\n\n{"text": "c", "label": "neg"}\n'),
        ("X.CSV", 'text,label\n"a, b",pos\nc,neg'),
    ],
)
def test_tables_are_read(tmp_path, name, content):
    rows = load(write(tmp_path / name, content)).train
    assert rows == Rows(("a, b", "c"), ("pos", "neg"))


def test_gzipped_tables_and_other_columns_are_read(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"review,stars\ngood,5\nbad,1\n"))
    rows = load(path, text_column="review", label_column="stars").train
    assert rows == Rows(("good", "bad"), ("5", "1"))


def test_numbers_as_labels_are_names(tmp_path):
    path = write(tmp_path / "x.jsonl", '{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n')
    assert load(path).train.labels == ("1", "0")


def test_long_cells_are_read_and_the_limit_is_restored(tmp_path):
    before = csv.field_size_limit()
    rows = load(write(tmp_path / "x.csv", f"text,label\n{'a' * 200_000},x\nb,y\n")).train
    assert len(rows.texts[0]) == 200_000
    assert csv.field_size_limit() == before


CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
).filter(str.strip)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_what_csv_writes_is_read(tmp_path_factory, cells):
    target = io.StringIO(newline="")
    csv.writer(target).writerows([("text", "label"), *cells])
    path = write(tmp_path_factory.mktemp("csv") / "x.csv", target.getvalue())
    rows = load(path).train
    assert list(zip(rows.texts, rows.labels, strict=True)) == [
        (text, label.strip()) for text, label in cells
    ]


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_what_json_writes_is_read(tmp_path_factory, cells):
    lines = [
        json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n"
        for text, label in cells
    ]
    path = write(tmp_path_factory.mktemp("json") / "x.jsonl", "".join(lines))
    rows = load(path).train
    assert list(zip(rows.texts, rows.labels, strict=True)) == [
        (text, label.strip()) for text, label in cells
    ]


def test_rows_without_a_label_are_skipped_and_counted(tmp_path):
    path = write(tmp_path / "x.csv", "text,label\na,pos\nb,\nc\n,neg\nd,neg\n")
    rows = load(path).train
    assert rows.texts == ("a", "d")
    assert rows.warnings == (
        f"{path}: skipped 3 rows without a text or a label, the first at line 3",
    )


@pytest.mark.parametrize(
    ("name", "content", "kind", "message"),
    [
        ("x.csv", "", DataError, "the file is empty"),
        ("x.csv", "text,label\n", DataError, "no row with a text and a label"),
        ("x.csv", "text,lable\na,b\n", OptionError, "did you mean 'lable'?"),
        ("x.csv", "a,b\n1,2\n", OptionError, "the column 'text' does not exist"),
        ("x.csv", "text,label\na,b\nc,d,e\n", DataError, "line 3"),
        ("x.csv", 'text,label\n"a,b\n', DataError, "a row is malformed"),
        ("x.jsonl", '{"text": "a", "label": "b"}\nnope\n', DataError, "line 2"),
        ("x.csv", "text;label\na;b\n", DataError, "the columns are separated by ';'"),
        ("x.csv", "text\tlabel\na\tb\n", DataError, "rename the file to .tsv"),
        ("x.tsv", '"id","text","label"\n1,a,b\n', DataError, "rename the file to .csv"),
        ("x.csv", "text|label;x\na|b\n", DataError, "the columns are separated by '|'"),
        ("x.jsonl", '["a", "b"]\n', DataError, "not a JSON object"),
        ("x.jsonl", '{"text": "a"}\n', OptionError, "the column 'label' does not exist"),
        ("x.txt", "a\tb\n", OptionError, "the file type is not supported"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, name, content, kind, message):
    path = write(tmp_path / name, content)
    with pytest.raises(kind) as caught:
        load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_another_encoding_is_refused_with_the_line(tmp_path):
    path = write(tmp_path / "x.csv", "text,label\na,b\ncafé,d\n", "latin-1")
    with pytest.raises(DataError, match="line 3") as caught:
        load(path)
    assert "0xe9" in str(caught.value)
    assert "iconv -f LATIN1" in str(caught.value)
    path = write(tmp_path / "y.csv", "text,label\na,b\n", "utf-16")
    with pytest.raises(DataError, match="iconv -f UTF-16"):
        load(path)
    with pytest.raises(DataError, match="iconv -f UTF-16"):
        list(iterate_table(path, "text", "label"))


def test_a_damaged_gzip_is_refused(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"text,label\na,b\n")[:-9])
    with pytest.raises(DataError, match="damaged"):
        load(path)


def test_missing_data_suggests_the_nearest_name():
    with pytest.raises(OptionError, match="did you mean reviews"):
        load("review")


def test_one_class_is_rejected():
    with pytest.raises(DataError, match="at least two classes"):
        label_names(Rows(("a", "b"), ("x", "x")), "file")


@pytest.mark.parametrize(
    ("labels", "example"),
    [
        (("alarm|lights", "alarm"), "'alarm|lights'"),
        (("['alarm']", "lights"), "\"['alarm']\""),
        (("alarm,lights", "alarm", "lights"), "'alarm,lights'"),
        (("alarm; lights", "alarm", "lights"), "'alarm; lights'"),
    ],
)
def test_several_labels_in_one_are_a_warning(labels, example):
    warnings = find_joined_labels(Rows(("a",) * len(labels), labels))
    assert len(warnings) == 1
    assert f"1 label looks like several labels in one, such as {example}" in warnings[0]


def test_a_comma_in_an_ordinary_label_is_not_a_warning():
    labels = ("health, beauty", "sports", "[unclear", "a|")
    assert find_joined_labels(Rows(("a",) * len(labels), labels)) == ()


def test_a_label_that_is_not_a_class_of_the_model_is_rejected():
    with pytest.raises(OptionError, match="not classes of the model"):
        label_indices(Rows(("a",), ("z",)), ("x", "y"), "file")


def test_a_folder_has_a_class_for_each_folder(tmp_path):
    for name, text in (
        ("b/2.txt", "two"),
        ("b/1.txt", "one"),
        ("a/1.txt", "three"),
        ("a/2.txt", " "),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, text)
    rows = load(tmp_path).train
    assert (rows.texts, rows.labels) == (("three", "one", "two"), ("a", "b", "b"))
    assert rows.warnings == (f"{tmp_path}: skipped 1 empty file",)


def test_a_folder_without_texts_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not contain labeled texts"):
        load(tmp_path)


def test_a_folder_with_another_encoding_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    write(tmp_path / "a" / "1.txt", "x\ncafé", "latin-1")
    with pytest.raises(DataError, match=r"1\.txt, line 2"):
        load(tmp_path)


def test_breaks_become_spaces():
    assert clean_breaks("a<br />b<br/>c<br>d") == "a b c d"


def test_duplicates_keep_the_first():
    rows = Rows(("a", "b", "a"), ("x", "y", "z"))
    assert without_duplicates(rows) == Rows(("a", "b"), ("x", "y"))


@given(st.integers(2, 40), st.floats(0.01, 0.99), st.integers(0, 5))
def test_a_split_keeps_every_row_once(count, share, seed):
    rows = Rows(tuple(map(str, range(count))), ("x",) * count)
    rest, held_out = split(rows, share, seed)
    assert sorted(rest.texts + held_out.texts) == sorted(rows.texts)
    assert len(rest) >= 1
    assert len(held_out) >= 1
    assert split(rows, share, seed) == (rest, held_out)


def test_a_sample_of_sorted_rows_has_every_class():
    rows = Rows(tuple(map(str, range(3000))), ("a",) * 1500 + ("b",) * 1500)
    drawn = sample(rows, 100)
    assert len(drawn) == 100
    assert 30 < drawn.labels.count("a") < 70
    assert sample(rows, 100) == drawn
    assert sample(rows, 5000) == rows


def test_the_embedded_reviews():
    corpus = load("reviews")
    assert len(corpus.train) + len(corpus.validation) == 24_904
    assert len(corpus.validation) == 2_490
    assert not set(corpus.train.texts) & set(corpus.validation.texts)
    assert set(corpus.train.labels) == {"neg", "pos"}
    assert 0.48 < corpus.validation.labels.count("pos") / 2490 < 0.52
    assert not any("<br" in text for text in corpus.train.texts)
    assert load("reviews") == corpus
    assert "above that of IMDB's official test half" in corpus.note


def test_the_embedded_articles():
    corpus = load("bbc")
    assert len(corpus.train) + len(corpus.validation) == 2_127
    names = ("business", "entertainment", "politics", "sports", "tech")
    assert label_names(corpus.train, "bbc") == names


def imdb_files():
    return {
        f"aclImdb/{half}/{label}/{i}_7.txt": f"{label} {half} {i}<br />end"
        for half in ("train", "test")
        for label in ("neg", "pos")
        for i in range(3)
    } | {"aclImdb/train/unsup/0_0.txt": "no label", "aclImdb/README": "about"}


@pytest.fixture
def imdb_archive(tmp_path):
    path = tmp_path / "archive" / ARCHIVE
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        for name, text in imdb_files().items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def test_imdb_from_the_archive_and_from_the_folder(tmp_path, imdb_archive):
    with tarfile.open(imdb_archive) as tar:
        tar.extractall(tmp_path, filter="data")
    corpus = load_imdb(imdb_archive.parent)
    assert corpus.train.labels == ("neg",) * 3 + ("pos",) * 3
    assert corpus.train.texts[0] == "neg train 0 end"
    assert corpus.test.texts[-1] == "pos test 2 end"
    for place in (imdb_archive, tmp_path, tmp_path / "aclImdb"):
        assert load_imdb(place) == corpus
    assert load("imdb", data_dir=tmp_path) == corpus


def test_missing_imdb_reviews_name_the_download(tmp_path):
    with pytest.raises(OptionError, match="edgernn data imdb --download"):
        load("imdb", data_dir=tmp_path)


def test_a_damaged_imdb_archive_is_refused(imdb_archive):
    imdb_archive.write_bytes(imdb_archive.read_bytes()[:200])
    with pytest.raises(DataError, match="damaged"):
        load_imdb(imdb_archive)


def test_the_data_beside_the_clone_is_read(shared_data):
    for name, classes in (("trec6", 6), ("sms_spam", 2), ("agnews", 4)):
        rows = load(shared_data / name / "test.csv").train
        assert len(label_names(rows, name)) == classes


def test_the_line_is_correct_after_a_byte_order_mark(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbftext,label\ncaf\xe9,b\n")
    with pytest.raises(DataError, match="line 2") as caught:
        load(path)
    assert "0xe9" in str(caught.value)


def test_the_hint_for_a_table_with_semicolons_converts_it(tmp_path):
    table = tmp_path / "a table.csv"
    table.write_text('text;label\n"a; ""b"", c";x\n')
    with pytest.raises(DataError) as error:
        load_rows(table, DataOptions())
    command = error.value.hint.removeprefix("save it with commas: ")
    command = command.replace("python", shlex.quote(sys.executable), 1)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert load_rows(tmp_path / "commas.csv", DataOptions()).texts == ('a; "b", c',)
