"""The documentation site: generated pages, links, and a whole build."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tools.docs.c_api import header_page
from tools.docs.javascript_api import declared_names, types_page
from tools.docs.links import check_site
from tools.docs.python_api import package_page, public_names
from tools.docs.write import FOLDER, reference_files

ROOT = Path(__file__).resolve().parents[1]
HEADER = (ROOT / "runtime/libedgernn/include/edgernn.h").read_text(encoding="utf-8")
MKDOCS = importlib.util.find_spec("mkdocs")
needs_mkdocs = pytest.mark.skipif(not MKDOCS, reason="the extra `docs` is not installed")
REPOSITORY = "https://github.com/edgernn/edgernn"


@pytest.mark.parametrize(
    "name", ["cli.md", *(f"{name}.schema.json" for name in ("bench", "evaluate", "manifest"))]
)
def test_the_committed_reference_is_fresh(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert len(reference_files()) == 4
    assert text == reference_files()[name], f"{name} is stale; next: make reference"


def test_the_command_lines_reference_has_every_command():
    page = reference_files()["cli.md"]
    for title in (
        "edgernn",
        "edgernn train",
        "edgernn data imdb",
        "python -m edgernn_runtime bench",
    ):
        assert f"\n## {title}\n" in page
    assert max(map(len, page.split("```text")[1].splitlines())) <= 80


def test_the_reference_of_c_has_every_function_type_and_status():
    page = header_page(HEADER)
    functions = re.findall(r"^EDGERNN_API [\w *]*?(\w+)\(", HEADER, re.MULTILINE)
    types = re.findall(r"^} (\w+);|^typedef struct \w+ (\w+);", HEADER, re.MULTILINE)
    assert len(functions) > 20
    for name in [*functions, *filter(None, sum(types, ()))]:
        assert f"\n### {name}\n" in page, name
    statuses = re.findall(r"(EDGERNN_\w+) = (\d+)", HEADER)
    assert len(statuses) > 20
    for name, value in statuses:
        assert re.search(rf"^\| {value} \| `{name}` \| \w.*\.? \|$", page, re.MULTILINE), name
    assert "EDGERNN_API" not in page
    assert "\n* `capacity`: the number of floats that fit, at least label_count.\n" in page


def test_every_sentence_of_the_header_is_in_the_reference_of_c():
    page = " ".join(re.sub(r"\* `(\w+)`:", r"\1:", header_page(HEADER)).split())
    comments = re.findall(r"/\* ((?:(?!\*/).)*)\*/\nEDGERNN_API", HEADER, re.DOTALL)
    assert len(comments) > 20
    for comment in comments:
        text = re.sub(r"\n \*", "\n", comment)
        for sentence in re.split(r"(?<=\.)\s", text):
            words = " ".join(sentence.split())
            assert words in page, words


def test_the_reference_of_javascript_has_every_declaration_with_its_comment():
    text = (ROOT / "runtime/bindings/javascript/index.d.ts").read_text(encoding="utf-8")
    page = types_page(text)
    names = declared_names(text)
    assert len(names) == text.count("\nexport ") > 10
    for kind, name in names:
        assert re.search(rf"\n### {name}\n\n[A-Z].*\.\n\n```ts\n{kind} {name}\b", page), name
    assert page.count("```") == 2 * len(names)


def test_the_reference_of_python_has_every_public_name():
    sources = {
        name: (ROOT / folder / "__init__.py").read_text(encoding="utf-8")
        for name, folder in (
            ("edgernn", "edgernn"),
            ("edgernn_export", "export/edgernn_export"),
            ("edgernn_runtime", "runtime/edgernn_runtime"),
        )
    }
    for package, text in list(sources.items()):
        del sources[package]
        page = package_page(package, text, sources)
        for name in set(public_names(text)) - {"__version__"}:
            assert (f"::: {package}.{name}\n" in page) != (f"* `{name}` is that of" in page), name


def test_every_page_is_in_the_navigation():
    class Loader(yaml.SafeLoader):
        """Ignores the tags of Python."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w./-]+\.md", json.dumps(yaml.load(text, Loader)["nav"])))
    pages = {file.relative_to(ROOT / "docs").as_posix() for file in ROOT.glob("docs/**/*.md")}
    assert not pages - listed, "add these pages to `nav` in mkdocs.yml"
    generated = {
        f"reference/{name}.md"
        for name in ("c", "javascript", "edgernn", "edgernn_export", "edgernn_runtime")
    }
    hooks = (ROOT / "tools/docs/hooks.py").read_text(encoding="utf-8")
    outside = re.search(r"\nOUTSIDE = \((.*?)\n\)", hooks, re.DOTALL)[1]
    assert set(re.findall(r'"(.*)"', outside)) == listed - pages - generated
    for name in listed - pages - generated:
        assert (ROOT / name).is_file(), name


