"""Classify a table of texts with Spark.

python examples/spark/classify.py BUNDLE INPUT OUTPUT [--column text] [--master local[2]]

INPUT: .csv, .json (JSON Lines) or .parquet files, as Spark reads them. OUTPUT: a folder of Parquet
files with all columns of the input and label, probability and error.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
from pyspark import SparkFiles
from pyspark.sql import DataFrame, SparkSession

_TYPES = {"label": "string", "probability": "double", "error": "string"}


def main() -> None:
    """Classify the table, and print the texts per second."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--column", default="text")
    parser.add_argument("--master", help="such as local[2]; that of spark-submit by default")
    options = parser.parse_args()
    builder = SparkSession.builder.appName("edgernn")
    if options.master:
        builder = builder.master(options.master)
    spark = builder.getOrCreate()
    start = time.monotonic()
    table = read_table(spark, options.input)
    classified = classify(spark, table, options.bundle, options.column)
    classified.write.mode("overwrite").parquet(options.output)
    seconds = time.monotonic() - start
    count = spark.read.parquet(options.output).count()
    print(f"{count:,} texts in {seconds:.1f} s")
    spark.stop()


def read_table(spark: SparkSession, path: str) -> DataFrame:
    """Return the table at a path."""
    suffix = Path(path).suffix.removeprefix(".")
    reader = spark.read.option("header", True).option("multiLine", suffix == "csv")
    return reader.option("escape", '"').format(suffix).load(path)


def classify(spark: SparkSession, table: DataFrame, bundle: Path, column: str) -> DataFrame:
    """Return the table with label, probability and error.

    `addFile` ships the bundle once to each machine.
    """
    spark.sparkContext.addFile(str(bundle))
    types = {field.name: field.dataType.simpleString() for field in table.schema} | _TYPES
    fields = ", ".join(f"`{field}` {kind}" for field, kind in types.items())
    name = bundle.name

    def classify_frames(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        import edgernn_runtime

        # A task classifies one partition. To open a native bundle takes a millisecond.
        with edgernn_runtime.load(SparkFiles.get(name)) as classifier:
            for frame in frames:
                rows = [_row(result) for result in classifier.predict_or_error(frame[column])]
                found = pd.DataFrame(rows, columns=list(_TYPES), index=frame.index)
                yield pd.concat([frame, found], axis=1)

    return table.mapInPandas(classify_frames, fields)


def _row(result: object) -> tuple[str | None, float | None, str | None]:
    import edgernn_runtime

    if isinstance(result, edgernn_runtime.Prediction):
        return result.label, result.probability, None
    return None, None, result.what


if __name__ == "__main__":
    main()
