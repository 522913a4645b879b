"""Explained predictions as a page of HTML: the weight of each token, and the hidden states."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edgernn.console import Table, percent
from edgernn.html_page import render_page, render_table
from edgernn.plotting import render_svg
from edgernn_runtime import Classifier, Explanation
from edgernn_runtime.ir import Recurrent
from edgernn_runtime.model_bin import decode_model
from edgernn_runtime.reference import run_layer

_FOR, _AGAINST = "42, 120, 214", "217, 115, 13"
#: More tokens do not fit into a picture.
_MOST_TOKENS = 60
_MOST_WEIGHTS = 15
_LONGEST = 16


def explanation_page(
    classifier: Classifier, explanations: Sequence[tuple[str, Explanation]]
) -> str:
    """Return the page.

    Args:
        classifier: the classifier; the hidden states are those of a `native` bundle.
        explanations: each text and its explanation.
    """
    charts, sections = [], []
    for number, (text, one) in enumerate(explanations, start=1):
        sections += [_text_section(number, text, one), render_table(_weights(number, one))]
        states = hidden_states(classifier, text)
        if states is not None:
            tokens = [token.token for token in one.tokens]
            draw = partial(_draw_states, states=states, tokens=tokens)
            width = max(4.7, 0.22 * min(len(tokens), _MOST_TOKENS))
            charts.append((f"Text {number}: hidden states", render_svg(draw, width, 3.6)))
    subtitle = (
        "The weight of a token is the probability of the label with it minus that without it. "
        "Blue tokens support the label, orange ones oppose it."
    )
    return render_page("edgernn predict --explain", subtitle, (), charts, sections)


def hidden_states(classifier: Classifier, text: str | bytes) -> NDArray[np.float32] | None:
    """Return the states of the last recurrent layer over the tokens, float32 [T, O].

    Returns:
        None if the bundle is not `native` or has no recurrent layer, or the text has no token.
    """
    bundle = classifier.bundle
    _, ids = classifier.tokens(text)
    if bundle.manifest.format != "native" or not len(ids):
        return None
    model = decode_model(bundle.model)
    if model.embedding is None:
        return None
    values, states = model.embedding[ids], None
    for layer in model.layers:
        if not isinstance(layer, Recurrent):
            break
        values = run_layer(layer, values)
        if values.ndim == 2:
            states = values
    return states


def _text_section(number: int, text: str, one: Explanation) -> str:
    """Return the tokens, coloured by their weights."""
    largest = max((abs(token.weight) for token in one.tokens), default=0.0) or 1.0
    spans = []
    for token in one.tokens:
        colour = _FOR if token.weight >= 0 else _AGAINST
        strength = 0.75 * abs(token.weight) / largest
        title = f"{token.weight:+.4f}" + ("" if token.is_known else ", not in the vocabulary")
        spans.append(
            f'<span style="background: rgba({colour}, {strength:.2f})" title="{title}">'
            f"{escape(token.token)}</span>"
        )
    prediction = one.prediction
    head = f"Text {number}: {prediction.label or '-'} ({percent(prediction.probability)})"
    shown = f'<p class="text">{" ".join(spans)}</p><p>{escape(text)}</p>'
    return f"<section><h2>{escape(head)}</h2>{shown}</section>"


def _weights(number: int, one: Explanation) -> Table:
    order = sorted(one.tokens, key=lambda token: -abs(token.weight))[:_MOST_WEIGHTS]
    rows = tuple(
        (token.token, f"{token.weight:+.4f}", "yes" if token.is_known else "no") for token in order
    )
    return Table(f"Text {number}: largest weights", ("token", "weight", "in vocabulary"), rows)


def _draw_states(figure: Figure, states: NDArray[np.float32], tokens: Sequence[str]) -> None:
    """Draw the states as a map of tokens by units; similar units are beside each other."""
    shown = states[:_MOST_TOKENS].T
    order = np.argsort(shown.argmax(axis=1), kind="stable")
    largest = float(np.abs(shown).max()) or 1.0
    axes = figure.subplots()
    image = axes.imshow(
        shown[order], cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto", rasterized=True
    )
    names = [one if len(one) <= _LONGEST else one[: _LONGEST - 1] + "…" for one in tokens]
    places = range(shown.shape[1])
    axes.set_xticks(places, names[: len(places)], rotation=90, fontsize=7, parse_math=False)
    axes.set_ylabel(f"{shown.shape[0]} units, by their largest token")
    axes.set_yticks([])
    bar = figure.colorbar(image, ax=axes, shrink=0.8, label="state")
    bar.outline.set_visible(False)
