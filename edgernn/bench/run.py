"""A benchmark from its plan to its report: every form in turn, window by window."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgernn.bench.installed import installed_bytes
from edgernn.bench.peers import ENGINES as PEER_ENGINES
from edgernn.bench.peers import PEERS, convert, reason
from edgernn.bench.process import COMMAND, Process
from edgernn.bench.quality import quality
from edgernn.bench.records import CurvePoint, Report, Row, Throughput
from edgernn_runtime import EdgernnError
from edgernn_runtime.bench import cold_starts, first_answer
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.engines import get_engine
from edgernn_runtime.machine import environment
from edgernn_runtime.timing import WINDOWS, Window

KERAS = "keras predict"
FUNCTION = "keras tf.function"
_PACKAGES = ("edgernn", "tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx", "numpy")
_FIRST = "a film to remember"


@dataclass(frozen=True)
class Plan:
    """What is measured, and for how long.

    Attributes:
        model: the `.keras` file.
        bundles: the bundles.
        tokenizer_of: one of them that can be read, for what has no tokenizer of its own.
        with_peers: whether what others make of the model is measured too.
        tokens: the length of the texts that the ratios are of.
        texts: the texts to time, by their length; those of `tokens` among them.
        quality_texts: the texts to answer once.
        truth: the class of each, or None.
        threads: threads that one call may use.
        seconds: how long each form is timed at `tokens`, in five windows.
        curve_seconds: how long at each other length; 0 for no curve.
        keras_cold_starts: fresh processes of Keras.
        cold_starts: fresh processes of each bundle.
        callers: how many callers at once, for the throughput.
    """

    model: Path
    bundles: tuple[Path, ...]
    tokenizer_of: Path
    with_peers: bool
    tokens: int
    texts: dict[int, tuple[str, ...]]
    quality_texts: tuple[str, ...]
    truth: tuple[int, ...] | None
    threads: int
    seconds: float
    curve_seconds: float
    keras_cold_starts: int
    cold_starts: int
    callers: tuple[int, ...]


@dataclass
class _Form:
    """A form under measurement: its row grows, until it fails or is done."""

    row: Row
    kind: str
    path: str
    process: Process | None = None


def run(plan: Plan, say: Callable[[str], None]) -> Report:
    """Return the figures of the full model, of each bundle, and of the peers if asked.

    A form that fails is a row with its reason. Ctrl-C keeps what was measured.

    Args:
        plan: what is measured.
        say: told what is being measured.
    """
    partial = False
    forms: list[_Form] = []
    with tempfile.TemporaryDirectory() as folder, _closing(forms):
        try:
            forms += _forms(plan, Path(folder))
            for title, step in _STEPS:
                say(title)
                step(plan, forms)
        except KeyboardInterrupt:
            partial = True
        rows = tuple(form.row for form in forms)
    settings = {
        "tokens": plan.tokens,
        "threads": plan.threads,
        "seconds": plan.seconds,
        "windows": WINDOWS,
        "texts": len(plan.quality_texts),
        "labeled": plan.truth is not None,
    }
    return Report(settings, environment(_PACKAGES), rows, partial)


@contextlib.contextmanager
def _closing(forms: list[_Form]) -> Iterator[None]:
    try:
        yield
    finally:
        for form in forms:
            if form.process is not None:
                form.process.close()


@contextlib.contextmanager
def _failing(form: _Form) -> Iterator[None]:
    """Turn a form's failure into its row's reason, and measure it no further."""
    try:
        yield
    except EdgernnError as error:
        told = f"{error.what}: {reason(error.found)}" if error.found else error.what
        form.row = replace(form.row, error=told)
        if form.process is not None:
            form.process.close()
            form.process = None


def _each(forms: Sequence[_Form], measure: Callable[[_Form, Process], None]) -> None:
    """Measure each form that has not failed."""
    for form in forms:
        if form.process is not None:
            with _failing(form):
                measure(form, form.process)


def _forms(plan: Plan, folder: Path) -> list[_Form]:
    """Return the forms to measure, the peers converted."""
    size = plan.model.stat().st_size
    needs = installed_bytes("tensorflow")
    forms = [
        _Form(Row(name, "Keras", size, needs), name, str(plan.model)) for name in (KERAS, FUNCTION)
    ]
    for path in plan.bundles:
        form = _Form(Row(path.stem), "bundle", str(path))
        with _failing(form):
            engine = get_engine(read_bundle(path).manifest.format)
            package = engine.package.replace("_", "-") if engine.extra else "numpy"
            needs = installed_bytes("edgernn-runtime", package)
            form.row = Row(path.stem, engine.title, _bytes(path), needs)
        forms.append(form)
    for name in PEERS if plan.with_peers else ():
        form = _Form(Row(name), "peer", "")
        with _failing(form):
            form.path = str(convert(name, plan.model, folder))
            file = Path(form.path)
            form.row = Row(name, PEER_ENGINES[file.name][0], file.stat().st_size)
        forms.append(form)
    return forms


def _bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _open(plan: Plan, forms: list[_Form]) -> None:
    # All at once, since nothing is timed yet and Keras takes its time.
    bundle = str(plan.tokenizer_of)
    for form in forms:
        if form.row.error is None:
            form.process = Process(plan.threads)
            task = {"kind": form.kind, "path": form.path, "threads": plan.threads}
            form.process.tell("open", **task, bundle=bundle)
    _each(forms, lambda _, process: process.answer())
    _each(forms, lambda _, process: process.ask("warm_up", texts=plan.texts[plan.tokens]))


def _windows(plan: Plan, forms: list[_Form]) -> None:
    held: dict[str, int | None] = {}
    asked: dict[str, Any] = {"texts": plan.texts[plan.tokens], "seconds": plan.seconds / WINDOWS}

    def before(form: _Form, process: Process) -> None:
        held[form.row.form] = process.ask("memory")[1]

    def window(form: _Form, process: Process) -> None:
        found = Window(**{k: tuple(v) for k, v in process.ask("window", **asked).items()})
        form.row = replace(form.row, windows=(*form.row.windows, found))

    def after(form: _Form, process: Process) -> None:
        peak, now = process.ask("memory")
        then = held[form.row.form]
        growth = None if now is None or then is None else now - then
        energy = process.ask("energy", **asked)
        form.row = replace(form.row, peak_bytes=peak, growth_bytes=growth, energy_mj=energy)

    _each(forms, before)
    for _ in range(WINDOWS):
        _each(forms, window)
    _each(forms, after)


def _curve(plan: Plan, forms: list[_Form]) -> None:
    for tokens in sorted(plan.texts) if plan.curve_seconds else ():
        texts = plan.texts[tokens]

        def point(
            form: _Form, process: Process, tokens: int = tokens, texts: tuple[str, ...] = texts
        ) -> None:
            process.ask("warm_up", texts=texts)
            found = process.ask("window", texts=texts, seconds=plan.curve_seconds)
            added = CurvePoint(tokens, tuple(found["total_ms"]))
            form.row = replace(form.row, curve=(*form.row.curve, added))

        _each(forms, point)


def _throughput(plan: Plan, forms: list[_Form]) -> None:
    asked: dict[str, Any] = {"texts": plan.texts[plan.tokens], "seconds": plan.seconds / WINDOWS}

    def rates(form: _Form, process: Process) -> None:
        for callers in plan.callers:
            # Keras is not made to be called by several threads.
            if form.kind in ("bundle", "peer") or callers == 1:
                rate = Throughput(callers, process.ask("throughput", callers=callers, **asked))
                form.row = replace(form.row, throughput=(*form.row.throughput, rate))

    _each(forms, rates)


def _cold_starts(plan: Plan, forms: list[_Form]) -> None:
    def start(form: _Form, _: Process) -> None:
        if form.kind == KERAS:
            found = cold_starts([*COMMAND, form.path, _FIRST], plan.keras_cold_starts)
        elif form.kind == "bundle":
            found = cold_starts(first_answer(Path(form.path)), plan.cold_starts)
        else:
            return
        form.row = replace(form.row, cold_start_ms=tuple(found))

    _each(forms, start)


def _quality(plan: Plan, forms: list[_Form]) -> None:
    reference: list[list[float]] = []

    def answer(form: _Form, process: Process) -> None:
        if form.kind != FUNCTION:
            found = process.ask("answers", texts=plan.quality_texts)
            reference.extend(found if form.kind == KERAS else [])
            if reference:
                added = quality(found, reference, plan.truth)
                form.row = replace(form.row, quality=added)

    _each(forms, answer)


def callers_here() -> tuple[int, ...]:
    """Return 1, 2, 4 and so on up to the cores of this machine, and those themselves."""
    cores = os.cpu_count() or 1
    powers = [1 << i for i in range(cores.bit_length())]
    return tuple(sorted({*(n for n in powers if n < cores), cores}))


_STEPS: tuple[tuple[str, Callable[[Plan, list[_Form]], None]], ...] = (
    ("opening each form in a process of its own", _open),
    (f"timing, {WINDOWS} windows each, in turns", _windows),
    ("timing other lengths", _curve),
    ("counting answers a second", _throughput),
    ("starting fresh processes", _cold_starts),
    ("answering the texts", _quality),
)
