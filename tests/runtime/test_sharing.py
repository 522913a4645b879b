"""Threads share a classifier, a forked process opens its own engine, pickling is refused."""

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


def test_eight_threads_have_the_outputs_of_one_bit_for_bit(classifier):
    texts = make_texts(100)
    alone = [classifier.output(text).tobytes() for text in texts]
    start = threading.Barrier(8)

    def many(offset):
        start.wait()
        return [classifier.output(texts[(offset + i) % 100]).tobytes() for i in range(1000)]

    with ThreadPoolExecutor(8) as pool:
        for offset, found in enumerate(pool.map(many, range(8))):
            assert found == [alone[(offset + i) % 100] for i in range(1000)]


def test_a_pickle_is_refused(classifier):
    with pytest.raises(SharingError, match="cannot be pickled") as caught:
        pickle.dumps(classifier)
    assert "load the bundle there" in str(caught.value)


#: In a process without tensorflow, whose own threads do not survive a fork.
_FORK = """
import multiprocessing, sys
from edgernn_runtime import EdgernnError, load

def predict(classifier, pipe):
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
        child = context.Process(target=predict, args=(classifier, theirs))
        child.start()
    assert ours.poll(30)
    found = ours.recv()
    child.join()
    assert child.exitcode == 0
    assert classifier.output("a good film").tobytes() == expected
    print("same" if found == expected else found)
"""


@pytest.mark.parametrize(
    ("threads", "message"), [("1", "same"), ("2", "a classifier with several threads was forked")]
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_opens_its_own_engine_or_raises(bundle, threads, message):
    command = [sys.executable, "-c", _FORK, str(bundle), threads]
    done = subprocess.run(command, capture_output=True, timeout=90, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(message)


#: Another thread of the parent holds the lock at the fork.
_CLOSE = """
import multiprocessing, sys
from edgernn_runtime import load
from edgernn_runtime.errors import ClosedError

def close(classifier):
    classifier.close()
    classifier.close()
    try:
        classifier.output("a good film")
    except ClosedError:
        sys.exit(7)

def leave(classifier):
    with classifier:
        pass
    close(classifier)

path, threads, target = sys.argv[1], int(sys.argv[2]), globals()[sys.argv[3]]
context = multiprocessing.get_context("fork")
with load(path, threads=threads) as classifier:
    expected = classifier.output("a good film").tobytes()
    with classifier._lock:
        child = context.Process(target=target, args=(classifier,))
        child.start()
        child.join(20)
    if child.is_alive():
        child.kill()
    child.join()
    assert classifier.output("a good film").tobytes() == expected
    print(child.exitcode)
"""


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("target", ["close", "leave"])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_closes_a_classifier_whose_lock_the_parent_holds(bundle, threads, target):
    command = [sys.executable, "-c", _CLOSE, str(bundle), threads, target]
    done = subprocess.run(command, capture_output=True, timeout=90, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "7\n"


#: All threads of a forked process wait for the one engine that it opens.
_THREADS_AFTER_FORK = """
import multiprocessing, sys, time
from concurrent.futures import ThreadPoolExecutor
from edgernn_runtime import classifier as module, load

opened = []
open_engine = module.open_engine

def predict(classifier, expected):
    def slow(*arguments):
        opened.append(1)
        time.sleep(0.2)
        return open_engine(*arguments)

    module.open_engine = slow
    with ThreadPoolExecutor(4) as pool:
        found = [one.tobytes() for one in pool.map(classifier.output, ["a good film"] * 40)]
    sys.exit(10 * (found != [expected] * 40) + len(opened))

with load(sys.argv[1]) as classifier:
    expected = classifier.output("a good film").tobytes()
    child = multiprocessing.get_context("fork").Process(target=predict, args=(classifier, expected))
    child.start()
    child.join(60)
    print(child.exitcode)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_the_threads_of_a_fork_open_one_engine(bundle):
    command = [sys.executable, "-c", _THREADS_AFTER_FORK, str(bundle)]
    done = subprocess.run(command, capture_output=True, timeout=90, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1\n"


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
