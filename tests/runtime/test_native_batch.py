"""Many texts at once: the bits of each text alone, on every kernel, and what a bad text does."""

from __future__ import annotations

import shutil
import subprocess
import threading

import pytest

from edgernn_runtime import ClosedError, OptionError, Prediction, TextError, load
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.engines import native
from tests.runtime.graph_networks import GRAPHS, graph_of
from tests.runtime.stream_networks import CONSTANT, GROWING, stream_of
from tests.runtime.test_libedgernn import LIBRARY, SAMPLE, bundle_of
from tests.runtime.test_native import SHAPES, network_of
from tests.runtime.test_native_c import build
from tests.runtime.wide_networks import both_of

_native = pytest.importorskip("edgernn_runtime._native", reason="the C library was not built")

WORDS = [f"w{i}" for i in range(2, 50)]


def some_texts(count=300):
    """Return texts of 0 to 90 words, in an order without a pattern."""
    lengths = [(i * i * 7 + 3 * i) % 91 for i in range(count)]
    return [" ".join(WORDS[(i * 5 + k * 11) % 48] for k in range(n)) for i, n in enumerate(lengths)]


@pytest.mark.parametrize("kernels", _native.kernels())
@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("shape", ["lstm", "gru", "gru_before", "rnn", "odd_sizes", "sum"])
def test_a_batch_has_the_bits_of_each_text_alone(shape, recipe, kernels, tmp_path):
    bundle = read_bundle(bundle_of(tmp_path, recipe, network=network_of(3, **SHAPES[shape])))
    engine = native.Engine(bundle.model, 1, kernels)
    texts = [text.encode() for text in some_texts(60)]
    assert engine.classify_batch(texts) == [engine.classify(text) for text in texts]


@pytest.mark.parametrize("kernels", _native.kernels())
@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("name", [*CONSTANT, *GROWING])
def test_a_text_in_blocks_has_the_bits_of_whole_sequences(name, recipe, kernels, tmp_path):
    """A batch keeps the sequences of all layers; one text keeps what the next layer needs."""
    bundle = read_bundle(bundle_of(tmp_path, recipe, network=stream_of(name)))
    texts = [text.encode() for text in some_texts(60)]
    expected = native.Engine(bundle.model, 1, kernels).classify_batch(texts)
    for threads in (1, 2):
        engine = native.Engine(bundle.model, threads, kernels)
        assert [engine.classify(text) for text in texts] == expected


@pytest.mark.parametrize("head", ["binary", "multiclass"])
@pytest.mark.parametrize("threads", [1, 3])
def test_predict_batch_gives_the_predictions_of_predict(head, threads, tmp_path):
    with load(bundle_of(tmp_path, head=head)) as classifier:
        texts = some_texts(1200)
        found = list(classifier.predict_batch(iter(texts), threads=threads))
        assert found == [classifier.predict(text) for text in texts]
        assert list(classifier.predict_batch([])) == []


def test_models_that_run_one_by_one_give_the_same(tmp_path):
    for network in (both_of(3), graph_of(next(iter(GRAPHS)))):
        with load(bundle_of(tmp_path, network=network)) as classifier:
            texts = some_texts(40)
            found = list(classifier.predict_batch(texts))
            assert found == [classifier.predict(text) for text in texts]


def test_a_bad_text_is_an_error_in_its_place(tmp_path):
    texts = ["w2", 7, "x" * (1 << 20), "y" * ((1 << 20) + 1), "w3"]
    with load(bundle_of(tmp_path)) as classifier:
        found = list(classifier.predict_or_error(texts))
        assert [type(x) for x in found] == [
            Prediction,
            TextError,
            Prediction,
            TextError,
            Prediction,
        ]
        results = classifier.predict_batch(texts)
        assert next(results) == classifier.predict("w2")
        with pytest.raises(TextError, match="text 2"):
            next(results)
        with pytest.raises(OptionError, match="threads is out of range"):
            classifier.predict_batch(texts, threads=0)
    with pytest.raises(ClosedError):
        next(classifier.predict_batch(texts))


def test_texts_are_read_a_few_windows_ahead(tmp_path):
    read = 0

    def source():
        nonlocal read
        while True:
            read += 1
            yield "w2 w3"

    with load(bundle_of(tmp_path)) as classifier:
        for threads in (1, 2):
            read = 0
            results = classifier.predict_batch(source(), threads=threads)
            next(results)
            assert read <= 512 * (threads + 1)
            results.close()


def test_a_helper_changes_no_bit_of_a_batch(tmp_path):
    bundle = read_bundle(bundle_of(tmp_path))
    texts = [text.encode() for text in some_texts(100)]
    found = native.Engine(bundle.model, 2).classify_batch(texts)
    assert found == native.Engine(bundle.model, 1).classify_batch(texts)


def test_an_engine_without_text_runs_one_by_one(tmp_path):
    with load(bundle_of(tmp_path)) as classifier:
        expected = list(classifier.predict_batch(some_texts(20)))
    with load(bundle_of(tmp_path), threads=2) as classifier:
        assert [x.label for x in classifier.predict_batch(some_texts(20))] == [
            x.label for x in expected
        ]


def test_threads_share_a_classifier(tmp_path):
    texts, found = some_texts(600), {}
    with load(bundle_of(tmp_path)) as classifier:
        expected = [classifier.predict(text) for text in texts]

        def work(index):
            found[index] = list(classifier.predict_batch(texts))

        workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert all(found[i] == expected for i in range(4))


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
def test_random_batches_are_clean_under_sanitizers(tmp_path):
    options = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover")
    program = build("batch", tmp_path / "batch", *options)
    hosts = LIBRARY.parents[1] / "tests" / "hosts" / "bundles"
    bundles = [SAMPLE, *hosts.glob("*-int8-binary*"), *hosts.glob("thresholds-*")]
    assert len(bundles) == 7
    for bundle in bundles:
        done = subprocess.run([program, bundle, "3"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [line.split()[0] for line in done.stdout.splitlines()] == _native.kernels()


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
@pytest.mark.parametrize("name", ["lstm-int8-binary", "gru-int8-binary", "padded-int8"])
def test_the_kernels_of_small_cores_have_the_bits_of_each_text_alone(name, tmp_path):
    options = ("-O1", "-DEDGERNN_TEST_SMALL_CORE", "-fsanitize=address,undefined")
    program = build("batch", tmp_path / "batch", *options)
    bundle = LIBRARY.parents[1] / "tests" / "hosts" / "bundles" / f"{name}.edgernn"
    done = subprocess.run([program, bundle, "3"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("scalar-fixed")


@pytest.mark.parametrize(
    ("compiler", "emulator"),
    [
        ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
        ("arm-linux-gnueabihf-gcc", "qemu-arm-static"),
    ],
)
def test_other_processors_have_the_bits_of_each_text_alone(compiler, emulator, tmp_path):
    for program in (compiler, emulator):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tests/device/README.md says how")
    program = build("batch", tmp_path / "batch", "-O3", "-static", compiler=compiler)
    done = subprocess.run(
        [emulator, program, SAMPLE, "2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
