"""edgernn on the device: text in, label out, with numpy and one engine.

import edgernn_runtime

classifier = edgernn_runtime.load("tflite-int8.edgernn")
print(classifier.predict("a film to remember").label)
"""

from edgernn_runtime._version import __version__
from edgernn_runtime.classifier import Classifier, Prediction, load
from edgernn_runtime.errors import EdgernnError

__all__ = ["Classifier", "EdgernnError", "Prediction", "__version__", "load"]
