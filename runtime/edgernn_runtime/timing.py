"""Latency measurement: windows of single calls, every sample kept.

The method is that of MLPerf Tiny: the median, over several windows, of each window's figures. Only
the warm-up calls are discarded.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np

from edgernn_runtime.errors import TextError
from edgernn_runtime.tokenizer import Split, Tokenizer

WINDOWS = 5
_WARM_UP_CALLS = 10
_MIN_SAMPLES = 5
_TEXTS = 50


class Subject(Protocol):
    """The subject of a measurement: a classifier, or another variant of the same model."""

    def predict(self, text: str) -> object:
        """Return the prediction for a text."""

    def tokenize(self, text: str) -> Any:
        """Return the ids of a text, [T] or [1, T]."""

    def output_of_ids(self, ids: Any) -> object:
        """Return the model's output, [C] or [1, C], for ids that `tokenize` returned."""


@dataclass(frozen=True)
class Window:
    """The samples of one window in milliseconds, in order.

    Attributes:
        total_ms: each call from text to prediction.
        tokenize_ms: each call from text to ids.
        invoke_ms: each call from ids to output.
    """

    total_ms: tuple[float, ...]
    tokenize_ms: tuple[float, ...]
    invoke_ms: tuple[float, ...]


@dataclass(frozen=True)
class Summary:
    """The latency over several windows, in milliseconds: medians of the windows' figures.

    Attributes:
        p50: the median.
        p90: the 90th percentile.
        p95: the 95th percentile.
        p99: the 99th percentile.
        min: the minimum of all windows.
        spread: the largest median minus the smallest, divided by `p50`.
        tokenize: the median from text to ids.
        invoke: the median from ids to output.
        samples: number of samples in all windows.
    """

    p50: float
    p90: float
    p95: float
    p99: float
    min: float
    spread: float
    tokenize: float
    invoke: float
    samples: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def summarize(windows: Sequence[Window]) -> Summary:
    """Return the latency over at least one window."""
    shares = np.array([np.quantile(w.total_ms, (0.5, 0.9, 0.95, 0.99)) for w in windows])
    p50, p90, p95, p99 = (float(value) for value in np.median(shares, axis=0))
    medians = shares[:, 0]
    return Summary(
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        min=min(min(window.total_ms) for window in windows),
        spread=float((medians.max() - medians.min()) / p50),
        tokenize=float(np.median([np.median(window.tokenize_ms) for window in windows])),
        invoke=float(np.median([np.median(window.invoke_ms) for window in windows])),
        samples=sum(len(window.total_ms) for window in windows),
    )


def cut_texts(tokenizer: Tokenizer, texts: Sequence[str], tokens: int) -> tuple[str, ...]:
    """Return texts with a given number of words or characters, cut from the concatenated texts.

    Args:
        tokenizer: the tokenizer that counts; n-grams do not count.
        texts: the texts to cut from.
        tokens: number of tokens of each returned text.

    Raises:
        TextError: the texts have no token, or the tokenizer does not split texts.
    """
    spec = replace(tokenizer.spec, ngrams=(), max_length=None, start=None)
    if spec.split == "none" and tokens > 1:
        raise TextError(
            "this model does not split texts into tokens",
            expected="a length of 1",
            found=f"{tokens}",
        )
    whole = Tokenizer(spec, tokenizer.vocabulary)
    stream = list(itertools.chain.from_iterable(whole.tokens(text) for text in texts))
    if not stream:
        raise TextError(
            "the texts have no token", expected="at least one", found=f"{len(texts)} empty texts"
        )
    stream *= -(-tokens // len(stream))
    starts = range(0, len(stream) - tokens + 1, tokens)
    separators: dict[Split, bytes] = {
        "character": b"",
        "separators": spec.separators[:1].encode(),
    }
    between = separators.get(spec.split, b" ")
    chosen = itertools.islice(starts, _TEXTS)
    return tuple(between.join(stream[i : i + tokens]).decode() for i in chosen)


def warm_up(subject: Subject, texts: Sequence[str]) -> None:
    """Classify a few texts without measuring."""
    for i in range(_WARM_UP_CALLS):
        text = texts[i % len(texts)]
        subject.predict(text)
        subject.output_of_ids(subject.tokenize(text))


def time_window(subject: Subject, texts: Sequence[str], seconds: float) -> Window:
    """Return the samples of one window, at least five, over the texts in turn.

    Args:
        subject: the subject to measure.
        texts: the texts.
        seconds: the duration of the window.
    """
    samples: list[tuple[float, float, float]] = []
    deadline = time.perf_counter() + seconds
    while len(samples) < _MIN_SAMPLES or time.perf_counter() < deadline:
        text = texts[len(samples) % len(texts)]
        total, _ = _timed(subject.predict, text)
        tokenized, ids = _timed(subject.tokenize, text)
        invoked, _ = _timed(subject.output_of_ids, ids)
        samples.append((total, tokenized, invoked))
    return Window(*(tuple(column) for column in np.round(samples, 5).T.tolist()))


def _timed(call: Callable[[Any], Any], argument: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call(argument)
    return 1e3 * (time.perf_counter() - start), result


def texts_a_second(subjects: Sequence[Subject], texts: Sequence[str], seconds: float) -> float:
    """Return the throughput of concurrent callers, in texts per second.

    Args:
        subjects: one subject per caller.
        texts: the texts, in turn.
        seconds: the duration.
    """
    counts = [0] * len(subjects)
    deadline = time.perf_counter() + seconds

    def call(caller: int) -> None:
        while time.perf_counter() < deadline:
            subjects[caller].predict(texts[counts[caller] % len(texts)])
            counts[caller] += 1

    callers = [threading.Thread(target=call, args=(i,)) for i in range(len(subjects))]
    start = time.perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return sum(counts) / (time.perf_counter() - start)
