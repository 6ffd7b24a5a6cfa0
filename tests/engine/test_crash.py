# SPDX-License-Identifier: Apache-2.0
"""The crash matrix: whatever dies or lies at whatever step of a swap, nobody is lost.

Ten consumers of ten shapes are re-created at the same time, each held in the relay at a step of its
own, before the engine has seen the request or before the daemon has seen the answer. When all are
held, the daemon, or the engine with all containers, or both are killed, once. What an engine can
answer wrongly needs no holding: each consumer gets its wrong answer at its step.

A cell of the table is one fault at one step, over all shapes that have such a step. The full run
fills it all; the ordinary one shows each step under each fault with one shape.
"""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from lib import images
from lib.bystanders import Bystanders
from lib.consumers import records
from lib.crowd import SHAPES, Crowd, members, steps_for, subject
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Action, Drop, Exchange, Hold, Moment, Relay, Reply
from lib.steps import Steps, steps_of
from lib.tables import publish
from lib.wait import Timeout

FULL = bool(os.environ.get("COOLLAMA_FULL"))
REQUEST, ANSWER = Moment.REQUEST, Moment.ANSWER
HELD_AT_ONCE = 8  # as many consumers are worked on at a time
Point = tuple[str, Moment]


def hang(over: threading.Event) -> Action:
    def act(_: Exchange) -> Drop:
        over.wait(300)
        return Drop()

    return act


@dataclass(frozen=True)
class Fault:
    moments: tuple[Moment, ...]
    quick: tuple[Moment, ...]  # in the ordinary run
    answer: Callable[[threading.Event], Action] | None = None  # what the relay does; else all are held
    engine_dies: bool = False
    daemon_dies: bool = False


BOTH, BEFORE, AFTER = (REQUEST, ANSWER), (REQUEST,), (ANSWER,)
FAULTS = {
    "daemon killed": Fault(BOTH, BOTH, daemon_dies=True),
    "engine killed": Fault(BOTH, BEFORE, engine_dies=True),
    "host rebooted": Fault(BOTH, AFTER, engine_dies=True, daemon_dies=True),
    "cut": Fault(BOTH, AFTER, lambda _: lambda _: Drop()),
    "500": Fault(BOTH, BEFORE, lambda _: lambda _: Reply(500, "something went wrong")),
    "409": Fault(BEFORE, BEFORE, lambda _: lambda _: Reply(409, "there is a conflict")),
    "404": Fault(BEFORE, BEFORE, lambda _: lambda _: Reply(404, "No such container")),
    "time-out": Fault(AFTER, AFTER, hang),
}
LIES = ("cut", "500", "409", "404") + (("time-out",) if FULL else ())  # which take minutes
# What is shown by one test: a fault, or in the ordinary run all lies together.
GROUPS = {name: [name] for name in FAULTS if FULL or name not in (*LIES, "time-out")} | (
    {} if FULL else {"lies": list(LIES)}
)
CASES = [
    (version, group)
    for version in ("20.10", "28.5")
    for group in GROUPS
    if FULL or version == "28.5" or not FAULTS.get(group, FAULTS["cut"]).engine_dies
]


