"""A model folder, trained once for all tests by the command line."""

from __future__ import annotations

import contextlib
import csv
import io
import random
from html.parser import HTMLParser

import pytest

from edgernn.cli import main

GOOD, BAD = ["good", "great", "fine", "lovely", "best"], ["bad", "poor", "dull", "weak", "worst"]
OTHER = ["film", "plot", "actor", "scene", "music", "story", "a", "the", "of", "and", "is", "was"]


def reviews(count, seed):
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        mood = (GOOD, BAD)[i % 2]
        words = draw.choices(OTHER, k=draw.randint(2, 20)) + draw.choices(mood, k=3)
        draw.shuffle(words)
        rows.append((" ".join(words), ("pos", "neg")[i % 2]))
    return rows


def unlike_words(count):
    """Return a vocabulary whose words have no characters in common."""
    return ["", "[UNK]", *(chr(0x4E00 + i) for i in range(count - 2))]


def write_table(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])
    return path


def run(*arguments):
    """Run the command line and return its exit status."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code
    raise AssertionError("the command line always exits")


class Page(HTMLParser):
    """The tags and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [v for k, v in attributes if k in ("src", "href", "xlink:href")]


SMALL = (
    "--preset",
    "tutorial",
    "--units",
    "8,4",
    "--embedding-dim",
    "8",
    "--dense-units",
    "8",
    "--batch-size",
    "32",
)


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("data") / "reviews.csv", reviews(600, 1))


@pytest.fixture(scope="session")
def trained(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "model"
    logs = ("--tensorboard", out.parent / "logs")
    screen = io.StringIO()
    with contextlib.redirect_stderr(screen):
        assert run("train", "--data", table, "--epochs", 6, *SMALL, *logs, "--out", out) == 0
    (out.parent / "screen.txt").write_text(screen.getvalue(), encoding="utf-8")
    for model_format, recipe in (("tflite", "int8"), ("onnx", "none")):
        assert run("export", out, "--format", model_format, "--quantize", recipe) == 0
    return out
