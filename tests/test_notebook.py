"""The notebook runs from the first cell to the last, on few texts, in a real kernel."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "notebook" / "tutorial.ipynb"
#: In a process of its own, since a kernel's client leaves sockets and event loops behind.
RUN = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], 4)
nbformat.validate(notebook)
(cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
cell.source = "TEXTS, MAX_LENGTH, EPOCHS = 400, 40, 10"
NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
nbformat.write(notebook, "ran.ipynb")
"""


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_contains_no_output():
    for cell in code_cells(NOTEBOOK):
        assert (cell["execution_count"], cell["outputs"]) == (None, [])


def test_the_notebook_runs(tmp_path):
    pytest.importorskip("nbclient", reason="nbclient is not installed; make install has it")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path))),
            "IPYTHONDIR": str(tmp_path / "ipython"),
        },
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cells = code_cells(tmp_path / "ran.ipynb")
    outputs = [output for cell in cells for output in cell["outputs"]]
    printed = "".join("".join(one["text"]) for one in outputs if one.get("name") == "stdout")
    images = [one["data"]["image/png"] for one in outputs if "image/png" in one.get("data", {})]
    assert len(images) == 2
    for image in images:
        assert base64.b64decode(image).startswith(b"\x89PNG")
    for shown in (
        r"vocabulary of [\d,]+ tokens; the first text:",
        r"network of [\d,]+ parameters:",
        r"accuracy on the validation texts: \d",
        r"native-int8\.edgernn: [\d,]+ bytes, label agreement with Keras \d",
        r"\nnative-int8 +0\.\d+ MB  p50 +\d",
        r"\n(pos|neg) \d+\.\d%\n[+-]",
    ):
        assert re.search(shown, printed), (shown, printed)
