"""Pictures of the demo page: python -m tests.browser.web_demo FOLDER, after `make web-demo`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser import devtools
from tests.hosts import browser

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "build" / "web-demo"
TEXT = "Zzyqqu, a warm and funny film, but the ending is terrible and far too long."


def main():
    """Take a picture at the width of a phone and of a desktop, light and dark."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with (
        browser.serving({"demo": DEMO}) as address,
        devtools.open_page(f"{address}/demo/index.html") as page,
    ):
        page.wait("document.body?.dataset.state === 'ready'")
        for width, height in ((375, 812), (1280, 900)):
            page.resize(width, height)
            for scheme in ("light", "dark"):
                page.emulate(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
                for name, text in (("empty", ""), ("text", TEXT), ("long", f"{TEXT} " * 9)):
                    page.evaluate(f"text.value = {text!r}; text.dispatchEvent(new Event('input'))")
                    if text:
                        page.wait(
                            "tokens.getAttribute('aria-busy') === 'false' && latency.textContent"
                        )
                    page.picture(folder / f"{name}-{width}-{scheme}.png")
    print(folder)


if __name__ == "__main__":
    main()
