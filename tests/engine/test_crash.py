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
    answer: Callable[[threading.Event], Action] | None = None  # what the relay does; else all are held
    engine_dies: bool = False
    daemon_dies: bool = False


FAULTS = {
    "daemon killed": Fault((REQUEST, ANSWER), daemon_dies=True),
    "engine killed": Fault((REQUEST, ANSWER), engine_dies=True),
    "host rebooted": Fault((REQUEST, ANSWER), engine_dies=True, daemon_dies=True),
    "cut": Fault((REQUEST, ANSWER), lambda _: lambda _: Drop()),
    "500": Fault((REQUEST, ANSWER), lambda _: lambda _: Reply(500, "something went wrong")),
    "409": Fault((REQUEST,), lambda _: lambda _: Reply(409, "there is a conflict")),
    "time-out": Fault((ANSWER,), hang),
}


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


Round = dict[str, Point]  # by shape


def pairs_of(engine: Engine, fault: Fault, number: int) -> list[tuple[str, Point]]:
    """Each shape at each point; in the ordinary run each point once, with another shape each time."""
    pairs = []
    for i, step in enumerate(steps_of(engine)):
        able = [shape for shape in SHAPES if step in steps_for(engine, shape)]
        for moment in fault.moments:
            chosen = able if FULL else [able[(2 * i + (moment is ANSWER) + 3 * number) % len(able)]]
            pairs += [(shape, (step, moment)) for shape in chosen]
    return pairs


def rounds_of(engine: Engine, fault: Fault, number: int) -> list[Round]:
    """As many pairs at a time as there is room for, those of one step together as far as they can be:
    not each time-out is of the same length."""
    rounds: list[Round] = []
    room = HELD_AT_ONCE if fault.answer in (None, hang) else len(SHAPES)
    for shape, point in pairs_of(engine, fault, number):
        free = [r for r in rounds if shape not in r and len(r) < room]
        if not free:
            rounds.append({})
            free = rounds[-1:]
        free[0][shape] = point
    return rounds


class Scene:
    """One engine of its own, which is killed again and again, and the crowd on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.relay = Relay(engine.machine.path / "crash.sock", engine.socket)
        self.matrix = Matrix(engine)
        self.number = 0
        self.died = False
        self.people()

    def people(self) -> None:
        self.crowd = Crowd(self.engine)
        self.bystanders = Bystanders(self.engine, [subject(shape) for shape in SHAPES])
        self.crowd.expect_others()
        self.died = False

    def play(self, name: str, chosen: Round) -> None:
        """One round; whoever is lost by it is noted, and made anew."""
        fault = FAULTS[name]
        self.number += 1
        url = f"http://host.docker.internal:{20000 + self.number}"
        config = {"provider": {"mode": "external", "url": url}, "proxy": {"secured": "no"}}
        self.relay.forget()
        steps = Steps(self.engine, self.relay)
        for shape in SHAPES:
            steps.follow(subject(shape))
        over = threading.Event()
        holds: list[Hold] = []
        for shape, (step, moment) in chosen.items():
            if fault.answer is None:
                holds.append(steps.hold(subject(shape), step, moment))
            else:
                steps.on(subject(shape), step, moment, fault.answer(over))
        daemon = Daemon(self.engine, config, self.relay.path).start(ready=False)
        try:
            for hold in holds:
                hold.wait(60)
            if fault.answer is None:
                self.strike(fault, daemon, holds)
            wrong = self.outcome(fault, daemon, url)
            unseen = [shape for shape, at in chosen.items() if not steps.seen(subject(shape), at[0])]
            assert not unseen, f"never came: {unseen}\n{daemon.dump()}"
            for shape, at in chosen.items():
                self.matrix.note(name, shape, at, wrong.get(shape, ""))
            publish(f"crash-{self.engine.version}", self.matrix.markdown())
            assert not wrong, f"{chosen}\n{wrong}\n{self.seen()}\n" + "\n".join(daemon.lines)
            daemon.close()
        except BaseException:
            daemon.kill()
            self.engine.reset()
            self.people()
            raise
        finally:
            over.set()
            self.relay.forget()

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

    def outcome(self, fault: Fault, daemon: Daemon, url: str) -> dict[str, str]:
        """What is wrong with which shape when all is quiet, or when it does not become quiet."""

        def wrong(may_be_down: bool) -> dict[str, str]:
            found = {}
            for shape in SHAPES:
                texts = [
                    self.crowd.wrong(name, url, may_be_down and shape == "never")
                    for name in members(shape)
                ]
                found[shape] = ", ".join(text for text in texts if text)
            found["leftovers"] = " ".join(self.crowd.leftovers() + records(daemon))
            return {shape: text for shape, text in found.items() if text}

        try:
            # Without a policy it is nobody's to start when its engine died.
            daemon.wait_for(lambda: not wrong(fault.engine_dies), "all are linked", 90 + 330 * (fault.answer is hang))
            if wrong(False):
                self.engine.docker("start", "never")
            daemon.wait_for(lambda: not wrong(False), "what is started is linked", 30)
        except Timeout:
            return wrong(False)
        return {}

    def seen(self) -> str:
        return "\n".join(f"{name}: {row['State']} {row['Status']}" for name, row in self.crowd.listed().items())


@pytest.fixture(scope="module", params=["20.10", "28.5"])
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


@pytest.mark.parametrize("fault", FAULTS)
def test_nobody_is_lost(scene: Scene, fault: str) -> None:
    failed = []
    for chosen in rounds_of(scene.engine, FAULTS[fault], list(FAULTS).index(fault)):
        try:
            scene.play(fault, chosen)
        except AssertionError as error:
            print(error, flush=True)
            failed.append(str(error))
    assert not failed, "\n\n".join(failed)


def test_bystanders_are_the_same_bytes_after_all_of_it(scene: Scene) -> None:
    scene.bystanders.unchanged(engine_died=scene.died)
