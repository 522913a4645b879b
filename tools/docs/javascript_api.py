"""The reference of the npm package: the declarations of its types as Markdown."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"/\*\*\s*((?:(?!\*/).)*?)\s*\*/\n(export .*?)(?=\n\n/\*\*|\s*\Z)", re.DOTALL)
_NAME = re.compile(r"export (?:declare )?(function|class|interface|type) (\w+)")
_TITLES = {"function": "Functions", "class": "Classes", "interface": "Interfaces", "type": "Types"}


def types_page(text: str) -> str:
    """Return the page of a package.

    Args:
        text: its `index.d.ts`: a comment in front of each declaration.
    """
    blocks: dict[str, list[str]] = {title: [] for title in _TITLES.values()}
    for match in _BLOCK.finditer(text):
        kind, name = declared_names(match[2])[0]
        comment = " ".join(re.sub(r"(?m)^\s*\* ?", "", match[1]).split())
        code = re.sub(r"^export (declare )?", "", match[2])
        blocks[_TITLES[kind]] += ["", f"### {name}", "", comment, "", "```ts", code, "```"]
    lines = ["# JavaScript", "", "The types of the npm package `edgernn`.", ""]
    lines.append("[The host JavaScript](../hosts/javascript.md) describes how to use it.")
    for title, block in blocks.items():
        lines += ["", f"## {title}", *block] if block else []
    return "\n".join(lines) + "\n"


def declared_names(text: str) -> list[tuple[str, str]]:
    """Return the kind and the name of each declaration."""
    return _NAME.findall(text)
