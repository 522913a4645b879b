"""The model card: the README.md of a bundle, generated from its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgernn_export.recipes import RECIPES
from edgernn_export.thresholds import describe_thresholds
from edgernn_runtime.manifest import Manifest

_CARD = """\
# {title}

A text classifier for devices, written by {created_by}.

| | |
|---|---|
| labels | {labels} |
{thresholds}| format | {format}, {lowering} lowering |
| recipe | {recipe} |
{sizes}

{about}## Use

    import edgernn_runtime

    classifier = edgernn_runtime.load("{title}.edgernn")
    print(classifier.predict("your text").label)

{without_label}## Verification

Compared with {reference} at export, on {texts:,} texts ({source}).

| | |
|---|---|
{figures}
"""

_WITHOUT_LABEL = """\
If no probability of a text reaches the threshold of its label, `predict(...).label` is `None`, and
`predict(...).best` is the most probable label.

"""


def model_card(
    title: str, manifest: Manifest, model: int, vocabulary: int | None, about: str | None = None
) -> bytes:
    """Return the card as UTF-8 Markdown.

    Args:
        title: the bundle's name.
        manifest: the content of the card; its figures must contain `comparison`.
        model: the model file's size in bytes.
        vocabulary: the vocabulary file's size in bytes; None if the model file contains it.
        about: what the model was trained on, in sentences, or None.
    """
    comparison: Mapping[str, Any] = manifest.figures["comparison"]
    rows = [
        ("label agreement", f"{comparison['agreement']:.2%}"),
        ("max absolute error", f"{comparison['max_change']:.2g}"),
        ("p99 absolute error", f"{comparison['p99_change']:.2g}"),
    ]
    if comparison["accuracy"] is not None:
        rows.append(
            (f"accuracy of {comparison['reference']}", f"{comparison['keras_accuracy']:.2%}")
        )
        rows.append(("accuracy of this file", f"{comparison['accuracy']:.2%}"))
    if vocabulary is None:
        sizes = [("model with vocabulary", model)]
    else:
        sizes = [("model", model), ("vocabulary", vocabulary)]
    thresholds = manifest.thresholds
    row = "" if thresholds is None else describe_thresholds(manifest.labels, thresholds)
    return _CARD.format(
        title=title,
        thresholds=f"| thresholds | {row} |\n" if row else "",
        without_label=_WITHOUT_LABEL if row else "",
        created_by=manifest.created_by,
        about=f"## Data\n\n{about}\n\n" if about else "",
        labels=", ".join(manifest.labels),
        format=manifest.format,
        lowering=manifest.lowering,
        recipe=f"{manifest.recipe}: {RECIPES[manifest.recipe].summary}",
        sizes="\n".join(f"| {name} | {size:,} bytes |" for name, size in sizes),
        reference=comparison["reference"],
        texts=comparison["texts"],
        source=comparison["source"],
        figures="\n".join(f"| {name} | {value} |" for name, value in rows),
    ).encode()
