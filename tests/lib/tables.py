# SPDX-License-Identifier: Apache-2.0
"""Tables that the tests make: printed when all have run, and kept by the full run for tests/full.md."""

import os
from pathlib import Path

published: dict[str, str] = {}


def publish(name: str, markdown: str) -> None:
    """Under one name the last one counts. $COOLLAMA_TABLES is the directory of the full run."""
    published[name] = markdown.rstrip()
    directory = os.environ.get("COOLLAMA_TABLES")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        (Path(directory) / f"{name}.md").write_text(published[name] + "\n")
