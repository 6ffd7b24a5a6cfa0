# SPDX-License-Identifier: Apache-2.0
"""The test tools themselves: few tests, of what the others stand on."""

import http.client
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib import coolify_status, images, registry
from lib.compose import Compose
from lib.control import UnixConnection, call
from lib.daemon import Daemon
from lib.engine import DockerError, Engine
from lib.images import BUSYBOX, NGINX, OLLAMA
from lib.relay import Moment, Relay
from lib.wait import Timeout, wait_for

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
SERVICE = "com.docker.compose.service"


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
    engine = empty_engine(version)
    images.busybox().load(engine)
    engine.docker("run", "-d", "--name", "aa", "--restart", "always", "--stop-signal", "KILL", BUSYBOX, "sleep", "999")
    first = engine.inspect("aa")["State"]["Pid"]
    engine.kill()
    engine.start()
    state = engine.inspect("aa")["State"]
    assert state["Running"]
    engine.hang()
    with pytest.raises(TimeoutError):
        connection = UnixConnection(engine.socket)
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


def test_an_engine_that_a_test_has_broken_is_made_anew_for_the_next(
    engine_of: Callable[[str], Engine],
) -> None:
    broken = engine_of("28.5")
    broken.kill()
    again = engine_of("28.5")
    assert again is not broken and engine_of("28.5") is again
    assert again.exists(BUSYBOX, "image") and not broken.machine.path.exists()


def test_a_blow_that_is_late_spares_the_next_daemon(
    engine: Engine, daemon_for: Callable[..., Daemon]
) -> None:
    daemon = daemon_for(engine).start()
    reader, go_on = daemon._reader, threading.Event()
    late = threading.Thread(target=daemon.kill)
    assert reader
    join = reader.join

    def join_late(seconds: float) -> None:
        if threading.current_thread() is late:
            go_on.wait(30)
        join(seconds)

    reader.join = join_late  # type: ignore[method-assign,assignment]
    late.start()
    wait_for(lambda: not daemon.running, "the blow")
    daemon.kill()
    daemon.start()
    go_on.set()
    late.join(30)
    assert daemon.running and daemon.call("GET", "/status").status == 200


@BOTH
def test_the_relay_interferes_at_an_exact_request(engine: Engine, relay: Relay) -> None:
    engine.docker("create", "--name", "aa", BUSYBOX)
    struck: list[str] = []
    relay.on("POST", "/rename$", lambda exchange: struck.append(engine.inspect("bb")["Name"]))
    assert call(relay.path, "POST", "/v1.41/containers/aa/rename?name=bb").status == 204
    assert struck == ["/bb"], "at the answer the engine has done it"
    relay.on("POST", "/rename$", lambda _: struck.append(engine.inspect("bb")["Name"]), moment=Moment.REQUEST)
    assert call(relay.path, "POST", "/v1.41/containers/bb/rename?name=cc").status == 204
    assert struck[1] == "/bb", "at the request it has not"
    relay.drop("POST", "/rename$")
    with pytest.raises((http.client.HTTPException, OSError)):
        call(relay.path, "POST", "/v1.41/containers/cc/rename?name=dd")
    assert engine.exists("dd")
    relay.fail("GET", "/json", 500, "no")
    assert call(relay.path, "GET", "/v1.41/containers/dd/json").json() == {"message": "no"}
    assert call(relay.path, "GET", "/v1.41/containers/dd/json").status == 200
    hold = relay.hold("GET", "^/_ping$")
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(call(relay.path, "GET", "/_ping").status))
    caller.start()
    hold.wait()
    assert not answers
    hold.release()
    caller.join(30)
    assert answers == [200]
    assert [c.query for c in relay.calls("POST", "/rename$")] == ["name=bb", "name=cc", "name=dd"]


@BOTH
def test_the_relay_streams_at_once_and_lies_about_versions(engine: Engine, relay: Relay) -> None:
    connection = UnixConnection(relay.path)
    connection.request("GET", "/v1.41/events")
    events = connection.getresponse()
    engine.docker("create", "--name", "aa", BUSYBOX)
    assert json.loads(events.readline())["Action"] == "create", "while the stream is open"
    connection.close()
    relay.api_version = "1.40"
    assert call(relay.path, "GET", "/version").json()["ApiVersion"] == "1.40"
    assert call(relay.path, "GET", "/v1.40/info").status == 200
    relay.down()
    with pytest.raises(OSError):
        call(relay.path, "GET", "/_ping")
    relay.up()
    assert call(relay.path, "GET", "/_ping").status == 200


