"""The presets of `edgernn train` on five data sets, beside bags of words and fastText.

python benchmarks/presets.py DATA [--only NAME ...] [--presets bag,small] [--seeds 1,2,3]
    [--unlabeled] [--out FOLDER] [--peers] [--kept]

DATA contains imdb/, agnews/, trec6/, sms_spam/ and banking77/ with train and test tables. Each
model is trained by `edgernn train` in its own process, on the training table only. A random tenth
of it is set aside to choose the epoch, the features and the weights of the sum. The model is
exported to int8 in each format, without --allow-drop, and classifies the test table through the
runtime, once. Nothing is chosen on a test table. Prints Markdown; keeps each run in FOLDER and
does not repeat it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from baselines import logistic, nbsvm
from imdb_official import read_imdb

from edgernn.data.rows import Rows, clean_breaks, label_indices, label_names, split
from edgernn.data.table import read_table
from edgernn_runtime import load
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

FORMATS = ("native", "tflite", "onnx")
DATA_SETS = {
    "imdb": ("imdb/train.csv.gz", "imdb/test.csv.gz"),
    "agnews": ("agnews/train10k.csv", "agnews/test.csv"),
    "trec6": ("trec6/train.csv", "trec6/test.csv"),
    "sms_spam": ("sms_spam/train.csv", "sms_spam/test.csv"),
    "banking77": ("banking77/train.csv", "banking77/test.csv"),
}
#: Epochs and learning rates of fastText that are tried.
_FASTTEXT = ((5, 0.1), (5, 0.5), (25, 0.1), (25, 0.5), (50, 0.5))
_UNLABELED = "imdb/unsup.csv.gz"


@dataclass(frozen=True)
class Run:
    """A trained model on a test table.

    Attributes:
        data: the data set.
        name: the preset, or the peer.
        seed: the seed, of the split too.
        seconds: of the training, reading the table included.
        size: bytes of the int8 `native` bundle, or of the peer's file.
        validation: accuracy on the tenth that was set aside, or None.
        accuracy: on the test table by format; `float` is the float32 `native` bundle.
    """

    data: str
    name: str
    seed: int
    seconds: float
    size: int
    validation: float | None
    accuracy: dict[str, float]


def main() -> None:
    """Run the missing models, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--presets", default="bag,small")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--unlabeled", action="store_true", help="IMDB's texts without labels too")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("presets"))
    parser.add_argument("--kept", action="store_true", help="run nothing, print what --out keeps")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    runs = _kept(options.out) if options.kept else _runs(options)
    for line in table(runs):
        print(line)


def _runs(options: argparse.Namespace) -> list[Run]:
    """Return the selected runs; those in FOLDER are not repeated."""
    runs = []
    for data in options.only:
        train, test = (read_rows(options.data / part) for part in DATA_SETS[data])
        for preset in options.presets.split(",") if options.presets else []:
            for seed in map(int, options.seeds.split(",")):
                unlabeled = options.data / _UNLABELED if options.unlabeled else None
                runs.append(_preset(options.out, data, preset, seed, train, test, unlabeled))
                print(_line(runs[-1]), file=sys.stderr, flush=True)
        if options.peers:
            runs += _peers(options.out, data, train, test)
    return runs


def _kept(out: Path) -> list[Run]:
    """Return the runs in a folder, in the order of the data sets."""
    runs = []
    for data in DATA_SETS:
        for file in sorted(out.glob(f"{data}-*.json")):
            found = json.loads(file.read_text())
            runs += [Run(**one) for one in (found if isinstance(found, list) else [found])]
    return runs


def read_rows(path: Path) -> Rows:
    """Return a table of texts and labels."""
    return read_imdb(path) if path.parent.name == "imdb" else read_table(path, "text", "label")


def table(runs: list[Run]) -> Iterator[str]:
    """Yield a Markdown table, a row for each data set and classifier, means over its seeds."""
    columns = ("data", "classifier", "seeds", "float", *FORMATS, "MB", "training s")
    yield "| " + " | ".join(columns) + " |"
    yield "|---|---|" + "---:|" * (len(columns) - 2)
    for key in dict.fromkeys((run.data, run.name) for run in runs):
        same = [run for run in runs if (run.data, run.name) == key]
        cells = [*key, str(len(same))]
        for form in ("float", *FORMATS):
            found = [100 * run.accuracy[form] for run in same if form in run.accuracy]
            spread = f" ± {np.std(found, ddof=1):.2f}" if len(found) > 1 else ""
            cells.append(f"{np.mean(found):.2f}{spread}" if found else "")
        cells.append(f"{np.mean([run.size for run in same]) / 1e6:.2f}")
        cells.append(f"{np.mean([run.seconds for run in same]):.0f}")
        yield "| " + " | ".join(cells) + " |"


def _line(run: Run) -> str:
    found = ", ".join(f"{form} {100 * value:.2f}" for form, value in run.accuracy.items())
    return f"{run.data} {run.name} {run.seed}: {found}; {run.size:,} bytes, {run.seconds:.0f} s"


