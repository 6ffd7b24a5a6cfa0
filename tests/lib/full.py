# SPDX-License-Identifier: Apache-2.0
"""The full run: every file of tests by itself, so that it can be interrupted and gone on with.

    python3 -m lib.full [FILE...]

Started again on the same tree it goes on with what has not passed yet; the files that are named are
run in any case. Its state is build/dev/full: state.json, and of each part its junit file, its whole
output and its tables. At its end it renews tests/full.md (report.py). tests/run has built by then.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from . import report
from .cache import SOURCE
from .results import Counts, count

BUILD = SOURCE / "build" / "dev"
STATE = BUILD / "full"
DIRECTORIES = ("proxy", "engine", "host")


@dataclass(frozen=True)
class Part:
    name: str  # "unit", or a file of tests: "engine/test_race.py"

    @property
    def directory(self) -> Path:
        return STATE / self.name.replace("/", "-").removesuffix(".py")

    def command(self) -> list[str]:
        junit = str(self.directory / "junit.xml")
        if self.name == "unit":
            return ["ctest", "--test-dir", str(BUILD), "--output-on-failure", "--output-junit", junit, "-j2"]
        # Debian's own Python, whatever else is installed.
        words = ["/usr/bin/python3", "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir", "tests"]
        return [*words, "--durations=5", "--junitxml", junit, f"tests/{self.name}"]

    def run(self) -> bool:
        """Its output is shown, and kept. True when all has passed and nothing was skipped."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        env = os.environ | {"COOLLAMA_FULL": "1", "COOLLAMA_TABLES": str(self.directory / "tables")}
        with (self.directory / "output.txt").open("w") as kept, subprocess.Popen(
            self.command(), cwd=SOURCE, env=env, text=True, errors="replace", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            assert process.stdout
            for line in process.stdout:
                print(line, end="", flush=True)
                kept.write(line)
        return process.returncode == 0 and self.counts().good

    def counts(self) -> Counts:
        junit = self.directory / "junit.xml"
        return count([junit]) if junit.exists() else Counts(failed=1)

    def tables(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in (self.directory / "tables").glob("*.md")}


def parts() -> list[Part]:
    paths = [path for name in DIRECTORIES for path in sorted((SOURCE / "tests" / name).glob("test_*.py"))]
    return [Part("unit"), *(Part(str(path.relative_to(SOURCE / "tests"))) for path in paths)]


def chosen(words: list[str]) -> list[Part]:
    """By their paths, or their names, as people type them."""
    found = []
    for word in words:
        fits = [part for part in parts() if f"/tests/{part.name}".endswith(f"/{word.removeprefix('./')}")]
        if len(fits) != 1:
            names = "\n  ".join(part.name for part in parts())
            sys.exit(f"tests/run full: {word} is not one part of it; these are:\n  {names}")
        found += fits
    return found


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=SOURCE, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Tree:
    commit: str  # short; with "+" when there is more than the commit
    digest: str  # of what there is more


def tree() -> Tree:
    """What is tested. The report itself is no part of it."""
    aside = f":!{report.FILE.relative_to(SOURCE)}"
    more = git("diff", "HEAD", "--", ".", aside)
    for name in git("ls-files", "-o", "--exclude-standard", "--", ".", aside).splitlines():
        more += name + hashlib.sha256((SOURCE / name).read_bytes()).hexdigest()
    commit = git("rev-parse", "--short=10", "HEAD").strip()
    return Tree(f"{commit}+" if more else commit, hashlib.sha256(more.encode()).hexdigest() if more else "")


@dataclass
class Outcome:
    passed: bool
    seconds: float
    date: str


class State:
    """What has run on this tree so far."""

    def __init__(self, now: Tree) -> None:
        self.tree, self.outcomes = now, dict[str, Outcome]()
        self._path = STATE / "state.json"
        saved = json.loads(self._path.read_text()) if self._path.exists() else {}
        if saved.get("tree") == asdict(now):
            self.outcomes = {name: Outcome(**one) for name, one in saved["outcomes"].items()}
        else:
            shutil.rmtree(STATE, ignore_errors=True)

    def passed(self, part: Part) -> bool:
        return part.name in self.outcomes and self.outcomes[part.name].passed

    def put(self, part: Part, outcome: Outcome) -> None:
        self.outcomes[part.name] = outcome
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"tree": asdict(self.tree), "outcomes": self.outcomes}, default=asdict))
        fresh.rename(self._path)


def write(state: State) -> None:
    known = report.read(report.FILE.read_text()) if report.FILE.exists() else report.Report()
    last = ""
    for part in parts():
        if part.name in state.outcomes:
            one = state.outcomes[part.name]
            origin = report.Origin(part.name, state.tree.commit, one.date)
            known.put(origin, part.counts(), one.seconds, part.tables())
            last = max(last, one.date)
    known.keep_only([part.name for part in parts()])
    report.FILE.write_text(known.text(report.about(state.tree.commit, last)))


def main(words: list[str]) -> int:
    named = chosen(words)
    state = State(tree())
    todo = named or [part for part in parts() if not state.passed(part)]
    done = len(parts()) - len(todo)
    if done and not named:
        print(f"going on at {state.tree.commit}: {done} parts have passed, {len(todo)} have not")
    for number, part in enumerate(todo, 1):
        print(f"\n== {part.name} ({number} of {len(todo)})", flush=True)
        began = time.monotonic()
        passed = part.run()
        date = time.strftime("%Y-%m-%d", time.gmtime())
        state.put(part, Outcome(passed, time.monotonic() - began, date))
    write(state)
    broken = [part for part in named or parts() if not state.passed(part)]
    print(f"\n{report.FILE.relative_to(SOURCE)} is renewed")
    for part in named or parts():
        print(f"{'' if state.passed(part) else 'NOT PASSED '}{part.name}: {part.counts()}")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; tests/run full goes on from here")
