"""Broken bundles: wrong archives, manifests and vocabularies."""

from __future__ import annotations

import json
import struct

from edgernn_export.bundle_file import describe_members, zip_members
from edgernn_runtime.bundle import CARD, MANIFEST
from tests.hosts.rezip import flipped, members_of_bytes, rezipped, rezipped_without

HOSTILE = (
    None,
    True,
    -1,
    0,
    3,
    2**31,
    10**30,
    0.5,
    "",
    "x",
    "\ud800",
    [],
    ["a"],
    [1, 1],
    {},
    {"to": 0},
)


def broken_archives(base):
    """Yield archives with one wrong number or a part too much or too little."""
    end = len(base) - 22
    directory = base.index(b"PK\1\2")
    for size in (0, 1, 21, 22, 100, end, len(base) - 1):
        yield f"cut-to-{size}", base[:size]
    yield "a-byte-behind", base + b"x"
    yield "a-byte-in-front", b"x" + base
    yield "text", b"this is not a bundle" * 20
    for at in range(0, 22, 2):
        for value in (0, 1, 0xFFFF):
            yield (
                f"end-{at}-{value}",
                base[: end + at] + struct.pack("<H", value) + base[end + at + 2 :],
            )
    for at in range(0, 46, 2):
        for value in (0, 8, 0xFFFF):
            place = directory + at
            yield f"entry-{at}-{value}", base[:place] + struct.pack("<H", value) + base[place + 2 :]
    for at in (0, 26, 28):
        yield f"local-{at}", base[:at] + b"\xff\x7f" + base[at + 2 :]
    members = members_of_bytes(base)
    for name in members:
        yield f"without-{name}", zip_members({n: d for n, d in members.items() if n != name})
        yield f"flipped-{name}", base.replace(members[name], flipped(members[name]))
        yield f"flipped-in-a-new-zip-{name}", zip_members({**members, name: flipped(members[name])})
    for name in ("../evil", "model.tflite", "MODEL.BIN", "extra.txt", "vocab.txt"):
        yield f"with-{name.replace('/', '-')}", zip_members({**members, name: b"x"})


def broken_directories(base):
    """Yield archives with several wrong numbers, each of which agrees with another."""
    members = members_of_bytes(base)
    end, directory = len(base) - 22, base.index(b"PK\1\2")
    for words, at, value in (
        ("an-entry-too-many", end + 8, struct.pack("<2H", *[len(members) + 1] * 2)),
        ("an-entry-too-few", end + 8, struct.pack("<2H", *[len(members) - 1] * 2)),
        ("a-member-of-2-gigabytes", directory + 20, struct.pack("<2I", *[2**31 - 1] * 2)),
        ("a-member-beyond-the-end", directory + 20, struct.pack("<2I", *[1 << 20] * 2)),
        ("a-member-at-the-directory", directory + 42, struct.pack("<I", directory - 10)),
    ):
        yield words, base[:at] + value + base[at + len(value) :]
    # Of the same length, so that no other number changes.
    yield (
        "a-member-twice",
        zip_members({**members, "vocab.txt": b"x"}).replace(b"vocab.txt", b"README.md"),
    )


def broken_manifests(base):
    """Yield bundles with one wrong value in the manifest, or one that is not JSON."""
    members = members_of_bytes(base)
    manifest = json.loads(members[MANIFEST])
    fields = [key for key in manifest if key not in ("format", "created_by")]
    for key in fields:
        without = {k: v for k, v in manifest.items() if k != key}
        yield f"manifest-without-{key}", rezipped(members, without)
        for i, value in enumerate(HOSTILE[:: 1 if key in ("labels", "empty", "padding") else 4]):
            yield f"manifest-{key}-{i}", rezipped(members, {**manifest, key: value})
    for key in manifest["tokenizer"]:
        for i, value in enumerate(HOSTILE[::3]):
            changed = {**manifest["tokenizer"], key: value}
            yield f"tokenizer-{key}-{i}", rezipped(members, {**manifest, "tokenizer": changed})
    yield "schema-newer", rezipped(members, {**manifest, "schema": "edgernn-bundle/4"})
    yield "schema-much-newer", rezipped(members, {**manifest, "schema": "edgernn-bundle/99999999"})
    yield "schema-too-long", rezipped(members, {**manifest, "schema": "edgernn-bundle/999999999"})
    yield from broken_details(members, manifest)
    text = members[MANIFEST]
    for i, wrong in enumerate(
        (
            b"", b"{", b"[" * 100, b"null", b"[]", b'{"a":1}', text[:-2], text + b"x", text + b"{}",
            text.replace(b'"schema"', b'"schema":1,"schema"'), text.replace(b",", b",,", 1),
            text.replace(b"{", b"{,", 1), text.replace(b'"', b"'"), text.replace(b":", b";", 1),
            b"\xff" + text, text.replace(b"corpus", b"corp\x01s"), text.replace(b"corpus", b"\\x"),
            text.replace(b"corpus", b"\\u12g4"), text.replace(b'"figures": {}', b'"figures": NaN'),
            text.replace(b'"figures": {}', b'"figures": {"a": 01}'),
            text.replace(b'"figures": {}', b'"figures": {"a": 1.}'),
            text.replace(b'"figures": {}', b'"figures": {"a": 1e}'),
            text.replace(b'"figures": {}', b'"figures": {"a": -}'),
            text.replace(b'"figures": {}', b'"figures": {"a": tru}'),
            text.replace(b'"figures": {}', b'"figures": {"a": 1, "a": 2}'),
            text.replace(b'"figures": {}', b'"figures": ' + b"[" * 31 + b"]" * 31),
            text.replace(b'"figures": {}', b'"figures": {"a": "\\ud83d\\ude00"}'),
        )
    ):  # fmt: skip
        yield f"json-{i:02}", zip_members({**members, MANIFEST: wrong})


