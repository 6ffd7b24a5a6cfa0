# SPDX-License-Identifier: Apache-2.0
"""Nobody is left in a dead namespace: what is found, when, and among how many."""

from collections.abc import Callable

import pytest

from lib.consumers import EXTERNAL, SERVING, rows, run, state_is
from lib.control import call
from lib.daemon import Daemon
from lib.engine import Engine
from lib.images import BUSYBOX
from lib.provider import ask, consumer, key_of, models_in, wait_linked
from lib.relay import Moment, Relay
from lib.sharing import ENTRY, bystander, tunnel
from lib.steps import Steps


@pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
def test_one_that_comes_to_live_off_it_in_the_middle_of_a_swap_keeps_it(
    engine: Engine, relay: Relay, daemon_for: Callable[..., Daemon]
) -> None:
    old = run(engine, "web")
    steps = Steps(engine, relay)
    steps.follow("web")
    inside = ("--network", f"container:{old}")
    steps.on("web", "create", Moment.ANSWER, lambda _: bystander(engine, "guest", *inside))
    daemon = daemon_for(engine, EXTERNAL, socket=relay.path).start()
    daemon.wait_for(lambda: state_is(daemon, "web", "refused"), "it is refused", 60)
    assert engine.inspect("web")["Id"] == old and engine.inspect("web")["State"]["Running"]
    assert steps.seen("web", "stop") == 0
    assert "guest (network)" in rows(daemon)["web"]["reason"]
    assert engine.exec("guest", "ip", "addr") == engine.exec("web", "ip", "addr")
    assert engine.docker("ps", "-a", "--format", "{{.Names}}").split() == ["guest", "web"]


def test_dependents_are_found_among_hundreds_of_containers(
    engine: Engine, relay: Relay, daemon_for: Callable[..., Daemon]
) -> None:
    """More than a page of them, and the second swap does not inspect them again."""
    run(engine, "first")
    engine.docker("create", "--name", "of-first", "--pid", "container:first", BUSYBOX, "true")
    label = ("--label", "coollama.enable=true")
    engine.docker("create", "--name", "second", *label, BUSYBOX, "sh", "-c", SERVING)
    many = 105
    for number in range(many):
        body = {"Image": BUSYBOX, "Cmd": ["true"]}
        assert call(engine.socket, "POST", f"/containers/create?name=n{number}", body).status == 201
    daemon = daemon_for(engine, EXTERNAL, socket=relay.path).start()
    daemon.wait_for(lambda: state_is(daemon, "first", "refused"), "it is refused", 60)
    engine.docker("start", "second")
    daemon.wait_for(lambda: state_is(daemon, "second", "linked"), "the other is linked", 60)
    assert "of-first (process ids)" in rows(daemon)["first"]["reason"]
    ids = {engine.inspect(f"n{number}")["Id"] for number in (0, 60, many - 1)}
    inspected = [e.path for e in relay.calls("GET", "^/containers/[0-9a-f]{64}/json$")]
    assert [sum(id in path for path in inspected) for id in ids] == [1, 1, 1]


def test_the_key_works_from_within_a_shared_network(
    engine: Engine, daemon_for: Callable[..., Daemon]
) -> None:
    """With keys, and with the question whether the gateway answers, asked from the donor's network."""
    compose = consumer(engine, "tunnel", tunnel(vpn=ENTRY))
    daemon = daemon_for(engine)
    daemon.start()
    wait_linked(daemon, "tunnel/app")
    code, text = ask(engine, "tunnel-app-1", "/api/tags", key_of(engine, "tunnel-app-1"))
    assert code == 200 and models_in(text)
    result = daemon.call("POST", "/verify?name=tunnel/app")
    assert result.status == 200, result.text
    before = sorted(compose.ids())
    compose.up()
    assert sorted(compose.ids()) == before
