# SPDX-License-Identifier: Apache-2.0
"""The test tools themselves: few tests, of what the others stand on."""

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.engine import DockerError, Engine
from lib.images import BUSYBOX, NGINX, OLLAMA
from lib.relay import Moment, Relay
from lib.wait import Timeout, wait_for

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)


class Unix(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("docker", timeout=30)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


def call(path: Path, method: str, target: str) -> tuple[int, bytes]:
    connection = Unix(path)
    connection.request(method, target)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@BOTH
def test_the_stand_in_answers_as_ollama_does(engine: Engine) -> None:
    engine.docker("run", "-d", "--name", "oo", "-v", "models:/root/.ollama", OLLAMA)
    wait_for(lambda: engine.client("exec", "oo", "ollama", "list").returncode == 0, "it listens")
    assert "llama3.2:latest" in engine.exec("oo", "ollama", "list")
    assert '"status":"success"' in engine.exec("oo", "ollama", "pull", "tiny")
    engine.docker("restart", "-t", "0", "oo")
    wait_for(lambda: engine.client("exec", "oo", "ollama", "list").returncode == 0, "it listens")
    assert "tiny:latest" in engine.exec("oo", "ollama", "list")
    with pytest.raises(DockerError, match="file does not exist"):
        engine.exec("oo", "ollama", "pull", "missing")
    engine.exec("oo", "ollama", "standin", "hang=1")
    slow = engine.client("exec", "oo", "timeout", "1", "ollama", "list")
    assert slow.returncode != 0


@BOTH
def test_nginx_reaches_the_stand_in_by_name_and_streams(engine: Engine, tmp_path: Path) -> None:
    conf = tmp_path / "default.conf"
    conf.write_text(
        "server { listen 11434; location / { proxy_pass http://ollama-api:11434;"
        " proxy_http_version 1.1; proxy_buffering off; } }"
    )
    tmp_path.chmod(0o755)
    engine.docker("network", "create", "nn")
    engine.docker("run", "-d", "--name", "oo", "--net", "nn", "--network-alias", "ollama-api", OLLAMA)
    mount = f"{conf}:/etc/nginx/conf.d/default.conf:ro"
    port = f"{engine.gateway()}:11434:11434"
    engine.docker("run", "-d", "--name", "pp", "--net", "nn", "-v", mount, "-p", port, NGINX)
    url = "http://host.docker.internal:11434"
    hosts = "--add-host=host.docker.internal:host-gateway"

    def fetch(*wget: str) -> str:
        return engine.docker("run", "--rm", hosts, BUSYBOX, "wget", "-qO-", *wget)

    wait_for(lambda: "Ollama" in engine.client("run", "--rm", hosts, BUSYBOX, "wget", "-qO-", url).stdout, "up")
    assert json.loads(fetch(f"{url}/api/tags"))["models"][0]["name"] == "llama3.2:latest"
    chat = fetch("--post-data", '{"model":"llama3.2"}', f"{url}/api/chat").splitlines()
    assert len(chat) == 5 and json.loads(chat[-1])["done"]
    openai = fetch("--post-data", '{"model":"llama3.2","stream":true}', f"{url}/v1/chat/completions")
    assert openai.rstrip().endswith("data: [DONE]")
    headers = json.loads(fetch("--header", "X-Seen: yes", f"{url}/debug/headers"))
    assert "X-Seen: yes" in headers["headers"]


@pytest.mark.parametrize("version", ["20.10", "28.5"])
def test_an_engine_keeps_its_data_and_leaves_nothing(
    empty_engine: Callable[..., Engine], version: str
) -> None:
    from lib import images

    engine = empty_engine(version)
    images.busybox().load(engine)
    engine.docker("run", "-d", "--name", "aa", "--restart", "always", BUSYBOX, "sleep", "999")
    first = engine.inspect("aa")["State"]["Pid"]
    engine.kill()
    engine.start()
    state = engine.inspect("aa")["State"]
    assert state["Running"]
    engine.hang()
    with pytest.raises(TimeoutError):
        connection = Unix(engine.socket)
        connection.connect()
        connection.sock.settimeout(0.3)
        connection.request("GET", "/_ping")
        connection.getresponse()
    engine.wake()
    engine.restart()
    wait_for(lambda: engine.inspect("aa")["State"]["Running"], "it is started again")
    assert engine.inspect("aa")["State"]["Pid"] != first
    processes, path = engine.machine.processes(), engine.machine.path
    assert processes
    engine.close()
    assert not [pid for pid in processes if os.path.exists(f"/proc/{pid}")]
    assert not path.exists()
    assert str(path) not in Path("/proc/self/mountinfo").read_text()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{path.name}"))


@BOTH
def test_the_relay_interferes_at_an_exact_request(engine: Engine, relay: Relay) -> None:
    engine.docker("create", "--name", "aa", BUSYBOX)
    struck: list[str] = []
    relay.on("POST", "/rename$", lambda exchange: struck.append(engine.inspect("bb")["Name"]))
    assert call(relay.path, "POST", "/v1.41/containers/aa/rename?name=bb")[0] == 204
    assert struck == ["/bb"], "at the answer the engine has done it"
    relay.on("POST", "/rename$", lambda _: struck.append(engine.inspect("bb")["Name"]), moment=Moment.REQUEST)
    assert call(relay.path, "POST", "/v1.41/containers/bb/rename?name=cc")[0] == 204
    assert struck[1] == "/bb", "at the request it has not"
    relay.drop("POST", "/rename$")
    with pytest.raises((http.client.HTTPException, OSError)):
        call(relay.path, "POST", "/v1.41/containers/cc/rename?name=dd")
    assert engine.exists("dd")
    relay.fail("GET", "/json", 500, "no")
    assert call(relay.path, "GET", "/v1.41/containers/dd/json") == (500, b'{"message": "no"}')
    assert call(relay.path, "GET", "/v1.41/containers/dd/json")[0] == 200
    hold = relay.hold("GET", "^/_ping$")
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(call(relay.path, "GET", "/_ping")[0]))
    caller.start()
    hold.wait()
    assert not answers
    hold.release()
    caller.join(30)
    assert answers == [200]
    assert [c.query for c in relay.calls("POST", "/rename$")] == ["name=bb", "name=cc", "name=dd"]


@BOTH
def test_the_relay_streams_at_once_and_lies_about_versions(engine: Engine, relay: Relay) -> None:
    connection = Unix(relay.path)
    connection.request("GET", "/v1.41/events")
    events = connection.getresponse()
    engine.docker("create", "--name", "aa", BUSYBOX)
    assert json.loads(events.readline())["Action"] == "create", "while the stream is open"
    connection.close()
    relay.api_version = "1.40"
    assert json.loads(call(relay.path, "GET", "/version")[1])["ApiVersion"] == "1.40"
    assert call(relay.path, "GET", "/v1.40/info")[0] == 200
    relay.down()
    with pytest.raises(OSError):
        call(relay.path, "GET", "/_ping")
    relay.up()
    assert call(relay.path, "GET", "/_ping")[0] == 200


def test_a_wait_that_fails_says_what_it_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(Timeout, match="not within 0.1 s: pigs fly\nseen: a pig"):
        wait_for(lambda: False, "pigs fly", 0.1, seen=lambda: "a pig")
    assert time.monotonic() > began
