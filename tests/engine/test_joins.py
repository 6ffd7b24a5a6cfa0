# SPDX-License-Identifier: Apache-2.0
"""The proxy joins and leaves networks while others use the gateway, and takes its place where that
stops answering, on real engines with real iptables. How consumers fare by network is in
test_reach.py. Ollama is the stand-in, nginx is Debian's."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lib import images
from lib.consumers import URL, env_of, run, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.firewall import accept_input, default_route, drop_input
from lib.provider import PROXY, ask, consumer, key_of, row, stream, wait_linked

CONFIG = {"recovery": {"min-outage": "1h"}, "health": {"resync": "700ms"}}
ENABLED = "coollama.enable=true"


@pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
def test_a_stream_by_the_gateway_survives_ten_joins_and_leaves(
    engine: Engine, daemon_for: Callable[..., Daemon]
) -> None:
    daemon = daemon_for(engine, CONFIG)
    consumer(engine, "old")
    daemon.start()
    wait_linked(daemon, "old/web", seconds=120)
    assert row(daemon, "old/web")["reach"] == "gateway"
    route = default_route(engine, PROXY)
    networks = [f"{'a' if n % 2 else 'z'}net{n}" for n in range(10)]
    for network in networks:
        engine.docker("network", "create", network)
    pieces = 60
    slow = stream(engine, "old-web-1", key_of(engine, "old-web-1"), pieces, 500)

    def joined() -> set[str]:
        return set(engine.inspect(PROXY)["NetworkSettings"]["Networks"]) & set(networks)

    ids = [
        run(engine, f"by-{n}", "--network", n, "--label", "coollama.reach=network", "--label", "coollama.settle=1h")
        for n in networks
    ]  # fmt: skip
    daemon.wait_for(lambda: joined() == set(networks), "all joined")
    assert default_route(engine, PROXY) == route
    engine.docker("rm", "-f", *ids)
    daemon.wait_for(lambda: not joined(), "all left")
    assert slow.poll() is None, "the stream ended before the networks were left: it proves nothing"
    rest = slow.communicate(timeout=120)[0]
    lines = [json.loads(line) for line in [slow.first, *rest.splitlines()] if line.strip()]
    assert len(lines) == pieces + 1 or len(lines) == pieces, len(lines)
    assert lines[-1]["done"] is True


def test_without_a_userland_proxy_it_goes_by_network(
    empty_engine: Callable[..., Engine], daemon_for: Callable[..., Daemon]
) -> None:
    engine = empty_engine("28.5", "--userland-proxy=false")
    images.load_all(engine)
    daemon = daemon_for(engine, CONFIG).start()
    text = stack(service("web"), service("forced", labels=(ENABLED, "coollama.reach=gateway")))
    consumer(engine, "shop", text)
    wait_linked(daemon, "shop/web", seconds=120)
    assert row(daemon, "shop/web")["reach"] == "network"
    host = env_of(engine.inspect("shop-web-1"))["OLLAMA_BASE_URL"].split("/")[2].partition(":")[0]
    assert host.startswith("ollama-proxy-")
    assert ask(engine, "shop-web-1", "/api/tags", key_of(engine, "shop-web-1"), host)[0] == 200
    daemon.wait_for(lambda: row(daemon, "shop/forced")["state"] == "refused", "refused")
    forced: dict[str, Any] = row(daemon, "shop/forced")
    assert "the engine runs without its userland proxy" in forced["reason"], forced
    assert forced["next"].endswith("coollama.reach=network")


def test_a_link_by_the_gateway_that_stops_answering_is_mended_at_the_next_verify(
    engine: Engine, daemon_for: Callable[..., Daemon]
) -> None:
    daemon = daemon_for(engine, CONFIG)
    consumer(engine, "shop")
    daemon.start()
    wait_linked(daemon, "shop/web", seconds=120)
    assert env_of(engine.inspect("shop-web-1"))["OLLAMA_BASE_URL"] == URL
    drop_input(engine)
    try:
        answer = daemon.call("POST", "/verify?name=shop/web").json()
        assert not answer["passed"], answer
        daemon.wait_for(lambda: row(daemon, "shop/web")["reach"] == "network", "another way", 60)
        wait_linked(daemon, "shop/web")
        daemon.wait_for(
            lambda: daemon.call("POST", "/verify?name=shop/web").json()["passed"], "it reaches the models"
        )
    finally:
        accept_input(engine)
