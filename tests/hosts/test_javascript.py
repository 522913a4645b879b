"""The npm package: every host replays the whole corpus, and bundlers and linters accept it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import sys

import pytest

from edgernn_runtime import load
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.self_test import decode_test_vectors, get_tolerance
from tests.hosts import browser, javascript
from tests.hosts.host import HOSTS, lines_of

EXPECTED = [
    f"{name} {len(lines_of(f'{name}.txt'))} {len(lines_of(f'{name}.txt'))}"
    for name in ("predictions", "tokens", "broken")
]
BUNDLERS = ("esbuild", "rollup", "webpack", "vite")
SAMPLE = HOSTS.parents[1] / "examples" / "sentiment" / "sentiment.edgernn"
#: A network and a tokenizer of which the sample has neither.
GRU, UNICODE = (
    HOSTS / "bundles" / f"{name}.edgernn"
    for name in ("gru-float16-multiclass", "tokens-unicode-00")
)
#: Of these, the last has no label for the text of the page.
THRESHOLDS = [HOSTS / "bundles" / f"thresholds-{head}.edgernn" for head in ("multiclass", "binary")]
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


@pytest.mark.parametrize("path", [SAMPLE, *THRESHOLDS], ids=lambda path: path.stem)
def test_the_first_program_of_the_page_runs(path, tmp_path):
    javascript.build()
    page = (HOSTS.parents[1] / "docs" / "hosts" / "javascript.md").read_text()
    program = re.findall(r"```js\n(.*?)```", page, re.DOTALL)[0]
    [text] = re.findall(r"predict\('(.*?)'\)", program)
    (tmp_path / "program.mjs").write_text(program)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "edgernn").symlink_to(javascript.PACKAGE)
    shutil.copy(path, tmp_path / "model.edgernn")
    with load(path) as classifier:
        expected = classifier.predict(text)
    printed = javascript.run("node", "program.mjs", cwd=tmp_path)
    assert printed == f"{expected.label or '-'} {expected.probability:.3f}\n"


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


def run_script(script, *arguments):
    """Return the JSON that a script prints, whose arguments are `args`."""
    head = "const [, ...args] = process.argv;\n"
    return json.loads(
        javascript.run("node", "--input-type=module", "-e", head + script, *arguments)
    )


def replay_vectors(package, path):
    """Return the number of a bundle's test vectors that a package reproduces from its model.bin, and all."""
    bundle = read_bundle(path)
    vectors = decode_test_vectors(bundle)
    texts = json.dumps([base64.b64encode(one.text).decode() for one in vectors])
    found = run_script(
        f"""import {{ load }} from '{package / "node.js"}';
        const classifier = await load(args[0]);
        console.log(JSON.stringify(JSON.parse(args[1]).map((text) => {{
          const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
          const {{ probabilities }} = classifier.predict(bytes);
          return [[...classifier.tokenize(bytes)], classifier.labels.map((label) => probabilities[label])];
        }})));""",
        package / f"{path.stem}.bin",
        texts,
    )
    tolerance = get_tolerance(bundle.manifest.recipe)
    passed = 0
    for (ids, probabilities), vector in zip(found, vectors, strict=True):
        outputs = probabilities[-len(vector.output) :]
        passed += tuple(ids) == vector.ids and outputs == pytest.approx(
            vector.output, abs=tolerance
        )
    return passed, len(vectors)


def status_of(package, path):
    """Return the code of the error with which a package refuses a file, or None."""
    return run_script(
        f"""import {{ load }} from '{package / "node.js"}';
        const code = await load(args[0]).then(() => null, (error) => error.code);
        console.log(JSON.stringify(code));""",
        path,
    )


def write_package(folder, *bundles):
    """Write the package for some bundles, and return what the command prints."""
    command = (sys.executable, "-m", "runtime.bindings.javascript.build_model")
    return javascript.run(*command, *bundles, "--out", folder, cwd=HOSTS.parents[1])


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A package for the sample, and one for two other models."""
    folder = tmp_path_factory.mktemp("packages")
    for name, paths in (("sample", [SAMPLE]), ("two", [GRU, UNICODE])):
        printed = write_package(folder / name, *paths)
        assert all(f"{folder / name / path.stem}.bin: " in printed for path in paths)
    return folder


@pytest.mark.parametrize(
    ("name", "path"),
    [("sample", SAMPLE), ("two", GRU), ("two", UNICODE)],
    ids=lambda value: getattr(value, "stem", value),
)
def test_a_package_for_some_models_replays_their_vectors(packages, name, path):
    passed, count = replay_vectors(packages / name, path)
    assert passed == count > 0


def test_the_module_for_the_sample_is_small(packages):
    module = (packages / "sample" / "edgernn.wasm").read_bytes()
    assert len(module) <= 30_000
    assert len(gzip.compress(module, 9)) <= 14_000


def test_a_package_for_some_models_refuses_others_by_name(packages):
    for name, path in (
        ("sample", packages / "two" / f"{GRU.stem}.bin"),
        ("sample", packages / "two" / f"{UNICODE.stem}.bin"),
        ("two", SAMPLE),
    ):
        assert status_of(packages / name, path) == "EDGERNN_ERROR_NOT_IN_BUILD"


def test_a_package_for_some_models_has_the_files_that_it_names(packages):
    folder = packages / "two"
    package = json.loads((folder / "package.json").read_text())
    assert all((folder / name).is_file() for name in package["files"])
    assert f"./{GRU.stem}.bin" in package["exports"]


def test_a_bundle_for_another_engine_has_no_package(tmp_path):
    version_1 = HOSTS / "bundles" / "version-1.edgernn"
    with pytest.raises(AssertionError, match="next:     edgernn export --format native"):
        write_package(tmp_path / "package", version_1)
    assert not (tmp_path / "package").exists()
