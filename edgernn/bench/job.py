"""What a measuring process is asked, and what it answers; both travel as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["keras predict", "keras tf.function", "bundle"]


@dataclass(frozen=True)
class Job:
    """A form of the model to measure.

    Attributes:
        form: how the model is run.
        path: the `.keras` file or the bundle.
        latency_texts: texts of one length, each timed one at a time.
        quality_texts: texts to answer once, untimed; may be empty.
        threads: threads that one call may use.
        seconds: about how long to time.
    """

    form: Form
    path: str
    latency_texts: tuple[str, ...]
    quality_texts: tuple[str, ...]
    threads: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """What was measured of a form.

    Attributes:
        samples_ms: the time of each call from text to probabilities, in milliseconds.
        probabilities: the probabilities of each label for each quality text, [N][C].
    """

    samples_ms: tuple[float, ...]
    probabilities: tuple[tuple[float, ...], ...]
