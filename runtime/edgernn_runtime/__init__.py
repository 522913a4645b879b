"""edgernn on the device: text in, label out, with NumPy and one engine.

Example:
    import edgernn_runtime

    classifier = edgernn_runtime.load("tflite-int8.edgernn")
    print(classifier.predict("a film to remember").label)
"""

from edgernn_runtime._version import __version__
from edgernn_runtime.classifier import Classifier, load
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
from edgernn_runtime.explain import Explanation, TokenWeight
from edgernn_runtime.prediction import Prediction
from edgernn_runtime.self_test import SelfTestResult

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
    "Explanation",
    "OptionError",
    "Prediction",
    "SelfTestResult",
    "SharingError",
    "SlowEngineWarning",
    "TextError",
    "TokenWeight",
    "__version__",
    "load",
]
