"""Checkpoints of a training, from which `--resume` continues."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.errors import ModelFolderError, OptionError
from edgernn_export.bundle_file import write_file
from edgernn_runtime.ir import Array

#: The description of the training that the checkpoints belong to.
_TRAINING = "training.json"
#: The member with the values that are not arrays.
_VALUES = "values"


@dataclass(frozen=True)
class FitState:
    """The state of a training of the recurrent path between two batches.

    Attributes:
        epoch: the number of finished epochs.
        step: the number of finished batches of the next epoch.
        finished: whether the training is over.
        values: everything that is not an array, as JSON values.
        arrays: lists of arrays by name.
    """

    epoch: int
    step: int
    finished: bool
    values: Mapping[str, Any]
    arrays: Mapping[str, Sequence[Array]]


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one fit.

    Attributes:
        path: the file.
        training: the description of the training, written beside the first checkpoint.
        minutes: the time between two checkpoints within an epoch.
    """

    path: Path
    training: Mapping[str, Any]
    minutes: float

    def read(self) -> bytes | None:
        """Return the content of the file; None if there is no checkpoint."""
        return self.path.read_bytes() if self.path.is_file() else None

    def parse(self, data: bytes) -> FitState:
        """Return the state in the content of the file.

        Raises:
            ModelFolderError: the content is damaged.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                values = json.loads(bytes(stored[_VALUES]))
                arrays = {
                    name: [stored[f"{name}/{i}"] for i in range(count)]
                    for name, count in values.pop("counts").items()
                }
            return FitState(**values, arrays=arrays)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ModelFolderError(
                "the checkpoint is damaged",
                path=self.path,
                expected="a checkpoint as written by `edgernn train`",
                found=f"{type(error).__name__}: {error}",
                hint="train again with --force instead of --resume",
            ) from error

    def save(self, state: FitState) -> None:
        """Write the state; a kill at any time leaves the old or the new checkpoint.

        Raises:
            OutputError: the file cannot be written.
        """
        values = {
            "epoch": state.epoch,
            "step": state.step,
            "finished": state.finished,
            "values": state.values,
            "counts": {name: len(arrays) for name, arrays in state.arrays.items()},
        }
        members: dict[str, Any] = {
            f"{name}/{i}": array
            for name, arrays in state.arrays.items()
            for i, array in enumerate(arrays)
        }
        members[_VALUES] = np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)
        target = io.BytesIO()
        np.savez(target, **members)
        training = self.path.parent / _TRAINING
        if not training.is_file():
            write_file(training, json.dumps(self.training, indent=1).encode() + b"\n")
        write_file(self.path, target.getvalue())


class Checkpoints:
    """The checkpoints of a training, one for each fit in it."""

    def __init__(self, folder: Path, training: Mapping[str, Any], minutes: float) -> None:
        """Describe the checkpoints without reading or writing.

        Args:
            folder: the folder of the checkpoints.
            training: everything that determines the model, as JSON values.
            minutes: the time between two checkpoints within an epoch.
        """
        self._folder, self._training, self._minutes = folder, training, minutes
        self._fits = 0

    def next(self) -> Checkpoint:
        """Return the checkpoint of the next fit."""
        self._fits += 1
        return Checkpoint(self._folder / f"fit-{self._fits}.npz", self._training, self._minutes)

    def exist(self) -> bool:
        """Return whether there is a checkpoint."""
        return (self._folder / _TRAINING).is_file()

    def check(self) -> None:
        """Check that the checkpoints belong to the same training.

        Raises:
            OptionError: the data, an option or a package differs.
            ModelFolderError: the description is damaged.
        """
        path = self._folder / _TRAINING
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelFolderError(
                "the checkpoint is damaged",
                path=path,
                expected="a description of the training as written by `edgernn train`",
                found=f"{type(error).__name__}: {error}",
                hint="train again with --force instead of --resume",
            ) from error
        before, now = _flat(stored), _flat(json.loads(json.dumps(self._training)))
        differing = sorted(key for key in before | now if before.get(key) != now.get(key))
        if differing:
            raise OptionError(
                "the checkpoint belongs to another training",
                path=self._folder,
                expected="the data, options and packages of the interrupted training",
                found="other " + ", ".join(differing),
                hint="repeat the command of the interrupted training, or train anew with --force",
            )

    def clear(self) -> None:
        """Remove the checkpoints."""
        shutil.rmtree(self._folder, ignore_errors=True)


def open_checkpoints(
    checkpoints: Checkpoints, *, resume: bool, note: Callable[[str], None]
) -> None:
    """Check the checkpoints of an interrupted training, or remove them.

    Args:
        checkpoints: the checkpoints.
        resume: whether the training continues from them, if there are any.
        note: called with a sentence on where the training begins.

    Raises:
        OptionError: the checkpoints belong to another training.
        ModelFolderError: the checkpoints are damaged.
    """
    if not resume:
        checkpoints.clear()
    elif checkpoints.exist():
        checkpoints.check()
        note("continuing from the checkpoint")
    else:
        note("there is no checkpoint: training from the beginning")


def digest(*columns: Sequence[str]) -> str:
    """Return a hash of columns of texts."""
    total = hashlib.sha256()
    for column in columns:
        total.update(json.dumps(column).encode())
    return total.hexdigest()


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested mappings, by dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