def test_a_pull_from_the_local_registry_has_progress_and_fails_for_real(
    empty_engine: Callable[..., Engine],
) -> None:
    engine = empty_engine("28.5", *registry.OPTIONS)
    local = registry.Registry(engine).start()
    local.serve(images.nginx())
    create = "/v1.41/images/create?fromImage=nginx&tag=alpine"
    lines = call(engine.socket, "POST", create).text.splitlines()
    assert any("Downloading" in line for line in lines)
    assert engine.exists(NGINX, "image")
    engine.docker("rmi", NGINX)
    local.lose_layers()
    last = json.loads(call(engine.socket, "POST", create).text.splitlines()[-1])
    assert "error" in last
    local.close()
    assert call(engine.socket, "POST", create).status >= 400 or not engine.exists(NGINX, "image")


@pytest.mark.parametrize("version", ["2.26", "2.40"])
def test_compose_runs_a_project_and_changes_nothing_twice(engine: Engine, version: str) -> None:
    text = f"services:\n  web:\n    image: {BUSYBOX}\n    command: [sleep, '99']\n"
    compose = Compose(engine, "stack", text, version)
    compose.up()
    before = compose.ids("web")
    compose.up()
    assert compose.ids("web") == before and len(before) == 1
    compose.down()
    assert not compose.ids()


def test_a_wait_that_fails_says_what_it_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(Timeout, match="not within 0.1 s: pigs fly\nseen: a pig"):
        wait_for(lambda: False, "pigs fly", 0.1, seen=lambda: "a pig")
    assert time.monotonic() > began


def _container(state: str, health: str | None = None, restarts: int = 0, **labels: str) -> dict[str, Any]:
    whole = {"coolify.applicationId": "17", "coolify.pullRequestId": "0", SERVICE: "web"}
    whole |= {name.replace("_", "."): value for name, value in labels.items()}
    shown = {"Status": state} | ({"Health": {"Status": health}} if health else {})
    return {"State": shown, "RestartCount": restarts, "Config": {"Labels": whole}}


@pytest.mark.parametrize(
    "documents, status",
    [
        ([_container("running", "healthy")], "running:healthy"),
        ([_container("running")], "running:unknown"),
        ([_container("running", "starting")], "running:healthy"),
        ([_container("running", "unhealthy")], "running:unhealthy"),
        ([_container("restarting", "unhealthy")], "restarting:unknown"),
        ([_container("exited")], "exited"),
        ([_container("exited", restarts=1)], "degraded:unhealthy"),
        ([_container("created")], "starting:unknown"),
        ([_container("paused")], "paused:unknown"),
        ([_container("removing")], "degraded:unhealthy"),
        # In a swap the older one, which is listed last, is what counts.
        ([_container("created"), _container("running", "healthy")], "running:healthy"),
        ([_container("running", "healthy"), _container("exited")], "exited"),
        # Of a compose application, and where a rolling update has two.
        ([_container("running", "healthy"), _container("exited", **{SERVICE: "db"})], "degraded:unhealthy"),
        ([_container("running"), _container("created", **{SERVICE: "db"})], "starting:unknown"),
    ],
)
def test_coolify_sees_an_application_as_its_rules_say(
    documents: list[dict[str, Any]], status: str
) -> None:
    assert coolify_status.statuses(documents) == {"application:17": status}


def test_coolify_knows_resources_by_their_labels_alone() -> None:
    preview = _container("running", "healthy", coolify_pullRequestId="5")
    part = {"coolify_applicationId": "", "coolify_serviceId": "8", "coolify_service_subId": "1"}
    member = _container("running", **part, coolify_service_subType="application")
    base = {"coolify_applicationId": "", "coolify_type": "database"}
    database = _container("exited", **base, **{SERVICE: "xyz"})
    nobody = _container("running", coolify_applicationId="")
    assert coolify_status.statuses([preview, member, database, nobody]) == {
        "preview:17:5": "running:healthy",
        "service:8:application:1": "running:unknown",
        "database:xyz": "exited",
    }
