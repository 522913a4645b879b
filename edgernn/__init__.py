"""edgernn: recurrent Keras text classifiers, from training to the device."""

from edgernn_runtime import EdgernnError, __version__

__all__ = ["EdgernnError", "__version__"]
