"""Silencing of converters that print to the standard streams."""

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
    """Discard all output and warnings of Python and C++ code in the block."""
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
