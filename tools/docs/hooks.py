"""Hooks of MkDocs: pages from outside of `docs/`, generated pages, and links that leave `docs/`."""

from __future__ import annotations

import logging
import posixpath
import re
import runpy
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
#: Pages of the repository outside of `docs/`. They have the same path on the site.
OUTSIDE = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "RELEASING.md",
    "SECURITY.md",
    "benchmarks/README.md",
    "examples/README.md",
    "examples/sentiment/README.md",
    "examples/spark/README.md",
    "tests/device/README.md",
)
PACKAGES = {
    "edgernn": "edgernn",
    "edgernn_export": "export/edgernn_export",
    "edgernn_runtime": "runtime/edgernn_runtime",
}
#: The pages that are made of one file: page, module of this folder, its function, file.
SOURCES = (
    ("c", "c_api.py", "header_page", "runtime/libedgernn/include/edgernn.h"),
    ("javascript", "javascript_api.py", "types_page", "runtime/bindings/javascript/index.d.ts"),
)
_LINK = re.compile(r"(\]\()([^()\s]+)(\))")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_log = logging.getLogger("mkdocs.hooks.edgernn")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside of `docs/`, and the references of Python, C and JavaScript."""
    for name in OUTSIDE:
        files.append(_page(config, name, (ROOT / name).read_text(encoding="utf-8")))
    python = runpy.run_path(str(ROOT / "tools/docs/python_api.py"))["package_page"]
    sources = {
        name: (ROOT / folder / "__init__.py").read_text(encoding="utf-8")
        for name, folder in PACKAGES.items()
    }
    for name, text in list(sources.items()):
        del sources[name]
        files.append(_page(config, f"reference/{name}.md", python(name, text, sources)))
    for name, tool, function, source in SOURCES:
        page = runpy.run_path(str(ROOT / "tools/docs" / tool))[function]
        text = page((ROOT / source).read_text(encoding="utf-8"))
        files.append(_page(config, f"reference/{name}.md", text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Point links that leave `docs/` to a page of the site, or else to the repository."""
    source = page.file.src_uri
    if source.startswith("reference/"):
        return markdown
    lines, inside = [], False
    for line in markdown.split("\n"):
        inside ^= bool(_FENCE.match(line))
        lines.append(line if inside else _LINK.sub(lambda m: _link(m, source, config), line))
    return "\n".join(lines)


def _page(config: Any, name: str, text: str) -> File:
    return File.generated(config, name, content=text)


def _link(match: re.Match[str], source: str, config: Any) -> str:
    target, hash_mark, anchor = match[2].partition("#")
    if not target or ":" in target:
        return match[0]
    here = source if source in OUTSIDE else f"docs/{source}"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
    if not (ROOT / path).exists():
        # MkDocs cannot see files outside of `docs/`, but must fail for a dead link to one.
        _log.warning("%s has a link to %s, which does not exist", here, match[2])
        return match[0]
    page = path.removeprefix("docs/") if path.startswith("docs/") else path
    if path in OUTSIDE or (path.startswith("docs/") and (ROOT / path).is_file()):
        found = posixpath.relpath(page, posixpath.dirname(source) or ".")
    else:
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        found = f"{config['repo_url']}/{kind}/main/{path}"
    return f"{match[1]}{found}{hash_mark}{anchor}{match[3]}"
