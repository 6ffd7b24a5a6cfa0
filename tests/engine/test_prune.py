# SPDX-License-Identifier: Apache-2.0
"""Coolify's nightly clean-up, in the middle of swaps: no consumer is lost by it.

It removes every container that does not run, so the old one that we have stopped and the new one
that we have not started yet. Each step of a swap has a consumer of its own, held in the relay; then
containers are pruned, once, with every kind of half-made re-creation open.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.consumers import EXTERNAL, KEEPER, SERVING, is_linked, mark, records, rows, run, state_is
from lib.control import call
from lib.daemon import Daemon
from lib.engine import Engine
from lib.images import BUSYBOX
from lib.relay import Drop, Hold, Moment, Relay, Reply
from lib.steps import UNDO, Steps, steps_of

FULL = bool(os.environ.get("COOLLAMA_FULL"))
BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"] if FULL else ["20.10"], indirect=True)
ENGINES = pytest.mark.parametrize(
    "engine", ["20.10", "26.1", "28.5"] if FULL else ["28.5"], indirect=True
)
REQUEST, ANSWER = Moment.REQUEST, Moment.ANSWER

Points = dict[str, tuple[str, Moment]]


def prune(engine: Engine) -> list[str]:
    """As Coolify does it; the ids of those that went."""
    filters = ["--filter", "label=coolify.managed=true", "--filter", "label!=coolify.proxy=true"]
    return engine.docker("container", "prune", "-f", *filters).split()


def bring_up(engine: Engine, name: str) -> str:
    """With an anonymous volume and a second network; what is in the volume."""
    engine.docker("network", "create", f"{name}-net")
    run(engine, name, "-v", "/data", "--label", "coolify.managed=true", script=KEEPER)
    engine.docker("network", "connect", f"{name}-net", name)
    return mark(engine, name)


def hold_all(engine: Engine, relay: Relay, points: Points, failing: str) -> list[Hold]:
    steps = Steps(engine, relay)
    for name in points:
        steps.follow(name)
        if failing:
            steps.on(name, failing, REQUEST, lambda _: Reply(500, "something went wrong"))
    return [steps.hold(name, step, moment) for name, (step, moment) in points.items()]


def wrong(engine: Engine, marks: dict[str, str]) -> list[str]:
    """What is not as it was, but for the link."""
    found = []
    for name, content in marks.items():
        if not is_linked(engine, name):
            found.append(f"{name} is not linked")
        elif mark(engine, name) != content:
            found.append(f"{name} has lost its volume")
        else:
            networks = set(engine.inspect(name)["NetworkSettings"]["Networks"])
            if networks != {"bridge", f"{name}-net"}:
                found.append(f"{name} is in {networks}")
    names = set(engine.docker("ps", "-a", "--format", "{{.Names}}").split())
    return found + [f"{name} is left over" for name in names - set(marks)]


def points_of(engine: Engine, failing: str) -> Points:
    steps = UNDO if failing else steps_of(engine)
    return {
        f"at-{step.replace(' ', '-')}-{moment.name.lower()}": (step, moment)
        for step in steps
        for moment in Moment
    }


@ENGINES
@pytest.mark.parametrize("failing", ["", "start"], ids=["swap", "undo"])
@pytest.mark.parametrize("killed", [False, True], ids=["alive", "killed"])
def test_pruned_at_any_step_all_end_linked_with_what_they_had(
    engine: Engine, relay: Relay, failing: str, killed: bool
) -> None:
    points = points_of(engine, failing)
    with ThreadPoolExecutor(4) as pool:
        marks = dict(zip(points, pool.map(lambda n: bring_up(engine, n), points), strict=True))
    holds = hold_all(engine, relay, points, failing)
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    try:
        for hold in holds:
            hold.wait(120)
        if killed:
            daemon.kill()
            for hold in holds:
                hold.release(Drop())
            relay.cut()
        assert len(prune(engine)) > 2, "nothing of a swap was pruned"
        for hold in holds:
            hold.release()
        if killed:
            daemon.start()
        daemon.wait_for(lambda: not wrong(engine, marks), "all are linked", 180)
        daemon.wait_for(lambda: not records(daemon), "no record is left")
        assert not wrong(engine, marks)
        daemon.close()
    finally:
        relay.forget()
        daemon.kill()


def held_down(engine: Engine, relay: Relay, name: str) -> tuple[Daemon, Hold]:
    """Its old one is stopped, its new one is not started."""
    (hold,) = hold_all(engine, relay, {name: ("start", REQUEST)}, "")
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    daemon.wait_for(hold.reached.is_set, "its new one is about to be started", 60)
    return daemon, hold


@BOTH
@pytest.mark.parametrize("killed", [False, True], ids=["alive", "killed"])
def test_one_whose_user_removed_both_stays_removed(
    engine: Engine, relay: Relay, killed: bool
) -> None:
    bring_up(engine, "aa")
    daemon, hold = held_down(engine, relay, "aa")
    if killed:
        daemon.kill()
    ids = engine.docker("ps", "-aq").split()
    assert len(ids) == 2
    engine.docker("rm", "-f", *ids)
    hold.release(Drop() if killed else None)
    if killed:
        daemon.start()
    daemon.wait_for(lambda: not records(daemon), "no record is left")
    daemon.wait_for(lambda: not rows(daemon), "nothing is said of it any more")
    assert not engine.docker("ps", "-aq")
    daemon.close()


@BOTH
def test_with_files_put_in_before_its_start_it_is_said_until_it_is_deployed_again(
    engine: Engine, relay: Relay
) -> None:
    body = {
        "Image": BUSYBOX,
        "Cmd": ["sh", "-c", SERVING],
        "Labels": {"coollama.enable": "true", "coolify.managed": "true"},
    }
    assert call(engine.socket, "POST", "/containers/create?name=aa", body).status == 201
    secret = engine.machine.path / "secret"
    secret.write_text("s3cret\n")
    engine.docker("cp", str(secret), "aa:/etc/secret")
    engine.docker("start", "aa")
    daemon, hold = held_down(engine, relay, "aa")
    assert len(prune(engine)) > 2
    hold.release()
    daemon.wait_for(lambda: state_is(daemon, "aa", "failed"), "it is said", 60)
    row = rows(daemon)["aa"]
    assert "pruned" in row["reason"] and "deploy it again" in row["next"]
    daemon.stop()
    assert records(daemon)
    daemon.start()
    daemon.wait_for(lambda: state_is(daemon, "aa", "failed"), "it is said again")
    assert records(daemon)
    run(engine, "aa")
    daemon.wait_for(lambda: is_linked(engine, "aa"), "the new deployment is linked", 60)
    daemon.wait_for(lambda: not records(daemon), "no record is left")
    daemon.close()


@BOTH
def test_one_whose_volume_went_too_gets_no_empty_one_and_is_made_when_it_is_back(
    engine: Engine, relay: Relay
) -> None:
    engine.docker("volume", "create", "vault")
    run(engine, "aa", "-v", "vault:/data", "--label", "coolify.managed=true", script=KEEPER)
    daemon, hold = held_down(engine, relay, "aa")
    assert len(prune(engine)) > 2
    engine.docker("volume", "rm", "vault")
    hold.release()
    daemon.wait_for(lambda: state_is(daemon, "aa", "failed"), "it is said", 60)
    assert "vault" in rows(daemon)["aa"]["reason"]
    assert not engine.exists("vault", "volume")
    engine.docker("volume", "create", "vault")
    daemon.wait_for(lambda: is_linked(engine, "aa"), "it is linked", 90)
    daemon.close()
