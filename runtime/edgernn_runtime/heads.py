"""Heads: what makes probabilities of a model's outputs."""

from __future__ import annotations

from typing import Literal

#: `binary` is one sigmoid, `multiclass` a softmax, `multilabel` a sigmoid for each label.
Head = Literal["binary", "multiclass", "multilabel"]
HEADS: tuple[Head, ...] = ("binary", "multiclass", "multilabel")
