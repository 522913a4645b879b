"""The reader of a Keras Tokenizer, from the JSON that its `to_json` writes.

Source of the rules: `tf.keras.preprocessing.text.Tokenizer`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgernn_export.errors import ModelFileError
from edgernn_export.keras.text_front import Ids, TextFront, decoded, standardized
from edgernn_runtime.tokenizer_spec import Step, TokenizerSpec
from edgernn_runtime.vocabulary import MAX_TOKENS

_FIELDS = {"filters": str, "lower": bool, "split": str, "char_level": bool, "word_index": str}
_PICKLE = b"\x80"
_FROM_PICKLE = (
    "in Python: tokenizer = pickle.load(open('tokenizer.pickle', 'rb'))\n"
    "            open('tokenizer.json', 'w').write(tokenizer.to_json())"
)


def load_tokenizer(path: Path, steps: tuple[Step, ...] = ()) -> TextFront:
    """Return the Tokenizer in a JSON file.

    Args:
        path: the file that `tokenizer.to_json()` was written to.
        steps: what the user's code does to a text before the Tokenizer.

    Raises:
        ModelFileError: the file is not that of a Tokenizer, or a setting is not covered.
    """
    config, text = _read_config(path)
    words = _read_words(path, config)
    size = _count_ids(path, config, words)
    oov = config.get("oov_token")
    is_by_character, lower = config["char_level"], config["lower"]
    spec = TokenizerSpec(
        rules="steps",
        steps=(*steps, *(("unicode_lower",) if lower else ())),
        split="character" if is_by_character else "separators",
        separators="" if is_by_character else _separators(path, config),
        oov=None if oov is None else words.index(oov) + 1,
    )
    return TextFront(
        name="the Tokenizer",
        reference="Keras and its Tokenizer",
        spec=spec,
        vocabulary=(b"", *(word.encode() for word in words[: size - 1])),
        look_up=_look_up(text, steps),
    )


def _look_up(text: str, steps: tuple[Step, ...]) -> Any:
    import tensorflow as tf

    tokenizer = tf.keras.preprocessing.text.tokenizer_from_json(text)

    def look_up(texts: Sequence[str | bytes]) -> list[Ids]:
        prepared = standardized(steps, texts) if steps else [decoded(text) for text in texts]
        return [np.asarray(row, np.int64) for row in tokenizer.texts_to_sequences(prepared)]

    return look_up


def _read_config(path: Path) -> tuple[dict[str, Any], str]:
    """Return the configuration in a file, and the file's text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _malformed(path, str(error.strerror)) from error
    if data.startswith(_PICKLE):
        raise ModelFileError(
            "a pickled Tokenizer cannot be read safely",
            path=path,
            expected="the JSON that tokenizer.to_json() returns",
            found="a pickle, which can run any code when it is loaded",
            hint=_FROM_PICKLE,
        )
    try:
        text = data.decode()
        value = json.loads(text)
        if isinstance(value, str):  # json.dump(tokenizer.to_json(), file) encodes it twice.
            text, value = value, json.loads(value)
    except (ValueError, RecursionError) as error:
        raise _malformed(path, f"not JSON: {error}") from error
    config = value.get("config") if isinstance(value, dict) else None
    if not isinstance(config, dict) or value.get("class_name") != "Tokenizer":
        raise _malformed(path, "JSON of something else")
    for name, kind in _FIELDS.items():
        if not isinstance(config.get(name), kind):
            raise _malformed(path, f"{name}: {config.get(name)!r}")
    return config, text


def _read_words(path: Path, config: dict[str, Any]) -> list[str]:
    """Return the words in id order, the first one having the id 1."""
    try:
        index = json.loads(config["word_index"])
    except ValueError as error:
        raise _malformed(path, "a word_index that is not JSON") from error
    oov = config.get("oov_token")
    if oov is not None and isinstance(index, dict):
        if oov not in index:
            raise _malformed(path, f"the oov_token {oov!r} is not in word_index")
        if 1 not in index.values():
            # Keras gives a word of the texts that equals the OOV token its later number. No text
            # contains this one, which has a separator and several characters.
            index[f"{config['split']}unused"] = 1
    return read_word_index(path, index)


def read_word_index(path: Path, index: object) -> list[str]:
    """Return the words of a word index in the order of their numbers, 1 to the number of words.

    Args:
        path: the file that contains it, for messages.
        index: the JSON value: an object from words to numbers.

    Raises:
        ModelFileError: it is not such an object, or contains too many words.
    """
    if not isinstance(index, dict) or not index:
        raise _malformed(path, "no words")
    numbers = list(index.values())
    are_integers = all(type(number) is int for number in numbers)
    if not are_integers or sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise ModelFileError(
            "the word index does not number its words from 1",
            path=path,
            expected=f"each of the numbers 1 to {len(index):,} once",
            found="other numbers, or a number twice",
            hint="write the word_index as Keras made it",
        )
    if len(index) >= MAX_TOKENS:
        raise ModelFileError(
            "the word index has too many words",
            path=path,
            expected=f"fewer than {MAX_TOKENS:,}",
            found=f"{len(index):,}",
            hint="train with num_words",
        )
    return sorted(index, key=index.__getitem__)


def _count_ids(path: Path, config: dict[str, Any], words: list[str]) -> int:
    """Return the number of ids: words from `num_words` on count as unknown."""
    most = config.get("num_words")
    if most is None or most == 0:
        return len(words) + 1
    if not isinstance(most, int) or most < 2:
        raise _malformed(path, f"num_words: {most!r}")
    return min(most, len(words) + 1)


def _separators(path: Path, config: dict[str, Any]) -> str:
    split: str = config["split"]
    if len(split) != 1:
        raise ModelFileError(
            "the Tokenizer's split is not one character",
            path=path,
            expected="split=' ', or another single character",
            found=f"split={split!r}",
            hint="fit a Tokenizer whose split is one character",
        )
    return f"{config['filters']}{split}"


def _malformed(path: Path, found: str) -> ModelFileError:
    return ModelFileError(
        "the Tokenizer cannot be read",
        path=path,
        expected="the JSON that tokenizer.to_json() of keras.preprocessing.text returns",
        found=found[:300],
        hint="open('tokenizer.json', 'w').write(tokenizer.to_json())",
    )
