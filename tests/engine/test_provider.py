# SPDX-License-Identifier: Apache-2.0
"""The managed provider stack on real engines: made, used, repaired. Ollama is the stand-in, nginx is
Debian's."""

import pytest

from lib.compose import Compose
from lib.consumers import URL, env_of, service, stack
from lib.daemon import Daemon
from lib.engine import Engine

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)


def status(daemon: Daemon) -> dict:
    return daemon.call("GET", "/status").json()


def row(daemon: Daemon, name: str) -> dict:
    rows = [r for r in status(daemon)["consumers"] if r["name"] == name]
    return rows[0] if len(rows) == 1 else {"state": f"{len(rows)} rows"}


@BOTH
def test_a_secured_stack_is_made_and_a_consumer_gets_its_own_key(engine: Engine) -> None:
    compose = Compose(engine, "shop", stack(service("web")))
    compose.up("-d")
    daemon = Daemon(engine).start()
    try:
        daemon.wait_for(lambda: row(daemon, "shop/web")["state"] == "linked", "the link", 60)
        env = env_of(engine.inspect("shop-web-1"))
        assert env["OLLAMA_BASE_URL"] == URL
        assert len(env["OLLAMA_API_KEY"]) == 64
        print(daemon.dump())
    finally:
        print(daemon.dump())
        daemon.close()
