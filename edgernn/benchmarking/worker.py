"""The measuring process, `python -m edgernn.benchmarking.worker`: JSON tasks on stdin, one a line.

Each variant has its own process, which waits while another is timed, so that a busy moment of the
machine affects all of them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

from edgernn.benchmarking.runners import Runner, open_keras_predict, open_runner
from edgernn_runtime import EdgernnError
from edgernn_runtime.machine import peak_bytes
from edgernn_runtime.timing import texts_a_second, time_window, warm_up

Task = dict[str, Any]


class Worker:
    """One open variant and the tasks that it can do."""

    def __init__(self) -> None:
        self._runner: Runner | None = None
        self._opening: tuple[Any, ...] = ()

    def do(self, task: Task) -> Any:
        """Return the result of a task, as JSON values.

        Raises:
            EdgernnError: the model cannot be used.
        """
        return _TASKS[task.pop("do")](self, **task)

    @property
    def runner(self) -> Runner:
        """The variant that `open` opened."""
        assert self._runner is not None
        return self._runner

    def open(self, opener: str, arguments: list[str], threads: int) -> None:
        """Open the variant."""
        self._opening = (opener, arguments, threads)
        self._runner = open_runner(*self._opening)

    def warm_up(self, texts: list[str]) -> None:
        """Classify a few texts untimed."""
        warm_up(self.runner, texts)

    def window(self, texts: list[str], seconds: float) -> dict[str, Any]:
        """Return the samples of one window."""
        return asdict(time_window(self.runner, texts, seconds))

    def peak_bytes(self) -> int | None:
        """Return the peak memory of this process, in bytes."""
        return peak_bytes()

    def throughput(self, texts: list[str], seconds: float, callers: int) -> float:
        """Return the texts a second of concurrent callers, each with its own instance."""
        runners = [self.runner, *(open_runner(*self._opening) for _ in range(callers - 1))]
        return texts_a_second(runners, texts, seconds)

    def probabilities(self, texts: list[str]) -> list[list[float]]:
        """Return the probability of each label for each text, [N][C]."""
        return self.runner.probabilities(texts)


_TASKS: dict[str, Callable[..., Any]] = {
    name: getattr(Worker, name)
    for name in ("open", "warm_up", "window", "peak_bytes", "throughput", "probabilities")
}


def main() -> None:
    """Do the tasks of stdin until it ends; errors are sent as results."""
    results = _results_only()
    if sys.argv[1:]:
        # A fresh process that classifies one text, for the cold start.
        open_keras_predict(sys.argv[1], threads=1).predict(sys.argv[2])
        results.write("done\n")
        results.flush()
        return
    worker = Worker()
    for line in sys.stdin:
        try:
            result = {"result": worker.do(json.loads(line))}
        except EdgernnError as error:
            result = {"error": error.what, "found": error.found}
        except Exception as error:  # noqa: BLE001 - any error of a foreign engine is a result
            result = {"error": f"{type(error).__name__}: {error}"}
        results.write(json.dumps(result) + "\n")
        results.flush()


def _results_only() -> IO[str]:
    """Return stdout, and redirect what the engines print to stderr."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return results


if __name__ == "__main__":
    main()
