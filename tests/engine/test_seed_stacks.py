# SPDX-License-Identifier: Apache-2.0
"""The seed document's two stacks, there before coollamad starts: their Ollama is used, nothing of them is
changed, and the port stays theirs. Ollama is the stand-in, nginx is Debian's."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from lib.consumers import URL, env_of
from lib.daemon import Daemon
from lib.engine import Engine
from lib.ollamas import secured, shown, unsecured
from lib.provider import API, PROXY, UNSECURED, ask, consumer, models_in, status, wait_linked, wait_up

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize("seeds", [unsecured, secured])
def test_the_seeds_own_stacks_keep_their_port_and_others_come_by_network(
    engine: Engine, seeds: Callable[[Engine], Any], daemon_for: Callable[..., Daemon]
) -> None:
    stack = seeds(engine)
    stack.up()
    names = engine.docker("ps", "--format", "{{.Names}}").split()
    before = shown(engine, *names)
    consumer(engine, "shop")
    daemon = daemon_for(engine).start()
    wait_linked(daemon, "shop/web")
    assert status(daemon)["provider"]["name"] == "ollama/ollama-api"
    assert not engine.exists(API)
    assert shown(engine, *names) == before
    variables = env_of(engine.inspect("shop-web-1"))
    host = variables["OLLAMA_BASE_URL"].removeprefix("http://").partition(":")[0]
    assert host != "host.docker.internal"
    code, text = ask(engine, "shop-web-1", "/api/tags", variables["OLLAMA_API_KEY"], host)
    assert code == 200 and models_in(text)
    assert "ports:" in status(daemon)["provider"]["note"]
    # Deployed anew it gets its port again: nobody has taken it meanwhile.
    stack.up("--force-recreate")
    wait_up(daemon)
    assert engine.inspect(PROXY)["HostConfig"]["PortBindings"] in (None, {})
    wait_linked(daemon, "shop/web")


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_without_keys_the_seeds_unsecured_stack_is_given_out_as_it_is(
    engine: Engine, daemon_for: Callable[..., Daemon]
) -> None:
    unsecured(engine).up()
    name = "ollama-ollama-api-1"
    before = shown(engine, name)
    consumer(engine, "shop")
    daemon = daemon_for(engine, UNSECURED).start()
    wait_linked(daemon, "shop/web")
    variables = env_of(engine.inspect("shop-web-1"))
    assert variables["OLLAMA_BASE_URL"] == URL and "OLLAMA_API_KEY" not in variables
    code, text = ask(engine, "shop-web-1", "/api/tags")
    assert code == 200 and models_in(text)
    assert not engine.exists(API) and not engine.exists(PROXY)
    assert status(daemon)["provider"]["note"] is None
    assert shown(engine, name) == before
    engine.docker("stop", "-t", "0", name)
    daemon.wait_status("Ollama is down")
    engine.docker("start", name)
    wait_up(daemon)
