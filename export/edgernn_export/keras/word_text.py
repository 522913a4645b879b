"""A standardization for TextVectorization that splits words at punctuation.

Importing the module registers the function and imports Keras.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from edgernn_runtime.tokenizer_spec import Step

#: What the function does, as steps of the tokenizer contract.
WORD_STEPS: tuple[Step, ...] = ("lower", "punctuation_to_space")
_PUNCTUATION = r"[!-/:-@\[-`{-~]"


@keras.saving.register_keras_serializable("edgernn")  # type: ignore[untyped-decorator]
def lower_and_split_at_punctuation(text: Any) -> Any:
    """Return strings in lower case (A-Z) with a space in place of each ASCII punctuation character.

    Example:
        layer = keras.layers.TextVectorization(standardize=lower_and_split_at_punctuation)
    """
    return tf.strings.regex_replace(tf.strings.lower(text), _PUNCTUATION, " ")
