# SPDX-License-Identifier: Apache-2.0
"""Its user stops or removes a consumer in the middle of its swap: it stays stopped or removed.

Each case has a consumer of its own, held in the relay at its step. What the user does is done to a
container by its id while the daemon waits there, or while it is dead. A swap has two containers, so
what he means by it depends on which of them serves at that step; expected() says it.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from lib.consumers import EXTERNAL, KEEPER, PREVIOUS, is_linked, mark, records, run
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Drop, Moment, Relay
from lib.steps import Steps, steps_of

FULL = bool(os.environ.get("COOLLAMA_FULL"))
REQUEST, ANSWER = Moment.REQUEST, Moment.ANSWER
AT_ONCE = 8  # as many consumers are worked on at a time


@dataclass(frozen=True)
class Case:
    step: str
    moment: Moment
    deed: str  # "stop" or "rm -f"
    whose: str  # "old" or "new"

    @property
    def name(self) -> str:
        words = [self.moment.name, self.step, self.deed, self.whose]
        return "-".join(words).lower().replace(" ", "")


def order(engine: Engine) -> list[tuple[str, Moment]]:
    return [(step, moment) for step in steps_of(engine) for moment in Moment]


def expected(engine: Engine, case: Case, killed: bool) -> set[str]:
    """How its consumer may end: "runs" (linked), "down" or "gone"."""
    at = order(engine).index((case.step, case.moment))

    def before(step: str, moment: Moment) -> bool:
        return at < order(engine).index((step, moment))

    connecting = case.step == "connect" and not killed
    if case.whose == "old" and before("stop", REQUEST) and not connecting:
        return {"down"} if case.deed == "stop" else {"gone"}
    if case.whose == "old" and case.deed == "stop":
        # It is about to be stopped anyway, or is already: nobody can tell that it was not us.
        return {"runs"}
    if case.whose == "old":
        # Not what is called as the consumer is, and nothing that was running.
        return {"runs", "gone"}
    if case.deed == "stop":
        return {"runs"} if before("start", ANSWER) else {"down"}
    if before("stop", ANSWER) or (before("start", ANSWER) and not killed):
        return {"runs"}  # half made: the old one goes on
    if (case.step, case.moment) == ("watch", ANSWER) and not killed:
        return {"down", "gone"}  # the answer that was held may have been the one that proves it
    return {"down"} if before("delete", REQUEST) else {"gone"}


def cases(engine: Engine) -> list[Case]:
    found = []
    for step, moment in order(engine):
        for deed in ("stop", "rm -f"):
            found.append(Case(step, moment, deed, "old"))
            if (step, moment) not in (("rename", REQUEST), ("rename", ANSWER), ("create", REQUEST)):
                found.append(Case(step, moment, deed, "new"))
    gone = [Case("delete", ANSWER, deed, "old") for deed in ("stop", "rm -f")]
    return [case for case in found if case not in gone]


def chosen(engine: Engine, killed: bool) -> list[list[Case]]:
    """All, so many at a time; in the ordinary run those that differ most."""
    if FULL:
        every = cases(engine)
        return [every[i : i + AT_ONCE] for i in range(0, len(every), AT_ONCE)]
    return [
        [
            Case("rename", ANSWER, "stop", "old"),
            Case("create", REQUEST, "rm -f", "old"),
            Case("create", ANSWER, "rm -f", "new"),
            Case("stop", REQUEST, "rm -f", "new"),
            Case("update", ANSWER, "rm -f", "old"),
            Case("watch", REQUEST, "stop", "new"),
            Case("watch", REQUEST, "rm -f", "new"),
            Case("delete", REQUEST, "rm -f", "new"),
        ]
    ]


def ending(engine: Engine, name: str, mark_before: str) -> str:
    """What has become of it; another word where it is not whole."""
    if not engine.exists(name):
        return "gone"
    if is_linked(engine, name):
        word = "runs"
    else:
        word = "down" if not engine.inspect(name)["State"]["Running"] else "unlinked"
    document = engine.inspect(name)
    networks = set(document["NetworkSettings"]["Networks"])
    policy = document["HostConfig"]["RestartPolicy"]["Name"]
    whole = networks == {"bridge", f"{name}-net"} and policy == "unless-stopped"
    return word if whole and mark(engine, name) == mark_before else f"{word}, not whole: {policy} {networks}"


def play(engine: Engine, relay: Relay, some: list[Case], killed: bool) -> list[str]:
    def bring_up(case: Case) -> str:
        run(engine, case.name, "-v", "/data", script=KEEPER)
        engine.docker("network", "create", f"{case.name}-net")
        engine.docker("network", "connect", f"{case.name}-net", case.name)
        return mark(engine, case.name)

    with ThreadPoolExecutor(4) as pool:
        marks = dict(zip(some, pool.map(bring_up, some), strict=True))
    relay.forget()
    steps = Steps(engine, relay)
    ids = {case.name: engine.inspect(case.name)["Id"] for case in some}
    for case in some:
        steps.follow(case.name)
    holds = [steps.hold(case.name, case.step, case.moment) for case in some]
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    try:
        for hold in holds:
            hold.wait(60)
        if killed:
            daemon.kill()
            for hold in holds:
                hold.release(Drop())
            relay.cut()
        for case in some:
            new = case.name if case.whose == "new" else ids[case.name]
            engine.docker(*case.deed.split(), engine.inspect(new)["Id"])
        if killed:
            daemon.start()
        else:
            for hold in holds:
                hold.release()
        return outcome(engine, daemon, relay, marks, killed)
    finally:
        relay.forget()
        daemon.kill()


def outcome(
    engine: Engine, daemon: Daemon, relay: Relay, marks: dict[Case, str], killed: bool
) -> list[str]:
    def wrong() -> list[str]:
        found = []
        for case, content in marks.items():
            end = ending(engine, case.name, content)
            wanted = expected(engine, case, killed)
            if end not in wanted:
                found.append(f"{case.name}{', killed' if killed else ''}: {end}, not {wanted}")
        names = engine.docker("ps", "-a", "--format", "{{.Names}}").split()
        return found + [name for name in names if name.endswith(PREVIOUS)] + records(daemon)

    def until(condition: Callable[[], object], what: str) -> None:
        daemon.wait_for(condition, what, 60)

    try:
        until(lambda: not wrong(), "all have ended as they should")
        # And it stays so.
        seen = len(relay.calls("GET", r"/containers/json$"))
        until(lambda: len(relay.calls("GET", r"/containers/json$")) > seen + 1, "resyncs")
    except AssertionError:
        return [*wrong(), "\n".join(daemon.lines)]
    if not wrong():
        daemon.close()
    return wrong()


@pytest.mark.parametrize("killed", [False, True], ids=["alive", "killed"])
@pytest.mark.parametrize("engine", ["20.10", "28.5"] if FULL else ["28.5"], indirect=True)
def test_what_its_user_stops_or_removes_stays_so(engine: Engine, relay: Relay, killed: bool) -> None:
    wrong = []
    for some in chosen(engine, killed):
        wrong += play(engine, relay, some, killed)
        engine.reset()
    assert not wrong, "\n".join(wrong)
