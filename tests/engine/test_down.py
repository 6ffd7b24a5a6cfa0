# SPDX-License-Identifier: Apache-2.0
"""coollama down on real engines: our own stack goes, with --unlink every link too, and it stays away
until resume. Ollama is the stand-in."""

import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from lib.command import coollama
from lib.compose import Compose
from lib.consumers import run, service, stack
from lib.daemon import Daemon
from lib.documents import gained
from lib.engine import Engine
from lib.provider import (
    API,
    NETWORK,
    PROXY,
    VOLUME,
    ask,
    changes,
    consumer,
    key_of,
    listeners,
    row,
    run_of,
    status,
    wait_linked,
    wait_up,
)
from lib.relay import Relay

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
Make = Callable[..., Daemon]
# The other engine is asked in the full run alone, where nothing of it differs.
FULL = bool(os.environ.get("COOLLAMA_FULL"))
OLD = pytest.mark.parametrize("engine", ["20.10", "28.5"] if FULL else ["20.10"], indirect=True)
OWN = stack(
    service("web", extra="environment: [A=1, OLLAMA_BASE_URL=http://own.example:1, B=2]"),
    service("quiet", labels=()),
)


@dataclass
class Snapshot:
    """What is on a host, but ids and times."""

    engine: Engine
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    volumes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        docker = self.engine.docker
        for name in docker("ps", "-a", "--format", "{{.Names}}").split():
            self.containers[name] = self.engine.inspect(name)
        for name in docker("network", "ls", "--format", "{{.Name}}").split():
            document = self.engine.inspect(name, "network")
            # Whoever was re-created has another address.
            names = sorted(c["Name"] for c in (document.pop("Containers") or {}).values())
            self.networks[name] = document | {"Containers": names}
        self.volumes = set(docker("volume", "ls", "-q").split())

    def differences(self, later: "Snapshot", untouched: tuple[str, ...]) -> list[str]:
        found = [f"{name} came or went" for name in self.containers.keys() ^ later.containers.keys()]
        for name in self.containers.keys() & later.containers.keys():
            old, new = self.containers[name], later.containers[name]
            found += [f"{name}: {line}" for line in gained(old, new)]
            if old["Config"]["Env"] != new["Config"]["Env"]:
                found.append(f"{name}: its variables, or their order")
            if name in untouched and old != new:
                found.append(f"{name} was touched")
        if self.networks != later.networks:
            found.append(f"networks: {json.dumps([self.networks, later.networks])}")
        found += [f"volume {name}" for name in (self.volumes ^ later.volumes) - {VOLUME}]
        return found


