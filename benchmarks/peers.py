"""The usual ways from a Keras model to a device, measured beside the bundles.

python benchmarks/peers.py [--model model] [--seconds 5] [--tokens 200]

Converts the model with Keras, TFLite's converter and tf2onnx, and with tf-keras, OpenVINO and
PyTorch if they are installed (the extra `peers`), and measures the results like `edgernn bench`. A
peer that fails is a row with its error. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from peer_variants import peer_variants

from edgernn.benchmarking.plan import Request, make_plan
from edgernn.benchmarking.run import run
from edgernn.benchmarking.tables import tables
from edgernn.console import markdown, print_status
from edgernn.model_folder import read_model_folder


def main() -> None:
    """Print the overview table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--tokens", type=int, default=200, help="the length of the timed texts")
    options = parser.parse_args()
    request = Request(quick=True, seconds=options.seconds, tokens=options.tokens)
    plan = make_plan(read_model_folder(options.model), request)
    with tempfile.TemporaryDirectory() as folder:
        print_status("converting the model with the peers")
        peers = peer_variants(plan.model, plan.tokenizer_bundle, Path(folder))
        report = run(plan, [*plan.variants, *peers], print_status)
    if report.partial:
        sys.exit("interrupted")
    print(markdown(tables(report)[0]))


if __name__ == "__main__":
    main()
