"""Run a TFLite bundle's model in LiteRT yourself: python litert.py BUNDLE TEXT...

edgernn's runtime only reads the bundle and makes the ids. `classifier.predict` does all of this.
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import edgernn_runtime


def main(bundle: str, *texts: str) -> None:
    """Print the model's output for each text."""
    with edgernn_runtime.load(bundle) as classifier:
        interpreter = Interpreter(
            model_content=bytes(classifier.bundle.model),
            # XNNPACK has no kernel for the recurrent operator.
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        (input_,) = interpreter.get_input_details()
        (output,) = interpreter.get_output_details()
        for text in texts:
            ids = classifier.tokenize(text)  # int32 [T]
            if len(ids) == 0:
                print(list(classifier.bundle.manifest.empty), text, sep="\t")
                continue
            interpreter.resize_tensor_input(input_["index"], (1, len(ids)))
            interpreter.allocate_tensors()
            # The recurrent operator keeps its state between calls.
            interpreter.reset_all_variables()
            interpreter.set_tensor(input_["index"], ids[np.newaxis])
            interpreter.invoke()
            print(interpreter.get_tensor(output["index"])[0].tolist(), text, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
