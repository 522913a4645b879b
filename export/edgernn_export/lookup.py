"""Lookup of names that a user typed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

from edgernn_export.errors import OptionError

_Value = TypeVar("_Value")


def find(table: Mapping[str, _Value], name: str, what: str, option: str) -> _Value:
    """Return a table's entry of a name.

    Args:
        table: the entries by name.
        name: what the user typed.
        what: what an entry is, for the message.
        option: the command line option, for the message.

    Raises:
        OptionError: the table has no such entry; the message suggests the nearest name.
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
