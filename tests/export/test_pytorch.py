"""PyTorch text classifiers, converted to Keras and exported."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edgernn_export import Examples, Options, export
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.pytorch import to_keras
from edgernn_runtime import load
from tests.conftest import make_texts, make_tokenizer

ROWS, SIZE, UNITS = 40, 5, 4
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(kind, x, h, c):
    """Return the next hidden and cell state by the equations of PyTorch's documentation.

    `x` and `h` are the products of the input and of the hidden state, biases included.
    """
    if kind == "rnn":
        return np.tanh(x + h[0]), c
    if kind == "gru":
        (xr, xz, xn), (hr, hz, hn) = np.split(x, 3), np.split(h[0], 3)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = np.tanh(xn + r * hn)
        return (1 - z) * n + z * h[1], c
    i, f, g, o = np.split(x + h[0], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def direction(kind, state, suffix, inputs):
    """Return the hidden states [T, H] of one direction, in the order of its inputs."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w, u, b, d = (state[f"rnn.{name}_{suffix}"] for name in names)
    h, c, states = np.zeros(UNITS), np.zeros(UNITS), []
    for x in inputs:
        h, c = step(kind, w @ x + b, (u @ h + d, h), c)
        states.append(h)
    return np.array(states)


def reference(kind, state, ids, *, levels, both, end):
    """Return the logits of the module by PyTorch's own equations, in float64."""
    x = state["embedding.weight"].astype(float)[ids]
    for level in range(levels):
        forward = direction(kind, state, f"l{level}", x)
        last = [forward[-1]]
        x, before = forward, x
        if both:
            backward = direction(kind, state, f"l{level}_reverse", before[::-1])
            last.append(backward[-1])
            x = np.concatenate([forward, backward[::-1]], axis=1)
    pooled = {
        "last": lambda: np.concatenate(last),
        "max": lambda: x.max(0),
        "mean": lambda: x.mean(0),
    }
    return state["fc.weight"] @ pooled[end]() + state["fc.bias"]


def make_state(kind, *, levels, both, outputs=1, rows=ROWS):
    draw = np.random.default_rng(1)
    state = {"embedding.weight": draw.normal(size=(rows, SIZE))}
    width = SIZE
    for level in range(levels):
        for suffix in ("", "_reverse")[: 1 + both]:
            for name, shape in (
                ("weight_ih", width),
                ("weight_hh", UNITS),
                ("bias_ih", 0),
                ("bias_hh", 0),
            ):
                size = (GATES[kind] * UNITS, shape) if shape else (GATES[kind] * UNITS,)
                state[f"rnn.{name}_l{level}{suffix}"] = draw.normal(size=size)
        width = UNITS * (1 + both)
    state["fc.weight"], state["fc.bias"] = (
        draw.normal(size=(outputs, width)),
        draw.normal(size=outputs),
    )
    return {name: value.astype(np.float32) for name, value in state.items()}


@pytest.mark.parametrize("end", ["last", "max", "mean"])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("kind", GATES)
def test_the_model_computes_pytorchs_equations(kind, levels, both, end):
    state = make_state(kind, levels=levels, both=both)
    model = to_keras(state, ["embedding", "rnn", end, "fc"])
    for length in (1, 7):
        ids = np.random.default_rng(length).integers(1, ROWS, length)
        expected = reference(kind, state, ids, levels=levels, both=both, end=end)
        assert model(ids[np.newaxis]).numpy()[0] == pytest.approx(expected, abs=2e-5)


def test_it_is_exported_as_any_other_model(tmp_path):
    tokenizer = make_tokenizer()
    rows = tokenizer.vocabulary_size()
    state = make_state("gru", levels=2, both=True, outputs=3, rows=rows)
    model = to_keras(state, ["embedding", "rnn", "last", "fc", "softmax"])
    keras.Sequential([keras.Input((1,), dtype="string"), tokenizer]).save(tmp_path / "text.keras")
    texts = tuple(make_texts(60, seed=4))
    options = Options("native", vocabulary=tmp_path / "text.keras", allow_drop=True)
    done = export(model, tmp_path / "x.edgernn", options, Examples(texts, None, "file"))
    assert done.comparison.max_change <= 1e-5
    with load(done.path) as classifier:
        for text in texts[:10]:
            ids = np.asarray(tokenizer([text]))[0]
            logits = reference("gru", state, ids, levels=2, both=True, end="last")
            expected = np.exp(logits) / np.exp(logits).sum()
            assert classifier.output(text) == pytest.approx(expected, abs=2e-5)


def test_what_has_no_equivalent_is_refused():
    state = make_state("lstm", levels=1, both=False)
    with pytest.raises(UnsupportedModelError, match="not in the state_dict"):
        to_keras(state, ["embedding", "lstm", "last", "fc"])
    with pytest.raises(UnsupportedModelError, match="does not name") as caught:
        to_keras(state, ["embedding", "rnn", "last"])
    assert "fc.weight" in str(caught.value)
    projected = {**state, "rnn.weight_hr_l0": np.zeros((2, UNITS))}
    with pytest.raises(UnsupportedModelError, match="projects its hidden states"):
        to_keras(projected, ["embedding", "rnn", "last", "fc"])


def test_pytorch_itself_agrees():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    torch.manual_seed(0)
    for kind in ("LSTM", "GRU"):
        parts = torch.nn.ModuleDict(
            {
                "embedding": torch.nn.Embedding(ROWS, SIZE),
                "rnn": getattr(torch.nn, kind)(
                    SIZE, UNITS, 2, batch_first=True, bidirectional=True
                ),
                "fc": torch.nn.Linear(2 * UNITS, 3),
            }
        )
        model = to_keras(parts.state_dict(), ["embedding", "rnn", "last", "fc"])
        ids = np.random.default_rng(2).integers(1, ROWS, (5, 9))
        with torch.no_grad():
            _, states = parts["rnn"](parts["embedding"](torch.tensor(ids)))
            h_n = states[0] if kind == "LSTM" else states
            expected = parts["fc"](torch.cat((h_n[-2], h_n[-1]), dim=1)).numpy()
        assert model(ids).numpy() == pytest.approx(expected, abs=1e-5)
