"""Writes the corpus: python -m tests.hosts.make."""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np

from edgernn_export.bundle_file import describe_members, zip_members
from edgernn_export.test_vectors import encode_test_vectors
from edgernn_runtime import Classifier, load
from edgernn_runtime.bundle import CARD, MANIFEST, VECTORS, parse_bundle
from edgernn_runtime.ir import Network, Task
from edgernn_runtime.manifest import Manifest, encode_manifest
from edgernn_runtime.model_header import HEADER, decode_header
from edgernn_runtime.self_test import get_tolerance
from edgernn_runtime.text_section import TextSection, attach_text, with_checksum
from edgernn_runtime.tokenizer import TokenizerSpec
from tests.hosts.host import BUNDLES, HOSTS, status_of
from tests.runtime import test_tokenizer_vectors as keras
from tests.runtime import test_unicode_rules as unicode
from tests.runtime.fuzz import members_of
from tests.runtime.test_native import network_of, written
from tests.runtime.wide_networks import both_of, pooled_of, wide_of

FIXTURES = HOSTS.parent / "runtime" / "fixtures"
WORDS = [
    "good",
    "bad",
    "film",
    "plot",
    "the",
    "was",
    "not",
    "a",
    "great",
    "awful",
    "story",
    "acting",
    "w1",
    "w2",
    "w3",
    "é",
    "straße",
    "東京",
    "dont",
    "it",
    "is",
    "of",
    "and",
    "to",
    "boring",
    "lovely",
    "film.",
    "naïve",
]
TEXTS = (
    "", "good", "A good film, not a bad plot!", "the " * 90, "zzz unknown qqq", "é straße 東京",
    "boring boring lovely awful acting " * 7, "dont", "don't \t\n film.", "\x00 good \x00",
)  # fmt: skip
LABELS = {"binary": ("neg", "pos"), "multiclass": ("a", "b c", "é"), "multilabel": ("x", "y", "z")}


def task_of(head, vocabulary, **rules):
    return Task(TokenizerSpec(**rules), vocabulary, head, LABELS[head])


def with_head(network, head):
    """Return a network with one output for a binary head."""
    if head != "binary":
        return network
    last = network.layers[-1]
    last = type(last)("head", last.kernel[:, :1], last.bias[:1])
    return Network(network.task, network.embedding, (*network.layers[:-1], last), network.wide)


def bundle_of(network, recipe, pad_to=None, texts=TEXTS):
    """Return the bytes of a bundle of version 2 with test vectors."""
    task = network.task
    empty = (0.25,) if task.head == "binary" else (0.5, 0.25, 0.125)
    text = TextSection(task.tokenizer, pad_to, task.labels, empty, task.vocabulary)
    model = attach_text(written(network, recipe), text)
    manifest = Manifest(
        tokenizer=task.tokenizer, labels=task.labels, head=task.head, pad_to=pad_to, empty=empty,
        format="native", recipe=recipe, lowering="fused", model="model.bin",
        created_by="the corpus of hosts",
    )  # fmt: skip

    def zipped(vectors):
        members = {"model.bin": model, VECTORS: vectors, CARD: b"# A bundle of the corpus\n"}
        described = encode_manifest(
            Manifest(**{**vars(manifest), "members": describe_members(members)})
        )
        return {MANIFEST: described, **members}

    with Classifier(parse_bundle(Path("corpus"), zipped(b"[]\n"))) as classifier:
        vectors = encode_test_vectors(classifier, texts)
    return zip_members(zipped(vectors))


