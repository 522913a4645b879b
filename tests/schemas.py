"""Validation of JSON with the schemas of `docs/reference`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[1]


def load_schema(name):
    """Return one of the committed schemas."""
    path = ROOT / "docs" / "reference" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def check(name, value):
    """Raise `jsonschema.ValidationError` if a value does not follow a schema."""
    jsonschema.Draft202012Validator(load_schema(name)).validate(value)
