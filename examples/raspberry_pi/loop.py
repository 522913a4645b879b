"""Classify the texts that appear in a folder: python loop.py BUNDLE FOLDER.

It needs the runtime alone. Another program, such as a speech recognizer or a mail filter, moves
`.txt` files into the folder. Each is classified once and removed. Ctrl-C ends the loop.
"""

import sys
import time
from pathlib import Path

import edgernn_runtime

SECONDS_BETWEEN_LOOKS = 0.5


def act(label: str | None, text: str) -> None:
    """Do what a label asks for; here, print it. None is a text that reaches no threshold.

    To switch an LED on GPIO 17 instead: `pip install gpiozero lgpio`, then

        led = gpiozero.LED(17)
        led.value = label == "neg"
    """
    print(label or "-", text, sep="\t", flush=True)


def classify_folder(classifier: edgernn_runtime.Classifier, folder: Path) -> None:
    """Classify and remove the files in a folder, in the order of their names."""
    for file in sorted(folder.glob("*.txt")):
        # Renamed first: another file may get this name while its text is classified.
        taken = file.replace(file.with_suffix(".taken"))
        text = taken.read_text(encoding="utf-8", errors="replace").strip()
        taken.unlink()
        act(classifier.predict(text).label, text)


def main(bundle: str, folder: str) -> None:
    """Look into the folder until Ctrl-C."""
    with edgernn_runtime.load(bundle, mapped=True) as classifier:
        try:
            while True:
                classify_folder(classifier, Path(folder))
                time.sleep(SECONDS_BETWEEN_LOOKS)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main(*sys.argv[1:3])
