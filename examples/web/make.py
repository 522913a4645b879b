"""Makes the demo page, a static folder.

python3 examples/web/make.py [BUNDLE] [--out FOLDER] [--title TEXT] [--example TEXT]...

The folder contains the page, the npm package and the bundle. `make wasm` builds the package's
module first; `make web-demo` does both.
"""

from __future__ import annotations

import argparse
import html
import json
import shutil
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGE = ROOT / "runtime" / "bindings" / "javascript"
SAMPLE = ROOT / "examples" / "sentiment" / "sentiment.edgernn"
PAGE = ("page.css", "page.js", "weights.js", "worker.js", "icon.svg")
#: The files of the package that a browser without a bundler loads.
SCRIPTS = (
    "index.js", "core.js", "engine.js", "errors.js", "inflate.js", "inlined.js",
    "module.js", "plain.js",
)  # fmt: skip
#: For the sample bundle: sentences that show what the model reads, one of them predicted wrong.
EXAMPLES = (
    "Funny, warm and surprisingly clever from start to finish.",
    "A dull script, wooden actors and a terrible ending.",
    "I wanted to like it, but the plot makes no sense at all.",
    "It starts slowly, yet the last half hour is breathtaking.",
    "Two hours that I will never get back.",
)


def main() -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", nargs="?", type=Path, default=SAMPLE, help="format native")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "web-demo")
    parser.add_argument("--title", help="the heading")
    parser.add_argument("--example", action="append", help="a text to click; may be given often")
    options = parser.parse_args()
    is_sample = options.bundle.resolve() == SAMPLE
    title = options.title or ("Good film or bad film?" if is_sample else "Text classifier")
    make_page(options.bundle, options.out, title, options.example or EXAMPLES * is_sample)
    print(f"{options.out}: {sum(file.stat().st_size for file in options.out.rglob('*.*')):,} bytes")
    print(f"  next:     python3 -m http.server --directory {options.out}")


def make_page(bundle: Path, out: Path, title: str, examples: tuple[str, ...] | list[str]) -> None:
    """Write the folder; files of an earlier run are replaced."""
    _check(bundle)
    scripts = [PACKAGE / name for name in SCRIPTS]
    if missing := [path.name for path in scripts if not path.exists()]:
        sys.exit(f"error: {PACKAGE} has no {missing[0]}\n  next:     make wasm")
    (out / "edgernn").mkdir(parents=True, exist_ok=True)
    for path in scripts:
        shutil.copyfile(path, out / "edgernn" / path.name)
    for name in PAGE:
        shutil.copyfile(HERE / name, out / name)
    shutil.copyfile(bundle, out / "model.edgernn")
    (out / "index.html").write_text(
        _fill(title, f"{bundle.stat().st_size / 1000:,.0f} KB", examples), encoding="utf-8"
    )


def _check(bundle: Path) -> None:
    """Exit unless a file is a bundle that the package can load."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            found = json.loads(archive.read("manifest.json"))["format"]
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        sys.exit(f"error: {bundle} is not a bundle ({error})\n  next:     edgernn export")
    if found != "native":
        sys.exit(
            f"error: the page needs a bundle of the format native\n  found:    {found}\n"
            "  next:     edgernn export --format native --quantize int8"
        )


def _fill(title: str, size: str, examples: tuple[str, ...] | list[str]) -> str:
    """Return the document."""
    buttons = "\n".join(
        f'          <li><button type="button">{html.escape(text)}</button></li>'
        for text in examples
    )
    page = (HERE / "index.html").read_text(encoding="utf-8")
    if not examples:
        start, end = page.index('      <div class="examples"'), page.index("    </section>")
        page = page[:start] + page[end:]
    page = page.replace("<!--title-->", html.escape(title)).replace("<!--size-->", size)
    return page.replace("<!--examples-->", buttons)


if __name__ == "__main__":
    main()
