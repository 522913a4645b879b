"""Many texts: windows of them in turn, on one thread or several."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edgernn_runtime.engines import TextEngine
from edgernn_runtime.errors import EdgernnError, EngineError, OptionError, TextError
from edgernn_runtime.tokenizer import encode_text

if TYPE_CHECKING:
    from concurrent.futures import Future

    from edgernn_runtime.prediction import Prediction

_T = TypeVar("_T")

#: The texts of a window, and its characters: enough to find texts of similar length.
_WINDOW_TEXTS = 512
_WINDOW_SIZE = 1 << 22


def check_threads(threads: int, path: Path) -> None:
    """Check a number of threads.

    Raises:
        OptionError: it is not an integer of at least 1.
    """
    if not isinstance(threads, int) or threads < 1:
        raise OptionError(
            "threads is out of range",
            path=path,
            expected="an integer of at least 1",
            found=repr(threads),
            hint="leave it out for one thread",
        )


def result_or_error(call: Callable[[str | bytes], _T], text: str | bytes) -> _T | EdgernnError:
    """Return what a function returns for a text, or the error that it raises."""
    try:
        return call(text)
    except (TextError, EngineError) as error:
        return error


def classify_texts(
    engine: TextEngine, texts: Sequence[str | bytes]
) -> list[tuple[int, list[float]] | EdgernnError]:
    """Return the number of the best label and all probabilities of each text, or its error."""
    encoded = [result_or_error(encode_text, text) for text in texts]
    results = iter(engine.classify_batch([x for x in encoded if isinstance(x, bytes)]))
    return [next(results) if isinstance(x, bytes) else x for x in encoded]


def run_batch(
    classify: Callable[[Sequence[str | bytes]], list[Prediction | EdgernnError]],
    texts: Iterable[str | bytes],
    threads: int,
) -> Iterator[Prediction | EdgernnError]:
    """Yield the result of each text in order.

    Args:
        classify: returns the results of a window of texts, from any thread.
        texts: any number of texts; a few windows are read ahead.
        threads: the number of threads.
    """
    if threads == 1:
        for window in _windows(texts):
            yield from classify(window)
        return
    # A process with one thread does not need the module.
    from concurrent.futures import ThreadPoolExecutor

    running: deque[Future[list[Prediction | EdgernnError]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for window in _windows(texts):
                running.append(pool.submit(classify, window))
                if len(running) > threads:
                    yield from running.popleft().result()
            while running:
                yield from running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def raise_errors(results: Iterator[Prediction | EdgernnError]) -> Iterator[Prediction]:
    """Yield predictions up to the first error, and raise it with the number of its text."""
    for number, result in enumerate(results, start=1):
        if isinstance(result, EdgernnError):
            result.path = f"text {number}"
            raise result
        yield result


def _windows(texts: Iterable[str | bytes]) -> Iterator[list[str | bytes]]:
    window: list[str | bytes] = []
    size = 0
    for text in texts:
        window.append(text)
        size += len(text) if isinstance(text, str | bytes) else 0
        if len(window) == _WINDOW_TEXTS or size >= _WINDOW_SIZE:
            yield window
            window, size = [], 0
    if window:
        yield window
