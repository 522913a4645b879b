"""An extension of griffe: an `Example` of a docstring is Python, as `Examples` are."""

from __future__ import annotations

import re
from typing import Any

import griffe

_TITLE = re.compile(r"^Example:$", re.MULTILINE)


class ExampleSections(griffe.Extension):
    """Renames the section, which griffe would otherwise read as Markdown."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Rename the section in the docstring of an object."""
        if obj.docstring:
            obj.docstring.value = _TITLE.sub("Examples:", obj.docstring.value)
