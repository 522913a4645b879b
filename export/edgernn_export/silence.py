"""Silence for converters that talk on the standard streams."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep everything that Python and C++ code prints or warns of off the standard streams."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    disabled = logging.root.manager.disable
    try:
        with (
            tempfile.TemporaryFile() as sink,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            logging.disable(logging.ERROR)
            for number in (1, 2):
                os.dup2(sink.fileno(), number)
            yield
    finally:
        logging.disable(disabled)
        for number, copy in enumerate(saved, start=1):
            os.dup2(copy, number)
            os.close(copy)
