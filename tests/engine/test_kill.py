# SPDX-License-Identifier: Apache-2.0
"""The daemon dies between any two steps of a swap; no consumer does.

Every step has a consumer of its own, held in the relay at the step's request (the engine has seen
nothing) or at its answer (the engine has done it, the daemon does not know). When all are held, the
daemon is killed or told to stop, once, with every kind of half-made re-creation open.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lib.consumers import EXTERNAL, KEEPER, env_of, is_linked, mark, records, run
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Drop, Hold, Moment, Relay
from lib.steps import Steps, steps_of

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
# As many as the daemon re-creates at a time.
HALVES = pytest.mark.parametrize("moment", list(Moment), ids=["at the requests", "at the answers"])

def names_of(engine: Engine) -> dict[str, str]:
    return {step: "at-" + step for step in steps_of(engine)}


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
    engine: Engine, relay: Relay, moment: Moment
) -> Iterator[tuple[Daemon, dict[str, Hold], dict[str, str]]]:
    """A daemon with one consumer held at each step."""
    names = names_of(engine)
    bring_up(engine, list(names.values()))
    marks = {name: mark(engine, name) for name in names.values()}
    steps = Steps(engine, relay)
    for name in names.values():
        steps.follow(name)
    holds = {step: steps.hold(name, step, moment) for step, name in names.items()}
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    try:
        for hold in holds.values():
            hold.wait(60)
        yield daemon, holds, marks
        daemon.close()
    finally:
        relay.forget()
        daemon.kill()


def kill(daemon: Daemon, relay: Relay, holds: dict[str, Hold]) -> None:
    daemon.kill()
    for hold in holds.values():
        hold.release(Drop())
    relay.cut()
    assert records(daemon), "nothing was open"


@BOTH
@HALVES
def test_killed_at_each_step_and_started_again_all_end_linked(
    engine: Engine, relay: Relay, moment: Moment
) -> None:
    with held(engine, relay, moment) as (daemon, holds, marks):
        kill(daemon, relay, holds)
        daemon.start()
        for name in marks:
            daemon.wait_for(lambda: is_linked(engine, name), f"{name} is linked", 60)
        daemon.wait_for(lambda: not records(daemon), "no record is left")
        assert_whole(engine, marks)


@BOTH
@HALVES
def test_told_to_stop_at_each_step_it_leaves_all_running(
    engine: Engine, relay: Relay, moment: Moment
) -> None:
    with held(engine, relay, moment) as (daemon, holds, marks):
        daemon.terminate()
        daemon.wait_for(lambda: daemon.notify.said("STOPPING"), "it says that it stops")
        for hold in holds.values():
            hold.release()
        assert daemon.wait() == 0, daemon.dump()
        assert not records(daemon)
        assert_whole(engine, marks)


@BOTH
@HALVES
def test_killed_for_good_finish_leaves_all_running(
    engine: Engine, relay: Relay, moment: Moment
) -> None:
    with held(engine, relay, moment) as (daemon, holds, marks):
        kill(daemon, relay, holds)
        done = daemon.run("--finish")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not records(daemon)
        assert_whole(engine, marks)


def test_finish_without_a_record_does_not_connect_to_the_engine(engine: Engine, relay: Relay) -> None:
    run(engine, "aa")
    daemon = Daemon(engine, EXTERNAL, relay.path)
    done = daemon.run("--finish")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not relay.calls()
    assert not env_of(engine.inspect("aa")).get("OLLAMA_BASE_URL")
    daemon.close()
