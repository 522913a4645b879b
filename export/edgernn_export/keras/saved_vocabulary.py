"""Repair of vocabularies in `.keras` files that Keras misreads.

Keras joins an adapted TextVectorization's tokens with line feeds and, at load, splits them with
`str.splitlines`, which also splits at U+0085, U+2028, U+001C and others. A token that contains one
of those (film reviews have U+0085) becomes two: the file does not load, or every later id is off
by one. With a split into characters, the line feed itself may be a token, which shows as two empty
lines. A vocabulary in the layer's configuration is not affected.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

_CONFIG = "config.json"
_ASSET = "/vocabulary.txt"


def with_vocabulary_in_config(path: Path) -> bytes | None:
    """Return the `.keras` file with its vocabulary moved into the configuration.

    Returns:
        The new file's bytes; None if Keras reads the file as it was written, or if it contains
        several vocabularies.

    Raises:
        KeyError, ValueError, zipfile.BadZipFile: it is not a `.keras` file.
    """
    with zipfile.ZipFile(path) as archive:
        assets = [name for name in archive.namelist() if name.endswith(_ASSET)]
        texts = {archive.read(name).decode("utf-8") for name in assets}
        if len(texts) != 1:
            return None
        joined = texts.pop()
        config = json.loads(archive.read(_CONFIG))
        tokens = _tokens(joined, has_line_feed=_splits_characters(config))
        if tokens == joined.splitlines():
            return None
        _set_vocabulary(config, tokens)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as mended:
            for name in archive.namelist():
                if name == _CONFIG:
                    mended.writestr(name, json.dumps(config))
                elif name not in assets:
                    mended.writestr(name, archive.read(name))
        return target.getvalue()


def _tokens(joined: str, *, has_line_feed: bool) -> list[str]:
    """Return the tokens that Keras joined with line feeds.

    Args:
        joined: the file's text.
        has_line_feed: whether a line feed may be a token, and no longer token has one. Two empty
            lines in a row are that token: the empty token is the padding, the first line.
    """
    tokens = joined.split("\n")
    if has_line_feed:
        for i in range(1, len(tokens) - 1):
            if tokens[i] == tokens[i + 1] == "":
                return [*tokens[:i], "\n", *tokens[i + 2 :]]
    return tokens


def _splits_characters(value: Any) -> bool:
    """Return whether a configuration has a TextVectorization layer whose tokens are characters."""
    if isinstance(value, list):
        return any(_splits_characters(item) for item in value)
    if not isinstance(value, dict):
        return False
    if value.get("class_name") == "TextVectorization":
        config = value["config"]
        return config.get("split") == "character" and config.get("ngrams") is None
    return any(_splits_characters(item) for item in value.values())


def _set_vocabulary(value: Any, tokens: list[str]) -> None:
    """Set the vocabulary of every TextVectorization layer in a configuration."""
    if isinstance(value, list):
        for item in value:
            _set_vocabulary(item, tokens)
    elif isinstance(value, dict):
        if value.get("class_name") == "TextVectorization":
            value["config"]["vocabulary"] = tokens
        for item in value.values():
            _set_vocabulary(item, tokens)
