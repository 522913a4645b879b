"""Keras models: loading, reading, our own layers, and Keras's predictions."""
