"""`python -m tools.docs.write`: write the generated files of `docs/reference/`.

The command line's reference and the JSON schemas are committed, so that they can be read and linked
to in the repository. A test fails if they are stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tools.docs.cli_reference import cli_page
from tools.docs.schemas import SCHEMAS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def reference_files() -> dict[str, str]:
    """Return the text of each generated file by its name."""
    schemas = {
        f"{name}.schema.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
        for name, schema in SCHEMAS.items()
    }
    return {"cli.md": cli_page(), **schemas}


def main() -> None:
    """Write the files that changed, and print their paths."""
    for name, text in reference_files().items():
        file = FOLDER / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8", newline="\n")
            sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