def _preset(
    out: Path, data: str, preset: str, seed: int, train: Rows, test: Rows, unlabeled: Path | None
) -> Run:
    name = f"{preset}, unlabeled" if unlabeled else preset
    folder = out / f"{data}-{name.replace(', ', '-')}-{seed}"
    kept = folder.with_suffix(".json")
    if kept.is_file():
        return Run(**json.loads(kept.read_text()))
    with tempfile.TemporaryDirectory() as temporary:
        arguments = ["--preset", preset, "--seed", str(seed), "--out", str(folder), "--force"]
        arguments += ["--data", str(jsonl(Path(temporary) / "train.jsonl", train))]
        if unlabeled:
            texts = tuple(map(clean_breaks, read_table(unlabeled, "text", "text").texts))
            rows = jsonl(Path(temporary) / "unlabeled.jsonl", Rows(texts, ("",) * len(texts)))
            arguments += ["--unlabeled", str(rows)]
        start = time.perf_counter()
        _edgernn("train", *arguments)
        seconds = time.perf_counter() - start
    accuracy, size = {}, 0
    for form in ("float", *FORMATS):
        recipe = "none" if form == "float" else "int8"
        bundle = folder / f"{form}-{recipe}.edgernn"
        model_format = "native" if form == "float" else form
        asked = ("--format", model_format, "--quantize", recipe, "--out", str(bundle), "--force")
        try:
            _edgernn("export", str(folder), *asked)
        except subprocess.CalledProcessError:
            print(f"{bundle}: refused", file=sys.stderr)
            continue
        accuracy[form] = _accuracy(bundle, test)
        size = bundle.stat().st_size if form == "native" else size
    metrics = json.loads((folder / "metrics.json").read_text())
    run = Run(data, name, seed, seconds, size, metrics["validation"]["accuracy"], accuracy)
    kept.write_text(json.dumps(asdict(run)))
    return run


def jsonl(path: Path, rows: Rows) -> Path:
    """Write rows as JSON Lines and return the path."""
    pairs = zip(rows.texts, rows.labels, strict=True)
    lines = (json.dumps({"text": text, "label": label}) for text, label in pairs)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _edgernn(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "edgernn", *arguments], check=True, stdout=sys.stderr)


def _accuracy(bundle: Path, test: Rows) -> float:
    with load(bundle) as classifier:
        found = [classifier.predict(text).label for text in test.texts]
    return float(np.mean([a == b for a, b in zip(found, test.labels, strict=True)]))


def _peers(out: Path, data: str, train: Rows, test: Rows) -> list[Run]:
    kept = out / f"{data}-peers.json"
    if not kept.is_file():
        found = [asdict(run) for run in _measured_peers(data, train, test)]
        kept.write_text(json.dumps(found))
    return [Run(**run) for run in json.loads(kept.read_text())]


def _measured_peers(data: str, train: Rows, test: Rows) -> Iterator[Run]:
    """Yield the peers, which learn from the whole training table."""
    labels = label_names(train, data)
    targets, truth = (np.asarray(label_indices(rows, labels, data)) for rows in (train, test))
    for fit in (logistic, lambda *data: nbsvm(*data, len(labels))):
        start = time.perf_counter()
        found = fit(train.texts, targets)
        seconds = time.perf_counter() - start
        accuracy = float((np.asarray(found.predict(test.texts)) == truth).mean())
        yield Run(data, found.name, 0, seconds, found.size, None, {"float": accuracy})
    yield from _fasttext(data, train, test)


def _fasttext(data: str, train: Rows, test: Rows) -> Iterator[Run]:
    """Yield fastText with bigrams, and its quantized form of at most 1 MB.

    Epochs and rate are those of `_FASTTEXT` with the highest accuracy on a tenth that is set aside.
    """
    labels = label_names(train, data)
    with tempfile.TemporaryDirectory() as folder:
        table, file = Path(folder) / "train.txt", Path(folder) / "model.bin"
        start = time.perf_counter()
        rest, held_out = split(train, 0.1, 1)
        scores = []
        for options in _FASTTEXT:
            model = _fasttext_model(table, rest, labels, options)
            scores.append(_fasttext_accuracy(model, held_out, labels))
        best = _FASTTEXT[int(np.argmax(scores))]
        model = _fasttext_model(table, train, labels, best)
        for name in ("fastText, bigrams", "fastText, 1 MB"):
            if name == "fastText, 1 MB":
                model.quantize(str(table), retrain=True, cutoff=30_000, qnorm=True, verbose=False)
            seconds = time.perf_counter() - start
            model.save_model(str(file))
            accuracy = _fasttext_accuracy(model, test, labels)
            yield Run(data, name, 1, seconds, file.stat().st_size, None, {"float": accuracy})


def _fasttext_model(
    table: Path, rows: Rows, labels: tuple[str, ...], options: tuple[int, float]
) -> Any:
    import fasttext

    pairs = zip(_lines(rows), label_indices(rows, labels, "train"), strict=True)
    table.write_text("".join(f"__label__{label} {text}" for text, label in pairs))
    epochs, rate = options
    return fasttext.train_supervised(
        str(table), wordNgrams=2, epoch=epochs, lr=rate, dim=16, thread=2, verbose=0, seed=1
    )


def _fasttext_accuracy(model: Any, rows: Rows, labels: tuple[str, ...]) -> float:
    # Its own `predict` asks NumPy 1 for a copy; the binding below does not.
    found = [model.f.predict(text, 1, 0.0, "strict")[0][1] for text in _lines(rows)]
    truth = [f"__label__{label}" for label in label_indices(rows, labels, "test")]
    return float(np.mean([a == b for a, b in zip(found, truth, strict=True)]))


def _lines(rows: Rows) -> list[str]:
    """Return texts as fastText reads them, with the tokens that a model here has."""
    tokenizer = Tokenizer(TokenizerSpec(), (b"", b"[UNK]"))
    return [b" ".join(tokenizer.tokens(text)).decode() + "\n" for text in rows.texts]


if __name__ == "__main__":
    main()
