"""The bundles of the corpus, and the tokens that they give."""

from __future__ import annotations

import json
from pathlib import Path

from edgernn_export.bundle_file import describe_members, zip_members
from edgernn_export.test_vectors import encode_test_vectors
from edgernn_runtime import Classifier
from edgernn_runtime.bundle import CARD, MANIFEST, VECTORS, parse_bundle
from edgernn_runtime.engines.native import Engine
from edgernn_runtime.ir import Network, Task
from edgernn_runtime.manifest import Manifest, encode_manifest
from edgernn_runtime.text_section import TextSection, attach_text
from edgernn_runtime.tokenizer import TokenizerSpec
from tests.hosts.rezip import members_of_bytes, rezipped
from tests.runtime import test_step_vectors as steps
from tests.runtime import test_tokenizer_vectors as keras
from tests.runtime import test_unicode_rules as unicode
from tests.runtime.test_native import network_of, written
from tests.runtime.wide_networks import both_of, pooled_of, wide_of

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


class PortableClassifier(Classifier):
    """A classifier with the kernels of every processor, so the corpus is the same everywhere.

    Kernels add float32 products in different orders.
    """

    def _open_engine(self):
        return Engine(self.bundle.model, self._threads, "portable")


def task_of(head, vocabulary, **rules):
    return Task(TokenizerSpec(**rules), vocabulary, head, LABELS[head])


def with_head(network, head):
    """Return a network with one output for a binary head."""
    if head != "binary":
        return network
    last = network.layers[-1]
    last = type(last)("head", last.kernel[:, :1], last.bias[:1])
    return Network(network.task, network.embedding, (*network.layers[:-1], last), network.wide)


def bundle_of(network, recipe, pad_to=None, texts=TEXTS, pad_side="post", thresholds=None):
    """Return the bytes of a bundle of version 2, or 3 with thresholds, with test vectors."""
    task = network.task
    empty = (0.25,) if task.head == "binary" else (0.5, 0.25, 0.125)
    text = TextSection(
        task.tokenizer, pad_to, task.labels, empty, task.vocabulary, pad_side, thresholds
    )
    model = attach_text(written(network, recipe), text)
    manifest = Manifest(
        tokenizer=task.tokenizer, labels=task.labels, head=task.head, pad_to=pad_to, empty=empty,
        format="native", recipe=recipe, lowering="fused", model="model.bin",
        created_by="the corpus of hosts", pad_side=pad_side, thresholds=thresholds,
    )  # fmt: skip

    def zipped(vectors):
        members = {"model.bin": model, VECTORS: vectors, CARD: b"# A bundle of the corpus\n"}
        described = encode_manifest(
            Manifest(**{**vars(manifest), "members": describe_members(members)})
        )
        return {MANIFEST: described, **members}

    with PortableClassifier(parse_bundle(Path("corpus"), zipped(b"[]\n"))) as classifier:
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


#: Multiples of 1/64, which float32 has, between the probabilities of the texts.
THRESHOLDS = {
    "binary": (0.765625, 0.5),
    "multiclass": (0.5625, 0.796875, 0.140625),
    "multilabel": (0.828125, 0.640625, 0.671875),
}


def threshold_bundles():
    """Yield the names and bytes of bundles with thresholds whose predictions are replayed."""
    vocabulary = tuple(word.encode() for word in ("", "[UNK]", *WORDS))
    shapes = {
        "binary": network_of(3, units=(12, 8), embedding=8),
        "multiclass": network_of(3, units=(12, 8), embedding=8),
        "multilabel": network_of(4, cell="gru", units=(5, 17), embedding=7),
    }
    for head, shape in shapes.items():
        network = with_head(shape, head)
        table = network.embedding[: len(vocabulary)]
        network = Network(task_of(head, vocabulary), table, network.layers, None)
        yield f"thresholds-{head}", bundle_of(network, "none", thresholds=THRESHOLDS[head])


def version_1_with_thresholds(path):
    """Return the bundle of version 1 at a path with thresholds in its manifest."""
    members = members_of_bytes(path.read_bytes())
    manifest = {**json.loads(members[MANIFEST]), "schema": "edgernn-bundle/3"}
    return rezipped(members, {**manifest, "thresholds": [0.75, 0.25]})


def step_bundles():
    """Yield the names and bytes of bundles with steps whose predictions are replayed."""
    vocabulary = tuple(word.encode() for word in ("", "<START>", "<OOV>", *WORDS[:-1]))
    tokenizer = {
        "rules": "steps", "steps": ("unicode_lower",), "split": "separators",
        "separators": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n ',
    }  # fmt: skip
    lstm = network_of(3, units=(12, 8), embedding=8)
    lstm = Network(lstm.task, lstm.embedding[: len(vocabulary)], lstm.layers, None)
    gru = network_of(4, cell="gru", units=(5, 17), embedding=7)
    gru = Network(gru.task, gru.embedding[: len(vocabulary)], gru.layers, None)
    rules = {**tokenizer, "oov": None, "max_length": 24, "truncate": "tail"}
    task = task_of("multiclass", vocabulary, **rules)
    padded = Network(task, lstm.embedding, lstm.layers, None)
    yield "steps-padded", bundle_of(padded, "int8", pad_to=24, pad_side="pre")
    yield "steps-bare", bundle_of(padded, "none")
    task = task_of("multilabel", vocabulary, **{**tokenizer, "oov": 2, "start": 1})
    yield "steps-start", bundle_of(Network(task, gru.embedding, gru.layers, None), "none")
    rules = {"steps": ("lower", "br_to_space", "strip_punctuation"), "ngrams": (1, 2)}
    task = task_of("multiclass", vocabulary, rules="steps", **rules, max_length=9, truncate="tail")
    yield "steps-bag", bundle_of(Network(task, None, (), wide_of(3, words=len(vocabulary))), "int8")


def version_1_with_steps(path):
    """Return the bundle of version 1 at a path with other rules in its manifest."""
    members = members_of_bytes(path.read_bytes())
    spec = TokenizerSpec(
        rules="steps", steps=("letters_only", "unicode_lower"), split="separators",
        separators=" o\u00e9", oov=None, start=3, max_length=20, truncate="tail",
    )  # fmt: skip
    padding = {"to": 20, "side": "pre"}
    manifest = {**json.loads(members[MANIFEST]), "tokenizer": spec.to_json(), "padding": padding}
    # The outputs of its test vectors are those of other ids.
    return rezipped({**members, VECTORS: b"[]\n"}, manifest)


def step_token_bundles():
    """Yield names, bytes and cases of bundles with steps whose tokens are replayed."""
    for kind, cases in steps.CASES.items():
        groups = {}
        for case in cases:
            key = [case["spec"], case.get("tokens"), case.get("padding", [None, "post"])]
            groups.setdefault(json.dumps(key, sort_keys=True), []).append(case)
        # Rules of several cases, and some of those with padding.
        kept = [key for key in sorted(groups) if len(groups[key]) >= 7]
        kept += [key for key in sorted(groups) if "padding" in groups[key][0]][:6]
        for i, key in enumerate(kept):
            spec, tokens, padding = json.loads(key)
            vocabulary = tuple(steps.VOCABULARY[kind][:tokens])
            rules = TokenizerSpec.from_json(spec)
            task = Task(rules, vocabulary, "multiclass", LABELS["multiclass"])
            wide = wide_of(1, words=len(vocabulary), buckets=1, patterns=())
            data = bundle_of(Network(task, None, (), wide), "int8", padding[0], (), padding[1])
            yield f"tokens-{kind}-{i:02}", data, groups[key]


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