@BOTH
def test_after_down_unlink_the_host_is_as_it_was_but_models_and_keys(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    shop = Compose(engine, "shop", OWN)
    shop.up()
    run(engine, "alone", "-e", "B=2")
    before = Snapshot(engine)
    daemon = daemon_for(engine, socket=relay.path).start()
    wait_linked(daemon, "shop/web", "alone")
    keys = (daemon.state / "keys.json").read_bytes()
    assert before.differences(Snapshot(engine), ("shop-quiet-1",))

    said = coollama(daemon, "down", "--unlink")
    assert said.status == 1 and "coollama down --unlink --yes" in said.err
    said = coollama(daemon, "down", "--unlink", "--yes")
    assert said.status == 0, said
    left = [int(n) for n in re.findall(r"(\d+) consumers? left", said.out)]
    assert left[0] == 2 and left == sorted(left, reverse=True), said.out
    assert "taking the containers away" in said.out
    assert said.out.splitlines()[-1].startswith("taken down; models and keys are kept")
    assert before.differences(Snapshot(engine), ("shop-quiet-1",)) == []
    assert engine.exists(VOLUME, "volume") and (daemon.state / "keys.json").read_bytes() == keys
    assert not listeners(engine)
    assert row(daemon, "alone")["state"] == "unlinked" and "Taken down by root" in daemon.notify.status

    # It stays that way: after a restart, and for one that is deployed anew.
    daemon.kill()
    daemon.start()
    shop.up("--force-recreate", "-t", "0")
    daemon.wait_for(lambda: row(daemon, "shop/web")["state"] == "unlinked", "looked at again")
    relay.forget()
    daemon.wait_for(lambda: len(relay.calls("GET", f"/containers/{API}/json")) >= 2, "two looks")
    assert changes(relay) == [] and not engine.exists(API)

    # And comes back, with the same keys.
    assert coollama(daemon, "resume").status == 0
    wait_linked(daemon, "shop/web", "alone")
    assert (daemon.state / "keys.json").read_bytes() == keys
    assert ask(engine, "alone", "/api/tags", key_of(engine, "alone"))[0] == 200


@OLD
def test_down_takes_the_stack_away_and_leaves_the_consumers(
    engine: Engine, daemon_for: Make
) -> None:
    consumer(engine, "shop")
    daemon = daemon_for(engine, {"recovery": {"min-outage": "0s"}}).start()
    wait_linked(daemon, "shop/web")
    linked = run_of(engine, "shop-web-1")
    said = coollama(daemon, "down", "--yes", "--json")
    assert said.status == 0 and json.loads(said.out)["fine"]
    assert not any(engine.exists(name) for name in (API, PROXY))
    assert not engine.exists(NETWORK, "network") and engine.exists(VOLUME, "volume")
    assert run_of(engine, "shop-web-1") == linked and row(daemon, "shop/web")["state"] == "linked"
    assert "which is more than a pause" in coollama(daemon, "pause").out
    coollama(daemon, "resume")
    wait_up(daemon)
    # It has lived through an outage.
    daemon.wait_for(lambda: run_of(engine, "shop-web-1") != linked, "its restart")


def test_down_that_is_killed_at_any_call_is_finished(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    consumer(engine, "shop")
    before = Snapshot(engine)
    daemon = daemon_for(engine, socket=relay.path).start()
    wait_linked(daemon, "shop/web")
    linked = Snapshot(engine)
    proxy = linked.containers[PROXY]["Id"]
    for method, path in (("POST", "/rename$"), ("DELETE", proxy), ("DELETE", "/networks/")):
        dead = threading.Event()
        relay.strike(method, path, lambda dead=dead: (daemon.kill(), dead.set()))
        assert coollama(daemon, "down", "--unlink", "--yes").status == 1
        assert dead.wait(30)
        daemon.start()
    daemon.wait_for(lambda: before.differences(Snapshot(engine), ()) == [], "as it was")


def test_one_that_cannot_lose_its_link_is_named_and_the_stack_stays(
    engine: Engine, daemon_for: Make
) -> None:
    consumer(engine, "shop")
    run(engine, "alone")
    daemon = daemon_for(engine).start()
    wait_linked(daemon, "shop/web", "alone")
    # Whoever lives off it would be cut off.
    run(engine, "guest", "--network", "container:alone", "--label", "coollama.enable=false")
    said = coollama(daemon, "down", "--unlink", "--yes")
    assert said.status == 1 and "1 consumer keeps its link" in said.out and "alone:" in said.out
    assert engine.exists(API) and row(daemon, "shop/web")["state"] == "unlinked"
    engine.docker("rm", "-f", "guest")
    assert coollama(daemon, "down", "--unlink", "--yes").status == 0
    assert not engine.exists(API) and status(daemon)["pause"]["kind"] == "unlink-down"


def test_a_network_that_others_are_on_stays_and_is_named(engine: Engine, daemon_for: Make) -> None:
    daemon = daemon_for(engine).start()
    wait_up(daemon)
    engine.docker("run", "-d", "--name", "tool", "--network", NETWORK, "busybox:local", "sleep", "999")
    said = coollama(daemon, "down", "--yes")
    assert said.status == 1 and "the container tool is on it" in said.out
    assert not engine.exists(API) and engine.exists(NETWORK, "network")
    engine.docker("rm", "-f", "tool")
    assert coollama(daemon, "down", "--yes").status == 0
    assert not engine.exists(NETWORK, "network")
