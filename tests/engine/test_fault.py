# SPDX-License-Identifier: Apache-2.0
"""The engine fails at a step of a swap, in every way that it can; no consumer is lost by it.

Every pair of a step and a kind of failure has a consumer of its own, and each failure comes once,
as the relay makes it. All are re-created by one daemon.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from lib.consumers import EXTERNAL, KEEPER, SERVING, is_linked, mark, records, rows, run
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Action, Drop, Moment, Relay, Reply
from lib.steps import Steps, steps_of
from lib.wait import wait_for

KINDS: dict[str, tuple[Moment, Action]] = {
    "500-not-done": (Moment.REQUEST, lambda _: Reply(500, "something went wrong")),
    "500-done": (Moment.ANSWER, lambda _: Reply(500, "something went wrong")),
    "404": (Moment.REQUEST, lambda _: Reply(404, "No such container")),
    "409": (Moment.REQUEST, lambda _: Reply(409, "there is a conflict")),
    "cut-not-done": (Moment.REQUEST, lambda _: Drop()),
    "cut-done": (Moment.ANSWER, lambda _: Drop()),
}
# Serves until it is linked; then it cannot even start.
EXITS = f'[ -z "$OLLAMA_BASE_URL" ] || exit 3; {SERVING}'


def pairs_of(engine: Engine) -> list[tuple[str, str]]:
    """Of the older engine only what is its own in the ordinary run: one network at a creation."""
    every = engine.version == "28.5" or os.environ.get("COOLLAMA_FULL")
    steps = steps_of(engine) if every else ["create", "connect", "start"]
    kinds = list(KINDS) if every else ["500-done", "404", "cut-done"]
    return [(step, kind) for step in steps for kind in kinds]


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon
    steps: Steps
    marks: dict[str, str]
    before: dict[str, str]  # ids


def bring_up(engine: Engine, name: str) -> None:
    run(engine, name, "-v", "/data", script=KEEPER)
    if name.startswith("connect"):
        engine.docker("network", "create", f"{name}-net")
        engine.docker("network", "connect", f"{name}-net", name)


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of(request.param)
    names = {f"{step}-{kind}": (step, kind) for step, kind in pairs_of(engine)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: bring_up(engine, name), names))
    run(engine, "exits", script=EXITS)
    relay = Relay(engine.machine.path / "faults.sock", engine.socket)
    steps = Steps(engine, relay)
    for name, (step, kind) in names.items():
        steps.follow(name)
        steps.on(name, step, *KINDS[kind])
    steps.follow("exits")
    marks = {name: mark(engine, name) for name in names}
    before = {name: engine.inspect(name)["Id"] for name in [*names, "exits"]}
    daemon = Daemon(engine, EXTERNAL, relay.path).start()
    wanted = {name: "linked" for name in names} | {"exits": "failed"}
    try:
        daemon.wait_for(
            lambda: {name: row["state"] for name, row in rows(daemon).items()} == wanted,
            "all are linked, and one has failed",
            150,
        )
        yield Scene(engine, relay, daemon, steps, marks, before)
        daemon.close()
    finally:
        daemon.kill()
        relay.close()
        engine.reset()


def test_after_a_failure_at_any_step_it_ends_running_and_linked(scene: Scene) -> None:
    for step, kind in pairs_of(scene.engine):
        name = f"{step}-{kind}"
        assert scene.steps.seen(name, step), f"{name} never came"
        assert is_linked(scene.engine, name), name
        assert mark(scene.engine, name) == scene.marks[name], f"{name} has lost its volume"
        document = scene.engine.inspect(name)
        assert document["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        if step == "connect":
            assert set(document["NetworkSettings"]["Networks"]) == {"bridge", f"{name}-net"}


def test_no_failure_leaves_a_container_or_a_record_behind(scene: Scene) -> None:
    names = scene.engine.docker("ps", "-a", "--format", "{{.Names}}").split()
    assert sorted(names) == sorted(scene.before)
    assert not records(scene.daemon)


def test_one_that_exits_at_once_when_linked_is_put_back_and_given_up(scene: Scene) -> None:
    document = scene.engine.inspect("exits")
    assert document["Id"] == scene.before["exits"] and document["State"]["Running"]
    assert document["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    row = rows(scene.daemon)["exits"]
    assert "exit code 3" in row["reason"] and row["failed_attempts"] == 3, row
    assert scene.steps.seen("exits", "start") == 3
    assert scene.steps.seen("exits", "start old") == 3
    resyncs = len(scene.relay.calls("GET", "^/containers/json$"))
    wait_for(
        lambda: len(scene.relay.calls("GET", "^/containers/json$")) >= resyncs + 2, "two resyncs"
    )
    assert scene.steps.seen("exits", "create") == 3
    assert scene.daemon.logged("exits: failed: given up after 3 attempts")
