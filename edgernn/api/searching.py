"""`edgernn.search`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgernn.api.callbacks import ignore
from edgernn.api.exporting import export
from edgernn.api.training import find_preset, train
from edgernn.data.rows import Rows
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT
from edgernn.searching.study import SearchRequest, run_search
from edgernn.searching.trials import Trial
from edgernn.training.options import Preset

#: Arguments of `train` that a search cannot pass to each trial.
_UNFIT = ("origin", "distribute", "worker")


def search(
    data: str | Path | Rows = "reviews",
    out: str | Path = DEFAULT,
    *,
    trials: int,
    preset: str | Preset | None = None,
    max_size: int | None = None,
    max_latency: float | None = None,
    overwrite: bool = False,
    note: Callable[[str], None] = ignore,
    warn: Callable[[str], None] = ignore,
    **options: Any,
) -> list[Trial]:
    """Train variants of a preset, and write the model with the lowest validation log loss.

    The first trial is the preset itself. The trials, a journal and a plot are written to the folder
    `OUT.search`. The same call resumes a search; at the same time in several processes, they share
    the trials.

    Args:
        data: as in `train`.
        out: the model folder to write.
        trials: the number of trials, of all calls and processes together.
        preset: the preset to start with; `small` by default.
        max_size: the largest int8 bundle, in bytes.
        max_latency: the longest median latency of the int8 bundle, in milliseconds.
        overwrite: replace an existing model folder.
        note: called with a sentence after each trial.
        warn: called with each warning of a trial.
        options: further arguments of `train`.

    Raises:
        OptionError: Optuna is not installed, the folder contains another search, or an argument
            does not fit.
        DataError: the data is malformed or insufficient.
        ModelFolderError: `out` exists and must not be replaced.
        OutputError: a folder cannot be written.
        TrainingError: no trial is within the limits.
    """
    for name in _UNFIT:
        if options.pop(name, None) is not None:
            option = "--from" if name == "origin" else f"--{name}"
            raise OptionError(
                f"{option} does not fit --search",
                expected="trials that each train a model anew, in one process",
                found=option,
                hint="leave out one of them; several processes with the same --out share a search",
            )
    start = preset if isinstance(preset, Preset) else find_preset(preset or "small")
    described = {name: str(value) for name, value in options.items() if value is not None}
    request = SearchRequest(
        preset=start,
        trials=trials,
        max_size=max_size,
        max_latency=max_latency,
        description={"data": "rows" if isinstance(data, Rows) else str(data), **described},
        out=Path(out),
        overwrite=overwrite,
    )

    def train_trial(variant: Preset, folder: Path) -> None:
        train(data, folder, preset=variant, max_size=max_size, overwrite=True, warn=warn, **options)

    def export_trial(folder: Path) -> Path:
        return export(folder, format="native", quantize="int8", overwrite=True).path

    return run_search(request, train_trial, export_trial, note)
