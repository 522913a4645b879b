"""The Spark example, with two workers of a local Spark."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgernn_runtime import load

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install '.[spark]'")
pandas = pytest.importorskip("pandas", reason="pandas is not installed: pip install '.[spark]'")
pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install '.[spark]'")

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "examples" / "sentiment" / "sentiment.edgernn"


@pytest.mark.skipif(shutil.which("java") is None, reason="no Java is installed")
def test_two_workers_give_the_predictions_of_one_process(tmp_path):
    texts = [f"{'very ' * (i % 40)}{'good' if i % 3 else 'bad'} film {i}" for i in range(400)]
    texts[7] = None
    rows = [{"id": i, "text": text} for i, text in enumerate(texts)]
    (tmp_path / "texts.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    program = ROOT / "examples" / "spark" / "classify.py"
    command = [sys.executable, program, SAMPLE, tmp_path / "texts.json", tmp_path / "out"]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(
        [*command, "--master", "local[2]"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert "400 texts in" in done.stdout
    found = pandas.read_parquet(tmp_path / "out").sort_values("id")
    with load(SAMPLE) as classifier:
        expected = [classifier.predict(text) for text in texts if text is not None]
    is_good = found["id"] != 7
    assert list(found["label"][is_good]) == [one.label for one in expected]
    assert list(found["probability"][is_good]) == [one.probability for one in expected]
    assert list(found["error"][~is_good]) == ["the text is not a string"]
