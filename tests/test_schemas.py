"""The JSON schemas of `docs/reference`, against real files and against broken ones."""

from __future__ import annotations

import copy
import csv
import json
import subprocess
import sys

import jsonschema
import pytest

from edgernn_runtime import BundleFormatError
from edgernn_runtime.bench import measure
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.manifest import decode_manifest, encode_manifest
from tests.schemas import ROOT, check, load_schema

SAMPLE = ROOT / "examples/sentiment/sentiment.edgernn"
BUNDLES = [
    SAMPLE,
    *sorted((ROOT / "tests/hosts/bundles").glob("*.edgernn")),
    *sorted((ROOT / "tests/runtime/fixtures").glob("*.edgernn")),
]


def manifest(path=SAMPLE):
    return json.loads(encode_manifest(read_bundle(path).manifest))


@pytest.mark.parametrize("name", ["manifest", "bench", "evaluate"])
def test_a_schema_is_one_of_its_dialect_and_describes_every_field(name):
    schema = load_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f"/docs/reference/{name}.schema.json")
    for field, value in schema["properties"].items():
        assert value["description"][-1] in ".)", field


def test_manifests_of_every_version_are_valid():
    schemas, contracts, paddings = set(), set(), set()
    assert len(BUNDLES) > 50
    for path in BUNDLES:
        value = manifest(path)
        check("manifest", value)
        schemas.add(value["schema"])
        contracts.add(value["tokenizer"]["contract"])
        paddings.add(type(value["padding"]).__name__)
        # Only the third schema has thresholds.
        assert ("thresholds" in value) == (value["schema"] == "edgernn-bundle/3")
        assert {*value, "thresholds"} == set(load_schema("manifest")["properties"])
    assert schemas == {f"edgernn-bundle/{version}" for version in (1, 2, 3)}
    assert {"edgernn-tokenizer/1", "edgernn-tokenizer/2"} <= contracts
    assert paddings == {"str", "dict"}


def test_a_manifest_of_steps_is_valid():
    value = manifest()
    value["tokenizer"] = {
        "contract": "edgernn-tokenizer/3",
        "steps": ["lower", "strip_html"],
        "split": "separators",
        "separators": " ,",
        "oov": None,
        "start": 1,
        "ngrams": [],
        "max_length": 200,
        "truncate": "tail",
    }
    value["padding"] = {"to": 200, "side": "pre"}
    decode_manifest(json.dumps(value).encode())
    check("manifest", value)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("schema",), "edgernn-bundle/0"),
        (("head",), "softmax"),
        (("labels",), []),
        (("labels",), ["a", "a"]),
        (("labels",), ["a\0", "b"]),
        (("labels",), ["a", "b", "c"]),
        (("empty",), [1.5]),
        (("empty",), [0.5, 0.5]),
        (("empty",), [True]),
        (("padding",), {"to": 0}),
        (("padding",), {"to": 65537}),
        (("padding",), {"to": 5, "side": "post"}),
        (("recipe",), 3),
        (("figures",), []),
        (("members", "model.bin"), {"bytes": -1, "sha256": "0" * 64}),
        (("members", "model.bin"), {"bytes": 1, "sha256": "0" * 63}),
        (("tokenizer", "contract"), "edgernn-tokenizer/9"),
        (("tokenizer", "truncate"), "middle"),
        (("tokenizer", "max_length"), 0),
        (("tokenizer", "ngrams"), [0]),
        (("tokenizer", "ngrams"), [1] * 65),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_a_reader_rejects_is_not_valid(path, found):
    value = manifest()
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    assert path[-1] in inner
    inner[path[-1]] = found
    with pytest.raises(BundleFormatError):
        decode_manifest(json.dumps(value).encode())
    with pytest.raises(jsonschema.ValidationError):
        check("manifest", value)


def test_every_field_of_a_manifest_is_required():
    for name in manifest():
        value = manifest()
        del value[name]
        with pytest.raises(BundleFormatError):
            decode_manifest(json.dumps(value).encode())
        with pytest.raises(jsonschema.ValidationError):
            check("manifest", value)


def test_a_benchmark_of_the_package_for_devices_is_valid():
    report = json.loads(json.dumps(measure(SAMPLE, 8, 1, 0.01)))
    check("bench", report)
    assert report["results"][0]["self_test"]["different_ids"] == 0
    for change in (
        lambda r: r.pop("schema"),
        lambda r: r["settings"].pop("tokens"),
        lambda r: r["results"][0].update(unknown=1),
        lambda r: r["results"][0]["summary"].pop("p95"),
        lambda r: r["results"][0]["windows"][0].update(total_ms="1"),
    ):
        broken = copy.deepcopy(report)
        change(broken)
        with pytest.raises(jsonschema.ValidationError):
            check("bench", broken)


def test_an_evaluation_is_valid(tmp_path):
    table = tmp_path / "texts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = [("text", "label"), ("a wonderful film", "pos"), ("dull and bad", "pos")]
        csv.writer(file).writerows([*rows, ("awful", "neg")])
    command = ("evaluate", str(SAMPLE), "--data", str(table), "--json")
    done = subprocess.run(
        [sys.executable, "-m", "edgernn", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    check("evaluate", value)
    assert value["texts"] == 3
    assert value["mistakes"]
    for change in (
        lambda v: v.pop("accuracy_95"),
        lambda v: v.update(more=1),
        lambda v: v["accuracy_95"].append(1),
        lambda v: v["mistakes"][0].pop("predicted"),
        lambda v: v["confusion"][0].append("1"),
    ):
        broken = copy.deepcopy(value)
        change(broken)
        with pytest.raises(jsonschema.ValidationError):
            check("evaluate", broken)
