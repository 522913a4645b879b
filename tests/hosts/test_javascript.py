"""The npm package: every host replays the whole corpus, and bundlers and linters accept it."""

from __future__ import annotations

import json
import shutil

import pytest

from edgernn_runtime import load
from tests.hosts import browser, javascript
from tests.hosts.host import HOSTS, lines_of

EXPECTED = [
    f"{name} {len(lines_of(f'{name}.txt'))} {len(lines_of(f'{name}.txt'))}"
    for name in ("predictions", "tokens", "broken")
]
BUNDLERS = ("esbuild", "rollup", "webpack", "vite")
SAMPLE = HOSTS.parents[1] / "examples" / "sentiment" / "sentiment.edgernn"
#: Bundles whose OOV id, start id, padding or truncation differs from the sample's.
STEPS = sorted((HOSTS / "bundles").glob("*steps*.edgernn"))
#: The packages of the browsers are large: .ci/run installs them.
REASON = javascript.missing_of(*javascript.COMPILER, "node")

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


def needs(*commands):
    reason = javascript.missing_of(*commands)
    return pytest.mark.skipif(bool(reason), reason=reason)


@pytest.fixture(scope="module")
def installed():
    if shutil.which("npm") is None:
        pytest.skip("apt-get install npm")
    try:
        return javascript.install()
    except AssertionError as error:
        pytest.skip(f"npm cannot install the packages of tests/hosts/javascript: {error}")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    if shutil.which("npm") is None:
        pytest.skip("apt-get install npm")
    folder = tmp_path_factory.mktemp("project")
    folder.joinpath("tarball").symlink_to(javascript.make_project(folder))
    return folder


def test_node_replays_the_corpus():
    assert javascript.run_node().splitlines() == EXPECTED


def test_node_replays_the_corpus_without_simd():
    plain = javascript.PACKAGE / "edgernn-plain.wasm"
    assert javascript.run_node("index.js", plain).splitlines() == EXPECTED


def test_the_package_in_node():
    javascript.build()
    script = javascript.SCRIPTS / "package.test.js"
    javascript.run("node", "--expose-gc", "--test", script)


@pytest.mark.parametrize("page", ["page", "worker", "plain"])
@pytest.mark.parametrize("command", browser.COMMANDS)
def test_browsers_replay_the_corpus(command, page):
    """Under a policy that allows nothing but scripts of the origin and WebAssembly."""
    if shutil.which(command) is None:
        pytest.skip(f"apt-get install --no-install-recommends {command}")
    assert javascript.run_page(command, page).splitlines() == EXPECTED


@pytest.mark.parametrize("command", browser.COMMANDS)
def test_a_policy_without_webassembly_is_an_error(command):
    if shutil.which(command) is None:
        pytest.skip(f"apt-get install --no-install-recommends {command}")
    assert javascript.run_page(command, "forbidden") == "EDGERNN_ERROR_KERNELS\n"


@needs("chromium")
def test_pages_of_four_bundlers_replay_the_corpus(project, installed):
    javascript.run("node", javascript.SCRIPTS / "bundlers.js", project)
    pages = {name: f"/strict/out/{name}/index.html" for name in BUNDLERS}
    folders = {**javascript.FOLDERS, "out": project / "out"}
    found = browser.open_pages("chromium", pages, folders)
    assert {name: text.splitlines() for name, text in found.items()} == dict.fromkeys(
        BUNDLERS, EXPECTED
    )


@pytest.mark.parametrize("name", javascript.ENGINES)
def test_other_engines_replay_the_corpus(project, installed, name):
    program = javascript.ENGINES[name].split()[0]
    if not (installed / program).exists():
        pytest.skip(f"npm has no {program} for this machine")
    assert javascript.run_engine(name, project).splitlines() == EXPECTED


def test_workerd_replays_the_corpus(project, installed):
    if not (installed / "@cloudflare" / "workerd-linux-64").exists():
        pytest.skip("npm has no workerd for this machine")
    assert javascript.run_workerd(project).splitlines() == EXPECTED


def test_linters_and_the_type_checker_accept_the_package(project, installed):
    tarball = (project / "tarball").resolve()
    javascript.run(installed / ".bin" / "publint", "run", tarball, "--strict")
    javascript.run(installed / ".bin" / "attw", tarball, "--profile", "esm-only")
    shutil.copy(javascript.SCRIPTS / "types.ts", project)
    options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--types"]
    for resolution in (("bundler", "esnext"), ("nodenext", "nodenext")):
        kinds = ("--moduleResolution", resolution[0], "--module", resolution[1])
        javascript.run(installed / ".bin" / "tsc", *options, "", *kinds, "types.ts", cwd=project)


@pytest.mark.parametrize("bundle", [SAMPLE, *STEPS], ids=lambda path: path.stem)
@pytest.mark.parametrize("text", ["", "not a good film, zzyq!", "w1 naïve, don't stop " * 40])
def test_an_explanation_is_that_of_python(bundle, text):
    javascript.build()
    script = (
        f"import {{ load }} from '{javascript.PACKAGE / 'node.js'}';\n"
        "const [, path, text] = process.argv;\n"
        "console.log(JSON.stringify((await load(path)).explain(text)));"
    )
    command = ("node", "--input-type=module", "-e", script, bundle, text)
    found = json.loads(javascript.run(*command))
    with load(bundle) as classifier:
        expected = classifier.explain(text)
    assert found["prediction"]["label"] == expected.prediction.label
    assert found["prediction"]["probabilities"] == pytest.approx(
        expected.prediction.probabilities, abs=1e-6
    )
    assert [(one["token"], one["id"], one["isKnown"]) for one in found["tokens"]] == [
        (one.token, one.id, one.is_known) for one in expected.tokens
    ]
    weights = [one.weight for one in expected.tokens]
    # Gates differ by 1e-7 between kernels, which can move an int8 state by a step.
    assert [one["weight"] for one in found["tokens"]] == pytest.approx(weights, abs=1e-4)
