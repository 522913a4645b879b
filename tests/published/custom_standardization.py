"""The user's code of TensorFlow's basic text classification, a module of its own."""

from __future__ import annotations

import re
import string

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="reviews")
def custom_standardization(input_data):
    """Lower-case reviews, replace their line breaks and strip their punctuation."""
    lowercase = tf.strings.lower(input_data)
    without_breaks = tf.strings.regex_replace(lowercase, "<br />", " ")
    return tf.strings.regex_replace(without_breaks, f"[{re.escape(string.punctuation)}]", "")
