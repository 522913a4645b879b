"""The steps of `edgernn-tokenizer/3`: what happens to a text before it is split.

`docs/tokenizer.md` specifies them.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence

from edgernn_runtime.tokenizer_spec import Step
from edgernn_runtime.unicode_lower import unicode_lower

_Change = Callable[[str], str]


def _without_tags(replacement: str) -> _Change:
    """Return the function that replaces each tag, from a "<" to the next ">"."""

    def change(text: str) -> str:
        parts: list[str] = []
        at, last = 0, text.rfind(">")
        while 0 <= (start := text.find("<", at)) < last:
            parts += text[at:start], replacement
            at = text.index(">", start) + 1
        return "".join((*parts, text[at:]))

    return change


def _only(characters: str) -> _Change:
    """Return the function that replaces every other code point by a space."""
    table = _Spaces({ord(character): character for character in characters})
    return lambda text: text.translate(table)


class _Spaces(dict[int, str]):
    """A translation of every code point that it does not contain to a space."""

    def __missing__(self, code_point: int) -> str:
        return " "


def _translated(characters: str, replacement: str) -> _Change:
    """Return the function that replaces each of some characters."""
    table = {ord(character): replacement for character in characters}
    return lambda text: text.translate(table)


_ASCII_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}
_CHANGES: dict[Step, _Change] = {
    "lower": lambda text: text.translate(_ASCII_LOWER),
    "unicode_lower": unicode_lower,
    "br_to_space": lambda text: text.replace("<br />", " "),
    "html_to_space": _without_tags(" "),
    "strip_html": _without_tags(""),
    "strip_punctuation": _translated(string.punctuation, ""),
    "punctuation_to_space": _translated(string.punctuation, " "),
    "strip_digits": _translated(string.digits, ""),
    "digits_to_space": _translated(string.digits, " "),
    "letters_only": _only(string.ascii_letters),
    "letters_digits_only": _only(string.ascii_letters + string.digits),
}


def apply_steps(text: str, steps: Sequence[Step]) -> str:
    """Return the text after the steps, in their order."""
    for step in steps:
        text = _CHANGES[step](text)
    return text


def split_at(text: str, separators: str) -> list[str]:
    """Return the parts of a text between separators that are not empty.

    Args:
        text: the text.
        separators: the code points that separate, at least one.
    """
    separator = separators[0]
    table = dict.fromkeys(map(ord, separators), separator)
    return [part for part in text.translate(table).split(separator) if part]
