"""A search of training options with Optuna.

The trials are in a journal, a file that several workers append to. So a search resumes, and the
same command in several shells or on several machines with a common disk shares one study.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgernn.errors import OptionError, TrainingError
from edgernn.model_folder import METRICS, ModelFolder, check_output_folder, read_model_folder
from edgernn.searching.space import Range, apply, space, values_of
from edgernn.searching.trials import Trial, best_trial
from edgernn.training.options import Preset
from edgernn_export.bundle_file import write_file
from edgernn_runtime import load

#: The suffix of the folder with the trials, beside the model folder.
SUFFIX = ".search"
PLOT = "search.png"
_JOURNAL = "journal.log"
_FIGURES = "figures"
_TIMED_TEXTS, _REPEATS = 200, 3

Train = Callable[[Preset, Path], None]
Export = Callable[[Path], Path]
Note = Callable[[str], None]


@dataclass(frozen=True)
class SearchRequest:
    """What a search is asked for.

    Attributes:
        preset: the preset that the search starts with.
        trials: the number of finished trials, of all workers and runs together.
        max_size: the largest int8 bundle in bytes, or None.
        max_latency: the largest median latency in milliseconds, or None.
        description: what else determines the trials, as JSON values.
        out: the model folder to write; the trials are in the folder of this name and `.search`.
        overwrite: whether an existing model folder may be replaced.
    """

    preset: Preset
    trials: int
    max_size: int | None
    max_latency: float | None
    description: dict[str, Any]
    out: Path
    overwrite: bool

    @property
    def folder(self) -> Path:
        """The folder of the trials."""
        return self.out.with_name(self.out.name + SUFFIX)


def run_search(request: SearchRequest, train: Train, export: Export, note: Note) -> list[Trial]:
    """Run trials until there are enough, and copy the model of the best one.

    Args:
        request: what to search.
        train: trains a preset and writes a model folder.
        export: exports a model folder to an int8 bundle, and returns its path.
        note: called with a sentence after each trial.

    Returns:
        The finished trials.

    Raises:
        OptionError: Optuna is not installed, or the folder contains another search.
        ModelFolderError: the output exists and must not be replaced.
        TrainingError: no trial is within the limits.
    """
    check_output_folder(request.out, overwrite=request.overwrite)
    study = _study(request)
    import optuna

    def objective(trial: Any) -> float:
        started = time.monotonic()
        values = _suggest(trial, request.preset)
        figures = _known(study, values)
        if figures is None:
            folder = request.folder / f"trial-{trial.number:03d}"
            train(apply(request.preset, values), folder)
            figures = _measured(folder, export(folder), request)
            figures["seconds"] = time.monotonic() - started
        trial.set_user_attr(_FIGURES, figures)
        if not figures["fits"]:
            raise optuna.TrialPruned
        return float(figures["log_loss"])

    def report(_: Any, trial: Any) -> None:
        figures = trial.user_attrs.get(_FIGURES)
        if figures:
            note(
                f"trial {trial.number}: log loss {figures['log_loss']:.3f}, accuracy "
                f"{figures['accuracy']:.1%}, {figures['bytes']:,} bytes, "
                f"{figures['milliseconds']:.3f} ms" + ("" if figures["fits"] else ", over a limit")
            )

    over = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    if len(_trials(study)) < request.trials:
        enough = optuna.study.MaxTrialsCallback(request.trials, states=over)
        study.optimize(objective, callbacks=[report, enough], catch=(TrainingError,))
    trials = _trials(study)
    _finish(request, trials)
    return trials


def _study(request: SearchRequest) -> Any:
    """Return the study, whose first trial is the preset."""
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend, JournalStorage
    except ImportError as error:
        raise OptionError(
            "--search needs Optuna",
            expected="the package optuna",
            found="no such package",
            hint="pip install 'edgernn[search]'",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    request.folder.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(request.folder / _JOURNAL)))
    study = optuna.create_study(
        storage=storage,
        study_name="edgernn",
        direction="minimize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(n_startup_trials=8),
    )
    own = {**request.description, "preset": asdict(request.preset), "max_size": request.max_size}
    own["max_latency"] = request.max_latency
    text = json.dumps(own, sort_keys=True)
    if study.user_attrs.get("search", text) != text:
        raise OptionError(
            "the folder contains another search",
            path=request.folder,
            expected="the data, options and limits of that search",
            found="others",
            hint="repeat the command of that search, remove its folder, or choose another --out",
        )
    if not study.trials:
        study.set_user_attr("search", text)
        study.enqueue_trial(values_of(request.preset), skip_if_exists=True)
    return study


def _suggest(trial: Any, preset: Preset) -> dict[str, Any]:
    values = {}
    for name, kind in space(preset).items():
        if isinstance(kind, Range):
            options = {"step": kind.step} if kind.step else {"log": True}
            values[name] = trial.suggest_float(name, kind.low, kind.high, **options)
        else:
            values[name] = trial.suggest_categorical(name, kind.values)
    return values


def _known(study: Any, values: dict[str, Any]) -> dict[str, Any] | None:
    """Return the figures of a finished trial with the same options, which need no training."""
    same = (one for one in _finished(study) if one.params == values)
    return next((dict(one.user_attrs[_FIGURES]) for one in same), None)


def _measured(folder: Path, bundle: Path, request: SearchRequest) -> dict[str, Any]:
    """Return the figures of a trained model and its bundle."""
    metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    size, latency = bundle.stat().st_size, _latency(bundle, read_model_folder(folder))
    fits = request.max_size is None or size <= request.max_size
    fits = fits and (request.max_latency is None or latency <= request.max_latency)
    return {
        "log_loss": metrics["paths"][metrics["deployed"]]["log_loss"],
        "accuracy": metrics["validation"]["accuracy"],
        "bytes": size,
        "milliseconds": latency,
        "fits": fits,
    }


def _latency(bundle: Path, folder: ModelFolder) -> float:
    """Return the median latency of a validation text in milliseconds; the least of repeats."""
    texts = folder.validation.texts[:_TIMED_TEXTS]
    with load(bundle) as classifier:
        medians = []
        for _ in range(_REPEATS):
            times = []
            for text in texts:
                started = time.perf_counter()
                classifier.predict(text)
                times.append(time.perf_counter() - started)
            medians.append(statistics.median(times))
    return 1000 * min(medians)


def _trials(study: Any) -> list[Trial]:
    """Return the trials with figures, in their order."""
    return [
        Trial(number=one.number, values=one.params, **one.user_attrs[_FIGURES])
        for one in _finished(study)
    ]


def _finished(study: Any) -> list[Any]:
    return [
        one
        for one in study.get_trials(deepcopy=False)
        if _FIGURES in one.user_attrs and one.state.is_finished()
    ]


def _finish(request: SearchRequest, trials: list[Trial]) -> None:
    """Draw the trials, and copy the model of the best one."""
    if trials:
        from edgernn.searching.plot import plot_trials

        write_file(request.folder / PLOT, plot_trials(trials))
    best = best_trial(trials)
    if best is None:
        raise TrainingError(
            "no trial is within the limits",
            expected="a trial within --max-size and --max-latency",
            found=f"{len(trials)} trials over a limit",
            hint="allow more, or start from --preset bag",
        )
    source = request.folder / f"trial-{best.number:03d}"
    shutil.copytree(source, request.out, dirs_exist_ok=True)
