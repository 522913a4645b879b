"""The classifier: text in, label out."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from edgernn_runtime.batch import (
    check_threads,
    classify_texts,
    raise_errors,
    result_or_error,
    run_batch,
)
from edgernn_runtime.bundle import Bundle, read_bundle
from edgernn_runtime.engines import Engine, TextEngine, open_engine
from edgernn_runtime.errors import (
    ClosedError,
    EdgernnError,
    EngineError,
    SharingError,
    TextError,
)
from edgernn_runtime.explain import Explanation, explain
from edgernn_runtime.prediction import Prediction, choose_labels, make_prediction
from edgernn_runtime.self_test import SelfTestResult, run_self_test
from edgernn_runtime.tokenizer import Tokenizer, encode_text, with_padding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Classifier:
    """An open bundle.

    Threads may share a classifier; they take turns at the engine. After a fork, the child opens
    its own engine at the first prediction; a classifier with several threads is refused there. A
    classifier cannot be pickled.

    Attributes:
        bundle: the bundle.
        tokenizer: its tokenizer.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        """Open a bundle that was read.

        Args:
            bundle: the bundle.
            threads: number of threads for one text, at least 1.

        Raises:
            OptionError: `threads` is not an integer of at least 1.
            EngineMissingError: the package that runs the bundle's format is not installed.
            EngineError: that package cannot be imported, or refuses the model.
            BundleFormatError: an id of the tokenizer is outside the vocabulary.
        """
        check_threads(threads, bundle.path)
        manifest = bundle.manifest
        self.bundle = bundle
        self.tokenizer = Tokenizer(manifest.tokenizer, bundle.vocabulary)
        self._threads = threads
        self._closed = False
        self._forked = False
        self._lock = threading.Lock()
        self._engine = self._open_engine()
        self._text_engine = self._find_text_engine()
        _CLASSIFIERS.add(self)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the probabilities."""
        return self.bundle.manifest.labels

    @property
    def thresholds(self) -> tuple[float, ...] | None:
        """The least probability of each label; None if the model always predicts a label."""
        return self.bundle.manifest.thresholds

    def _open_engine(self) -> Engine:
        try:
            return open_engine(self.bundle.manifest.format, self.bundle.model, self._threads)
        except EdgernnError as error:
            error.path = str(self.bundle.path)
            raise

    def _after_fork(self) -> None:
        """Forget the parent's lock, which no thread of the forked process will release."""
        self._lock = threading.Lock()
        self._forked = True

    def _reopen(self) -> None:
        """Open an engine in a forked process; the lock is held."""
        if self._threads > 1:
            raise SharingError(
                "a classifier with several threads was forked",
                path=self.bundle.path,
                expected="load() in each process, or threads=1",
                found=f"threads={self._threads}, opened before the fork",
                hint="load the bundle after the fork",
            )
        self._engine = self._open_engine()
        self._text_engine = self._find_text_engine()
        self._forked = False

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Refuse to be pickled: an engine belongs to one process.

        Raises:
            SharingError: always.
        """
        raise SharingError(
            "a classifier cannot be pickled",
            path=self.bundle.path,
            expected="load() in each process",
            found="a pickle, or a process pool that pickles its arguments",
            hint="pass the path to the other process, and load the bundle there",
        )

    def tokens(self, text: str | bytes) -> tuple[list[bytes], NDArray[np.int32]]:
        """Return the tokens of a text and their ids, before padding.

        Args:
            text: str, or bytes of UTF-8.

        Returns:
            T tokens of UTF-8, and their ids, int32 [T]; T may be 0.

        Raises:
            TextError: the text is neither str nor bytes, or is too long.
        """
        tokens = self.tokenizer.tokens(text)
        return tokens, self.tokenizer.look_up(tokens)

    def tokenize(self, text: str | bytes) -> NDArray[np.int32]:
        """Return the ids of a text, padded as the model expects: int32 [T], T may be 0.

        Args:
            text: str, or bytes of UTF-8.

        Raises:
            TextError: the text is neither str nor bytes, or is too long.
        """
        manifest = self.bundle.manifest
        return with_padding(self.tokenizer.ids(text), manifest.pad_to, manifest.pad_side)

    def predict(self, text: str | bytes) -> Prediction:
        """Return the prediction for one text.

        Args:
            text: str, or bytes of UTF-8; it may be empty.

        Raises:
            TextError: the text is neither str nor bytes, or is too long.
            EngineError: the engine failed.
            ClosedError: the classifier was closed.
            SharingError: the classifier has several threads, and the process was forked.
        """
        engine = self._open_text_engine()
        if engine is None:
            return self._make_prediction(self.output(text))
        try:
            best, values = engine.classify(encode_text(text))
        except EngineError as error:
            error.path = str(self.bundle.path)
            raise
        return self._choose(best, values)

    def predict_batch(
        self, texts: Iterable[str | bytes], *, threads: int = 1
    ) -> Iterator[Prediction]:
        """Yield the predictions of `predict` for many texts, in order, at a higher throughput.

        Texts are read a few hundred ahead, so that memory does not grow with their number. A
        native bundle runs texts of similar length side by side, others one after the other.

        Args:
            texts: any number of str, or bytes of UTF-8.
            threads: number of threads, each with its own texts; native bundles only.

        Raises:
            OptionError: `threads` is not an integer of at least 1.
            TextError: a text is neither str nor bytes, or is too long.
            EngineError: the engine failed.
            ClosedError: the classifier was closed.
            SharingError: the classifier has several threads, and the process was forked.
        """
        return raise_errors(self.predict_or_error(texts, threads=threads))

    def predict_or_error(
        self, texts: Iterable[str | bytes], *, threads: int = 1
    ) -> Iterator[Prediction | EdgernnError]:
        """Do what `predict_batch` does, but yield the error of a text in its place."""
        check_threads(threads, self.bundle.path)
        return run_batch(self._classify_texts, texts, threads)

    def _classify_texts(self, texts: Sequence[str | bytes]) -> list[Prediction | EdgernnError]:
        engine = self._open_text_engine()
        if engine is None:
            return [result_or_error(self.predict, text) for text in texts]
        results = classify_texts(engine, texts)
        return [self._choose(*x) if isinstance(x, tuple) else x for x in results]

    def _choose(self, best: int, values: list[float]) -> Prediction:
        """Return the prediction for the probabilities of all labels."""
        manifest = self.bundle.manifest
        if manifest.head == "binary":
            # C subtracts in float32; this is what `predict_ids` returns.
            values = [1 - values[1], values[1]]
        return choose_labels(values, best, manifest.head, manifest.labels, manifest.thresholds)

    def _find_text_engine(self) -> TextEngine | None:
        # The check of a protocol takes longer than a short text.
        engine = self._engine
        if self._threads == 1 and isinstance(engine, TextEngine) and engine.reads_text:
            return engine
        return None

    def _open_text_engine(self) -> TextEngine | None:
        """Return the engine if it reads texts itself, ready for this process.

        It needs no lock while it runs, but with a second thread it serves one caller at a time.
        """
        with self._lock:
            if self._closed:
                raise ClosedError("the classifier is closed", path=self.bundle.path)
            if self._forked:
                self._reopen()
            return self._text_engine

    def output(self, text: str | bytes) -> NDArray[np.float32]:
        """Return the model's output for one text.

        Args:
            text: str, or bytes of UTF-8; it may be empty.

        Returns:
            float32 [C]; the probability of the second label alone for a binary model.

        Raises:
            TextError: the text is neither str nor bytes, or is too long.
            EngineError: the engine failed.
            ClosedError: the classifier was closed.
            SharingError: the classifier has several threads, and the process was forked.
        """
        return self._run(self.tokenize(text))

    def predict_ids(self, ids: NDArray[np.integer[Any]]) -> Prediction:
        """Return the prediction for ids that `tokenize` returned.

        Args:
            ids: integers [T], padded as `tokenize` does.

        Raises:
            TextError: an id is outside the vocabulary, or the array is not a vector of integers.
            EngineError: the engine failed.
            ClosedError: the classifier was closed.
            SharingError: the classifier has several threads, and the process was forked.
        """
        return self._make_prediction(self.output_of_ids(ids))

    def output_of_ids(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Return the model's output, float32 [C], for ids that `tokenize` returned.

        Args:
            ids: integers [T], padded as `tokenize` does.

        Raises:
            TextError: an id is outside the vocabulary, or the array is not a vector of integers.
            EngineError: the engine failed.
            ClosedError: the classifier was closed.
            SharingError: the classifier has several threads, and the process was forked.
        """
        size = len(self.bundle.vocabulary)
        is_vector = ids.ndim == 1 and ids.dtype.kind in "iu"
        if not is_vector or (len(ids) and not 0 <= ids.min() <= ids.max() < size):
            raise TextError(
                "invalid ids for this vocabulary",
                expected=f"integers from 0 to {size - 1}, of shape [T]",
                found=f"{ids.dtype} of shape {list(ids.shape)}",
            )
        return self._run(ids.astype("int32"))

    def explain(self, text: str | bytes) -> Explanation:
        """Return the prediction for a text with the weight of each token in it.

        Args:
            text: str, or bytes of UTF-8; it may be empty.

        Raises:
            TextError: the text is neither str nor bytes, or is too long.
            EngineError: the engine failed.
            ClosedError: the classifier was closed.
            SharingError: the classifier has several threads, and the process was forked.
        """
        return explain(self, text)

    def self_test(self) -> SelfTestResult:
        """Run the bundle's test vectors on this machine.

        Raises:
            BundleFormatError: the test vectors are malformed.
            EngineError: the engine failed.
            ClosedError: the classifier was closed.
            SharingError: the classifier has several threads, and the process was forked.
        """
        return run_self_test(self)

    def close(self) -> None:
        """Release the model; closing twice does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._text_engine = None
            # An engine with several threads cannot end in a forked process, which has only one.
            if not (self._forked and self._threads > 1):
                self._engine.close()

    def __enter__(self) -> Self:
        """Return the classifier itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the classifier."""
        self.close()

    def _run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        import numpy as np

        with self._lock:
            if self._closed:
                raise ClosedError("the classifier is closed", path=self.bundle.path)
            if self._forked:
                self._reopen()
            if len(ids) == 0:
                return np.asarray(self.bundle.manifest.empty, dtype=np.float32)
            output = self._engine.run(ids)
        if output.shape != (len(self.bundle.manifest.empty),) or not np.isfinite(output).all():
            raise EngineError(
                "invalid model output (NaN, infinite or wrong shape)",
                path=self.bundle.path,
                expected=f"{len(self.bundle.manifest.empty)} probabilities",
                found=f"{output.tolist()}"[:100],
                hint="export the bundle again; `edgernn verify` runs its self-test",
            )
        return output

    def _make_prediction(self, output: NDArray[np.float32]) -> Prediction:
        manifest = self.bundle.manifest
        return make_prediction(output, manifest.head, manifest.labels, manifest.thresholds)


def load(path: Path | str, *, threads: int = 1, mapped: bool = False) -> Classifier:
    """Open the bundle at a path.

    Args:
        path: a `.edgernn` file, or a folder with its members.
        threads: number of threads for one text, at least 1.
        mapped: map the file instead of copying it; see `read_bundle`. A `model.bin` is used in
            place; LiteRT and ONNX Runtime still make their own copy.

    Raises:
        BundleNotFoundError: the path does not exist.
        BundleFormatError: it is not a bundle, or a member is missing, too large or malformed.
        BundleVersionError: it was written by a newer edgernn.
        BundleHashError: a member does not match its hash in the manifest.
        OptionError: `threads` is not an integer of at least 1.
        EngineMissingError: the package that runs the bundle's format is not installed.
        EngineError: that package cannot be imported, or refuses the model.

    Example:
        with edgernn_runtime.load("tflite-int8.edgernn") as classifier:
            print(classifier.predict("A film to remember.").label)
    """
    return Classifier(read_bundle(path, mapped=mapped), threads=threads)


#: The classifiers of this process, whose locks a forked process replaces.
_CLASSIFIERS: weakref.WeakSet[Classifier] = weakref.WeakSet()


def _after_fork() -> None:
    for classifier in list(_CLASSIFIERS):
        classifier._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
