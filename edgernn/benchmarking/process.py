"""The parent's end of a measuring process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from edgernn.benchmarking.variants import WORKER
from edgernn.errors import BenchError


class Process:
    """A measuring process, started at once, which does one task at a time."""

    def __init__(self, threads: int) -> None:
        # A file, because a full pipe of messages that nobody reads would block the process.
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603
            WORKER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            env={
                **os.environ,
                "OMP_NUM_THREADS": str(threads),
                "TF_CPP_MIN_LOG_LEVEL": "3",
                # A script's own openers are importable there as they are here.
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            # Ctrl-C is for the parent, which keeps what was measured.
            start_new_session=True,
        )

    def send(self, do: str, **arguments: Any) -> None:
        """Send a task; `receive` waits for its result.

        Raises:
            BenchError: the process has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise BenchError(self._last_message()) from None

    def receive(self) -> Any:
        """Return the result of the task that was sent.

        Raises:
            BenchError: the task failed, or the process ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(self._last_message())
        result = json.loads(line)
        if "error" in result:
            raise BenchError(result["error"], found=result.get("found"))
        return result["result"]

    def call(self, do: str, **arguments: Any) -> Any:
        """Return the result of a task.

        Raises:
            BenchError: the task failed, or the process ended.
        """
        self.send(do, **arguments)
        return self.receive()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._messages):
            if stream is not None:
                stream.close()

    def _last_message(self) -> str:
        status = self._process.wait()
        self._messages.seek(0)
        lines = self._messages.read().decode("utf-8", "replace").strip().splitlines()
        ended = f"the measuring process ended with status {status}"
        return f"{ended}: {lines[-1]}" if lines else ended
