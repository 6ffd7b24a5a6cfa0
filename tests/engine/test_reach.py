# SPDX-License-Identifier: Apache-2.0
"""How consumers reach the proxy where the gateway does not answer, on real engines with real
iptables: a firewall that drops what is meant for the host (as UFW's default), and internal networks.
The proxy joins and leaves networks; nobody's routes change, and whoever takes a name of ours in such
a network is asked nothing. What others notice of it is in test_joins.py.

Ollama is the stand-in, nginx is Debian's."""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from lib.command import coollama
from lib.compose import Compose
from lib.consumers import HOST, SERVING, env_of, rows, run, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.firewall import accept_input, default_route, drop_input
from lib.images import BUSYBOX
from lib.provider import (
    API,
    NETWORK,
    PROXY,
    UNAUTHORIZED,
    ask,
    consumer,
    key_of,
    models_in,
    row,
    settle,
    wait_linked,
    wait_up,
)
from lib.relay import Exchange, Relay
from lib.wait import wait_for

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
NAME = re.compile(r"http://(ollama-proxy-[0-9a-f]{16}):11434$")
ENABLED = "coollama.enable=true"
CONFIG = {"recovery": {"min-outage": "1h"}, "health": {"resync": "700ms"}}

# Everybody who asks it anything is written down. It has each name that ours have.
DECOY = """  decoy:
    image: busybox:local
    command: ["sh", "-c", "nc -ll -p 11434 -e sh -c 'echo asked >>/tmp/asked' & wait"]
    networks:
      %s: {aliases: [ollama-api, ollama-proxy, coollama-api, coollama-proxy, 0-coollama, host.docker.internal]}"""
SHOP = stack(
    service("web"),
    service("forced", labels=(ENABLED, "coollama.reach=gateway")),
    service("vpn", labels=()),
    service("app", extra="network_mode: service:vpn"),
    DECOY % "default",
)
DARK = stack(
    service("web"),
    service("forced", labels=(ENABLED, "coollama.reach=gateway")),
    rest="networks: {default: {internal: true}}",
)
SHARED = (
    stack(service("web", extra="networks: [shared]"), "%s")
    + "\nnetworks: {shared: {name: shared, external: true}}"
)


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon
    asked: list[Exchange]  # of the engine, until all was settled
    routes: dict[str, str]  # of the proxy and of consumers, from before any network was joined

    def name_in(self, container: str) -> str:
        """By what name this consumer calls the proxy."""
        match = NAME.match(env_of(self.engine.inspect(container)).get("OLLAMA_BASE_URL", ""))
        assert match, env_of(self.engine.inspect(container)).get("OLLAMA_BASE_URL")
        return match[1]

    def joined(self) -> set[str]:
        return set(self.engine.inspect(PROXY)["NetworkSettings"]["Networks"]) - {NETWORK}

    def ask(self, container: str, path: str = "/api/tags", key: str | None = None) -> tuple[int, str]:
        key = key_of(self.engine, container) if key is None else key
        return ask(self.engine, container, path, key, self.name_in(container))

    def refusal(self, container: str) -> str:
        """What wget says of an answer that takes a while: ask() would not wait for it."""
        header = f"Authorization: Bearer {key_of(self.engine, container)}"
        url = f"http://{self.name_in(container)}:11434/api/tags"
        done = self.engine.client("exec", container, "wget", "-q", "-O", "-", "--header", header, url)
        return done.stderr


def subnet(engine: Engine, network: str) -> str:
    return engine.inspect(network, "network")["IPAM"]["Config"][0]["Subnet"]


def wait_quiet(scene: Scene) -> None:
    """Two whole looks without an action. Where the gateway was refused it is asked again each
    minute, so not each pair of looks will do."""
    wait_for(lambda: settle(scene.daemon, scene.relay) == [], "nothing is done", 60)


@pytest.fixture(scope="module", params=ENGINES)
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of(request.param)
    relay = Relay(engine.machine.path / "reach.sock", engine.socket)
    daemon = Daemon(engine, CONFIG, socket=relay.path)
    try:
        drop_input(engine)
        daemon.start()
        wait_up(daemon, 120)
        routes = {PROXY: default_route(engine, PROXY)}
        engine.docker("network", "create", "--attachable", "shared")
        texts = {
            "shop": SHOP,
            "dark": DARK,
            "one": SHARED % "",
            "two": SHARED % (DECOY % "shared"),
        }
        for name, text in texts.items():
            consumer(engine, name, text)
        run(engine, "alone")
        for name in ("shop-decoy-1", "shop-vpn-1", "two-decoy-1"):
            routes[name] = default_route(engine, name)
        wait_linked(daemon, "shop/web", "shop/app", "dark/web", "one/web", "two/web", seconds=120)
        for name in ("shop/forced", "dark/forced", "alone"):
            daemon.wait_for(lambda name=name: row(daemon, name)["state"] == "refused", name, 60)
        yield Scene(engine, relay, daemon, relay.calls(), routes)
    finally:
        accept_input(engine)
        daemon.close()
        relay.close()
        engine.reset()


