"""`python -m tools.docs.links FOLDER [BASE]`: check the links of a built site.

Every link, image, style and script must lead to a file and an anchor of the site. Pages must not
load anything from another server; links to other sites are listed, but not opened.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes with an address, and whether the browser loads it with the page.
_ADDRESSES = {
    ("a", "href"): False,
    ("img", "src"): True,
    ("source", "srcset"): True,
    ("link", "href"): True,
    ("script", "src"): True,
    ("iframe", "src"): True,
}
#: Links of the head that name a page without loading it.
_NAMING = {"canonical", "prev", "next", "edit"}
_CSS_ADDRESS = re.compile(r"url\(\s*['\"]?([^)'\"]+)|@import\s+['\"]([^'\"]+)")


@dataclass
class _Page(HTMLParser):
    """The addresses and anchors of a page."""

    addresses: list[tuple[str, bool]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := values.get(name))}
        is_naming = tag == "link" and values.get("rel") in _NAMING
        for (element, name), is_loaded in _ADDRESSES.items():
            if element == tag and (value := values.get(name)) is not None:
                self.addresses.append((value, is_loaded and not is_naming))


@dataclass(frozen=True)
class Links:
    """What was found in a site.

    Attributes:
        errors: a sentence for each dead link or foreign resource.
        external: the links to other sites with the number of their uses.
        internal: the number of links within the site.
    """

    errors: tuple[str, ...]
    external: Counter[str]
    internal: int


def check_site(folder: Path, base: str = "/") -> Links:
    """Return the links of a site, and what is wrong with them.

    Args:
        folder: the built site.
        base: the path of the site on its server, such as `/edgernn/`; only the page 404.html has
            addresses that start with it.
    """
    folder = folder.resolve()
    pages = {file: _read(file) for file in sorted(folder.rglob("*.html"))}
    errors, external, internal = [], Counter[str](), 0
    for place, address, is_loaded in _addresses(folder, pages):
        parts = urlsplit(address)
        where = place.relative_to(folder)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            external[address] += 1
            if is_loaded:
                errors.append(f"{where}: loads {address} from another server")
            continue
        internal += 1
        start = folder / "index.html" if address.startswith(base) else place
        problem = _problem(folder, start, address.removeprefix(base), pages)
        if problem:
            errors.append(f"{where}: {address}: {problem}")
    return Links(tuple(errors), external, internal)


def main() -> int:
    """Print what was found in the site, and return 1 if there is an error."""
    links = check_site(Path(sys.argv[1]), *sys.argv[2:3])
    for address, uses in sorted(links.external.items()):
        sys.stdout.write(f"external, {uses} uses: {address}\n")
    for error in links.errors:
        sys.stderr.write(f"error: {error}\n")
    sys.stdout.write(f"{links.internal:,} links within the site, {len(links.errors)} dead\n")
    return 1 if links.errors or not links.internal else 0


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text(encoding="utf-8"))
    return page


def _addresses(folder: Path, pages: dict[Path, _Page]) -> Iterator[tuple[Path, str, bool]]:
    """Yield each file with its addresses, and whether they are loaded with it."""
    for file, page in pages.items():
        yield from ((file, address, is_loaded) for address, is_loaded in page.addresses)
    for file in sorted(folder.rglob("*.css")):
        for match in _CSS_ADDRESS.finditer(file.read_text(encoding="utf-8")):
            yield file, match[1] or match[2], True


def _problem(folder: Path, place: Path, address: str, pages: dict[Path, _Page]) -> str | None:
    """Return what is wrong with a link within the site, or None."""
    parts = urlsplit(address)
    path = (place.parent / unquote(parts.path)).resolve() if parts.path else place
    if path.is_dir():
        path /= "index.html"
    if not path.is_relative_to(folder) or not path.is_file():
        return "there is no such file"
    anchor = unquote(parts.fragment)
    # `__` starts anchors of the theme's own controls.
    if anchor and path in pages and not anchor.startswith("__"):
        return None if anchor in pages[path].anchors else "there is no such anchor"
    return None


if __name__ == "__main__":
    sys.exit(main())
