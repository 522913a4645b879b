"""`edgernn.benchmark`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgernn.api.callbacks import ignore
from edgernn.data.datasets import DataOptions
from edgernn.model_folder import read_model_folder

if TYPE_CHECKING:
    from edgernn.benchmarking.records import BenchmarkReport


def benchmark(
    bundles: Sequence[str | Path] = (),
    *,
    model: str | Path | None = None,
    data: str | Path | None = None,
    data_dir: Path | None = None,
    text_column: str = "text",
    label_column: str = "label",
    quick: bool = False,
    tokens: int | None = None,
    threads: int = 1,
    seconds: float | None = None,
    max_drop: float | None = None,
    min_agreement: float | None = None,
    max_p95_ms: float | None = None,
    note: Callable[[str], None] = ignore,
) -> BenchmarkReport:
    """Compare bundles with the full model: size, latency and accuracy on the same texts.

    Each variant runs in its own process; the processes take turns. Ctrl-C ends the benchmark;
    the report then contains the measurements made so far.

    Args:
        bundles: the bundles; by default all bundles in the model folder.
        model: the model folder to compare with; by default the folder of the bundles, or
            `./model`.
        data: a data set, a table, a folder, or a .txt file; None for the validation texts.
        data_dir: the folder of the IMDB reviews.
        text_column: the column of a table that contains the texts.
        label_column: the column of a table that contains the labels.
        quick: whether to take less than a minute.
        tokens: the length of the timed texts; by default 200, or the model's limit if lower.
        threads: threads of one call.
        seconds: seconds to time each variant; by default 10, or 1.5 if quick.
        max_drop: a gate: the largest accuracy drop, in points (hundredths).
        min_agreement: a gate: the lowest label agreement with Keras, 0 to 1.
        max_p95_ms: a gate: the highest p95 of the latency, in milliseconds.
        note: called with a sentence before each variant is measured.

    Raises:
        OptionError: the model folder, a bundle or the data does not exist or does not fit.
        ModelFolderError: the model folder is damaged.
        BundleFormatError: a bundle is malformed.

    Example:
        >>> report = edgernn.benchmark(model="model", quick=True, tokens=20, seconds=0.2)
        >>> [result.variant for result in report.results]
        ['keras predict', 'keras tf.function', 'native-int8']
    """
    from edgernn.benchmarking.gates import Gates, missed
    from edgernn.benchmarking.plan import Request, make_plan, reference_folder
    from edgernn.benchmarking.run import run

    paths = tuple(map(Path, bundles))
    request = Request(
        bundles=paths,
        data=DataOptions(str(data), data_dir, text_column, label_column) if data else None,
        quick=quick,
        tokens=tokens,
        threads=threads,
        seconds=seconds,
    )
    plan = make_plan(read_model_folder(Path(model or reference_folder(paths))), request)
    report = run(plan, plan.variants, note)
    names = frozenset(path.stem for path in plan.bundles)
    return replace(report, missed=missed(report, Gates(max_drop, min_agreement, max_p95_ms), names))
