# SPDX-License-Identifier: Apache-2.0
"""The managed provider stack in the eyes of the tests: what it answers, and to whom."""

import json
import re
import subprocess
from typing import Any

from .consumers import env_of, service, stack
from .compose import Compose
from .control import call
from .daemon import Daemon
from .engine import Engine
from .relay import Relay
from .wait import wait_for

API = "coollama-api"
PROXY = "coollama-proxy"
NETWORK = "0-coollama"
VOLUME = "coollama-models"
PORT = 11434
UNAUTHORIZED = '{"error":"unauthorized"}'
UNSECURED = {"proxy": {"secured": "no"}}
WEB = stack(service("web"))


def status(daemon: Daemon) -> dict[str, Any]:
    return daemon.call("GET", "/status").json()


def row(daemon: Daemon, name: str) -> dict[str, Any]:
    """The consumer's row; one whose state says how many there are, when it is not one."""
    rows = [r for r in status(daemon)["consumers"] if r["name"] == name]
    return rows[0] if len(rows) == 1 else {"state": f"{len(rows)} rows", "reason": ""}


def wait_linked(daemon: Daemon, *names: str, seconds: float = 60) -> None:
    for name in names:
        daemon.wait_for(
            lambda name=name: row(daemon, name)["state"] == "linked", f"{name} linked", seconds
        )


def wait_up(daemon: Daemon, seconds: float = 60) -> None:
    """Up, and everything of it in place."""
    daemon.wait_for(
        lambda: status(daemon)["provider"]["up"] and re.match("Ollama is up;", daemon.notify.status),
        "Ollama up",
        seconds,
    )


def consumer(engine: Engine, project: str, text: str = WEB) -> Compose:
    compose = Compose(engine, project, text)
    compose.up()
    return compose


def key_of(engine: Engine, container: str) -> str:
    return env_of(engine.inspect(container))["OLLAMA_API_KEY"]


def run_of(engine: Engine, container: str) -> tuple[str, str]:
    document = engine.inspect(container)
    return document["Id"], document["State"]["StartedAt"]


def ask(
    engine: Engine,
    container: str,
    path: str,
    key: str = "",
    host: str = "host.docker.internal",
    port: int = PORT,
) -> tuple[int, str]:
    """Status and body of a request from inside the container, with busybox's means: its wget shows
    no body of an error, and its nc closes its side too early for an answer that takes a while."""
    url = f"http://{host}:{port}{path}"
    headers = ["--header", f"Authorization: Bearer {key}"] if key else []
    done = engine.client("exec", container, "wget", "-q", "-O", "-", *headers, url)
    if done.returncode == 0:
        return 200, done.stdout
    head = f"GET {path} HTTP/1.0\\r\\nHost: {host}\\r\\n"
    head += f"Authorization: Bearer {key}\\r\\n" if key else ""
    script = f"printf '%b' \"$1\" | nc -w 10 {host} {port}"
    done = engine.client("exec", container, "sh", "-c", script, "sh", head + "\\r\\n")
    match = re.match(r"HTTP/1\.[01] (\d+)", done.stdout)
    if not match:
        return 0, done.stdout + done.stderr
    return int(match[1]), done.stdout.replace("\r\n", "\n").partition("\n\n")[2]


def models_in(text: str) -> list[str]:
    return [model["name"] for model in json.loads(text)["models"]]


def generation(daemon: Daemon) -> int:
    """The number of the configuration that the proxy itself says it uses."""
    answer = call(daemon.state / "proxy" / "run" / "proxy.sock", "GET", "/-/generation")
    return int(answer.text)


def stream(engine: Engine, container: str, key: str, pieces: int, every_ms: int) -> "subprocess.Popen[str]":
    """A slow stream to the container, begun; its output is one line a piece."""
    engine.exec(API, "ollama", "standin", f"count={pieces}", f"every_ms={every_ms}")
    body = r"{\"model\":\"llama3.2\",\"prompt\":\"x\"}"
    script = (
        f'wget -q -O - --header "Authorization: Bearer {key}" '
        f'--post-data "{body}" http://host.docker.internal:{PORT}/api/generate'
    )
    process = subprocess.Popen(
        engine.machine.network_command("docker", "exec", container, "sh", "-c", script),
        env=engine.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    process.first = process.stdout.readline()  # type: ignore[attr-defined]
    return process


def listeners(engine: Engine, port: int = PORT) -> set[str]:
    """Addresses of the machine on which the port is listened on."""
    shown = engine.machine.run("ss", "-ltnH", f"sport = :{port}").stdout
    return {line.split()[3].rpartition(":")[0] for line in shown.splitlines()}


def changes(relay: Relay) -> list[str]:
    """What was asked of the engine but to look."""
    return [str(e) for e in relay.calls() if e.method not in ("GET", "HEAD")]


def settle(daemon: Daemon, relay: Relay) -> list[str]:
    """What is changed during two whole looks, once it is quiet: nothing, is the promise."""

    def looks() -> int:
        return len(relay.calls("GET", f"/containers/{PROXY}/json")) + len(
            relay.calls("GET", f"/containers/{API}/json")
        )

    wait_up(daemon)
    relay.forget()
    daemon.wait_for(lambda: looks() >= 4, "two looks at everything")
    return changes(relay)


def leftover_probes(engine: Engine) -> list[str]:
    return engine.docker("ps", "-aq", "--filter", "label=coollama.part=probe").split()


def hold_port(engine: Engine, address: str, port: int = PORT) -> "subprocess.Popen[bytes]":
    """A process of the host that has the port."""
    code = (
        "import socket,sys,time\ns=socket.socket();s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n"
        "s.bind((sys.argv[1],int(sys.argv[2])));s.listen();time.sleep(600)"
    )
    process = subprocess.Popen(
        engine.machine.network_command("python3", "-c", code, address, str(port))
    )
    wait_for(lambda: address in listeners(engine, port), "the port is taken")
    return process
