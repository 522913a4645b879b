"""Out-of-scope texts: unlabeled texts that belong to none of the classes."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from edgernn.data.rows import Rows
from edgernn.errors import DataError

#: The class of out-of-scope texts.
OTHER = "other"


def with_other(
    training: Rows, validation: Rows, texts: tuple[str, ...], seed: int
) -> tuple[Rows, Rows]:
    """Return the rows with out-of-scope texts: a class of their own, or texts without any label.

    Of many texts, as many are drawn as the most frequent label has, so that the class does not
    outweigh the others. They are spread over both parts in proportion.

    Args:
        training: the training rows.
        validation: the validation rows.
        texts: the out-of-scope texts.
        seed: of the draw.

    Raises:
        DataError: the data has a label of that name, or there are fewer than two texts.
    """
    counts = Counter(label for labels in training.label_sets for label in labels)
    if OTHER in counts or len(texts) < 2:
        raise DataError(
            f"the data has a label {OTHER!r} already" if OTHER in counts else "too few texts",
            expected="at least two texts for --other, and no label of that name",
            found=f"{counts[OTHER]:,} texts of it" if OTHER in counts else f"{len(texts)}",
            hint="rename the label in the data" if OTHER in counts else "add texts",
        )
    most = counts.most_common(1)[0][1]
    share = len(validation) / (len(training) + len(validation))
    limit = min(len(texts), round(most / (1 - share)))
    drawn = random.Random(seed).sample(texts, limit)
    held_out = min(max(round(limit * share), 1), limit - 1)
    return _added(training, drawn[held_out:]), _added(validation, drawn[:held_out])


def _added(rows: Rows, texts: list[str]) -> Rows:
    label = "" if rows.is_multilabel else OTHER
    return replace(rows, texts=(*rows.texts, *texts), labels=(*rows.labels, *[label] * len(texts)))
