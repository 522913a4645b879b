"""An invalid output of an engine is an `EngineError`, not a prediction."""

from __future__ import annotations

import numpy as np
import pytest

from edgernn_runtime.errors import EngineError


@pytest.mark.parametrize(
    "output", [[float("nan")], [float("inf")], [0.1, 0.9], []], ids=["nan", "inf", "two", "none"]
)
def test_an_invalid_output_is_refused(classifier, output, monkeypatch):
    found = np.array(output, dtype=np.float32)
    monkeypatch.setattr(classifier._engine, "run", lambda _ids: found)
    with pytest.raises(EngineError, match="invalid model output") as caught:
        classifier.output("a good film")
    assert str(classifier.bundle.path) in str(caught.value)