def broken_details(members, manifest):
    """Yield bundles whose manifest is wrong in one small way, or in none."""
    text = members[MANIFEST]
    own = manifest["members"]["model.bin"]
    for i, member in enumerate(
        (3, {"bytes": 1}, {**own, "bytes": "1"}, {**own, "bytes": 1.5}, {**own, "bytes": 2**33},
         {**own, "bytes": own["bytes"] + 1}, {**own, "sha256": 5}, {**own, "sha256": "g" * 64},
         {**own, "sha256": own["sha256"] + "0"}, {**own, "sha256": own["sha256"].upper()},
         {**own, "sha256": "!" * 64})
    ):  # fmt: skip
        changed = {**manifest, "members": {**manifest["members"], "model.bin": member}}
        yield f"member-{i}", zip_members({**members, MANIFEST: json.dumps(changed).encode()})
    for i, schema in enumerate(
        (
            "edgernn-bundle/",
            "edgernn-bundle/x",
            "edgernn-bundle/0",
            "edgernn-bundlf/1",
            "edgernn-bundle/-1",
        )
    ):
        yield f"schema-{i}", rezipped(members, {**manifest, "schema": schema})
    for i, labels in enumerate(
        (
            ["a", "a"],
            ["a", "b\0"],
            ["a", "\ud800"],
            ["a", "\udc00"],
            ["a", "b", "c"],
            ["x" * 70, "x" * 70],
            ["pos", "po"],
            [str(i) for i in range(1030)],
        )
    ):
        yield f"labels-{i}", rezipped(members, {**manifest, "labels": labels})
    described = {name: one for name, one in manifest["members"].items() if name != CARD}
    renamed = {**manifest, "members": {**described, "vocab.txt": manifest["members"][CARD]}}
    yield (
        "a-member-of-another-name",
        zip_members({**members, MANIFEST: json.dumps(renamed).encode()}),
    )
    for key in ("recipe", "lowering", "created_by"):
        yield f"a-long-{key}", rezipped(members, {**manifest, key: "r" * 100})
    keys = {f"k{i}": i for i in range(65)}
    yield "many-keys", rezipped(members, {**manifest, "figures": keys})
    yield "as-many-keys", rezipped(members, {**manifest, "figures": dict(list(keys.items())[:64])})
    yield (
        "long-keys",
        rezipped(members, {**manifest, "figures": {"k" * 99 + "a": 1, "k" * 99 + "b": 1}}),
    )
    widths = {**manifest["tokenizer"], "ngrams": [1] * 65}
    yield "many-widths", rezipped(members, {**manifest, "tokenizer": widths})
    yield (
        "no-spaces",
        zip_members({**members, MANIFEST: json.dumps(manifest, separators=(",", ":")).encode()}),
    )
    yield (
        "many-spaces",
        zip_members({**members, MANIFEST: b"\r\n\t " + text.replace(b": ", b" \r\t:\n ")}),
    )
    empty = f'"empty": [\n  {manifest["empty"][0]}\n ]'.encode()
    for i, number in enumerate(
        (b"1e-400", b"2.5E-1", b"25e-2", b"0.025e+1", b"-0", b"-0.1", b"1.5", b"1e1", b"0e9", b"1e",
         b"0.25000000000000000000000000001", b"00.25", b"1e99999", b"0.25" + b"0" * 400, b"+1", b".5", b"0x1",
         b"1000000000000000000000000e-24", b"true", b"-", b"25e-2 ")
    ):  # fmt: skip
        wrong = text.replace(empty, b'"empty": [' + number + b"]")
        assert wrong != text
        yield f"number-{i:02}", zip_members({**members, MANIFEST: wrong})
    for i, string in enumerate(
        (b"\\b\\f\\n\\r\\t\\/\\\\", b"\\u00e9\\uD83D\\uDE00", b"\\ud83d", b"\\ud83dx", b"\\ud83d\\n",
         b"\\ud83d\\u0041", b"\\udfff", b"\\u12", b"\\u123G", b"\\a", b"\\", b"tab\there", b"\\u0000",
         b"\\uffee", b"\\ud83d\\ue000", "€😀".encode(), b'\\ud83d": 2, "\\ud83e', b"\\\0")
    ):  # fmt: skip
        for name, place in (("labels", b'"neg"'), ("figures", b'"figures": {')):
            inside = b'"' + string + b'"' if name == "labels" else place + b'"' + string + b'": 1'
            wrong = text.replace(place, inside, 1)
            assert wrong != text
            yield f"string-{name}-{i:02}", zip_members({**members, MANIFEST: wrong})
    for size in (1, 40, 200, len(text) - 3):
        yield f"manifest-cut-to-{size}", zip_members({**members, MANIFEST: text[:size]})
    yield "manifest-that-ends-in-a-string", zip_members({**members, MANIFEST: b'{"a": "b'})
    yield "manifest-that-ends-in-an-escape", zip_members({**members, MANIFEST: b'{"a": "b\\'})
    yield "manifest-that-ends-in-a-key", zip_members({**members, MANIFEST: b'{"a'})
    yield "manifest-that-ends-in-digits", zip_members({**members, MANIFEST: b"12"})
    yield "manifest-that-ends-in-an-exponent", zip_members({**members, MANIFEST: b"1e"})
    yield "manifest-that-ends-in-a-code", zip_members({**members, MANIFEST: b'{"a": "\\u1'})
    yield "manifest-that-ends-behind-a-key", zip_members({**members, MANIFEST: b'{"a"'})


