# SPDX-License-Identifier: Apache-2.0
"""Outages at random, and what the rule of recovery says of each, from what was observed alone.

Nothing here asks coollama whom it would restart: the rule is written down once more (expected()), and
what was done is read in the engine's own event log."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .engine import Engine

Run = tuple[str, str]  # id and StartedAt


@dataclass(frozen=True)
class Consumer:
    name: str  # the container's
    shown: str  # in status; "": it did not opt in
    action: str = "restart"  # what happens to it after an outage: its label, else the configuration
    asks: bool = False  # all the time, by itself


@dataclass
class Outage:
    number: int
    kind: str = ""
    began: float = 0.0  # monotonic: just before Ollama was taken away
    noticed: float = 0.0  # coollamad knew it by then; 0: nobody saw it begin
    found: bool = False  # a coollamad that came later found Ollama down
    back: float = 0.0  # just before Ollama was started again
    over: float = 0.0  # coollamad says that it is up
    before: dict[str, Run] = field(default_factory=dict)  # who ran when it was noticed
    after: dict[str, Run] = field(default_factory=dict)  # who ran when it ended
    killed: str = "never"  # when the daemon was
    users: list[str] = field(default_factory=list)  # what people did meanwhile
    close: bool = False  # too close to min-outage to be judged from outside
    counted: bool = False

    def judge(self, min_outage: float, said: str) -> None:
        """Did it count? Its bounds are measured here; what coollamad said decides only what lies between
        them, and whether it saw anything of one that left Ollama in the same run."""
        if self.noticed:
            least, most = self.back - self.noticed, self.over - self.began
            self.close = least < min_outage <= most
            self.counted = said == "counts" if self.close else least >= min_outage
        elif self.found or self.kind == "ollama":
            self.counted = True  # nobody knows how long it lasted
        else:
            self.close = True
            self.counted = said != ""

    def expected(self, consumer: Consumer) -> int:
        """Restarts of this consumer that the rule says."""
        run = self.after.get(consumer.name)
        if not self.counted or run is None or not consumer.shown or consumer.action == "none":
            return 0
        lived = bool(self.noticed) and self.before.get(consumer.name) == run
        if lived and consumer.action == "restart":
            return 1
        return 0 if consumer.asks else 1


def running(engine: Engine, names: Iterable[str]) -> dict[str, Run]:
    """Of those that are there, at once: a short outage must stay one."""
    documents = json.loads(engine.client("inspect", "--type", "container", *names).stdout)
    return {d["Name"][1:]: (d["Id"], d["State"]["StartedAt"]) for d in documents if d["State"]["Running"]}


@dataclass(frozen=True)
class Event:
    action: str
    id: str
    nanoseconds: int


def events(engine: Engine, since: float, until: float) -> list[Event]:
    """The engine's own log of its containers between two times of the wall clock."""
    words = ["events", "--since", f"{since:.6f}", "--until", f"{until:.6f}", "--format", "{{json .}}"]
    words += ["--filter", "type=container"]
    found = [json.loads(line) for line in engine.docker(*words).splitlines()]
    return [Event(e["Action"], e["Actor"]["ID"], e["timeNano"]) for e in found]


def restarts(log: list[Event]) -> list[tuple[str, int, int]]:
    """Of each restart the container, when its stop began and when it ran again."""
    begun: dict[str, int] = {}
    found = []
    for event in log:
        if event.action == "kill":
            begun.setdefault(event.id, event.nanoseconds)
        elif event.action == "restart":
            found.append((event.id, begun.pop(event.id, event.nanoseconds), event.nanoseconds))
    return found


def most_at_a_time(done: list[tuple[str, int, int]]) -> int:
    edges = sorted([(begin, 1) for _, begin, _ in done] + [(end, -1) for _, _, end in done])
    now = most = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


def clock(work: Callable[[], object]) -> float:
    """Does it; the monotonic time just before."""
    before = time.monotonic()
    work()
    return before
