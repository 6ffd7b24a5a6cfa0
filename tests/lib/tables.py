# SPDX-License-Identifier: Apache-2.0
"""Tables that the tests make: printed, and kept by the full run for tests/full.md."""

import os
import sys
from pathlib import Path


def publish(name: str, markdown: str) -> None:
    """Shows it past pytest's capture; $COOLLAMA_TABLES is the directory of the full run."""
    print(f"\n{markdown}", file=sys.__stdout__, flush=True)
    directory = os.environ.get("COOLLAMA_TABLES")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        (Path(directory) / f"{name}.md").write_text(markdown.rstrip() + "\n")
