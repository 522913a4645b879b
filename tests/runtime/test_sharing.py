"""Threads share a classifier, forks open an engine of their own, pickles are refused."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgernn_runtime.errors import SharingError
from tests.conftest import make_texts


def test_eight_threads_have_the_answers_of_one_to_the_bit(classifier):
    texts = make_texts(100)
    alone = [classifier.output(text).tobytes() for text in texts]
    start = threading.Barrier(8)

    def many(offset):
        start.wait()
        return [classifier.output(texts[(offset + i) % 100]).tobytes() for i in range(1000)]

    with ThreadPoolExecutor(8) as pool:
        for offset, answers in enumerate(pool.map(many, range(8))):
            assert answers == [alone[(offset + i) % 100] for i in range(1000)]


def test_a_pickle_is_refused(classifier):
    with pytest.raises(SharingError, match="cannot be pickled") as caught:
        pickle.dumps(classifier)
    assert "load the bundle there" in str(caught.value)


#: In a process without tensorflow, whose own threads do not survive a fork.
_FORK = """
import multiprocessing, sys
from edgernn_runtime import EdgernnError, load

def answer(classifier, pipe):
    try:
        pipe.send(classifier.output("a good film").tobytes())
    except EdgernnError as error:
        pipe.send(str(error))

path, threads = sys.argv[1], int(sys.argv[2])
context = multiprocessing.get_context("fork")
with load(path, threads=threads) as classifier:
    expected = classifier.output("a good film").tobytes()
    ours, theirs = context.Pipe()
    with classifier._lock:
        child = context.Process(target=answer, args=(classifier, theirs))
        child.start()
    assert ours.poll(30)
    found = ours.recv()
    child.join()
    assert child.exitcode == 0
    assert classifier.output("a good film").tobytes() == expected
    print("same" if found == expected else found)
"""


@pytest.mark.parametrize(
    ("threads", "said"), [("1", "same"), ("2", "a classifier with several threads was forked")]
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_has_an_engine_of_its_own_or_says_why_not(bundle, threads, said):
    command = [sys.executable, "-c", _FORK, str(bundle), threads]
    done = subprocess.run(command, capture_output=True, timeout=90, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said)


def _resident_bytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_many_predictions_do_not_grow_the_process(classifier):
    texts = make_texts(50)
    for text in texts * 40:
        classifier.predict(text)
    before = _resident_bytes()
    for text in texts * 200:
        classifier.predict(text)
    # 10,000 predictions here; benchmarks/endurance.py makes 100,000 of them.
    assert _resident_bytes() - before < 1 << 20
