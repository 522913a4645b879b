"""Broken bundles: wrong rules of steps, in a model.bin and in a manifest."""

from __future__ import annotations

import json
import struct

from edgernn_runtime.bundle import MANIFEST
from edgernn_runtime.model_header import decode_header
from edgernn_runtime.text_section import with_checksum
from tests.hosts.broken_bundles import HOSTILE
from tests.hosts.rezip import members_of_bytes, rezipped


def broken_step_sections(base):
    """Yield bundles with wrong rules in the text section, behind right checksums."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    section = bytes(decode_header(model).section)
    start = len(model) - len(section)
    numbers = dict.fromkeys(range(64, 64 + 20, 4), (0, 1, 3, 4, 5, 17, 257, 1000001, 2**31))
    # The split, the flags that steps do not have, the kept ids with the side of the padding, the
    # padded length.
    numbers.update({0: (3, 5), 4: (1,), 8: (1,), 16: (0, 1, 2, 3, 4, 5, 7, 8, 2**31), 20: (0,)})
    # The step, the first two separators and the last one.
    numbers.update(
        {84: (0, 10, 11), 88: (0, 10, 0x110000), 92: (0xD800, 9), 88 + 4 * 33: (0xDFFF,)}
    )
    numbers[88 + 4 * 33] += (0xE000, 0x10FFFF, 0x110000)
    # Tokens: the OOV id and the start id are not below them.
    for at, values in numbers.items():
        for value in values:
            changed = bytearray(model)
            struct.pack_into("<I", changed, start + at, value)
            whole = with_checksum(bytes(changed))
            yield f"steps-{at}-{value}", rezipped({**members, "model.bin": whole})
    tokens = struct.unpack_from("<I", section, 40)[0]
    for at, values in ((76, (tokens, tokens + 1)), (80, (tokens - 1, tokens))):
        for value in values:
            changed = bytearray(model)
            struct.pack_into("<I", changed, start + at, value)
            whole = with_checksum(bytes(changed))
            yield f"steps-id-{at}-{value}", rezipped({**members, "model.bin": whole})
    for size in (64, 80):
        changed = bytearray(model)
        struct.pack_into("<Q", changed, 48, size)
        whole = with_checksum(bytes(changed))
        yield f"steps-section-of-{size}", rezipped({**members, "model.bin": whole})


def changed_specs():
    """Yield names and fields of a tokenizer that are outside the contract, or at its edge."""
    for key in ("contract", "steps", "split", "separators", "oov", "start", "truncate"):
        for i, value in enumerate(HOSTILE):
            yield f"{key}-{i}", {key: value}
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 257)))
    for i, changes in enumerate(
        (
            {"steps": ["lower"] * 16}, {"steps": ["lower"] * 17}, {"steps": ["lower", "upper"]},
            {"steps": ["letters_digits_only", "strip_html"]}, {"steps": [["lower"]]},
            {"split": "whitespace"}, {"split": "whitespace", "separators": ""},
            {"split": "none", "separators": ""}, {"split": "character", "separators": ""},
            {"split": "", "separators": ""}, {"separators": "ba"}, {"separators": "aa"},
            {"separators": "\0"}, {"separators": "\U0001f600\ue000z"}, {"separators": "aba"},
            {"separators": many[:-1]}, {"separators": many}, {"separators": "x" * 2000},
            {"oov": None}, {"oov": 999_999}, {"oov": 1_000_000}, {"start": None},
            {"start": 999_999}, {"start": 1_000_000}, {"truncate": "head+tail"},
        )
    ):  # fmt: skip
        yield f"spec-{i:02}", changes


def broken_step_manifests(base):
    """Yield bundles with a wrong tokenizer or padding in the manifest."""
    members = members_of_bytes(base)
    manifest = json.loads(members[MANIFEST])
    spec = manifest["tokenizer"]
    for key in spec:
        without = {k: v for k, v in spec.items() if k != key}
        yield f"steps-without-{key}", rezipped(members, {**manifest, "tokenizer": without})
    for name, changes in changed_specs():
        changed = {**manifest, "tokenizer": {**spec, **changes}}
        yield f"steps-{name}", rezipped(members, changed)
    for i, padding in enumerate(
        (
            {"to": 24}, {"to": 24, "side": "post"}, {"to": 24, "side": "pre", "x": 1}, {},
            {"side": "pre"}, {"side": "pre", "x": 1}, {"to": 0, "side": "pre"},
            {"to": 1 << 16, "side": "pre"}, {"to": (1 << 16) + 1, "side": "pre"},
            {"to": 24, "side": None}, {"to": 24, "x": "pre"},
        )
    ):  # fmt: skip
        yield f"padding-{i}", rezipped(members, {**manifest, "padding": padding})


def broken_step_vocabularies(base):
    """Yield bundles of version 1 whose rules name an id that the vocabulary may not have."""
    members = members_of_bytes(base)
    manifest = json.loads(members[MANIFEST])
    tokens = members["vocab.txt"].count(b"\n")
    for key in ("oov", "start"):
        for value in (None, tokens - 1, tokens):
            changed = {**manifest["tokenizer"], key: value}
            yield f"version-1-{key}-{value}", rezipped(members, {**manifest, "tokenizer": changed})
