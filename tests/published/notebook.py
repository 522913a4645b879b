"""What notebooks do in front of a model: Keras's Tokenizer and pad_sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.published.corpus import Corpus
from tests.published.pattern import File, Pattern, Pipeline, Wrong
from tests.published.training import fit, predict

TOKENIZER = "tokenizer.json"

OTHER_PADDING = Wrong("padding of the other side", {"padding": "post"})


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True)
class Notebook:
    """A notebook: texts to padded ids, a model on these, and the cells that serve it.

    Attributes:
        build: builds the model, given the number of ids and of outputs.
        model: the file or folder to save the model in.
        length: `maxlen` of `pad_sequences`.
        padding: its padding.
        truncating: its truncation.
        tokenizer: arguments of `Tokenizer`.
        clean: what is done with a text in front of the tokenizer.
        rate: the learning rate.
        epochs: the passes over the texts.
        is_keras_2: whether the notebook is of Keras 2, that is of tf_keras.
    """

    build: Callable[[int, int], Any]
    length: int
    model: str = "model.keras"
    padding: str = "pre"
    truncating: str = "pre"
    tokenizer: dict[str, Any] = field(default_factory=dict)
    clean: Callable[[str], str] = _unchanged
    rate: float = 5e-3
    epochs: int = 2
    is_keras_2: bool = False

    def train(self, corpus: Corpus, folder: Path) -> None:
        """Run the notebook: fit the tokenizer, train the model, save both."""
        tokenizer = self._api().preprocessing.text.Tokenizer(**self.tokenizer)
        tokenizer.fit_on_texts([self.clean(text) for text in corpus.texts])
        known = len(tokenizer.word_index) + 1
        size = known if tokenizer.num_words is None else min(tokenizer.num_words, known)
        binary = len(corpus.labels) == 2
        model = self.build(size, 1 if binary else len(corpus.labels))
        ids = self._ids(tokenizer, corpus.texts)
        fit(model, self._inputs(model, ids), corpus.targets, rate=self.rate, epochs=self.epochs)
        model.save(folder / self.model)
        (folder / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")

    def serve(self, folder: Path) -> Pipeline:
        """Return the last cells of the notebook, from the saved files."""
        import keras
        import tf_keras

        api = tf_keras if self.is_keras_2 else keras
        text = (folder / TOKENIZER).read_text(encoding="utf-8")
        tokenizer = self._api().preprocessing.text.tokenizer_from_json(text)
        model = api.models.load_model(folder / self.model)

        def pipeline(texts: Sequence[str]) -> NDArray[np.float32]:
            return predict(model, self._inputs(model, self._ids(tokenizer, texts)))

        return pipeline

    def options(self, **others: Any) -> dict[str, Any]:
        """Return the options of `edgernn export` that state what the notebook does."""
        return {
            "tokenizer": File(TOKENIZER),
            "padding": self.padding,
            "truncating": self.truncating,
            "max_length": self.length,
            **others,
        }

    def _api(self) -> Any:
        if self.is_keras_2:
            import tf_keras

            return tf_keras
        # The attribute finds Keras 3's copy, as `from tensorflow.keras import ...` does.
        import tensorflow as tf

        return tf.keras

    def _ids(self, tokenizer: Any, texts: Sequence[str]) -> NDArray[np.int32]:
        pad_sequences = self._api().preprocessing.sequence.pad_sequences
        sequences = tokenizer.texts_to_sequences([self.clean(text) for text in texts])
        ids: NDArray[np.int32] = pad_sequences(
            sequences, maxlen=self.length, padding=self.padding, truncating=self.truncating
        )
        return ids

    @staticmethod
    def _inputs(model: Any, ids: NDArray[np.int32]) -> Any:
        """Return a model's inputs: the same ids for each of them."""
        return [ids] * len(model.inputs) if len(model.inputs) > 1 else ids


def notebook_pattern(
    name: str, title: str, corpus: str, notebook: Notebook, *wrong: Wrong, **options: Any
) -> Pattern:
    """Return the pattern of a notebook, with options beside those of its tokenizer and padding."""
    return Pattern(
        name=name,
        title=title,
        corpus=corpus,
        model=notebook.model,
        train=notebook.train,
        serve=notebook.serve,
        options=notebook.options(**options),
        wrong=wrong,
    )
