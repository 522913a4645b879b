"""The reader of a word index of `keras.datasets`, such as `imdb_word_index.json`.

Source of the convention: `keras.datasets.imdb.load_data`, whose defaults are `start_char=1`,
`oov_char=2` and `index_from=3`; `reuters` has the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgernn_export.errors import ModelFileError
from edgernn_export.keras.text_front import Ids, TextFront, decoded, standardized
from edgernn_export.keras.tokenizer_file import read_word_index
from edgernn_runtime.tokenizer_spec import Step, TokenizerSpec

_START, _OOV, _OFFSET = 1, 2, 3
#: The ids below the words. No text contains these tokens, because < separates.
_SPECIAL = (b"", b"<START>", b"<OOV>", b"<UNUSED>")
#: The filters of `text_to_word_sequence`, and its split.
_SEPARATORS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n '


def load_word_index(path: Path, rows: int | None, steps: tuple[Step, ...] = ()) -> TextFront:
    """Return the tokenizer of a data set of Keras.

    Args:
        path: the JSON file that `get_word_index` downloads.
        rows: the number of ids that the model's Embedding has, as `load_data(num_words=rows)`
            was given it; words with other ids count as OOV. None for all words.
        steps: what the user's code does to a text before it is split.

    Raises:
        ModelFileError: the file is not a word index.
    """
    try:
        words = read_word_index(path, json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            "the word index cannot be read",
            path=path,
            expected="JSON: an object from words to their numbers",
            found=str(getattr(error, "strerror", None) or error)[:300],
            hint="keras.datasets.imdb.get_word_index() downloads it",
        ) from error
    vocabulary = (*_SPECIAL, *(word.encode() for word in words))[:rows]
    ids = {token.decode(): i for i, token in enumerate(vocabulary) if i > _OFFSET}

    def look_up(texts: Sequence[str | bytes]) -> list[Ids]:
        import tensorflow as tf

        split = tf.keras.preprocessing.text.text_to_word_sequence
        prepared = standardized(steps, texts) if steps else [decoded(text) for text in texts]
        rows = [[_START, *(ids.get(word, _OOV) for word in split(text))] for text in prepared]
        return [np.asarray(row, np.int64) for row in rows]

    return TextFront(
        name="the word index",
        reference="Keras on the word index's ids",
        spec=TokenizerSpec(
            rules="steps",
            steps=(*steps, "unicode_lower"),
            split="separators",
            separators=_SEPARATORS,
            oov=_OOV,
            start=_START,
        ),
        vocabulary=vocabulary,
        look_up=look_up,
    )
