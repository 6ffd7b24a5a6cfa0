# SPDX-License-Identifier: Apache-2.0
"""The managed, secured stack on real engines: what it is, who may use it, and that it is repaired.

One scene for each engine: a linked consumer, a neighbour that did not opt in, one whose user pasted
everything, and members of networks of ours. Ollama is the stand-in, nginx is Debian's."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lib.compose import Compose
from lib.consumers import HOST, URL, env_of, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.provider import (
    API,
    NETWORK,
    PROXY,
    UNAUTHORIZED,
    VOLUME,
    ask,
    consumer,
    generation,
    key_of,
    leftover_probes,
    listeners,
    models_in,
    run_of,
    settle,
    stream,
    wait_linked,
)
from lib.relay import Moment, Relay

PASTED = "0123456789abcdef" * 4
SHOP = stack(service("web"), service("quiet", labels=()))
BYHAND = stack(
    service(
        "web",
        extra=f"environment: [OLLAMA_BASE_URL={URL}, OLLAMA_API_KEY={PASTED}]\n"
        f'extra_hosts: ["host.docker.internal:host-gateway"]',
    )
)
ON_OURS = (
    stack(service("tool", extra="networks: [ours]"))
    + f"\nnetworks:\n  ours:\n    name: {NETWORK}\n    external: true\n"
)
# No outage of these tests counts: what recovery does is shown elsewhere.
CONFIG = {"recovery": {"min-outage": "1h"}, "health": {"resync": "700ms"}}


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon
    shop: Compose
    byhand: Compose
    before: dict[str, dict[str, Any]] = field(default_factory=dict)


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def scene(
    request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]
) -> Iterator[Scene]:
    engine = engine_of(request.param)
    relay = Relay(engine.machine.path / "provider.sock", engine.socket)
    daemon = Daemon(engine, CONFIG, socket=relay.path)
    try:
        shop, byhand = consumer(engine, "shop", SHOP), consumer(engine, "byhand", BYHAND)
        names = ("shop-web-1", "shop-quiet-1", "byhand-web-1")
        before = {name: engine.inspect(name) for name in names}
        daemon.start()
        wait_linked(daemon, "shop/web", "byhand/web")
        yield Scene(engine, relay, daemon, shop, byhand, before)
    finally:
        daemon.close()
        relay.close()
        engine.reset()


def test_a_consumer_gains_exactly_the_url_the_host_entry_and_its_key(scene: Scene) -> None:
    before, after = scene.before["shop-web-1"], scene.engine.inspect("shop-web-1")
    gained = set(after["Config"]["Env"]) - set(before["Config"]["Env"] or [])
    key = env_of(after)["OLLAMA_API_KEY"]
    assert gained == {f"OLLAMA_BASE_URL={URL}", f"OLLAMA_API_KEY={key}"}
    assert set(before["Config"]["Env"] or []) <= set(after["Config"]["Env"])
    assert len(key) == 64 and set(key) <= set("0123456789abcdef")
    assert after["HostConfig"]["ExtraHosts"] == [HOST]
    for part, names in (("Config", ("Env",)), ("HostConfig", ("ExtraHosts",))):
        for name, value in before[part].items():
            if name not in (*names, "Hostname"):
                assert after[part][name] == value, f"{part}.{name}"


def test_what_did_not_opt_in_is_byte_identical(scene: Scene) -> None:
    assert scene.engine.inspect("shop-quiet-1") == scene.before["shop-quiet-1"]


def test_the_models_come_with_the_key_and_not_without(scene: Scene) -> None:
    key = key_of(scene.engine, "shop-web-1")
    code, text = ask(scene.engine, "shop-web-1", "/api/tags", key)
    assert code == 200 and models_in(text)
    assert ask(scene.engine, "shop-web-1", "/api/tags") == (401, UNAUTHORIZED)
    assert ask(scene.engine, "shop-web-1", "/api/tags", "0" * 64) == (401, UNAUTHORIZED)


def test_the_port_is_bound_to_the_gateway_address_alone(scene: Scene) -> None:
    assert listeners(scene.engine) == {scene.engine.gateway()}


def test_ollama_itself_publishes_nothing(scene: Scene) -> None:
    ports = scene.engine.inspect(API)["NetworkSettings"]["Ports"]
    assert not any(ports.values())


def test_a_pasted_key_is_taken_over_and_nothing_is_re_created(scene: Scene) -> None:
    assert scene.engine.inspect("byhand-web-1") == scene.before["byhand-web-1"]
    code, _ = ask(scene.engine, "byhand-web-1", "/api/tags", PASTED)
    assert code == 200


def test_a_new_key_restarts_no_proxy_and_cuts_no_stream(scene: Scene) -> None:
    engine, number = scene.engine, generation(scene.daemon)
    proxy = run_of(engine, PROXY)
    running = stream(engine, "shop-web-1", key_of(engine, "shop-web-1"), 40, 100)
    late = consumer(engine, "late")
    scene.daemon.wait_for(lambda: generation(scene.daemon) > number, "another generation")
    assert running.poll() is None, "the stream had ended before the key was there"
    rest = running.communicate(timeout=60)[0]
    pieces = [json.loads(line) for line in (running.first + rest).splitlines()]
    assert running.returncode == 0 and pieces[-1]["done"] and len(pieces) >= 40
    assert run_of(engine, PROXY) == proxy
    wait_linked(scene.daemon, "late/web")
    assert ask(engine, "late-web-1", "/api/tags", key_of(engine, "late-web-1"))[0] == 200
    late.down()


def test_the_key_stays_when_the_consumer_is_deployed_again(scene: Scene) -> None:
    old, key = run_of(scene.engine, "shop-web-1"), key_of(scene.engine, "shop-web-1")
    scene.shop.up("--force-recreate", "-t", "0", "web")
    scene.daemon.wait_for(
        lambda: key in scene.engine.client("inspect", "shop-web-1").stdout, "the same key"
    )
    wait_linked(scene.daemon, "shop/web")
    assert run_of(scene.engine, "shop-web-1") != old


def test_a_restart_of_the_daemon_changes_nothing(scene: Scene) -> None:
    names = (API, PROXY, "shop-web-1", "byhand-web-1")
    before, number = [run_of(scene.engine, name) for name in names], generation(scene.daemon)
    scene.daemon.stop()
    scene.relay.forget()
    scene.daemon.start()
    wait_linked(scene.daemon, "shop/web", "byhand/web")
    assert settle(scene.daemon, scene.relay) == []
    assert [run_of(scene.engine, name) for name in names] == before
    assert generation(scene.daemon) == number


def test_a_member_of_our_own_stack_gets_the_service_name_and_no_key(scene: Scene) -> None:
    with_us, stranger = consumer(scene.engine, "coollama", ON_OURS), consumer(scene.engine, "other", ON_OURS)
    wait_linked(scene.daemon, "coollama/tool", "other/tool")
    member = scene.engine.inspect("coollama-tool-1")
    assert env_of(member)["OLLAMA_BASE_URL"] == "http://ollama-api:11434"
    assert "OLLAMA_API_KEY" not in env_of(member) and not member["HostConfig"]["ExtraHosts"]
    code, text = ask(scene.engine, "coollama-tool-1", "/api/tags", host="ollama-api")
    assert code == 200 and models_in(text)
    other = scene.engine.inspect("other-tool-1")
    assert env_of(other)["OLLAMA_BASE_URL"] == URL and len(env_of(other)["OLLAMA_API_KEY"]) == 64
    assert other["HostConfig"]["ExtraHosts"] == [HOST]
    for compose in (with_us, stranger):
        for name in compose.ids("tool"):
            scene.engine.docker("rm", "-f", name)
    assert scene.engine.inspect(API)["State"]["Running"]


def test_nothing_of_it_is_coolify_managed_and_the_volume_outlives_compose(scene: Scene) -> None:
    for name in (API, PROXY):
        labels = scene.engine.inspect(name)["Config"]["Labels"]
        assert "coolify.managed" not in labels
        assert labels["com.docker.compose.project"] == "coollama"
    volume = scene.engine.inspect(VOLUME, "volume")
    assert not [name for name in volume["Labels"] if name.startswith("com.docker.compose")]


def test_no_key_is_written_where_others_can_read_it(scene: Scene) -> None:
    engine, daemon = scene.engine, scene.daemon
    store = json.loads((daemon.state / "keys.json").read_text())
    keys = set(json.dumps(store).replace('"', " ").split()) & {
        word for word in json.dumps(store).replace('"', " ").split() if len(word) == 64
    }
    assert PASTED in keys and len(keys) >= 3
    ask(engine, "shop-web-1", f"/api/{PASTED}?key={PASTED}", PASTED)
    said = {
        "the daemon's log": "\n".join(daemon.lines),
        "the status line": "\n".join(daemon.notify.statuses),
        "the control socket": daemon.call("GET", "/status").text + daemon.call("GET", "/plan").text,
        "the proxy's log": (lambda d: d.stdout + d.stderr)(engine.client("logs", PROXY)),
        "Ollama's log": (lambda d: d.stdout + d.stderr)(engine.client("logs", API)),
        "the processes": subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout,
        "our containers": json.dumps([engine.inspect(name) for name in (API, PROXY)]),
    }
    for path in daemon.state.rglob("*"):
        if path.is_file() and not path.is_symlink() and _all_may_read(path, daemon.state):
            said[str(path)] = path.read_text(errors="replace")
    for where, text in said.items():
        assert not [key for key in keys if key in text], where
    assert (daemon.state / "keys.json").stat().st_mode & 0o077 == 0


def _all_may_read(path: Path, top: Path) -> bool:
    if not path.stat().st_mode & 0o004:
        return False
    between = [parent for parent in path.parents if parent != top and top in parent.parents]
    return all(parent.stat().st_mode & 0o001 for parent in between)


# ---- repairs; each ends as it began


def _is_repaired(scene: Scene) -> None:
    scene.daemon.wait_for(
        lambda: ask(
            scene.engine, "shop-web-1", "/api/tags", key_of(scene.engine, "shop-web-1")
        )[0] == 200,
        "the models come again",
        60,
    )
    wait_linked(scene.daemon, "shop/web", "byhand/web")
    assert settle(scene.daemon, scene.relay) == []
    assert scene.engine.inspect("byhand-web-1")["Id"] == scene.before["byhand-web-1"]["Id"]
    assert leftover_probes(scene.engine) == []


def test_a_proxy_that_is_deleted_comes_back(scene: Scene) -> None:
    number = generation(scene.daemon)
    scene.engine.docker("rm", "-f", PROXY)
    _is_repaired(scene)
    assert generation(scene.daemon) == number


def test_an_ollama_that_is_deleted_comes_back_with_its_models(scene: Scene) -> None:
    scene.engine.exec(API, "sh", "-c", "echo kept > /root/.ollama/mark")
    scene.engine.docker("rm", "-f", API)
    _is_repaired(scene)
    assert scene.engine.exec(API, "cat", "/root/.ollama/mark") == "kept"


def test_a_network_that_is_deleted_comes_back_with_all_that_hangs_on_it(scene: Scene) -> None:
    # The daemon sees the first of these and would make it good before the last.
    ours = scene.relay.hold("POST", "/containers/.*/stop", moment=Moment.REQUEST)
    scene.engine.docker("network", "disconnect", "-f", NETWORK, API)
    ours.wait()
    scene.engine.docker("network", "disconnect", "-f", NETWORK, PROXY)
    scene.engine.docker("network", "rm", NETWORK)
    ours.release()
    _is_repaired(scene)


def test_a_container_made_by_hand_with_another_label_is_put_right(scene: Scene) -> None:
    document = scene.engine.inspect(PROXY)
    labels = document["Config"]["Labels"] | {"traefik.enable": "true"}
    options = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    ours = scene.relay.hold("POST", "/containers/create", moment=Moment.REQUEST)
    scene.engine.docker("rm", "-f", PROXY)
    ours.wait()
    scene.engine.docker("create", "--name", PROXY, *options, "nginx:alpine")
    ours.release()
    _is_repaired(scene)
    assert "traefik.enable" not in scene.engine.inspect(PROXY)["Config"]["Labels"]
    assert listeners(scene.engine) == {scene.engine.gateway()}


def test_a_container_renamed_by_hand_does_not_stay_beside_the_new_one(scene: Scene) -> None:
    scene.engine.docker("rename", API, "coollama-was-api")
    _is_repaired(scene)
    assert not scene.engine.exists("coollama-was-api")


def test_a_proxy_that_was_restarted_is_proven_again(scene: Scene) -> None:
    scene.engine.docker("restart", "-t", "1", PROXY)
    _is_repaired(scene)
