"""edgernn on the device: text in, label out, with NumPy and one engine.

Example:
    import edgernn_runtime

    classifier = edgernn_runtime.load("tflite-int8.edgernn")
    print(classifier.predict("a film to remember").label)
"""

from edgernn_runtime._version import __version__
from edgernn_runtime.classifier import Classifier, Prediction, load
from edgernn_runtime.engines import SlowEngineWarning
from edgernn_runtime.errors import (
    BundleFormatError,
    BundleHashError,
    BundleNotFoundError,
    BundleVersionError,
    ClosedError,
    EdgernnError,
    EngineError,
    EngineMissingError,
    OptionError,
    SharingError,
    TextError,
)

__all__ = [
    "BundleFormatError",
    "BundleHashError",
    "BundleNotFoundError",
    "BundleVersionError",
    "Classifier",
    "ClosedError",
    "EdgernnError",
    "EngineError",
    "EngineMissingError",
    "OptionError",
    "Prediction",
    "SharingError",
    "SlowEngineWarning",
    "TextError",
    "__version__",
    "load",
]
