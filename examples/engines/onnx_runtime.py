"""Run an ONNX bundle's model in ONNX Runtime yourself: python onnx_runtime.py BUNDLE TEXT...

edgernn's runtime only reads the bundle and makes the ids. `classifier.predict` does all of this.
"""

import sys

import numpy as np
import onnxruntime

import edgernn_runtime


def main(bundle: str, *texts: str) -> None:
    """Print the model's output for each text."""
    with edgernn_runtime.load(bundle) as classifier:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            bytes(classifier.bundle.model), options, providers=["CPUExecutionProvider"]
        )
        inputs = {one.name for one in session.get_inputs()}
        for text in texts:
            ids = classifier.tokenize(text)  # int32 [T]
            if len(ids) == 0:
                print(list(classifier.bundle.manifest.empty), text, sep="\t")
                continue
            # Some models also take the number of tokens.
            feeds = {"ids": ids[np.newaxis], "lengths": np.array([len(ids)], np.int32)}
            (output,) = session.run(None, {name: feeds[name] for name in inputs})
            print(output[0].tolist(), text, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
