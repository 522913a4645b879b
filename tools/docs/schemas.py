"""JSON schemas of what edgernn writes: manifests, reports of benchmarks, evaluations.

The schemas of reports are derived from their dataclasses, with the docstrings as descriptions.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin

from edgernn.benchmarking.records import BenchmarkReport, VariantResult
from edgernn.evaluation import Evaluation
from edgernn.metrics import Scores
from edgernn_runtime.bench import SCHEMA
from edgernn_runtime.heads import HEADS
from edgernn_runtime.manifest import MAX_LABELS, MAX_MEMBER_BYTES, SCHEMA_NAME, SCHEMA_VERSION
from edgernn_runtime.self_test import SelfTestResult
from edgernn_runtime.timing import Summary
from edgernn_runtime.tokenizer import MAX_PADDING
from edgernn_runtime.tokenizer_spec import (
    MAX_IDS,
    MAX_LENGTH,
    MAX_NGRAMS,
    MAX_SEPARATORS,
    MAX_STEPS,
    SPLIT,
    STANDARDIZE,
    STEPS,
    Split,
    Truncate,
)

_Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BASE = "https://github.com/edgernn/edgernn/raw/main/docs/reference/"
_SCALARS: dict[object, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_SCALARS[types.NoneType] = "null"
_SHARE: _Schema = {"type": "number", "minimum": 0, "maximum": 1}
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def manifest_schema() -> _Schema:
    """Return the schema of a bundle's `manifest.json`."""
    versions = [f"{SCHEMA_NAME}/{n}" for n in range(1, SCHEMA_VERSION + 1)]
    member = _object(
        {
            "bytes": {"type": "integer", "minimum": 0, "maximum": MAX_MEMBER_BYTES},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        }
    )
    fields: _Schema = {
        "schema": {"enum": versions, "description": "The version of the bundle's format."},
        "tokenizer": {"oneOf": _tokenizers(), "description": "The contract of the tokenizer."},
        "labels": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[^\\u0000]*$"},
            "minItems": 1,
            "maxItems": MAX_LABELS,
            "uniqueItems": True,
            "description": "The names of the classes.",
        },
        "head": {"enum": list(HEADS), "description": "How outputs become probabilities."},
        "padding": {"oneOf": _paddings(), "description": "The length and side of the padding."},
        "empty": {
            "type": "array",
            "items": _SHARE,
            "description": "The model's output for a text without tokens.",
        },
        "thresholds": {
            "type": "array",
            "items": _SHARE,
            "minItems": 1,
            "maxItems": MAX_LABELS,
            "description": "The least probability of each label; absent without thresholds.",
        },
        "format": _text("The format of the model, which selects the engine."),
        "recipe": _text("The quantization recipe."),
        "lowering": _text("How the network became a model file."),
        "model": _text("The name of the model's member."),
        "interface": {"type": "object", "description": "The model's inputs and outputs."},
        "figures": {"type": "object", "description": "Measurements of the export, for people."},
        "created_by": _text("The tool and version that wrote the bundle."),
        "members": {
            "type": "object",
            "additionalProperties": member,
            "description": "Size and hash of every other member by name.",
        },
    }
    schema = _object(fields, closed=False)
    schema["required"].remove("thresholds")
    binary = {"properties": {"head": {"const": "binary"}}}
    two = {"properties": {"labels": {"minItems": 2, "maxItems": 2}, "empty": _exactly(1)}}
    return _titled("manifest", "manifest.json of a bundle", schema) | {"if": binary, "then": two}


def bench_schema() -> _Schema:
    """Return the schema of the JSON of `edgernn bench` and `python -m edgernn_runtime bench`."""
    result = _dataclass(VariantResult)
    summary = {"oneOf": [_dataclass(Summary), {"type": "null"}]}
    result["properties"]["summary"] = summary | {"description": "The latency of all windows."}
    # Only the command of the package for devices runs the self-test.
    result["properties"]["self_test"] = _dataclass(SelfTestResult)
    result["required"] = ["variant", "engine", "file_bytes", "cold_start_ms", "windows", "summary"]
    report = _dataclass(BenchmarkReport)
    fields = report["properties"]
    fields["schema"] = {"const": SCHEMA, "description": "The version of this format."}
    fields["results"]["items"] = result
    fields["settings"] |= {"required": ["tokens", "threads", "seconds"]}
    fields["environment"] |= {"required": ["processor", "cores", "system", "python", "packages"]}
    report["required"] = ["schema", "partial", "settings", "environment", "results"]
    return _titled("bench", "Report of a benchmark", report)


