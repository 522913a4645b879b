"""The import of TensorFlow and Keras, without their output on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


def import_tensorflow() -> None:
    """Import TensorFlow and Keras and suppress what their C++ code writes to stderr.

    It reports missing accelerators before a log level can be set. A failed import still raises.
    """
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        return
    with _without_stderr():
        import keras  # noqa: F401
        import tensorflow as tf

        # The first use of a device writes to stderr again.
        tf.config.list_physical_devices()


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
