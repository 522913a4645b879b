"""Building of a bundle in memory: first a candidate to verify, then the complete bundle."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgernn_export.bundle_file import describe_members
from edgernn_export.model_card import model_card
from edgernn_export.recipes import Recipe
from edgernn_export.stages import Candidate, LoweredFile, VerifiedBundle
from edgernn_export.targets import Target
from edgernn_export.verification import Verdict
from edgernn_runtime import __version__
from edgernn_runtime.bundle import CARD, MANIFEST, VECTORS, VOCABULARY, parse_bundle
from edgernn_runtime.ir import Array, Task
from edgernn_runtime.manifest import Manifest, encode_manifest
from edgernn_runtime.text_section import TextSection, attach_text
from edgernn_runtime.vocabulary import encode_vocabulary


@dataclass(frozen=True)
class Vocabulary:
    """The vocabulary as a member of a bundle.

    Attributes:
        data: the bytes of `vocab.txt`.
        sha256: their SHA-256, 64 hexadecimal digits.
    """

    data: bytes
    sha256: str


def build_vocabulary(task: Task) -> Vocabulary:
    """Return the vocabulary of a task as a member of a bundle."""
    data = encode_vocabulary(task.vocabulary)
    return Vocabulary(data, describe_members({VOCABULARY: data})[VOCABULARY].sha256)


def build_candidate(
    path: Path,
    task: Task,
    target: Target,
    recipe: Recipe,
    lowered: LoweredFile,
    vocabulary: Vocabulary,
    empty: Array,
    thresholds: tuple[float, ...] | None = None,
) -> Candidate:
    """Return a bundle in memory, read by the same reader as on a device.

    Args:
        path: the output, for messages.
        task: the input and output of the classifier.
        target: the format of the file.
        recipe: how the file was quantized.
        lowered: the model file.
        vocabulary: the vocabulary that the file was written with.
        empty: float32 [C], the output for a text without a token.
        thresholds: the least probability of each label, or None.

    Raises:
        BundleFormatError: the reader refuses a member.
        BundleHashError: the file was written with another vocabulary.
    """
    manifest = Manifest(
        tokenizer=task.tokenizer,
        labels=task.labels,
        head=task.head,
        pad_to=task.pad_to,
        pad_side=task.pad_side,
        empty=tuple(float(value) for value in empty),
        format=target.format,
        recipe=recipe.name,
        lowering=lowered.lowering,
        model=lowered.model,
        interface=lowered.interface,
        created_by=f"edgernn {__version__}",
        thresholds=thresholds,
    )
    members = _with_vocabulary(manifest, lowered, task, vocabulary)
    placeholders = {VECTORS: b"[]\n", CARD: b"\n"}
    described = replace(manifest, members=describe_members({**members, **placeholders}))
    data = encode_manifest(described)
    bundle = parse_bundle(path, {MANIFEST: data, **members, **placeholders})
    return Candidate(bundle, members, lowered)


def _with_vocabulary(
    manifest: Manifest, lowered: LoweredFile, task: Task, vocabulary: Vocabulary
) -> dict[str, bytes]:
    """Return the members of a model and its vocabulary, which a `model.bin` contains itself."""
    if lowered.model != "model.bin":
        return {VOCABULARY: vocabulary.data, **lowered.members}
    text = TextSection(
        tokenizer=manifest.tokenizer,
        pad_to=manifest.pad_to,
        pad_side=manifest.pad_side,
        labels=manifest.labels,
        empty=manifest.empty,
        vocabulary=tuple(task.vocabulary),
        thresholds=manifest.thresholds,
    )
    model = attach_text(lowered.members[lowered.model], text)
    return {**lowered.members, lowered.model: model}


def complete(
    candidate: Candidate, verdict: Verdict, test_vectors: bytes, about: str | None
) -> VerifiedBundle:
    """Return the candidate with its test vectors, its model card and the verification's figures.

    Args:
        candidate: the bundle that was verified.
        verdict: the result of the verification.
        test_vectors: the bytes of `vectors.json`.
        about: what the model was trained on, for the card; None leaves it out.
    """
    bundle, lowered = candidate.bundle, candidate.lowered
    figures = _figures(verdict, lowered)
    members = candidate.members
    vocabulary = members.get(VOCABULARY)
    sizes = len(members[lowered.model]), None if vocabulary is None else len(vocabulary)
    manifest = replace(bundle.manifest, figures=figures)
    card = model_card(bundle.path.stem, manifest, *sizes, about)
    last = {VECTORS: test_vectors, CARD: card}
    manifest = replace(manifest, members={**manifest.members, **describe_members(last)})
    members = {MANIFEST: encode_manifest(manifest), **candidate.members, **last}
    done = replace(bundle, manifest=manifest, vectors=test_vectors, card=card)
    return VerifiedBundle(done, members)


def _figures(verdict: Verdict, lowered: LoweredFile) -> dict[str, Any]:
    """Return the figures of a verification as the manifest keeps them."""
    return {
        "comparison": verdict.comparison.to_json(),
        "checks": [asdict(one) for one in verdict.checks],
        "model_stats": asdict(lowered.stats),
        "warnings": list(lowered.warnings),
    }
