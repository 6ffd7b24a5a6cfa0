# SPDX-License-Identifier: Apache-2.0
"""tests/full.md: what the last full run came to, part by part, and the tables that its tests made.

The file is its own memory: what a run did not touch stays as it stood there, with the commit and
the date that it comes from.
"""

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

from .cache import CACHE, SOURCE
from .results import Counts

FILE = SOURCE / "tests" / "full.md"
_INTRODUCTION = """# The full run

Written by `tests/run full`, which runs every test with its large numbers. A part or a table that the
last run did not touch keeps the commit and the date that it comes from; a part that failed renews no
table."""
_PARTS = "Parts"
_HEAD = "| part | passed | failed | skipped | minutes | commit | date |\n|---|---|---|---|---|---|---|"
_FROM = re.compile(r"From `(.*)` at (.*), (\d{4}-\d\d-\d\d)\.$")


@dataclass(frozen=True)
class Origin:
    part: str
    commit: str
    date: str

    def __str__(self) -> str:
        return f"From `{self.part}` at {self.commit}, {self.date}."


@dataclass
class Report:
    parts: dict[str, str] = field(default_factory=dict)  # a row of each, by name
    tables: dict[str, tuple[Origin, str]] = field(default_factory=dict)

    def put(self, origin: Origin, counts: Counts, seconds: float, tables: dict[str, str]) -> None:
        """One part has run."""
        cells = [f"`{origin.part}`", counts.passed, counts.failed, counts.skipped, f"{seconds / 60:.1f}"]
        cells += [origin.commit, origin.date]
        self.parts[origin.part] = f"| {' | '.join(map(str, cells))} |"
        if counts.good:
            self.tables = {name: old for name, old in self.tables.items() if old[0].part != origin.part}
            self.tables |= {name: (origin, text) for name, text in tables.items()}

    def keep_only(self, parts: list[str]) -> None:
        """What is not there any more is not told of; the order is theirs."""
        self.parts = {name: self.parts[name] for name in parts if name in self.parts}
        self.tables = {name: table for name, table in self.tables.items() if table[0].part in parts}

    def text(self, about: dict[str, str]) -> str:
        told = "\n".join(["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in about.items())])
        sections = [_INTRODUCTION, told, f"## {_PARTS}", "\n".join([_HEAD, *self.parts.values()])]
        for name, (origin, text) in sorted(self.tables.items()):
            # A heading of a table's own is one below its name.
            sections += [f"## {name}", str(origin), re.sub(r"(?m)^##? ", "### ", text.strip())]
        return "\n\n".join(sections) + "\n"


def read(text: str) -> Report:
    """What text() wrote."""
    report = Report()
    for section in re.split(r"(?m)^## ", text)[1:]:
        name, _, body = section.partition("\n")
        origin, _, rest = body.strip().partition("\n")
        match = _FROM.match(origin)
        if match:
            report.tables[name] = (Origin(*match.groups()), rest.strip())
        elif name == _PARTS:
            for row in re.finditer(r"(?m)^\| `(.*?)` \|.*$", body):
                report.parts[row[1]] = row[0]
    return report


def about(commit: str, date: str) -> dict[str, str]:
    """Of the last run: when and on what."""
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    assert memory
    machine = f"{os.cpu_count()} cores, {int(memory[1]) / 2**20:.1f} GB of memory"
    machine += f", {platform.system()} {platform.release()}, {platform.machine()}"
    told = {"date": date, "commit": commit, "machine": machine}
    lines = (CACHE / "versions").read_text().splitlines()
    for line in lines:
        if not line.endswith(".deb"):
            what, _, version = line.replace("runc version", "runc:").partition(": ")
            told[what] = f"{told[what]}; {version.strip()}" if what in told else version.strip()
    for suite in ("bookworm", "trixie", "sid"):
        files = [line.partition("/")[2] for line in lines if line.startswith(f"{suite}/")]
        told[f"from {suite}"] = ", ".join(" ".join(file.split("_")[:2]) for file in files)
    status = CACHE / "host-base" / "var" / "lib" / "dpkg" / "status"
    if status.exists():
        match = re.search(r"(?m)^Package: systemd\n(?:.+\n)*?Version: (.*)$", status.read_text())
        told["systemd of the hosts"] = match[1] if match else "unknown"
    return told
