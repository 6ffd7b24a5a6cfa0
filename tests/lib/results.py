# SPDX-License-Identifier: Apache-2.0
"""Counts what junit files say. As a program: sums those of a directory, and fails unless all passed."""

import sys
import xml.etree.ElementTree as tree
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def good(self) -> bool:
        """Skipped counts against us, since nobody looks at it otherwise."""
        return bool(self.passed) and not self.failed and not self.skipped

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def count(paths: Iterable[Path]) -> Counts:
    total = dict.fromkeys(("tests", "failures", "errors", "skipped", "disabled"), 0)
    for path in paths:
        root = tree.parse(path).getroot()
        for suite in [root] if root.tag == "testsuite" else root.findall("testsuite"):
            for name in total:
                total[name] += int(suite.get(name) or 0)
    failed = total["failures"] + total["errors"]
    skipped = total["skipped"] + total["disabled"]
    return Counts(total["tests"] - failed - skipped, failed, skipped)


if __name__ == "__main__":
    counts = count(Path(sys.argv[1]).glob("*.xml"))
    print(counts)
    sys.exit(0 if counts.good else 1)