def prediction_bundles():
    """Yield the names and bytes of bundles whose predictions are replayed."""
    vocabulary = ("", "[UNK]", *WORDS)
    vocabulary = tuple(word.encode() for word in vocabulary)
    shapes = {
        "lstm": network_of(3, units=(12, 8), embedding=8),
        "gru": network_of(4, cell="gru", units=(5, 17), embedding=7),
        "rnn": network_of(5, cell="rnn", units=(8, 8), embedding=8, merge="sum"),
    }
    for name, shape in shapes.items():
        for recipe in ("none", "float16", "int8"):
            for head in LABELS:
                network = with_head(shape, head)
                task = task_of(head, vocabulary)
                table = network.embedding[: len(vocabulary)]
                yield (
                    f"{name}-{recipe}-{head}",
                    bundle_of(Network(task, table, network.layers, None), recipe),
                )
    wide = wide_of(3, words=len(vocabulary))
    task = task_of("multiclass", vocabulary, rules="unicode", ngrams=(1, 2), max_length=30)
    yield "bag-int8", bundle_of(Network(task, None, (), wide), "int8")
    both = both_of(3)
    task = task_of("multiclass", vocabulary, max_length=20, truncate="head+tail")
    both = Network(task, both.embedding[: len(vocabulary)], both.layers, wide)
    yield "both-int8", bundle_of(both, "int8")
    pooled = pooled_of(3, "both_padded")
    pooled = Network(task, pooled.embedding[: len(vocabulary)], pooled.layers, None)
    yield "padded-int8", bundle_of(pooled, "int8", pad_to=24)


def token_bundles():
    """Yield names, bytes and cases of bundles whose tokens are replayed."""
    for kind, cases, vocabulary in (
        ("keras", keras.CASES, keras.VOCABULARY),
        ("unicode", unicode.CASES, unicode.VOCABULARY),
    ):
        groups = {}
        for case in cases:
            groups.setdefault(json.dumps(case["spec"], sort_keys=True), []).append(case)
        wide = wide_of(1, words=len(vocabulary), buckets=1, patterns=())
        for i, (spec, group) in enumerate(sorted(groups.items())):
            rules = TokenizerSpec.from_json(json.loads(spec))
            task = Task(rules, tuple(vocabulary), "multiclass", LABELS["multiclass"])
            data = bundle_of(Network(task, None, (), wide), "int8", texts=())
            yield f"tokens-{kind}-{i:02}", data, group


# ---- Broken bundles ------------------------------------------------------------------------------

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