@needs_mkdocs
def test_links_that_leave_the_docs_lead_to_a_page_or_to_the_repository(caplog):
    from tools.docs.hooks import on_page_markdown

    def changed(source, text):
        page = SimpleNamespace(file=SimpleNamespace(src_uri=source))
        return on_page_markdown(text, page, {"repo_url": REPOSITORY})

    assert changed("hosts/python.md", "[a](../benchmarks.md#how)") == "[a](../benchmarks.md#how)"
    assert changed("c.md", "[a](../CHANGELOG.md)") == "[a](CHANGELOG.md)"
    assert changed("CONTRIBUTING.md", "[a](docs/c.md)") == "[a](c.md)"
    assert changed("c.md", "[a](../LICENSE)") == f"[a]({REPOSITORY}/blob/main/LICENSE)"
    assert changed("c.md", "[a](../export)") == f"[a]({REPOSITORY}/tree/main/export)"
    assert changed("c.md", "[a](https://x.y) [b](#z)") == "[a](https://x.y) [b](#z)"
    assert changed("c.md", "```\n[a](../LICENSE)\n```") == "```\n[a](../LICENSE)\n```"
    assert not caplog.records
    changed("c.md", "[a](../NOWHERE)")
    assert "docs/c.md has a link to ../NOWHERE" in caplog.text


def test_dead_links_and_foreign_resources_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "style.css").write_text("a{background:url(missing.png)}")
    (tmp_path / "sub/index.html").write_text('<h1 id="there">x</h1><a href="../index.html#top">')
    (tmp_path / "index.html").write_text(
        '<h1 id="top">x</h1><link rel="canonical" href="https://a.b/"><a href="https://c.d/">x</a>'
        '<a href="sub/#there">x</a><a href="sub/#missing">x</a><a href="nowhere.html">x</a>'
        '<script src="https://cdn.e/x.js"></script><img src="data:,"><a href="../outside.html">x</a>'
        '<a href="/base/sub/">x</a><a href="/elsewhere/">x</a><a href="/base/no.html">x</a>'
    )
    found = check_site(tmp_path, "/base/")
    assert sorted(found.errors) == [
        "index.html: ../outside.html: there is no such file",
        "index.html: /base/no.html: there is no such file",
        "index.html: /elsewhere/: there is no such file",
        "index.html: loads https://cdn.e/x.js from another server",
        "index.html: nowhere.html: there is no such file",
        "index.html: sub/#missing: there is no such anchor",
        "style.css: missing.png: there is no such file",
    ]
    assert found.internal == 9
    assert set(found.external) == {"https://a.b/", "https://c.d/", "https://cdn.e/x.js"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    if not MKDOCS:
        pytest.skip("the extra `docs` is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    # --strict fails for every warning.
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_has_no_dead_link_and_loads_nothing_from_elsewhere(site):
    found = check_site(site, "/edgernn/")
    assert found.errors == ()
    assert found.internal > 1000


def test_the_index_of_the_search_has_the_generated_pages(site):
    index = (site / "search/search_index.js").read_text(encoding="utf-8")
    assert index.startswith("var __index = ")
    pages = json.loads(index.removeprefix("var __index = "))["docs"]
    found = {page["location"] for page in pages}
    for name in ("edgernn.html#edgernn.train", "c.html#edgernn_load", "javascript.html#classifier"):
        assert f"reference/{name}" in found


def test_search_works_without_a_server_and_a_network(site):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files")
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000")

    def found(word):
        page = f"file://{site}/index.html?q={word}"
        done = subprocess.run(
            [chromium, *options, *offline, "--dump-dom", page],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        return re.search(r'md-search-result__meta">([^<]*)', done.stdout)[1]

    assert re.fullmatch(r"\d+ matching documents", found("edgernn_load"))
    assert found("zzzzqqq") == "No matching documents"
