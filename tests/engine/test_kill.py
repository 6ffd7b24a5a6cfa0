# SPDX-License-Identifier: Apache-2.0
"""The daemon is told to stop at any step of a swap, or dies for good; no consumer does.

Every step has a consumer of its own, held in the relay at the step's request (the engine has seen
nothing) or at its answer (the engine has done it, the daemon does not know). When all are held, the
daemon is killed or told to stop, once, with every kind of half-made re-creation open.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lib.consumers import EXTERNAL, KEEPER, env_of, is_linked, mark, records, run
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Drop, Hold, Moment, Relay, Reply
from lib.steps import UNDO, Steps, steps_of

REQUESTS, ANSWERS = Moment.REQUEST, Moment.ANSWER
ALL = [(version, moment) for version in ("20.10", "28.5") for moment in Moment]


def at(*some: tuple[str, Moment]) -> pytest.MarkDecorator:
    """On these engines at these moments; at all of them in the full run."""
    cases = ALL if os.environ.get("COOLLAMA_FULL") else some
    names = [f"{version}, at the {moment.name.lower()}s" for version, moment in cases]
    return pytest.mark.parametrize("engine, moment", cases, indirect=["engine"], ids=names)


# name of a consumer: where it is held
Points = dict[str, tuple[str, Moment]]


def points_of(engine: Engine, moment: Moment) -> Points:
    return {f"at-{step}": (step, moment) for step in steps_of(engine)}


def bring_up(engine: Engine, names: list[str]) -> None:
    """Each with an anonymous volume and, as the engine allows one at a creation, a second network."""

    def one(name: str) -> None:
        engine.docker("network", "create", f"{name}-net")
        run(engine, name, "-v", "/data", script=KEEPER)
        engine.docker("network", "connect", f"{name}-net", name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, names))


def networks(engine: Engine, name: str) -> set[str]:
    return set(engine.inspect(name)["NetworkSettings"]["Networks"])


def assert_whole(engine: Engine, marks: dict[str, str]) -> None:
    """Every consumer runs under its own name, with its volume and networks, and nothing else is there."""
    listed = engine.docker("ps", "-a", "--format", "{{.Names}}={{.State}}").split()
    assert sorted(listed) == sorted(f"{name}=running" for name in marks)
    for name, content in marks.items():
        assert mark(engine, name) == content, f"{name} has lost its volume"
        assert networks(engine, name) == {"bridge", f"{name}-net"}
        policy = engine.inspect(name)["HostConfig"]["RestartPolicy"]["Name"]
        assert policy == "unless-stopped", name


@contextmanager
def held(
    engine: Engine, relay: Relay, points: Points, failing: str = ""
) -> Iterator[tuple[Daemon, list[Hold], dict[str, str]]]:
    """A daemon with one consumer held at each point, after the step `failing` has failed once."""
    bring_up(engine, list(points))
    marks = {name: mark(engine, name) for name in points}
    steps = Steps(engine, relay)
    for name in points:
        steps.follow(name)
        if failing:
            steps.on(name, failing, REQUESTS, lambda _: Reply(500, "something went wrong"))
    holds = [steps.hold(name, step, moment) for name, (step, moment) in points.items()]
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    try:
        for hold in holds:
            hold.wait(60)
        yield daemon, holds, marks
        daemon.close()
    finally:
        relay.forget()
        daemon.kill()


def kill(daemon: Daemon, relay: Relay, holds: list[Hold]) -> None:
    daemon.kill()
    for hold in holds:
        hold.release(Drop())
    relay.cut()
    assert records(daemon), "nothing was open"


@at(("20.10", ANSWERS), ("28.5", REQUESTS))
def test_told_to_stop_at_each_step_it_leaves_all_running(
    engine: Engine, relay: Relay, moment: Moment
) -> None:
    with held(engine, relay, points_of(engine, moment)) as (daemon, holds, marks):
        daemon.terminate()
        daemon.wait_for(lambda: daemon.notify.said("STOPPING"), "it says that it stops")
        for hold in holds:
            hold.release()
        assert daemon.wait() == 0, daemon.dump()
        assert not records(daemon)
        assert_whole(engine, marks)


@at(("20.10", REQUESTS), ("28.5", ANSWERS))
def test_killed_for_good_finish_leaves_all_running(
    engine: Engine, relay: Relay, moment: Moment
) -> None:
    with held(engine, relay, points_of(engine, moment)) as (daemon, holds, marks):
        kill(daemon, relay, holds)
        done = daemon.run("--finish")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not records(daemon)
        assert_whole(engine, marks)


def test_killed_at_each_step_of_an_undo_and_started_again_all_end_linked(
    engine: Engine, relay: Relay
) -> None:
    points = {
        f"{word}-{step.replace(' ', '-')}": (step, held_at)
        for step in UNDO
        for word, held_at in (("before", REQUESTS), ("after", ANSWERS))
    }
    with held(engine, relay, points, failing="start") as (daemon, holds, marks):
        kill(daemon, relay, holds)
        daemon.start()
        for name in marks:
            daemon.wait_for(lambda: is_linked(engine, name), f"{name} is linked", 60)
        daemon.wait_for(lambda: not records(daemon), "no record is left")
        assert_whole(engine, marks)


def test_finish_without_a_record_does_not_connect_to_the_engine(engine: Engine, relay: Relay) -> None:
    run(engine, "aa")
    daemon = Daemon(engine, EXTERNAL, relay.path)
    done = daemon.run("--finish")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not relay.calls()
    assert not env_of(engine.inspect("aa")).get("OLLAMA_BASE_URL")
    daemon.close()


def test_one_whose_stop_the_engine_does_only_after_we_gave_up_runs_on(engine: Engine, relay: Relay) -> None:
    """An engine under load answers our stop too late, or never, and does it after all."""
    bring_up(engine, ["aa"])
    marks = {"aa": mark(engine, "aa")}
    relay.drop("POST", "/stop$", moment=Moment.REQUEST, nth=0)
    daemon = Daemon(engine, EXTERNAL, relay.path).start()
    daemon.wait_log("^aa: give the old one its name back: done")
    relay.forget()
    engine.docker("stop", "-t", "0", "aa")
    daemon.wait_log("^aa: start the old aa: done")
    daemon.wait_for(lambda: not records(daemon), "no record is left", 60)
    daemon.close()
    assert_whole(engine, marks)
