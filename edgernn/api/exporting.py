"""`edgernn.export`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgernn.api.callbacks import ignore
from edgernn.data.datasets import DataOptions, load_rows
from edgernn.data.rows import Rows, label_indices, label_set_indices, sample
from edgernn.errors import OptionError
from edgernn.model_folder import (
    DEFAULT,
    MODEL,
    VALIDATION_TEXTS,
    ModelFolder,
    is_model_folder,
    read_model_folder,
)
from edgernn.tensorflow_import import import_tensorflow
from edgernn_export import Examples, Export
from edgernn_export.keras.model_file import is_saved_model
from edgernn_export.keras.padding import Padding, Stated
from edgernn_export.keras.text_front import Truncating
from edgernn_export.recipes import find_recipe
from edgernn_export.targets import Variant, check_combination, find_target
from edgernn_runtime.tokenizer_spec import Step

if TYPE_CHECKING:
    from edgernn_export.comparison import TextOrigin


def export(
    model: Any = DEFAULT,
    out: str | Path | None = None,
    *,
    format: str = "tflite",
    quantize: str = "int8",
    variant: Variant = "default",
    labels: tuple[str, ...] | None = None,
    tokenizer: str | Path | None = None,
    vocabulary: str | Path | None = None,
    max_length: int | None = None,
    truncating: Truncating | None = None,
    padding: Padding | None = None,
    standardize: Sequence[Step] = (),
    trust_code: str | Path | None = None,
    reference: str | Path | None = None,
    texts: str | Path | Rows | None = None,
    text_column: str = "text",
    label_column: str = "label",
    label_delimiter: str | None = None,
    label_columns: Sequence[str] = (),
    min_precision: float | None = None,
    name: str = "model",
    allow_drop: bool = False,
    overwrite: bool = False,
    note: Callable[[str], None] = ignore,
    warn: Callable[[str], None] = ignore,
) -> Export:
    """Export a Keras model to a bundle; it is verified against Keras before it is written.

    Args:
        model: a model folder, a `.keras` or `.h5` file, a SavedModel folder of Keras 2, or a Keras
            model in memory.
        out: the bundle, or the folder for the target `c`; by default in the model folder, or
            beside the file.
        format: the target: `tflite`, `onnx`, `native` or `c`.
        quantize: the recipe: `none`, `float16`, `int8` or `int8-full`.
        variant: `default`, `stateless` (TFLite) or `ort` (ONNX).
        labels: the names of the classes, in the order of the model's outputs; by default the labels
            of the model folder, else numbers.
        tokenizer: for a model of ids: the JSON file that its Keras Tokenizer's `to_json` wrote.
        vocabulary: for a model of ids: a `.keras` file with its TextVectorization layer, a file
            with one token per line, or the word index of a data set of Keras, JSON.
        max_length: for a model of ids of any length: the length to truncate and pad to.
        truncating: for a model of ids: what was removed of longer texts in training, `pre`
            (Keras's default in `pad_sequences`), `post` or the middle, `head+tail`.
        padding: for a model of ids: the padding in training, `pre` (Keras's default), `post` or
            `none`. It is required if the model's output depends on it.
        standardize: what the Python function of the model's TextVectorization layer does to a text,
            or your code in front of the tokenizer; `docs/tokenizer.md` lists the steps.
        trust_code: a Python module to run before the model is loaded, with its own layers and
            functions; None runs no code.
        reference: a CSV file of the predictions of your own pipeline, to verify on too: the column
            `text`, and one column per output.
        texts: a table or rows to verify on; by default the validation texts of the model folder.
        text_column: the column of a table that contains the texts.
        label_column: the column of a table that contains the labels.
        label_delimiter: what separates several labels in a cell of a table.
        label_columns: instead of `label_column`, one column for each label, with 1 or 0.
        min_precision: the wanted precision of the predictions on these texts, 0 to 1: texts below
            the thresholds get no label. By default the thresholds of the model folder.
        name: for the format `c`: the first part of the names of its files, functions and constants.
        allow_drop: write the bundle even if a gate is missed.
        overwrite: replace an existing bundle.
        note: called with a sentence when the export begins.
        warn: called with each warning; the result contains the warnings of the export too.

    Raises:
        OptionError: the model, the table, the target, recipe or variant does not exist, the
            labels do not fit, or the tokenizer, the padding or `out` is missing.
        ModelFolderError: the model folder is damaged.
        ModelFileError: the file is not a Keras model that can be loaded safely.
        UnsupportedModelError: the model has a layer or option that cannot be exported.
        ModelStatsError: the written file is not lowered or quantized as requested.
        GateError: verification failed: the outputs differ from Keras beyond the tolerance.
        OutputError: `out` exists already, or cannot be written.

    Example:
        >>> done = edgernn.export("model", format="native", quantize="int8")
        >>> done.path.name, done.size < 1_000_000, all(check.passed for check in done.checks)
        ('native-int8.edgernn', True, True)
    """
    # Fail early: importing TensorFlow takes seconds.
    target = find_target(format)
    check_combination(target, find_recipe(quantize), variant)
    source, folder = _find_model(model)
    path = out or _default_out(model, _variant_name(format, quantize, variant) + target.suffix)
    target.output.check_output(Path(path), overwrite=overwrite)
    known = folder.labels if folder else None
    examples, unknown_label = None, None
    if texts is not None:
        at = DataOptions("", None, text_column, label_column, label_delimiter, tuple(label_columns))
        examples, unknown_label = _read_examples(texts, at, labels, known, warn)
    elif folder:
        examples = _examples(folder.validation, known, "model folder", str(folder.model.parent))

    note(f"exporting {source if isinstance(source, Path) else model.name} as {format}, {quantize}")
    import_tensorflow()
    import edgernn_export
    from edgernn_export.exporter import check_labels

    options = edgernn_export.Options(
        format=format,
        quantize=quantize,
        variant=variant,
        labels=labels or known,
        tokenizer=_path(tokenizer),
        vocabulary=_path(vocabulary),
        stated=Stated(padding, truncating, max_length),
        standardize=tuple(standardize),
        trust_code=_path(trust_code),
        reference=_path(reference),
        thresholds=folder.thresholds if folder else None,
        min_precision=min_precision,
        about=folder.about if folder else None,
        name=name,
        allow_drop=allow_drop,
        overwrite=overwrite,
    )
    if unknown_label is not None:
        # A wrong number of labels is the cause more often, and only the model contains it.
        check_labels(source, options)
        raise unknown_label
    done = edgernn_export.export(source, path, options, examples)
    for warning in done.warnings:
        warn(warning)
    return done


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _find_model(model: Any) -> tuple[Any, ModelFolder | None]:
    """Return the Keras model or its file, and its model folder, or None outside of one."""
    if not isinstance(model, str | Path):
        return model, None
    path = Path(model)
    if not path.exists() and path.suffix:
        raise OptionError(
            "the model does not exist",
            path=path,
            expected="a .keras or .h5 file, or a folder that `edgernn train` wrote",
            found="nothing at this path",
            hint="check the path, or train a model with `edgernn train`",
        )
    if path.name == MODEL and is_model_folder(path.parent):
        path = path.parent
    if not is_model_folder(path) and is_saved_model(path):
        return path, None
    if is_model_folder(path) or not (path.is_file() or (path / MODEL).is_file()):
        folder = read_model_folder(path)
        return folder.model, folder
    return path / MODEL if path.is_dir() else path, None


def _read_examples(
    texts: str | Path | Rows,
    at: DataOptions,
    labels: tuple[str, ...] | None,
    known: tuple[str, ...] | None,
    warn: Callable[[str], None],
) -> tuple[Examples | None, OptionError | None]:
    """Return the texts to compare on, or the error of a label that is no class of the model."""
    rows = _read_rows(texts, at, warn)
    place = "the texts in memory" if isinstance(texts, Rows) else str(texts)
    if not (labels or known):
        warn(f"the labels of {place} are not used: --labels names the classes of the model")
    try:
        return _examples(rows, labels or known, "file", place), None
    except OptionError as error:
        if labels:
            error.hint = "check --labels and --label-column, or rename the labels in the data"
        return None, error


def _read_rows(texts: str | Path | Rows, at: DataOptions, warn: Callable[[str], None]) -> Rows:
    if isinstance(texts, Rows):
        return texts
    rows = load_rows(Path(texts), at)
    for warning in rows.warnings:
        warn(warning)
    return rows


def _examples(
    rows: Rows, labels: tuple[str, ...] | None, origin: TextOrigin, place: str
) -> Examples:
    # The first rows are not representative: a table may be sorted by label.
    chosen = sample(rows, VALIDATION_TEXTS)
    # Without the model's labels, a text's label cannot be mapped to an output.
    find = label_set_indices if rows.is_multilabel else label_indices
    truth = None if labels is None else find(chosen, labels, place)
    return Examples(chosen.texts, truth, origin)


def _variant_name(model_format: str, quantize: str, variant: Variant) -> str:
    return "-".join([model_format, quantize, *([] if variant == "default" else [variant])])


def _default_out(model: Any, name: str) -> Path:
    if not isinstance(model, str | Path):
        raise OptionError(
            "a model in memory needs a path to export to",
            expected="edgernn.export(model, out)",
            found="out=None",
            hint="pass the path of the bundle as out",
        )
    path = Path(model)
    if path.is_dir() and (is_model_folder(path) or not is_saved_model(path)):
        return path / name
    if path.name == MODEL and is_model_folder(path.parent):
        return path.with_name(name)
    return path.with_name(f"{path.stem}-{name}")
