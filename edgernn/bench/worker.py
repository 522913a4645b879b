"""The measuring process: `python -m edgernn.bench.worker`, a task a line on stdin, JSON both ways.

Each form of the model has one of its own, which waits while another is timed, so that a busy
moment of the machine falls on all of them alike.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

from edgernn.bench.forms import Form, open_form
from edgernn_runtime import EdgernnError
from edgernn_runtime.machine import peak_bytes, resident_bytes
from edgernn_runtime.timing import millijoules, texts_a_second, time_window, warm_up

Task = dict[str, Any]


class Worker:
    """One form of the model, open, and what can be asked of it."""

    def __init__(self) -> None:
        self._form: Form | None = None
        self._opening: tuple[Any, ...] = ()

    def do(self, task: Task) -> Any:
        """Return the result of a task, as JSON values.

        Raises:
            EdgernnError: the model cannot be used.
        """
        return _TASKS[task.pop("do")](self, **task)

    @property
    def form(self) -> Form:
        """The form that `open` opened."""
        assert self._form is not None
        return self._form

    def open(self, kind: Any, path: str, threads: int, bundle: str | None) -> None:
        """Open the form."""
        self._opening = (kind, path, threads, bundle)
        self._form = open_form(*self._opening)

    def warm_up(self, texts: list[str]) -> None:
        """Answer a few texts untimed."""
        warm_up(self.form, texts)

    def window(self, texts: list[str], seconds: float) -> dict[str, Any]:
        """Return the samples of one window."""
        return asdict(time_window(self.form, texts, seconds))

    def memory(self) -> list[int | None]:
        """Return the peak of the process and what it holds now, in bytes."""
        return [peak_bytes(), resident_bytes()]

    def throughput(self, texts: list[str], seconds: float, callers: int) -> float:
        """Return the answers a second of so many callers."""
        forms = [self.form, *(open_form(*self._opening) for _ in range(callers - 1))]
        return texts_a_second(forms, texts, seconds)

    def energy(self, texts: list[str], seconds: float) -> float | None:
        """Return the millijoules of an answer."""
        return millijoules(self.form, texts, seconds)

    def answers(self, texts: list[str]) -> list[list[float]]:
        """Return the probabilities for each text."""
        return self.form.answers(texts)


_TASKS: dict[str, Callable[..., Any]] = {
    name: getattr(Worker, name)
    for name in ("open", "warm_up", "window", "memory", "throughput", "energy", "answers")
}


def main() -> None:
    """Do the tasks of stdin until it ends; an error is an answer too."""
    answers = _answers_only()
    if sys.argv[1:]:
        # A fresh process that answers one text, for the cold start.
        open_form("keras predict", sys.argv[1], 1, None).predict(sys.argv[2])
        answers.write("done\n")
        answers.flush()
        return
    worker = Worker()
    for line in sys.stdin:
        try:
            result = {"result": worker.do(json.loads(line))}
        except EdgernnError as error:
            result = {"error": error.what, "found": error.found}
        except Exception as error:  # noqa: BLE001 - whatever a foreign engine raises is a row
            result = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


def _answers_only() -> IO[str]:
    """Return stdout, and send to stderr whatever the engines print."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