@dataclass
class Matrix:
    engine: Engine
    cells: dict[tuple[Point, str], list[str]] = field(default_factory=dict)  # what was lost

    tried: dict[tuple[Point, str], int] = field(default_factory=dict)

    def note(self, fault: str, shape: str, point: Point, wrong: str) -> None:
        self.tried[point, fault] = self.tried.get((point, fault), 0) + 1
        if wrong:
            self.cells.setdefault((point, fault), []).append(f"{shape} ({wrong})")

    def markdown(self) -> str:
        lines = ["| step | " + " | ".join(FAULTS) + " |", "|---" * (len(FAULTS) + 1) + "|"]
        for step in steps_of(self.engine):
            for moment, word in ((REQUEST, "before"), (ANSWER, "after")):
                cells = [self._cell(fault, (step, moment)) for fault in FAULTS]
                lines.append(f"| {word} {step} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def _cell(self, fault: str, point: Point) -> str:
        tried = self.tried.get((point, fault), 0)
        lost = self.cells.get((point, fault), [])
        return f"{tried - len(lost)}/{tried}" + "".join(f" {name}" for name in lost) if tried else ""


MATRICES: dict[str, Matrix] = {}  # of each engine's version, over all tests
Round = dict[str, tuple[str, Point]]  # fault and point by shape


def points_of(engine: Engine, name: str) -> list[Point]:
    """In the ordinary run the older engine shows what is its own."""
    fault, steps = FAULTS[name], steps_of(engine)
    if FULL:
        return [(step, moment) for step in steps for moment in fault.moments]
    if engine.version == "20.10":
        steps = ["create", "connect", "start"]
    return [(step, moment) for step in steps for moment in fault.quick]


def rounds_of(engine: Engine, names: list[str]) -> list[Round]:
    """Each shape at each point, or in the ordinary run each point with one of them; as many at a time
    as there is room for, and those of one step together: time-outs are not of the same length."""
    pairs: list[tuple[str, tuple[str, Point]]] = []
    used = dict.fromkeys(SHAPES, 0)
    for name in names:
        for point in points_of(engine, name):
            able = [shape for shape in SHAPES if point[0] in steps_for(engine, shape)]
            for shape in able if FULL else [min(able, key=lambda shape: used[shape])]:
                pairs.append((shape, (name, point)))
                used[shape] += 1
    room = len(SHAPES) if names[0] in LIES and names != ["time-out"] else HELD_AT_ONCE
    rounds: list[Round] = []
    for shape, what in pairs:
        free = [r for r in rounds if shape not in r and len(r) < room]
        if not free:
            rounds.append({})
            free = rounds[-1:]
        free[0][shape] = what
    return rounds


class Scene:
    """One engine of its own, which is killed again and again, and the crowd on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.relay = Relay(engine.machine.path / "crash.sock", engine.socket)
        self.matrix = MATRICES.setdefault(engine.version, Matrix(engine))
        self.number = 0
        self.died = False
        self.people()

    def people(self) -> None:
        self.crowd = Crowd(self.engine)
        self.bystanders = Bystanders(self.engine, [subject(shape) for shape in SHAPES])
        self.crowd.expect_others()
        self.died = False

    def play(self, chosen: Round) -> None:
        """One round; whoever is lost by it is noted, and made anew."""
        self.number += 1
        url = f"http://host.docker.internal:{20000 + self.number}"
        config = {"provider": {"mode": "external", "url": url}, "proxy": {"secured": "no"}}
        self.relay.forget()
        steps = Steps(self.engine, self.relay)
        over = threading.Event()
        holds: list[Hold] = []
        for shape in SHAPES:
            steps.follow(subject(shape))
        for shape, (name, (step, moment)) in chosen.items():
            answer = FAULTS[name].answer
            if answer is None:
                holds.append(steps.hold(subject(shape), step, moment))
            else:
                steps.on(subject(shape), step, moment, answer(over))
        daemon = Daemon(self.engine, config, self.relay.path).start(ready=False)
        try:
            self.watch(daemon, chosen, holds, steps, url)
            daemon.close()
        except BaseException:
            daemon.kill()
            self.engine.reset()
            self.people()
            raise
        finally:
            over.set()
            self.relay.forget()

    def watch(
        self, daemon: Daemon, chosen: Round, holds: list[Hold], steps: Steps, url: str
    ) -> None:
        faults = [FAULTS[name] for name, _ in chosen.values()]
        for hold in holds:
            hold.wait(60)
        if holds:
            self.strike(faults[0], daemon, holds)
        hangs = any(fault.answer is hang for fault in faults)
        wrong = self.outcome(daemon, url, faults[0].engine_dies, 420 if hangs else 120)
        unseen = [s for s, (_, point) in chosen.items() if not steps.seen(subject(s), point[0])]
        assert not unseen, f"never came: {unseen}\n{daemon.dump()}"
        for shape, (name, point) in chosen.items():
            self.matrix.note(name, shape, point, wrong.get(shape, ""))
        publish(f"crash-{self.engine.version}", self.matrix.markdown())
        assert not wrong, f"{chosen}\n{wrong}\n{self.seen()}\n" + "\n".join(daemon.lines)

    def strike(self, fault: Fault, daemon: Daemon, holds: list[Hold]) -> None:
        if fault.daemon_dies:
            daemon.kill()
            assert records(daemon), "nothing was open"
        if fault.engine_dies:
            self.died = True
            self.engine.cut_power()
        for hold in holds:
            hold.release(Drop())
        self.relay.cut()
        if fault.engine_dies:
            self.engine.start()
        if fault.daemon_dies:
            daemon.start(ready=False)

    def outcome(self, daemon: Daemon, url: str, engine_died: bool, seconds: float) -> dict[str, str]:
        """What is wrong with which shape when all is quiet, or when it does not become quiet."""

        def wrong(may_be_down: bool = False) -> dict[str, str]:
            found = {}
            for shape in SHAPES:
                forgiven = may_be_down and shape == "never"
                texts = [self.crowd.wrong(name, url, forgiven) for name in members(shape)]
                found[shape] = ", ".join(text for text in texts if text)
            found["leftovers"] = " ".join(self.crowd.leftovers() + records(daemon))
            return {shape: text for shape, text in found.items() if text}

        try:
            # Without a restart policy it is nobody's to start when its engine died.
            daemon.wait_for(lambda: not wrong(engine_died), "all are linked", seconds)
            if wrong():
                self.engine.docker("start", "never")
            daemon.wait_for(lambda: not wrong(), "what is started is linked", 60)
        except Timeout:
            return wrong()
        return {}

    def seen(self) -> str:
        listed = self.crowd.listed().items()
        return "\n".join(f"{name}: {row['State']} {row['Status']}" for name, row in listed)


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    engine = Engine(request.param)
    try:
        images.busybox().load(engine.start())
        scene = Scene(engine)
        yield scene
        scene.relay.close()
        engine.reset()
    finally:
        engine.close()


@pytest.mark.parametrize("scene, group", CASES, indirect=["scene"])
def test_nobody_is_lost_and_no_bystander_is_touched(scene: Scene, group: str) -> None:
    failed = []
    for chosen in rounds_of(scene.engine, GROUPS[group]):
        try:
            scene.play(chosen)
        except AssertionError as error:
            print(error, flush=True)
            failed.append(str(error))
    assert not failed, "\n\n".join(failed)
    scene.bystanders.unchanged(engine_died=scene.died)
