# SPDX-License-Identifier: Apache-2.0
"""The first decision, where one Ollama is there that is not simply taken: one that asks by its label, and
one in the host's network. Ollama is the stand-in, nginx is Debian's."""

import os
import subprocess
from collections.abc import Callable

import pytest

from lib.command import coollama
from lib.consumers import env_of, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.images import OLLAMA
from lib.ollamas import models_of, plain, shown, wait_why
from lib.provider import API, PROXY, consumer, row, status, wait_linked
from lib.wait import wait_for

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
WEB = "shop-web-1"

# ---- one that asks by its label


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_label_is_a_request_that_waits_for_the_operator_and_is_sent_none(
    engine: Engine, daemon_for: Callable[..., Daemon]
) -> None:
    engine.docker("tag", OLLAMA, "acme/llm:1")
    asking = plain(engine, "acme", image="acme/llm:1", labels=["coollama.role=provider"])
    asking.up()
    name = "acme-ollama-api-1"
    engine.exec(name, "ollama", "pull", "acme-model")
    before, asked = shown(engine, name), engine.exec(name, "ollama", "standin")
    consumer(engine, "shop")
    daemon = daemon_for(engine).start()
    provider = wait_why(daemon, "asks to be the provider, waiting for you")
    assert "coollama trust acme/ollama-api" in provider["next"]
    assert not engine.exists(API) and not engine.exists(PROXY)
    assert engine.exec(name, "ollama", "standin") == asked
    said = coollama(daemon, "trust", "acme/ollama-api", "--yes")
    assert said.status == 0, said.err
    wait_linked(daemon, "shop/web")
    assert "acme-model:latest" in models_of(engine, WEB)
    assert status(daemon)["provider"]["name"] == "acme/ollama-api"
    assert shown(engine, name) == before


# ---- one in the host's network


def relay(daemon: Daemon) -> "subprocess.Popen[bytes]":
    """What the package's socket unit does, here without systemd."""
    code = (
        "import socket,sys,threading\n"
        "def pump(a,b):\n"
        "    while (d:=a.recv(65536)): b.sendall(d)\n"
        "    b.shutdown(socket.SHUT_WR)\n"
        "s=socket.socket(socket.AF_UNIX);s.bind(sys.argv[1]);s.listen()\n"
        "import os;os.chmod(sys.argv[1],0o666)\n"
        "while True:\n"
        "    a=s.accept()[0];b=socket.create_connection(('127.0.0.1',11434))\n"
        "    for x,y in ((a,b),(b,a)): threading.Thread(target=pump,args=(x,y),daemon=True).start()\n"
    )
    path = daemon.state / "proxy" / "run" / "host-ollama.sock"
    process = subprocess.Popen(daemon.engine.machine.network_command("python3", "-c", code, str(path)))
    wait_for(path.exists, "the relay is there")
    return process


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_in_the_hosts_network_it_keeps_the_port_and_is_reached_by_the_relay(
    engine: Engine, daemon_for: Callable[..., Daemon]
) -> None:
    engine.docker("run", "-d", "--name", "bare", "--network", "host", OLLAMA)
    engine.exec("bare", "ollama", "pull", "bare-model")
    before = shown(engine, "bare")
    by_gateway = stack(
        service("web"), service("old", labels=("coollama.enable=true", "coollama.reach=gateway"))
    )
    consumer(engine, "shop", by_gateway)
    daemon = daemon_for(engine).start()
    provider = wait_why(daemon, "the relay to the host's own Ollama is missing")
    assert "coollama-host-ollama.socket" in provider["next"]
    assert "host's network" in provider["note"]
    process = relay(daemon)
    try:
        wait_linked(daemon, "shop/web")
        url = env_of(engine.inspect(WEB))["OLLAMA_BASE_URL"]
        host = url.removeprefix("http://").partition(":")[0]
        assert host.startswith("ollama-proxy-")
        assert "bare-model:latest" in models_of(engine, WEB, host)
        daemon.wait_for(
            lambda: row(daemon, "shop/old")["state"] == "refused", "the gateway is no way"
        )
        told = row(daemon, "shop/old")
        assert "is no way to the proxy" in told["reason"]
        assert "coollama.reach=network" in told["next"]
        assert shown(engine, "bare") == before
    finally:
        process.terminate()
        process.wait()