def evaluate_schema() -> _Schema:
    """Return the schema of the JSON of `edgernn evaluate`."""
    evaluation, scores = _dataclass(Evaluation), _dataclass(Scores)
    evaluation["properties"].pop("scores")
    fields = {
        "model": _text("The evaluated model folder or bundle."),
        "data": _text("The texts that it was evaluated on."),
        **scores["properties"],
        **evaluation["properties"],
    }
    return _titled("evaluate", "Evaluation of a classifier", _object(fields))


#: The function that returns each schema.
SCHEMAS: Mapping[str, Callable[[], _Schema]] = {
    "manifest": manifest_schema,
    "bench": bench_schema,
    "evaluate": evaluate_schema,
}


def _tokenizers() -> list[_Schema]:
    """Return the schema of each contract of the tokenizer."""
    nothing_or = [{"type": "null"}]
    shared: _Schema = {
        "ngrams": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH},
            "maxItems": MAX_NGRAMS,
        },
        "max_length": {
            "oneOf": [*nothing_or, {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH}]
        },
        "truncate": {"enum": list(get_args(Truncate))},
    }
    ids = [{"type": "integer", "minimum": least, "maximum": MAX_IDS - 1} for least in (0, 1)]
    contracts: tuple[_Schema, ...] = (
        {"standardize": {"enum": list(STANDARDIZE)}, "split": {"enum": list(SPLIT)}},
        {},
        {
            "steps": {"type": "array", "items": {"enum": list(STEPS)}, "maxItems": MAX_STEPS},
            "split": {"enum": list(get_args(Split))},
            "separators": {"type": "string", "maxLength": MAX_SEPARATORS},
            "oov": {"oneOf": [*nothing_or, ids[0]]},
            "start": {"oneOf": [*nothing_or, ids[1]]},
        },
    )
    return [
        _object({"contract": {"const": f"edgernn-tokenizer/{number}"}, **fields, **shared}, False)
        for number, fields in enumerate(contracts, 1)
    ]


def _paddings() -> list[_Schema]:
    length = {"type": "integer", "minimum": 1, "maximum": MAX_PADDING}
    sides: tuple[_Schema, ...] = ({}, {"side": {"const": "pre"}})
    return [{"const": "none"}, *(_object({"to": length, **side}) for side in sides)]


def _dataclass(cls: type) -> _Schema:
    """Return the schema of a dataclass as `dataclasses.asdict` and JSON write it."""
    hints = typing.get_type_hints(cls)
    found = _ATTRIBUTE.findall(inspect.getdoc(cls) or "")
    said = {name: " ".join(text.split()) for name, text in found}
    fields = {}
    for field in dataclasses.fields(cls):
        schema = _type(hints[field.name])
        fields[field.name] = schema | {"description": _sentence(said[field.name])}
    return _object(fields)


def _type(hint: Any) -> _Schema:
    """Return the schema of a type."""
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        is_open = arguments[-1] is Ellipsis
        size = {} if is_open else _exactly(len(arguments))
        return {"type": "array", "items": _type(arguments[0]), **size}
    if origin in {types.UnionType, typing.Union}:
        return {"anyOf": [_type(argument) for argument in arguments]}
    if origin is Mapping:
        return {"type": "object"}
    raise TypeError(f"no schema for {hint}")


def _object(fields: _Schema, closed: bool = True) -> _Schema:
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    return schema | {"additionalProperties": False} if closed else schema


def _titled(name: str, title: str, schema: _Schema) -> _Schema:
    return {"$schema": _DIALECT, "$id": f"{_BASE}{name}.schema.json", "title": title, **schema}


def _text(description: str) -> _Schema:
    return {"type": "string", "description": description}


def _exactly(count: int) -> _Schema:
    return {"minItems": count, "maxItems": count}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
