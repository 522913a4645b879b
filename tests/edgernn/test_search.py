"""The search of options: its space, its trials, and that it resumes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from edgernn.errors import OptionError, TrainingError
from edgernn.searching.plot import plot_trials
from edgernn.searching.space import apply, space, values_of
from edgernn.searching.study import PLOT, SearchRequest, run_search
from edgernn.searching.trials import Trial, best_trial, trials_table
from edgernn.training.options import PRESETS
from tests.edgernn.conftest import run


def test_a_search_keeps_the_tokenizer_of_other_scripts():
    text = replace(PRESETS["bag"].text, tokenizer="unicode")
    preset = replace(PRESETS["bag"], text=text)
    assert "tokenizer" not in space(preset)
    assert apply(preset, values_of(preset)) == preset


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_the_space_contains_the_preset(preset):
    values = values_of(preset)
    assert set(values) == set(space(preset))
    assert apply(preset, values) == preset
    for name, kind in space(preset).items():
        if hasattr(kind, "values"):
            assert values[name] in kind.values
        else:
            assert kind.low <= values[name] <= kind.high


def trial(number, **changes):
    one = Trial(number, {"units": 8}, 0.5, 0.8, 100_000, 0.1, fits=True, seconds=1.0)
    return replace(one, **changes)


def test_the_best_trial_is_within_the_limits():
    trials = [
        trial(0),
        trial(1, log_loss=0.3, fits=False),
        trial(2, log_loss=0.4, values={"units": 9}),
    ]
    assert best_trial(trials).number == 2
    table = trials_table(trials)
    assert [row[0] for row in table.rows] == ["2", "0 (preset)", "1"]
    assert table.rows[0][-1] == "units=9"
    assert plot_trials(trials).startswith(b"\x89PNG")
    assert best_trial([trial(0, fits=False)]) is None


def test_a_search_resumes_and_copies_the_best_model(trained, tmp_path):
    pytest.importorskip("optuna", reason="--search needs the extra `search`")
    request = SearchRequest(
        PRESETS["bag"], 3, None, None, {"data": "x"}, tmp_path / "model", overwrite=True
    )
    variants, notes = [], []

    def train(preset, folder):
        variants.append(preset)
        shutil.copytree(trained, folder, dirs_exist_ok=True)

    def export(folder):
        return folder / "tflite-int8.edgernn"

    assert len(run_search(request, train, export, notes.append)) == 3
    assert variants[0] == PRESETS["bag"]
    trials = run_search(replace(request, trials=5), train, export, notes.append)
    assert [one.number for one in trials] == [0, 1, 2, 3, 4]
    assert len(variants) == len({str(one.values) for one in trials})
    assert (tmp_path / "model" / "model.keras").is_file()
    assert (request.folder / PLOT).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OptionError, match="another search"):
        run_search(replace(request, description={"data": "y"}), train, export, notes.append)
    limited = replace(request, max_size=10, trials=1, out=tmp_path / "small")
    with pytest.raises(TrainingError, match="no trial is within the limits"):
        run_search(limited, train, export, notes.append)


#: A process of a search whose trials copy a trained model.
WORKER = """
import shutil, sys, time
from pathlib import Path
from edgernn.searching.study import SearchRequest, run_search
from edgernn.training.options import PRESETS

trained, out, trials = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def train(preset, folder):
    print(folder.name, flush=True)
    time.sleep(0.5)
    shutil.copytree(trained, folder, dirs_exist_ok=True)

request = SearchRequest(PRESETS["bag"], trials, None, None, {"data": "x"}, out, overwrite=True)
run_search(request, train, lambda folder: folder / "tflite-int8.edgernn", lambda _: None)
"""


def test_two_processes_share_a_study(trained, tmp_path):
    pytest.importorskip("optuna", reason="--search needs the extra `search`")
    command = [sys.executable, "-c", WORKER, str(trained), str(tmp_path / "model"), "10"]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    by_worker = [worker.communicate(timeout=600)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    names = [name for names in by_worker for name in names]
    assert len(names) == len(set(names))
    # The last trials of both may end together.
    assert len(names) <= 11
    assert (tmp_path / "model" / "model.keras").is_file()
    # A third process finds enough trials, and starts none.
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout == ""


def test_options_that_do_not_fit_a_search(tmp_path, capsys):
    pytest.importorskip("optuna", reason="--search needs the extra `search`")
    out = tmp_path / "model"
    assert run("train", "--max-latency", "0.2ms", "--out", out) == 2
    assert "--max-latency needs --search" in capsys.readouterr().err
    assert run("train", "--max-latency", "fast", "--out", out) == 2
    assert "is not a time" in capsys.readouterr().err
    assert run("train", "--search", "2", "--from", tmp_path, "--preset", "bag", "--out", out) == 2
