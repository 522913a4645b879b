"""The manifest: the description of a bundle. `docs/bundle.md` specifies its fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgernn_runtime.errors import BundleFormatError, BundleVersionError
from edgernn_runtime.heads import HEADS, Head
from edgernn_runtime.tokenizer import MAX_PADDING, PadSide, TokenizerSpec

SCHEMA_NAME = "edgernn-bundle"
#: The newest schema that is read. Bundles whose model contains the vocabulary have schema 2, those
#: with thresholds schema 3, so that older readers refuse them by name; others have schema 1.
SCHEMA_VERSION = 3
MAX_MANIFEST_BYTES = 1 << 20
MAX_DEPTH, MAX_KEYS, MAX_LABELS = 32, 64, 16_384
MAX_MEMBER_BYTES = 2**32 - 1
_VOCABULARY = "vocab.txt"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Member:
    """Size and hash of another member of the bundle.

    Attributes:
        size: its length in bytes.
        sha256: its SHA-256, 64 hexadecimal digits.
    """

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The description of a bundle, without the bytes of its other members.

    Attributes:
        tokenizer: the tokenizer's rules.
        labels: the names of the classes.
        head: how the model's output becomes probabilities of the labels.
        pad_to: the length to which ids are padded with 0, or None for no padding.
        empty: the model's output for a text without tokens, C probabilities.
        format: the format of the model, which selects the engine.
        recipe: the quantization recipe.
        lowering: `fused`, `loop` or `generic`; see `docs/lowering.md`.
        model: the name of the model's member.
        interface: names, dtypes and shapes of the model's inputs and outputs, for other hosts.
        figures: measurements of the export; no reader depends on them.
        created_by: the tool and version that wrote the bundle.
        members: every other member by name.
        pad_side: the side of the padding: behind the ids or in front of them.
        thresholds: the least probability of each label, 0 to 1, or None for a model that always
            predicts a label.
    """

    tokenizer: TokenizerSpec
    labels: tuple[str, ...]
    head: Head
    pad_to: int | None
    empty: tuple[float, ...]
    format: str
    recipe: str
    lowering: str
    model: str
    interface: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    created_by: str = ""
    members: Mapping[str, Member] = field(default_factory=dict)
    pad_side: PadSide = "post"
    thresholds: tuple[float, ...] | None = None


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON: UTF-8, sorted keys, deterministic."""
    value = {
        "schema": f"{SCHEMA_NAME}/{_schema_version(manifest)}",
        "tokenizer": manifest.tokenizer.to_json(),
        "labels": list(manifest.labels),
        "head": manifest.head,
        "padding": _encode_padding(manifest.pad_to, manifest.pad_side),
        "empty": list(manifest.empty),
        "format": manifest.format,
        "recipe": manifest.recipe,
        "lowering": manifest.lowering,
        "model": manifest.model,
        "interface": dict(manifest.interface),
        "figures": dict(manifest.figures),
        "created_by": manifest.created_by,
        "members": {
            name: {"bytes": member.size, "sha256": member.sha256}
            for name, member in manifest.members.items()
        },
    }
    if manifest.thresholds is not None:
        value["thresholds"] = list(manifest.thresholds)
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _schema_version(manifest: Manifest) -> int:
    if manifest.thresholds is not None:
        return 3
    return 1 if _VOCABULARY in manifest.members else 2


def decode_manifest(data: bytes) -> Manifest:
    """Return the manifest that `encode_manifest` wrote.

    Raises:
        BundleVersionError: the schema is newer than this version of edgernn.
        BundleFormatError: it is not JSON, or a field is missing, of the wrong type or invalid.
    """
    try:
        return _decode(_parse(data))
    except BundleFormatError as error:
        error.status = "MALFORMED_MANIFEST"
        raise


def _parse(data: bytes) -> dict[str, Any]:
    """Return the JSON object, which is not nested deeper than the C library reads."""
    try:
        text = data.decode("utf-8")
        _check_depth(text)
        value = json.loads(text, object_pairs_hook=_make_object, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise BundleFormatError(
            "the manifest is not JSON", path="manifest.json", found=str(error)
        ) from error
    if not isinstance(value, dict):
        raise _wrong("the manifest", "a JSON object", value)
    return value


def _decode(value: dict[str, Any]) -> Manifest:
    _check_schema(value.get("schema"))
    labels = _strings(value, "labels")
    head = _choice(value, "head", HEADS)
    if head == "binary" and len(labels) != 2:
        raise _wrong("labels", "two labels for a binary head", labels)
    empty = _numbers(value, "empty")
    if len(empty) != (1 if head == "binary" else len(labels)):
        raise _wrong("empty", "one probability for each output of the model", empty)
    thresholds = _numbers(value, "thresholds") if "thresholds" in value else None
    if thresholds is not None and len(thresholds) != len(labels):
        raise _wrong("thresholds", "one probability for each label", thresholds)
    pad_to, pad_side = _padding(value.get("padding"))
    return Manifest(
        tokenizer=TokenizerSpec.from_json(value.get("tokenizer")),
        labels=labels,
        head=head,
        pad_to=pad_to,
        pad_side=pad_side,
        empty=empty,
        format=_string(value, "format"),
        recipe=_string(value, "recipe"),
        lowering=_string(value, "lowering"),
        model=_string(value, "model"),
        interface=_object(value, "interface"),
        figures=_object(value, "figures"),
        created_by=_string(value, "created_by"),
        members={name: _member(name, m) for name, m in _object(value, "members").items()},
        thresholds=thresholds,
    )


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub('""', text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} nested values")


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(pairs) > MAX_KEYS:
        raise ValueError(f"more than {MAX_KEYS} keys in one object")
    if len(value) != len(pairs):
        raise ValueError("a duplicate key in an object")
    return value


def _check_schema(schema: object) -> None:
    name, _, version = schema.partition("/") if isinstance(schema, str) else ("", "", "")
    if (
        name != SCHEMA_NAME
        or not version.isascii()
        or not version.isdecimal()
        or not 0 < len(version) < 9
    ):
        raise _wrong("schema", f"{SCHEMA_NAME}/{SCHEMA_VERSION}", schema)
    if int(version) > SCHEMA_VERSION:
        raise BundleVersionError(
            "the bundle is newer than this edgernn-runtime",
            path="manifest.json",
            expected=f"{SCHEMA_NAME}/{SCHEMA_VERSION} or older",
            found=f"{schema}",
            hint="pip install --upgrade edgernn-runtime",
        )
    if int(version) < 1:
        raise _wrong("schema", f"{SCHEMA_NAME}/{SCHEMA_VERSION}", schema)


def _wrong(name: str, expected: str, found: object) -> BundleFormatError:
    shown = repr(found)
    return BundleFormatError(
        f"invalid {name} in the manifest",
        path="manifest.json",
        expected=expected,
        found=shown if len(shown) <= 200 else shown[:200] + "...",
    )


def _string(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    if not isinstance(found, str):
        raise _wrong(key, "a string", found)
    return found


def _choice(value: Mapping[str, Any], key: str, allowed: tuple[Head, ...]) -> Head:
    found = value.get(key)
    for name in allowed:
        if found == name:
            return name
    raise _wrong(key, " | ".join(allowed), found)


def _object(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    if not isinstance(found, dict):
        raise _wrong(key, "an object", found)
    return found


def _strings(value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = value.get(key)
    if not isinstance(found, list) or not found or not all(isinstance(s, str) for s in found):
        raise _wrong(key, "a list of strings", found)
    if len(set(found)) != len(found) or len(found) > MAX_LABELS:
        raise _wrong(key, f"at most {MAX_LABELS:,} strings, each once", found)
    if any(not _is_storable(one) for one in found):
        raise _wrong(key, "strings of UTF-8 without NUL", found)
    return tuple(found)


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _numbers(value: Mapping[str, Any], key: str) -> tuple[float, ...]:
    found = value.get(key)
    if not isinstance(found, list) or not all(_is_probability(number) for number in found):
        raise _wrong(key, "a list of numbers from 0 to 1", found)
    return tuple(float(number) for number in found)


def _is_probability(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= 1


def _encode_padding(pad_to: int | None, pad_side: PadSide) -> str | dict[str, int | str]:
    if pad_to is None:
        return "none"
    return {"to": pad_to} if pad_side == "post" else {"to": pad_to, "side": pad_side}


def _padding(padding: object) -> tuple[int | None, PadSide]:
    """Return the length and the side of the padding."""
    if padding == "none":
        return None, "post"
    if isinstance(padding, dict) and set(padding) in ({"to"}, {"to", "side"}):
        to, is_pre = padding["to"], padding.get("side") == "pre"
        is_length = isinstance(to, int) and not isinstance(to, bool) and 1 <= to <= MAX_PADDING
        if is_length and (is_pre or "side" not in padding):
            return int(to), "pre" if is_pre else "post"
    raise _wrong("padding", '"none", {"to": length} or {"to": length, "side": "pre"}', padding)


def _member(name: str, value: object) -> Member:
    if isinstance(value, dict):
        size, sha256 = value.get("bytes"), value.get("sha256")
        size_fits = (
            isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= MAX_MEMBER_BYTES
        )
        if size_fits and isinstance(sha256, str) and _is_sha256(sha256):
            return Member(size=int(size or 0), sha256=sha256)
    raise _wrong(f"members.{name}", '{"bytes": size, "sha256": 64 hexadecimal digits}', value)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)
