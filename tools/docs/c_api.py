"""The reference of the C library: comments and declarations of its header as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SECTION = re.compile(r"^/\* -{4} (.*?) -+ \*/$")
_CONSTANT = re.compile(r"^ *(EDGERNN_\w+) = (\d+),?$")
#: A parameter at the start of a sentence of a comment.
_PARAMETER = re.compile(r"(?:^|(?<=\. ))([a-z_]+): ")


def header_page(text: str) -> str:
    """Return the page of a header.

    Args:
        text: the header: a comment on the whole, then sections of comments with declarations.
    """
    comment, rest = text.split("*/", 1)
    lines = ["# C", "", _intro(comment)]
    for title, body in _sections(rest):
        lines += ["", f"## {title}"]
        for found, declaration in _items(body):
            lines += ["", *_item(found, declaration)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).rstrip()) + "\n"


def _intro(comment: str) -> str:
    """Return the comment on the whole as Markdown: text, one example, one list."""
    text = "\n".join(re.sub(r"^(/\*| \*) ?", "", line) for line in comment.strip().splitlines())
    paragraphs = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        if all(line.startswith("    ") for line in lines):
            paragraphs.append("\n".join(["```c", *(line[4:] for line in lines), "```"]))
            continue
        head, *items = re.split(r"\n  - ", paragraph)
        listed = ["* " + " ".join(item.split()) for item in items]
        paragraphs.append("\n".join([" ".join(head.split()), *([""] if items else []), *listed]))
    return "\n\n".join(paragraphs)


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    title, body = "", list[str]()
    for line in text.splitlines():
        match = _SECTION.match(line)
        if match:
            if title:
                yield title, body
            title, body = match[1], []
        else:
            body.append(line)
    yield title, body


def _items(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each comment at the start of a line with the declarations below it."""
    for block in re.split(r"\n\s*\n(?! \*)", "\n".join(lines).strip()):
        if block.startswith("#if"):
            return
        found, _, declaration = block.partition("*/") if block[:2] == "/*" else ("", "", block)
        comment = re.sub(r"(?m)^(/\*| \*) ?", "", found).strip()
        yield comment, declaration.strip().replace("EDGERNN_API ", "")


def _item(comment: str, declaration: str) -> list[str]:
    name = _name(declaration)
    lines = [f"### {name}", ""] if name else []
    if declaration.startswith("typedef enum"):
        return [*lines, comment, "", *_constants(declaration)]
    return [*lines, "```c", _aligned(declaration), "```", "", *_paragraphs(comment)]


def _name(declaration: str) -> str:
    if declaration.startswith("#define"):
        names: list[str] = re.findall(r"#define (\w+)", declaration)
        return names[0] if len(names) == 1 else "Version of the header"
    if declaration.startswith("typedef"):
        return str(re.findall(r"(\w+);", declaration)[-1])
    return str(re.findall(r"(\w+)\(", declaration)[0])


def _aligned(declaration: str) -> str:
    """Return a prototype with its parameters aligned again, without the macro in front."""
    lines = declaration.splitlines()
    if declaration.startswith(("#define", "typedef")) or len(lines) == 1:
        return declaration
    indent = " " * (lines[0].index("(") + 1)
    return "\n".join([lines[0], *(indent + line.strip() for line in lines[1:])])


def _constants(declaration: str) -> list[str]:
    """Return the table of an enumeration's constants."""
    rows, said = [], ""
    for line in declaration.splitlines():
        match = _CONSTANT.match(line)
        if match:
            rows.append(f"| {match[2]} | `{match[1]}` | {said or 'Success.'} |")
            said = ""
        elif line.strip().startswith("/*"):
            said = line.strip()[2:-2].strip()
    return ["| value | name | meaning |", "| ---: | --- | --- |", *rows]


def _paragraphs(comment: str) -> list[str]:
    """Return a comment as Markdown, its parameters as a list."""
    lines: list[str] = []
    for paragraph in comment.split("\n\n"):
        text = " ".join(paragraph.split())
        safety = re.search(r"(?<=[.)] )(?:Thread-safe|Not thread-safe|No other call)\b.*$", text)
        end = text[safety.start() :] if safety else ""
        parts = _PARAMETER.split(text.removesuffix(end).strip())
        lines += [parts[0].strip(), ""] if parts[0].strip() else []
        names, sentences = parts[1::2], parts[2::2]
        for name, sentence in zip(names, sentences, strict=True):
            lines.append(f"* `{name}`: {sentence.strip()}")
        lines += ["", end, ""] if end else [""]
    return lines
