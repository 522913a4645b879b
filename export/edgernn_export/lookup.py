"""Look-up of a name that a user typed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

from edgernn_export.errors import OptionError

_Row = TypeVar("_Row")


def row_named(table: Mapping[str, _Row], name: str, what: str, option: str) -> _Row:
    """Return a table's row of that name.

    Args:
        table: the rows by name.
        name: what the user typed.
        what: what a row is, for the message.
        option: the option it was typed behind.

    Raises:
        OptionError: there is none; the message suggests the nearest.
    """
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=1)
    raise OptionError(
        f"there is no such {what}",
        expected=f"{option} " + " | ".join(table),
        found=repr(name),
        hint=f"did you mean {near[0]}?" if near else None,
    )
