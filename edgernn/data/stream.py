"""Tables that are larger than memory: the files, a survey of their rows, and their stream."""

from __future__ import annotations

import glob
import hashlib
import heapq
import itertools
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgernn.data.cells import SUFFIXES
from edgernn.data.datasets import DataOptions
from edgernn.data.parquet import PARQUET
from edgernn.data.rows import Rows
from edgernn.data.table import is_table, iterate_table
from edgernn.errors import DataError, OptionError

#: The most validation texts, and the most bytes of texts in memory.
_MOST_VALIDATION, _MOST_BYTES = 10_000, 1 << 28
#: The files that are read at the same time.
_OPEN_FILES = 8
_HASH_BYTES = 8


@dataclass(frozen=True)
class Tables:
    """Files of labeled texts.

    Attributes:
        paths: the files, sorted.
        text_column: the column with the texts.
        label_column: the column with the labels.
    """

    paths: tuple[Path, ...]
    text_column: str
    label_column: str

    def rows(self, path: Path) -> Iterator[tuple[str, str]]:
        """Yield the texts and labels of a file; texts without a letter or digit are left out."""
        for text, label in iterate_table(path, self.text_column, self.label_column):
            if any(map(str.isalnum, text)):
                yield text, label


def find_tables(options: DataOptions) -> Tables:
    """Return the tables that a path, a folder or a glob names.

    Raises:
        OptionError: there is no table.
    """
    path = Path(options.data)
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.is_file()]
    else:
        found = [Path(name) for name in glob.glob(options.data, recursive=True)]  # noqa: PTH207
    paths = sorted(file for file in found if is_table(file) or file.suffix == PARQUET)
    if not paths:
        raise OptionError(
            "there are no tables to stream",
            path=options.data,
            expected=f"a file, a folder or a glob of tables ({', '.join((*SUFFIXES, PARQUET))})",
            found=f"{len(found)} other files" if found else "nothing at this path",
            hint="check the path; quote a glob, such as --data 'texts/*.jsonl'",
        )
    return Tables(tuple(paths), options.text_column, options.label_column)


@dataclass(frozen=True)
class Survey:
    """What one pass over the tables found.

    Attributes:
        rows: the number of rows.
        labels: the number of rows of each label.
        validation: the validation rows.
        last: the hash of the last validation row; rows with a smaller hash are held out.
        sample: a random sample of the training rows.
        digest: a hash of all rows, in any order.
    """

    rows: int
    labels: dict[str, int]
    validation: Rows
    last: int
    sample: Rows
    digest: str


def survey(
    tables: Tables, share: float, sample: int, progress: Callable[[int], None] = lambda _: None
) -> Survey:
    """Read all rows once, in constant memory.

    The rows with the smallest hashes of their text are the validation rows, and the next ones are
    the sample. So both are random, do not depend on the order of the files, and equal texts are
    on the same side.

    Args:
        tables: the files.
        share: the share of the validation rows; there are at most 10,000.
        sample: the number of training rows in the sample; fewer if they exceed 256 MB.
        progress: called with the number of rows after each file.

    Raises:
        OptionError: a column does not exist.
        DataError: a file is damaged or malformed, or there are too few rows.
    """
    kept: list[tuple[int, str, str]] = []  # A heap of negated hashes, so the largest is first.
    labels: Counter[str] = Counter()
    limit, size, digest = _MOST_VALIDATION + sample, 0, 0
    for path in tables.paths:
        for text, label in tables.rows(path):
            number = text_hash(text)
            labels[label] += 1
            digest = (digest + number) % (1 << 64)
            if len(kept) == limit and -number < kept[0][0]:
                continue
            heapq.heappush(kept, (-number, text, label))
            size += len(text)
            while len(kept) > limit or size > _MOST_BYTES:
                size -= len(heapq.heappop(kept)[1])
        progress(labels.total())
    rows = labels.total()
    held_out = min(round(rows * share), _MOST_VALIDATION, len(kept) // 2)
    order = sorted(kept, key=lambda row: -row[0])
    last = -order[held_out - 1][0] if held_out else -1
    training = [row for row in order[held_out:] if -row[0] > last]
    if not held_out or not training:
        raise DataError(
            "too few rows to split off validation texts",
            path=tables.paths[0].parent,
            expected="at least 10 rows with different texts",
            found=f"{rows} rows",
            hint="add rows",
        )
    return Survey(
        rows=rows,
        labels=dict(sorted(labels.items())),
        validation=_rows(order[:held_out]),
        last=last,
        sample=_rows(training[:sample]),
        digest=f"{rows}-{digest:016x}",
    )


def text_hash(text: str) -> int:
    """Return a hash of a text, 64 bits."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES)
    return int.from_bytes(digest.digest(), "big")


def training_rows(tables: Tables, last: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield the training rows endlessly; each pass reads the files in another order.

    Args:
        tables: the files; some of them are read at the same time.
        last: the hash of the last validation row; rows up to it are left out.
        seed: the seed of the order.

    Raises:
        DataError: there is no training row, or a file is damaged or malformed.
    """
    for number in itertools.count():
        order = list(tables.paths)
        random.Random(f"{seed} {number}").shuffle(order)
        is_empty = True
        for text, label in _interleaved(tables, order):
            if text_hash(text) > last:
                is_empty = False
                yield text, label
        if is_empty:
            raise DataError(
                "the files do not contain a training text",
                path=tables.paths[0].parent,
                expected="rows that are not validation texts, in the files of each worker",
                found="none",
                hint="distribute the rows over the files evenly",
            )


def _interleaved(tables: Tables, order: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield a row of each of several files in turn."""
    waiting = iter(order)
    opened = deque(tables.rows(path) for path in itertools.islice(waiting, _OPEN_FILES))
    while opened:
        rows = opened.popleft()
        row = next(rows, None)
        if row is not None:
            yield row
            opened.append(rows)
        elif path := next(waiting, None):
            opened.append(tables.rows(path))


def _rows(order: list[tuple[int, str, str]]) -> Rows:
    return Rows(tuple(text for _, text, _ in order), tuple(label for _, _, label in order))
