"""Opens tables that are larger than memory for a training."""

from __future__ import annotations

from collections.abc import Callable

from edgernn.data.datasets import DataOptions
from edgernn.data.stream import find_tables, survey
from edgernn.errors import DataError
from edgernn.training.options import StreamOptions
from edgernn.training.stream_batches import Stream


def open_stream(data: DataOptions, options: StreamOptions, note: Callable[[str], None]) -> Stream:
    """Read the tables once, and return their stream.

    Raises:
        OptionError: there is no table, or a column does not exist.
        DataError: a file is damaged or malformed, or there are too few rows.
    """
    tables = find_tables(data)
    count = len(tables.paths)
    note(f"reading {count:,} file{'s' if count > 1 else ''} once: {data.data}")
    found = survey(tables, options.share, options.sample, lambda rows: note(f"{rows:,} rows read"))
    missing = sorted(set(found.labels) - set(found.sample.labels))
    if missing:
        raise DataError(
            "the sample does not contain all labels",
            path=data.data,
            expected="rows of each label in the sample",
            found=f"no row of {', '.join(missing[:10])}",
            hint="enlarge the sample with --sample-texts, or leave out rare labels",
        )
    note(
        f"{found.rows:,} rows, {len(found.labels)} labels; vocabulary, words and n-grams are "
        f"fitted on a sample of {len(found.sample):,} texts, the network on all"
    )
    return Stream(tables, found, options.steps_per_epoch)
