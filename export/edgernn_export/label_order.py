"""The order of the labels: whether another order fits labeled texts far better than the given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgernn_export.comparison import Examples, predicted_classes
from edgernn_runtime.ir import Array, Task

#: Fewer texts do not prove an order, and a smaller gain of accuracy may be that of a poor model.
_LEAST_TEXTS, _LEAST_GAIN = 20, 0.2
#: An order of more labels is not printed.
_MOST_PRINTED = 20


def check_label_order(task: Task, outputs: Array, examples: Examples) -> tuple[str, ...]:
    """Return a warning if the labels are probably in another order than the model's outputs.

    An order is chosen on half of the texts and compared with the given one on the others, where
    chance cannot favor it. It must also be better than one label for all texts.

    Args:
        task: the classifier with its labels; multi-label models are not checked.
        outputs: float32 [N, C], Keras's outputs for the texts.
        examples: the N texts with the indices of their labels, or None.
    """
    if examples.labels is None or task.head == "multilabel" or len(outputs) < _LEAST_TEXTS:
        return ()
    found, truth = predicted_classes(outputs, task.head), np.asarray(examples.labels)
    count = len(task.labels)
    # A table is often sorted or alternates between its labels.
    mixed = np.random.default_rng(0).permutation(len(truth))
    first, second = mixed[::2], mixed[1::2]
    order = find_order(_count_pairs(found[first], truth[first], count))
    given = float((found[second] == truth[second]).mean())
    best = float((order[found[second]] == truth[second]).mean())
    constant = float(np.bincount(truth[second]).max() / len(second))
    if best - given <= _LEAST_GAIN or best <= constant:
        return ()
    order = find_order(_count_pairs(found, truth, count))
    rights = (found == truth).mean(), (order[found] == truth).mean()
    names = ",".join(task.labels[i] for i in order[:_MOST_PRINTED])
    if count > _MOST_PRINTED:
        names += f", and {count - _MOST_PRINTED} more"
    warning = (
        f"the order of --labels may be wrong: Keras predicts {rights[0]:.1%} of the texts right, "
        f"but {rights[1]:.1%} with --labels {names}"
    )
    return (warning,)


def find_order(pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the label of each class, int [C], that fits the most texts, or nearly.

    The most frequent pair is taken first, which finds the best order of any model that separates
    its classes. Of equal pairs, the one that keeps a label in its place is taken first.

    Args:
        pairs: int [C, C], the number of texts of each predicted class (row) and label (column).
    """
    count = len(pairs)
    order = np.full(count, -1)
    is_free = np.ones(count, dtype=bool)
    weights = 2 * pairs + np.eye(count, dtype=np.intp)
    for place in np.argsort(-weights, axis=None, kind="stable"):
        row, column = divmod(int(place), count)
        if order[row] < 0 and is_free[column]:
            order[row], is_free[column] = column, False
    return order


def _count_pairs(found: NDArray[np.intp], truth: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    pairs = np.zeros((count, count), dtype=np.intp)
    np.add.at(pairs, (found, truth), 1)
    return pairs
