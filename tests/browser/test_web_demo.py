"""The demo page in real browsers: what it shows, what it requests, and who can use it."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgernn_runtime import load
from tests.browser import devtools
from tests.browser.web_demo import ROOT, TEXT
from tests.hosts import browser, javascript

MAKE = ROOT / "examples" / "web" / "make.py"
SAMPLE = ROOT / "examples" / "sentiment" / "sentiment.edgernn"
HERE = Path(__file__).parent
BUNDLES = HERE.parent / "hosts" / "bundles"
REASON = javascript.missing_of(*javascript.COMPILER)
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
IS_READY = "document.body?.dataset.state === 'ready'"
IS_DONE = "tokens.getAttribute('aria-busy') === 'false' && latency.textContent !== ''"
WORDS = "[...tokens.children].map((item) => [item.firstChild.textContent, item.className])"


def needs(command):
    reason = f"apt-get install --no-install-recommends {command}"
    return pytest.mark.skipif(shutil.which(command) is None, reason=reason)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    javascript.build()
    folder = tmp_path_factory.mktemp("web-demo")
    subprocess.run([sys.executable, MAKE, "--out", folder], check=True, capture_output=True)
    return folder


@contextlib.contextmanager
def opening(folder, path="demo/index.html", ready=IS_READY):
    with (
        browser.serving({"demo": folder}) as address,
        devtools.open_page(f"{address}/{path}") as opened,
    ):
        opened.wait(ready)
        opened.address = address
        yield opened


@pytest.fixture
def page(demo):
    with opening(demo) as opened:
        yield opened


def set_text(page, text):
    page.evaluate(f"text.value = {text!r}; text.dispatchEvent(new Event('input'))")


@needs("chromium")
def test_typing_changes_the_label_and_colours_the_words(page):
    page.evaluate("text.focus()")
    page.type("a warm and funny film")
    page.wait(f"{IS_DONE} && tokens.children.length === 5")
    assert page.evaluate("label.textContent") == "pos"
    page.type(", but the ending is terrible, zzyqqu!")
    page.wait(f"{IS_DONE} && tokens.children.length === 11")
    with load(SAMPLE) as classifier:
        expected = classifier.explain("a warm and funny film, but the ending is terrible, zzyqqu!")
    assert page.evaluate("label.textContent") == expected.prediction.label == "neg"
    words = page.evaluate(WORDS)
    assert [token for token, _ in words] == [one.token for one in expected.tokens]
    classes = {token: name.split() for token, name in words}
    # The weights are those of the predicted label, neg; the sides are those of the labels.
    for one in expected.tokens:
        side = "side-minus" if one.weight > 0 else "side-plus"
        level = classes[one.token][2]
        assert classes[one.token][1] == (side if level != "level-0" else "side-none"), one
        assert ("unknown" in classes[one.token]) == (not one.is_known), one
    assert classes["terrible"] == ["word", "side-minus", "level-3"]
    assert classes["warm"][1:] in (["side-plus", "level-2"], ["side-plus", "level-3"])
    weight = next(one.weight for one in expected.tokens if one.token == "terrible")
    assert page.evaluate("document.querySelector('.level-3 .points').textContent") == (
        f"−{100 * weight:.0f}"
    )


@needs("chromium")
@pytest.mark.parametrize("name", ["bag-int8", "gru-int8-multilabel", "thresholds-multiclass"])
def test_with_more_labels_the_sides_are_those_of_the_most_probable_one(tmp_path, name):
    javascript.build()
    bundle = BUNDLES / f"{name}.edgernn"
    subprocess.run([sys.executable, MAKE, bundle, "--out", tmp_path], check=True)
    with load(bundle) as classifier:
        expected = classifier.explain("w1 w2 w3 w40 w5 zzyqqu")
    strongest = max(expected.tokens, key=lambda one: abs(one.weight))
    with opening(tmp_path) as page:
        set_text(page, "w1 w2 w3 w40 w5 zzyqqu")
        page.wait(f"{IS_DONE} && tokens.children.length > 0")
        assert page.evaluate("plus.textContent") == f"raises {expected.prediction.best}"
        assert page.evaluate("probabilities.children.length") == 3
        side = "plus" if strongest.weight > 0 else "minus"
        classes = page.evaluate(f"tokens.children[{expected.tokens.index(strongest)}].className")
        assert f"side-{side}" in classes


@needs("chromium")
def test_every_request_goes_to_the_origin_of_the_page(page):
    set_text(page, TEXT)
    page.wait(IS_DONE)
    paths = [url.removeprefix(page.address) for url in page.requests]
    assert all(path.startswith("/demo/") for path in paths), paths
    # The recording includes the workers.
    assert {"/demo/model.edgernn", "/demo/edgernn/module.js", "/demo/worker.js"} <= set(paths)
    # What the policy blocks is reported as a problem, and so is every script error.
    assert page.problems == []
    page.evaluate("fetch('http://192.0.2.1/').catch(() => {})")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 200))")
    assert any("192.0.2.1" in problem for problem in page.problems)


@needs("chromium")
def test_the_policy_of_the_readme_works_as_a_header(demo, monkeypatch):
    text = (MAKE.parent / "README.md").read_text()
    policy = re.search(r"Content-Security-Policy: (.*)", text)[1]
    assert f'content="{policy}"' in (demo / "index.html").read_text()
    monkeypatch.setitem(browser.POLICIES, "sent", policy)
    with opening(demo, "sent/demo/index.html") as page:
        set_text(page, "a terrible film")
        page.wait(f"{IS_DONE} && tokens.children.length === 3")
        assert page.problems == []


@needs("chromium")
def test_a_missing_model_is_an_error_on_the_page(demo, tmp_path):
    shutil.copytree(demo, tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.edgernn").write_bytes(b"not a bundle")
    with opening(tmp_path, ready="document.getElementById('error')?.hidden === false") as page:
        assert "neither a .edgernn bundle" in page.evaluate("error.textContent")
        (tmp_path / "model.edgernn").unlink()
        page.call("Page.reload")
        page.wait("document.getElementById('error')?.textContent.includes('404')")
        assert page.evaluate("label.textContent") == "No model"


@needs("chromium")
def test_a_long_explanation_delays_no_label(page):
    set_text(page, "a terrible boring film " * 100)
    page.wait("label.textContent === 'neg'")
    set_text(page, "a wonderful and moving film " * 80)
    page.wait("label.textContent === 'pos'")
    assert page.evaluate("tokens.children.length") == 0
    page.wait(f"{IS_DONE} && tokens.children.length === 400")
    assert page.evaluate("tokens.firstChild.nextSibling.firstChild.textContent") == "wonderful"
    assert page.evaluate("note.textContent").endswith("The model reads at most 400 of a text.")
    set_text(page, "")
    assert page.evaluate("label.textContent + tokens.children.length") == "Type a text0"


@needs("chromium")
def test_the_keyboard_reaches_everything(page):
    """Tab moves to the text, the examples and the table; Enter clicks."""
    page.press("Tab", 9)
    assert page.evaluate("document.activeElement.id") == "text"
    page.press("Tab", 9)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter", 13, "\r")
    page.wait(IS_DONE)
    assert page.evaluate("text.value === document.activeElement.textContent")
    for _ in range(5):
        page.press("Tab", 9)
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.press("Enter", 13, "\r")
    page.wait("rows.children.length === tokens.children.length")


@needs("chromium")
def test_a_screen_reader_is_told_a_label_once(page):
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    names = {(node["role"]["value"], node.get("name", {}).get("value")) for node in tree}
    assert {("textbox", "Your text"), ("region", "Label"), ("region", "Words")} <= names
    page.evaluate(
        "globalThis.said = []; new MutationObserver(() => said.push(document.getElementById('status')"
        ".textContent)).observe(document.getElementById('status'), { childList: true })"
    )
    page.evaluate("text.focus()")
    page.type("A terrible film")
    page.wait("said.length > 0")
    page.type(".")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 1300))")
    said = page.evaluate("said")
    assert len(said) == 1
    assert said[0].startswith("neg, ")


@needs("chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_texts_have_contrast_and_fit(page, scheme, width):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1 for every text; 1.4.10: no scrolling in two dimensions."""
    page.resize(width)
    page.emulate(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    set_text(page, TEXT)
    page.evaluate("details.open = true")
    page.wait(f"{IS_DONE} && rows.children.length === 15")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate((HERE / "contrast.js").read_text())
    found = page.evaluate("contrasts()")
    assert len(found) > 50
    assert min(found)[0] >= 4.5, min(found)


@needs("firefox-esr")
def test_a_page_can_embed_it_in_firefox(demo):
    folders = {"demo": demo, "test": HERE}
    found = browser.open_pages("firefox-esr", {"frame": "/test/frame.html"}, folders)
    label, *words = found["frame"].splitlines()
    assert label == "neg"
    assert words[1] == "terrible word side-minus level-3"
    assert len(words) == 3


def test_another_bundle_has_its_own_title_and_texts(tmp_path):
    javascript.build()
    options = ["--out", tmp_path, "--title", "A & B", "--example", "<b>one</b>"]
    bundle = min(BUNDLES.glob("*steps*.edgernn"))
    subprocess.run([sys.executable, MAKE, bundle, *options], check=True, capture_output=True)
    text = (tmp_path / "index.html").read_text()
    assert "<h1>A &amp; B</h1>" in text
    assert '<button type="button">&lt;b&gt;one&lt;/b&gt;</button>' in text
    assert (tmp_path / "model.edgernn").read_bytes() == bundle.read_bytes()


def test_a_file_that_is_not_a_bundle_is_an_error(tmp_path):
    command = [sys.executable, MAKE, __file__, "--out", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is not a bundle" in done.stderr
    assert not (tmp_path / "out").exists()