def broken_version_1(base):
    """Yield bundles of version 1 with a wrong vocabulary, or another's."""
    members = members_of_bytes(base)
    own = describe_members({"vocab.txt": members["vocab.txt"]})["vocab.txt"].sha256.encode()
    text = members["vocab.txt"]
    for i, wrong in enumerate(
        (b"", b"\n", b"\n[UNK]", text[:-1], text + b"\\x\n", text + b"\\", text + b"\r\n",
         text + b"\xff\n", text + text, text + b"x" * 65536 + b"\n", text + b"new\n",
         text + b"a\\\\b\\n\\r\n", text + b"\n", with_last(text, 200), with_last(text, 1 << 14))
    ):  # fmt: skip
        sha256 = describe_members({"vocab.txt": wrong})["vocab.txt"].sha256.encode()
        model = members["model.bin"].replace(own, sha256)
        changed = {**members, "vocab.txt": wrong, "model.bin": model}
        yield f"vocabulary-{i:02}", rezipped(changed)
    yield "a-model-that-ends-early", rezipped({**members, "model.bin": members["model.bin"][:90]})
    yield "a-model-that-is-none", rezipped({**members, "model.bin": b"x" * 200})
    yield "another-vocabulary", rezipped({**members, "vocab.txt": text + b"new\n"})
    yield "no-vocabulary", rezipped_without(members, "vocab.txt")
    for i, (key, value) in enumerate(
        (
            ("labels", ["a", "a"]),
            ("labels", ["a", "b\0"]),
            ("empty", [2]),
            ("head", "x"),
            ("tokenizer", {**json.loads(members[MANIFEST])["tokenizer"], "ngrams": [1, 2]}),
            ("padding", {"to": 1 << 16}),
            ("padding", {"to": (1 << 16) + 1}),
        )
    ):
        manifest = {**json.loads(members[MANIFEST]), key: value}
        yield f"version-1-{key}-{i}", rezipped(members, manifest)


def broken_thresholds(base):
    """Yield bundles with wrong thresholds in the manifest."""
    members = members_of_bytes(base)
    manifest = json.loads(members[MANIFEST])
    count = len(manifest["labels"])
    for i, value in enumerate(
        (None, 0.5, "0.5", {}, [], [0.5] * (count - 1), [0.5] * (count + 1), [0.5] * (count - 1) + [2],
         [-0.5] * count, ["0.5"] * count, [0] * count, [1] * count)
    ):  # fmt: skip
        yield f"thresholds-{i:02}", rezipped(members, {**manifest, "thresholds": value})


def with_last(text, size):
    """Return a vocab.txt whose last token has a given number of bytes."""
    return text[: text.rindex(b"\n", 0, -1) + 1] + b"x" * size + b"\n"
