# SPDX-License-Identifier: Apache-2.0
"""An application that Coolify itself would roll is linked without a gap: the new container is started and
proven beside the old one. All else is stopped for a moment, and plan has said so before."""

import os
from typing import Any

import pytest

from lib.consumers import EXTERNAL, PREVIOUS, is_linked, records, state_is
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Drop, Moment, Relay
from lib.rolling import SERVING, application, asking, name_of, network, running
from lib.steps import Steps

FULL = bool(os.environ.get("COOLLAMA_FULL"))
ENGINES = pytest.mark.parametrize("engine", ["20.10", "28.5"] if FULL else ["28.5"], indirect=True)
# Long enough for a look at the plan.
PATIENT = EXTERNAL | {"link": {"settle": "2s"}}
# As steps.py names them; a change of the policy that comes after the new one's start is one "back".
STEPS = ("rename", "create", "start", "stop", "update back", "delete")

# What is so with a link: options, script.
BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "ends": ((), f'[ -z "$OLLAMA_BASE_URL" ] || exit 1; {SERVING}'),
    "is unhealthy": (("--health-cmd", '[ -z "$OLLAMA_BASE_URL" ]', "--health-retries", "2"), SERVING),
}


def planned(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in daemon.call("GET", "/plan").json()["consumers"]}


@ENGINES
def test_no_request_fails_where_it_rolls_and_plan_names_the_gap_where_it_does_not(engine: Engine) -> None:
    network(engine)
    old = application(engine, "rolls")
    application(engine, "stops", "-v", "/data")
    with asking(engine, "rolls") as rolls, asking(engine, "stops") as stops:
        daemon = Daemon(engine, PATIENT).start()
        daemon.wait_for(lambda: {"rolls", "stops"} <= planned(daemon).keys(), "both are planned")
        rows = planned(daemon)
        assert rows["rolls"]["gap"] == "none"
        assert (rows["stops"]["gap"], rows["stops"]["gap_why"][:28]) == ("a moment", "it can write to a volume or ")
        for uuid in ("rolls", "stops"):
            daemon.wait_for(lambda: is_linked(engine, name_of(uuid)), f"{uuid} is linked", 60)
        daemon.wait_for(lambda: not records(daemon), "no swap is open")
        new = engine.inspect(name_of("rolls"))["Id"]
        assert daemon.call("GET", "/explain?name=rolls").json()["gap"] == "none"
        assert daemon.call("POST", "/unlink?name=rolls").status == 200
        daemon.wait_for(lambda: state_is(daemon, "rolls", "unlinked"), "it is unlinked", 60)
        daemon.wait_for(lambda: not records(daemon), "no swap is open")
        last = engine.inspect(name_of("rolls"))["Id"]
        daemon.wait_for(lambda: rolls.hosts[last[:12]] and stops.lines[-1] != "failed", "they answer")
    assert rolls.failed == []
    assert list(rolls.hosts) == [old[:12], new[:12], last[:12]], "all three have answered, and nobody else"
    assert stops.failed
    print(f"rolls: {len(rolls.lines)} asked; stops: {len(stops.failed)} of {len(stops.lines)} failed")
    daemon.close()


@ENGINES
@pytest.mark.parametrize("wrong", BAD if FULL else ["is unhealthy"])
def test_one_that_does_not_prove_itself_costs_nothing(engine: Engine, wrong: str) -> None:
    network(engine)
    options, script = BAD[wrong]
    application(engine, "shop", *options, script=script)
    name = name_of("shop")
    before = engine.inspect(name)
    daemon = Daemon(engine, EXTERNAL)
    with asking(engine, "shop") as shop, running(engine) as counts:
        daemon.start()
        daemon.wait_log("^shop: start, beside the old one, the new .*: done")
        daemon.wait_log("^shop: give the old one its name back: done", 60)
        daemon.stop()
    after = engine.inspect(name)
    assert not records(daemon)
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert after["HostConfig"]["RestartPolicy"] == before["HostConfig"]["RestartPolicy"]
    assert engine.docker("ps", "-a", "--format", "{{.Names}}", "--filter", "name=shop").split() == [name]
    assert max(counts["shop"]) == 2
    assert min(counts["shop"]) == 1
    assert shop.failed == []
    daemon.close()


@ENGINES
def test_told_to_stop_before_it_has_proven_itself_it_does_not_wait_for_that(engine: Engine) -> None:
    network(engine)
    check = ("--health-cmd", '[ -z "$OLLAMA_BASE_URL" ]', "--health-start-period", "100s")
    old = application(engine, "shop", *check)
    daemon = Daemon(engine, EXTERNAL).start()
    with running(engine) as counts:
        daemon.wait_log("^shop: start, beside the old one, the new .*: done")
        daemon.stop()
    assert not records(daemon)
    assert engine.docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}}") == f"{old} {name_of('shop')}"
    assert counts["shop"] == [1, 2, 1]
    daemon.close()


@ENGINES
def test_killed_at_any_step_it_is_down_at_no_moment_and_ends_linked(engine: Engine, relay: Relay) -> None:
    """In the ordinary run before every other step and after the others."""
    moments = (Moment.REQUEST, Moment.ANSWER)
    for number in range(2 if FULL else 1):
        points = {f"at-{step.split()[0]}": (step, moments[(number + i) % 2]) for i, step in enumerate(STEPS)}
        if number == 0:
            network(engine)
        else:
            engine.docker("rm", "-f", *map(name_of, points))
        for uuid in points:
            application(engine, uuid)
        steps = Steps(engine, relay)
        for uuid in points:
            steps.follow(name_of(uuid))
        holds = [steps.hold(name_of(uuid), step, moment) for uuid, (step, moment) in points.items()]
        daemon = Daemon(engine, EXTERNAL, relay.path)
        with running(engine) as counts:
            daemon.start(ready=False)
            for hold in holds:
                hold.wait(60)
            daemon.kill()
            assert len(records(daemon)) == len(points), "not all are under way"
            for hold in holds:
                hold.release(Drop())
            relay.cut()
            daemon.start(ready=False)
            for uuid in points:
                daemon.wait_for(lambda: is_linked(engine, name_of(uuid)), f"{uuid} is linked", 90)
            daemon.wait_for(lambda: not records(daemon), "no swap is open")
        daemon.close()
        relay.forget()
        assert {uuid: min(count) for uuid, count in counts.items()} == dict.fromkeys(points, 1)
        assert {max(count) for count in counts.values()} == {2}
        assert PREVIOUS not in engine.docker("ps", "-a", "--format", "{{.Names}}")