@pytest.mark.parametrize("container", ["shop-web-1", "dark-web-1", "one-web-1", "shop-app-1"])
def test_auto_goes_by_network_where_the_gateway_does_not_answer(scene: Scene, container: str) -> None:
    code, text = scene.ask(container)
    assert code == 200 and models_in(text)
    assert scene.ask(container, key="") == (401, UNAUTHORIZED)
    document = scene.engine.inspect(container)
    assert HOST not in (document["HostConfig"]["ExtraHosts"] or [])


def test_status_says_the_way_and_why(scene: Scene) -> None:
    def way(name: str) -> tuple[str, str]:
        found = row(scene.daemon, name)
        return found["reach"], found["reach_why"]

    scene.daemon.wait_for(lambda: way("shop/web") == ("network", "its values say so"), "by its values")
    explained = scene.daemon.call("GET", "/explain?name=shop/web").json()
    assert explained["reach"] == "network"
    scene.daemon.wait_for(lambda: way("shop/forced") == ("gateway", "coollama.reach says so"), "by its label")
    # Its re-creation ended no run that counts: the network was joined once, and never left.
    joins = scene.daemon.logged("connect the proxy to the network dark_default, for dark/web: done")
    assert len(joins) == 1


def test_a_gateway_that_is_asked_for_is_refused_with_the_command_that_opens_it(scene: Scene) -> None:
    engine, forced = scene.engine, row(scene.daemon, "shop/forced")
    source = subnet(engine, "shop_default")
    assert "do not reach host.docker.internal:11434" in forced["reason"], forced
    command = f"ufw allow proto tcp from {source} to any port 11434"
    assert forced["next"] == f"{command}; or coollama.reach=network", forced
    healthz = ("timeout", "3", "wget", "-q", "-O", "-", f"http://{engine.gateway()}:11434/-/healthz")
    assert engine.client("exec", "shop-forced-1", *healthz).returncode != 0
    # What that command puts into the kernel.
    rule = ("INPUT", "-p", "tcp", "-s", source, "--dport", "11434", "-j", "ACCEPT")
    engine.machine.run("iptables", "-I", *rule)
    try:
        assert engine.exec("shop-forced-1", *healthz) == '{"status":"ok"}'
    finally:
        engine.machine.run("iptables", "-D", *rule)


def test_no_rule_is_named_for_an_internal_network_and_no_probe_made(scene: Scene) -> None:
    forced = row(scene.daemon, "dark/forced")
    assert "its network dark_default is internal" in forced["reason"], forced
    assert forced["next"] == "coollama.reach=network", forced
    # A probe is made right after its network was looked at.
    dark = scene.engine.inspect("dark_default", "network")["Id"]
    asked = [
        e.path
        for e in scene.asked
        if re.match("/networks/[0-9a-f]{64}$", e.path) or "name=coollama-probe-" in e.query
    ]
    looks = [n for n, path in enumerate(asked) if path.endswith(dark)]
    assert looks and not [n for n in looks if asked[n + 1 : n + 2] == ["/containers/create"]]


def test_the_default_bridge_is_refused_and_the_network_that_it_needs_named(scene: Scene) -> None:
    alone = row(scene.daemon, "alone")
    assert "the default bridge knows no names: it needs a network of its own" in alone["reason"], alone
    assert alone["next"].startswith("ufw allow proto tcp from ") and "network" not in alone["next"]


def test_verify_proves_it_by_network(scene: Scene) -> None:
    answer = scene.daemon.call("POST", "/verify?name=shop/web").json()
    assert answer["passed"] and answer["reach"] == "network", answer
    whats = [check["what"] for check in answer["checks"]]
    assert "the proxy is in its network shop_default" in whats, whats
    assert f"http://{scene.name_in('shop-web-1')}:11434 is reachable" in whats, whats


def test_nobodys_default_route_has_changed(scene: Scene) -> None:
    assert len(scene.joined()) >= 3
    for container, before in scene.routes.items():
        assert before and default_route(scene.engine, container) == before, container
    # Consumers were re-created: the same network, the same way out.
    assert default_route(scene.engine, "shop-web-1") == default_route(scene.engine, "shop-decoy-1")
    assert default_route(scene.engine, "dark-web-1") == default_route(scene.engine, "dark-forced-1")


def test_projects_of_a_shared_network_call_the_proxy_by_names_of_their_own(scene: Scene) -> None:
    names = {container: scene.name_in(container) for container in ("one-web-1", "two-web-1")}
    assert len(set(names.values())) == 2
    assert scene.name_in("shop-web-1") == scene.name_in("shop-app-1")
    # What a neighbour sees of the network tells him neither.
    seen = scene.engine.inspect("shared", "network")["Containers"]
    assert not [name for name in names.values() if name in json.dumps(seen)]