def rezipped(members, manifest=None):
    """Return a zip whose manifest has the hashes of its members."""
    members = dict(members)
    manifest = json.loads(members[MANIFEST]) if manifest is None else manifest
    if isinstance(manifest, dict) and isinstance(manifest.get("members"), dict):
        for name in members:
            if name in manifest["members"] and isinstance(manifest["members"][name], dict):
                one = describe_members({name: members[name]})[name]
                manifest["members"][name] = {"bytes": one.size, "sha256": one.sha256}
    members[MANIFEST] = json.dumps(manifest).encode("utf-8", "surrogatepass")
    return zip_members(members)


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


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def members_of_bytes(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(data)
        return members_of(path)


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
    yield "schema-newer", rezipped(members, {**manifest, "schema": "edgernn-bundle/3"})
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


def broken_models(base):
    """Yield bundles with one wrong number in the model.bin, behind mended checksums."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    header = decode_header(model)
    tables = HEADER.size + 64 * header.layers + 40 * header.tensors
    for size in (0, 8, 12, 127, 128, len(model) - 64):
        yield f"model-cut-to-{size}", rezipped({**members, "model.bin": model[:size]})
    yield "model-checksum", rezipped({**members, "model.bin": flipped(model)})
    draw = np.random.default_rng(7)
    values = (0, 1, 2, 3, 5, 64, 255, 2**31, 2**32 - 1)
    for at in sorted(set(draw.integers(2, tables // 4, 90).tolist()) | {2, 3, 4, 5, 6, 10, 12, 24}):
        changed = bytearray(model)
        struct.pack_into("<I", changed, 4 * at, int(draw.choice(values)))
        mended = with_checksum(bytes(changed)) if changed[8:12] == b"\2\0\0\0" else bytes(changed)
        yield f"model-number-{at}", rezipped({**members, "model.bin": mended})
    offset = len(model) - len(header.section)
    for at in range(0, 64, 4):
        for value in (0, 3, 2**31):
            changed = bytearray(model)
            struct.pack_into("<I", changed, offset + at, value)
            yield (
                f"text-{at}-{value}",
                rezipped({**members, "model.bin": with_checksum(bytes(changed))}),
            )
    for at in range(64, len(header.section), 9):
        changed = bytearray(model)
        changed[offset + at] ^= 0x81
        yield f"text-byte-{at}", rezipped({**members, "model.bin": with_checksum(bytes(changed))})


def broken_texts(base):
    """Yield bundles whose text section is wrong behind a right checksum and right sizes."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    section = bytes(decode_header(model).section)
    fields = list(struct.unpack_from("<16I", section))
    ngrams, labels, outputs, label_bytes, _, buckets = fields[6:12]
    ends = 64 + 4 * (ngrams + outputs)
    bucket_ends = ends + 4 * labels
    names = bucket_ends + 4 * buckets
    entries = names + label_bytes
    cases = {
        "an-output-above-1": (64 + 4 * ngrams, struct.pack("<f", 1.5)),
        "an-output-that-is-nan": (64 + 4 * ngrams, struct.pack("<f", float("nan"))),
        "as-much-padding-as-allowed": (20, struct.pack("<I", 1 << 16)),
        "more-padding-than-allowed": (20, struct.pack("<I", (1 << 16) + 1)),
        "a-label-of-no-bytes": (ends + 4, section[ends : ends + 4]),
        "a-label-beyond-the-labels": (ends + 4, struct.pack("<I", 1000)),
        "a-nul-in-a-label": (names + 1, b"\0"),
        "a-label-without-a-nul": (names + 3, b"x"),
        "a-label-of-latin-1": (names, b"\xe9"),
        "the-same-label-twice": (names, section[names + 4 : names + 8] * 2),
        "buckets-that-go-back": (bucket_ends + 4, struct.pack("<I", 1)),
        "a-bucket-beyond-the-entries": (bucket_ends, struct.pack("<I", 2**31)),
        "an-id-of-four-bytes": (entries, b"\x82\x80\x80"),
        "padding-as-an-entry": (entries, b"\0"),
        "an-id-beyond-the-tokens": (entries, b"\x7f"),
        "an-entry-without-bytes": (entries + 1, b"\0"),
        "an-entry-beyond-its-bucket": (entries + 1, b"\x7f"),
        "a-token-of-another-bucket": (entries + 2, b"~"),
        "a-token-of-latin-1": (entries + 2, b"\xe9"),
        "an-id-of-another-entry": (entries, bytes([section[entries] + 1])),
    }
    bare = bytearray(model)
    struct.pack_into("<2Q", bare, 40, 0, 0)
    bare = with_checksum(bytes(bare))
    yield "no-text-section", rezipped({**members, "model.bin": bare})
    short = bytearray(model)
    struct.pack_into("<Q", short, 48, 32)
    yield "a-short-text-section", rezipped({**members, "model.bin": with_checksum(bytes(short))})
    last = bucket_ends + 4 * (buckets - 1)
    cases["a-last-bucket-without-entries"] = (last, section[last - 4 : last])
    cases["a-token-too-few"] = (40, struct.pack("<I", fields[10] + 1))
    cases["an-id-cut-off"] = (
        bucket_ends,
        struct.pack("<I", 1) + section[bucket_ends + 4 : entries] + b"\x82",
    )
    yield "a-long-bucket", rezipped({**members, "model.bin": with_long_bucket(model, section)})
    for name, (at, value) in cases.items():
        changed = section[:at] + value + section[at + len(value) :]
        whole = with_checksum(model[: len(model) - len(section)] + changed)
        yield name, rezipped({**members, "model.bin": whole})


def with_long_bucket(model, section):
    """Return a model with 256 tokens in one bucket."""
    fields = list(struct.unpack_from("<16I", section))
    ngrams, labels, outputs, label_bytes, _, buckets = fields[6:12]
    ends = 64 + 4 * (ngrams + outputs + labels)
    tokens = [bytes([n & 0x7F | 0x80, n >> 7, 4]) + b"%04d" % n for n in range(128, 384)]
    fields[10:13] = 384, 1, 7 * len(tokens)
    names = section[ends + 4 * buckets :][:label_bytes]
    new = struct.pack("<16I", *fields) + section[64:ends]
    new += struct.pack("<I", fields[12]) + names + b"".join(tokens)
    changed = bytearray(model[: len(model) - len(section)] + new)
    struct.pack_into("<Q", changed, 24, len(changed))
    struct.pack_into("<Q", changed, 48, len(new))
    return with_checksum(bytes(changed))


def broken_ngrams(base):
    """Yield bundles with a wrong width of n-grams in the text section."""
    members = members_of_bytes(base)
    model = members["model.bin"]
    at = len(model) - len(decode_header(model).section) + 64
    for width in (0, 2**31 - 1, 2**31):
        changed = model[:at] + struct.pack("<I", width) + model[at + 4 :]
        yield f"width-{width}", rezipped({**members, "model.bin": with_checksum(changed)})


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


def with_last(text, size):
    """Return a vocab.txt whose last token has so many bytes."""
    return text[: text.rindex(b"\n", 0, -1) + 1] + b"x" * size + b"\n"


def rezipped_without(members, name):
    manifest = json.loads(members[MANIFEST])
    del manifest["members"][name]
    return rezipped({n: d for n, d in members.items() if n != name}, manifest)


def parts_of(base, data):
    """Return what makes data of a bundle: copied runs of 12 bytes or more, and inserted bytes."""
    places = {base[i : i + 12]: i for i in range(len(base) - 12, -1, -1)}
    parts, new, at = [], bytearray(), 0
    while at < len(data):
        start = places.get(data[at : at + 12])
        # Most files differ from the bundle in a few bytes: prefer the same place.
        if base[at : at + 12] == data[at : at + 12] and at + 12 <= len(data):
            start = at
        if start is None:
            new.append(data[at])
            at += 1
            continue
        length = 12
        while (
            data[at + length : at + length + 1] == base[start + length : start + length + 1] != b""
        ):
            length += 1
        if new:
            parts.append(f"+{new.hex()}")
            new.clear()
        parts.append(f"={start},{length}")
        at += length
    return [*parts, f"+{new.hex()}"] if new else parts


def write_broken(bases):
    lines, seen = [], set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.edgernn"
        for makers, name in bases:
            base = (BUNDLES / name).read_bytes()
            for make in makers:
                for words, data in make(base):
                    if data == base or zlib.crc32(data) in seen:
                        continue
                    seen.add(zlib.crc32(data))
                    path.write_bytes(data)
                    parts = " ".join(parts_of(base, data))
                    lines.append(f"{words} {status_of(path)} {name} {parts}".rstrip())
    (HOSTS / "broken.txt").write_text("\n".join(lines) + "\n")


def main():
    shutil.rmtree(BUNDLES, ignore_errors=True)
    BUNDLES.mkdir()
    predictions, tokens = [], []
    for name, data in prediction_bundles():
        (BUNDLES / f"{name}.edgernn").write_bytes(data)
    for kind in ("", "-wide"):
        shutil.copy(
            FIXTURES / f"bundle-1-native{kind}.edgernn", BUNDLES / f"version-1{kind}.edgernn"
        )
    for path in sorted(BUNDLES.iterdir()):
        with load(path) as classifier:
            tolerance = get_tolerance(classifier.bundle.manifest.recipe)
            for text in TEXTS:
                found = classifier.predict(text)
                values = ",".join(f"{value:.9g}" for value in found.probabilities.values())
                label = classifier.labels.index(found.label)
                word = text.encode().hex() or "-"
                predictions.append(f"{path.name} {word} {label} {values} {tolerance:g}")
    for name, data, cases in token_bundles():
        (BUNDLES / f"{name}.edgernn").write_bytes(data)
        for case in cases:
            text = keras.base64.b64decode(case["text"])
            # Bare ids leave out each 0; the vectors have those in the middle.
            ids = ",".join(str(i) for i in case["ids"] if i) or "-"
            tokens.append(f"{name}.edgernn {text.hex() or '-'} {ids}")
    (HOSTS / "predictions.txt").write_text("\n".join(predictions) + "\n")
    (HOSTS / "tokens.txt").write_text("\n".join(tokens) + "\n")
    write_broken(
        [
            (
                (
                    broken_archives,
                    broken_directories,
                    broken_manifests,
                    broken_models,
                    broken_texts,
                ),
                "lstm-int8-binary.edgernn",
            ),
            ((broken_version_1,), "version-1.edgernn"),
            ((broken_ngrams,), "tokens-keras-05.edgernn"),
        ]
    )


if __name__ == "__main__":
    main()
