"""The report of a training: one page of HTML beside the model."""

from __future__ import annotations

from collections import Counter
from functools import partial
from html import escape

import numpy as np
from matplotlib.figure import Figure

from edgernn.console import Table, percent
from edgernn.data.checks import Finding, describe
from edgernn.data.rows import Rows
from edgernn.html_page import render_page, render_table
from edgernn.metrics import Scores
from edgernn.plotting import render_svg
from edgernn.score_plots import confusion_size, draw_confusion, draw_history
from edgernn.score_tables import paths_table, scores_table
from edgernn.training.inputs import Inputs
from edgernn.training.trainer import TrainedClassifier
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

_TRAINING, _VALIDATION = "#2a78d6", "#d9730d"
_MOST_LABELS, _MOST_PAIRS = 30, 15
_LONGEST_LABEL, _MOST_BARS = 24, 40


def training_report(inputs: Inputs, trained: TrainedClassifier, scores: Scores) -> str:
    """Return the page.

    Args:
        inputs: the data and options.
        trained: the finished training.
        scores: the scores on the validation texts.
    """
    subtitle = (
        f"{inputs.texts:,} training texts, {scores.texts:,} validation texts, "
        f"{len(inputs.labels)} labels. Validation accuracy {percent(scores.accuracy)}."
    )
    charts = []
    if trained.history:
        draw = partial(draw_history, history=trained.history, best_epoch=trained.best_epoch)
        charts.append(("Learning curves of the network", render_svg(draw, 6, 2.8)))
    lengths = partial(_draw_lengths, rows=inputs.training, longest=inputs.preset.text.max_length)
    charts.append(("Lengths of the training texts", render_svg(lengths, 4.7, 3)))
    labels = partial(_draw_labels, inputs=inputs)
    height = 1.2 + 0.22 * min(len(inputs.labels), _MOST_LABELS)
    charts.append(("Labels", render_svg(labels, 4.7, max(height, 2.4))))
    if scores.confusion and len(inputs.labels) <= _MOST_LABELS:
        side = confusion_size(scores)
        matrix = render_svg(
            lambda figure: draw_confusion(figure.subplots(), scores), side + 1, side
        )
        charts.append(("Confusion matrix of the validation texts", matrix))
    sections = [
        *_findings(inputs.findings),
        render_table(paths_table(trained.scores, trained.deployed, scores.texts)),
        *map(render_table, _pairs(scores)),
        render_table(scores_table("Scores on the validation texts", scores, inputs.corpus.note)),
    ]
    return render_page(f"edgernn train: {inputs.corpus.name}", subtitle, (), charts, sections)


def _draw_matrix(figure: Figure, scores: Scores) -> None:
    draw_confusion(figure.subplots(), scores)


def _draw_lengths(figure: Figure, rows: Rows, longest: int) -> None:
    tokenizer = Tokenizer(TokenizerSpec(), (b"", b"[UNK]"))
    lengths = np.asarray([len(tokenizer.tokens(text)) for text in rows.texts])
    axes = figure.subplots()
    end = max(int(np.quantile(lengths, 0.99)), 10)
    width = -(-end // _MOST_BARS)
    edges = [edge - 0.5 for edge in range(0, end + 2 * width, width)]
    axes.hist(np.minimum(lengths, end), edges, color=_TRAINING)
    if longest <= end:
        cut = float((lengths > longest).mean())
        label = f"--max-length {longest}: {cut:.1%} are cut"
        axes.axvline(longest, color=_VALIDATION, linestyle=":", label=label)
        axes.legend()
    axes.set_xlabel(f"tokens (the longest 1 % are at {end:,})")
    axes.set_ylabel("texts")
    axes.set_title(f"median {np.median(lengths):,.0f}, longest {lengths.max():,}", fontsize=9)
    axes.grid(visible=True, axis="y")


def _draw_labels(figure: Figure, inputs: Inputs) -> None:
    """Draw the share of each label among the training and the validation texts."""
    parts = (
        (inputs.training, _TRAINING, "training"),
        (inputs.validation, _VALIDATION, "validation"),
    )
    counts = _count(inputs.training)
    names = sorted(inputs.labels, key=lambda label: counts[label])[-_MOST_LABELS:]
    axes = figure.subplots()
    for place, (rows, colour, name) in enumerate(parts):
        count = _count(rows)
        shares = [count[label] / max(len(rows), 1) for label in names]
        heights = np.arange(len(names)) + (0.2 if place == 0 else -0.2)
        axes.barh(heights, shares, height=0.38, color=colour, label=name)
    shown = [
        one if len(one) <= _LONGEST_LABEL else one[: _LONGEST_LABEL - 1] + "…" for one in names
    ]
    axes.set_yticks(range(len(names)), shown, parse_math=False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("share of the texts")
    axes.grid(visible=True, axis="x")
    axes.legend()


def _count(rows: Rows) -> Counter[str]:
    return Counter(label for labels in rows.label_sets for label in labels)


def _pairs(scores: Scores) -> list[Table]:
    """Return the table of the most confused pairs; empty without mistakes or a matrix."""
    counts = np.asarray(scores.confusion)
    if not counts.size:
        return []
    pairs = [
        (int(counts[true, predicted]), true, predicted)
        for true, predicted in zip(*np.nonzero(counts), strict=True)
        if true != predicted
    ]
    if not pairs:
        return []
    names = [one.label for one in scores.classes]
    rows = tuple(
        (names[true], names[predicted], f"{count:,}", percent(count / counts[true].sum()))
        for count, true, predicted in sorted(pairs, reverse=True)[:_MOST_PAIRS]
    )
    columns = ("label", "predicted", "texts", "share of the label")
    return [Table("Most confused pairs of the validation texts", columns, rows)]


def _findings(findings: tuple[Finding, ...]) -> list[str]:
    """Return the section of what is suspicious about the data; empty without findings."""
    if not findings:
        return []
    parts = [
        f"<p>{escape(describe(one))}, such as:</p><ul>"
        + "".join(f"<li>{escape(example)}</li>" for example in one.examples)
        + "</ul>"
        for one in findings
    ]
    return [f"<section><h2>Suspicious texts; nothing is left out</h2>{''.join(parts)}</section>"]