def test_whoever_carries_our_names_is_asked_nothing_also_while_ollama_is_away(scene: Scene) -> None:
    engine = scene.engine
    asked = ("sh", "-c", "cat /tmp/asked 2>/dev/null || true")
    engine.docker("stop", "-t", "0", API)
    try:
        for container in ("shop-web-1", "one-web-1", "two-web-1"):
            for _ in range(3):
                assert "503 Service" in scene.refusal(container)
    finally:
        engine.docker("start", API)
    wait_up(scene.daemon)
    for container in ("shop-web-1", "one-web-1", "two-web-1"):
        assert scene.ask(container)[0] == 200
    for decoy in ("shop-decoy-1", "two-decoy-1"):
        assert engine.exec(decoy, *asked) == "", decoy
    # And they would have noticed.
    engine.client("exec", "one-web-1", "timeout", "2", "wget", "-q", "-O", "-", "http://ollama-proxy:11434/")
    assert "asked" in engine.exec("two-decoy-1", *asked)


def test_what_env_prints_by_network_pasted_into_its_definition_links_it_with_zero_actions(
    scene: Scene,
) -> None:
    engine, daemon = scene.engine, scene.daemon
    key, url = key_of(engine, "one-web-1"), f"http://{scene.name_in('one-web-1')}:11434"
    lines = coollama(daemon, "env", "one/web").out.splitlines()
    assert sorted(lines) == [f"OLLAMA_API_KEY={key}", f"OLLAMA_BASE_URL={url}"], lines
    pasted = coollama(daemon, "env", "one/web", "--compose").out
    assert "extra_hosts" not in pasted and "#" not in pasted
    assert row(daemon, "one/web")["rung"] == 2
    one = Compose(engine, "one", SHARED % pasted.rstrip("\n"))
    one.up()
    made = one.ids()
    daemon.wait_for(lambda: row(daemon, "one/web")["rung"] == 0, "it is linked as it started")
    wait_quiet(scene)
    assert one.ids() == made and scene.ask("one-web-1")[0] == 200
    # Before it opted in, by what is known of its network.
    lines = coollama(daemon, "env", "shop-vpn-1").out.splitlines()
    assert f"OLLAMA_BASE_URL=http://{scene.name_in('shop-web-1')}:11434" in lines, lines
    assert len(lines) == 2


def test_coolifys_removal_of_a_network_right_after_its_containers_succeeds(scene: Scene) -> None:
    engine, daemon = scene.engine, scene.daemon
    uuid = "w0gk8s4c0wkgkos8ws8kgwo0"
    engine.docker("run", "-d", "--name", "coolify-proxy", BUSYBOX, "sh", "-c", SERVING)
    for _ in range(20 if os.environ.get("COOLLAMA_FULL") else 3):
        engine.docker("network", "create", "--attachable", uuid)
        engine.docker("network", "connect", uuid, "coolify-proxy")
        run(engine, f"web-{uuid}", "--network", uuid, "--label", "coollama.reach=network")
        daemon.wait_for(lambda: uuid in scene.joined(), "it is joined")
        wait_linked(daemon, f"web-{uuid}")
        # As Coolify issues them: one shell, one command after another.
        script = (
            f"docker stop --time=10 web-{uuid} && docker rm -f web-{uuid} && "
            f"docker network disconnect -f {uuid} coolify-proxy && docker network rm {uuid}"
        )
        done = engine.machine.run("env", f"PATH={engine.env['PATH']}", f"DOCKER_HOST={engine.env['DOCKER_HOST']}",
                                  "sh", "-c", script, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        daemon.wait_for(lambda: f"web-{uuid}" not in rows(daemon), "it is forgotten")
    engine.docker("rm", "-f", "coolify-proxy")


def test_a_network_whose_consumer_went_while_the_daemon_was_down_is_left(scene: Scene) -> None:
    engine, daemon = scene.engine, scene.daemon
    engine.docker("network", "create", "brief")
    run(engine, "brief", "--network", "brief", "--label", "coollama.reach=network")
    wait_linked(daemon, "brief")
    daemon.kill()
    engine.docker("rm", "-f", "brief")
    assert "brief" in scene.joined()
    daemon.start()
    wait_for(lambda: "brief" not in scene.joined(), "it is left")
    engine.docker("network", "rm", "brief")
    wait_linked(daemon, "shop/web", "dark/web", "two/web")
    assert scene.ask("shop-web-1")[0] == 200


def test_a_proxy_that_was_stopped_when_its_network_went_starts_again(scene: Scene) -> None:
    engine, daemon = scene.engine, scene.daemon
    engine.docker("network", "create", "vanishing")
    run(engine, "vanishing", "--network", "vanishing", "--label", "coollama.reach=network")
    wait_linked(daemon, "vanishing")
    daemon.kill()
    engine.docker("stop", "-t", "0", PROXY)
    engine.docker("rm", "-f", "vanishing")
    engine.docker("network", "rm", "vanishing")
    assert engine.client("start", PROXY).returncode != 0, "it can be started, which was the trouble"
    daemon.start()
    wait_up(daemon)
    wait_linked(daemon, "shop/web", "dark/web", "two/web")
    daemon.wait_for(lambda: scene.ask("dark-web-1")[0] == 200, "it answers by network again")


def test_when_it_is_quiet_nothing_is_done(scene: Scene) -> None:
    wait_quiet(scene)
