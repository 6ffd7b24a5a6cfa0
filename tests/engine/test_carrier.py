# SPDX-License-Identifier: Apache-2.0
"""How a consumer shows its key: in a header, in its URL; and when the proxy last saw it.

One scene for each engine, with apps under their real images' names (busybox in them) and profiles
whose times are small. Ollama is the stand-in, nginx is Debian's."""

import os
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lib import clients, images
from lib.cache import SOURCE
from lib.command import coollama
from lib.consumers import URL, env_of, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.provider import PROXY, ask, consumer, key_of, row, run_of, wait_linked, wait_up
from lib.relay import Relay

ENGINES = ["20.10", "26.1", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
KARAKEEP = "ghcr.io/karakeep-app/karakeep:release"
N8N = "docker.n8n.io/n8nio/n8n:latest"
OPEN_WEBUI = "ghcr.io/open-webui/open-webui:main"
# Longer than the configuration's 300 ms, as the real one is longer than its 10 s.
N8N_SETTLE = 4


def app(name: str, image: str, *labels: str, extra: str = "") -> str:
    text = service(name, labels=("coollama.enable=true", *labels), extra=extra)
    return stack(text.replace(images.BUSYBOX, image))


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon

    def row(self, name: str) -> dict[str, Any]:
        return row(self.daemon, name)

    def url_of(self, container: str) -> str:
        return env_of(self.engine.inspect(container))["OLLAMA_BASE_URL"]

    def fetch(self, container: str, url: str, *headers: str) -> tuple[bool, str]:
        words = [word for header in headers for word in ("--header", header)]
        done = self.engine.client("exec", container, "wget", "-q", "-O", "-", *words, url)
        return done.returncode == 0, done.stdout

    def wait_seen(self, name: str) -> dict[str, Any]:
        self.daemon.wait_for(lambda: self.row(name)["key_seen"] is not None, f"{name} seen")
        return self.row(name)


@pytest.fixture(scope="module", params=ENGINES)
def scene(
    request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]
) -> Iterator[Scene]:
    engine = engine_of(request.param)
    for image in (KARAKEEP, N8N, OPEN_WEBUI):
        images.busybox().load(engine, image)
    relay = Relay(engine.machine.path / "carrier.sock", engine.socket)
    daemon = Daemon(engine, {"recovery": {"min-outage": "1h"}}, socket=relay.path)
    daemon.templates = daemon.directory / "templates"
    shutil.copytree(SOURCE / "templates", daemon.templates)
    n8n = daemon.templates / "profiles" / "n8n.json"
    n8n.write_text(json.dumps(json.loads(n8n.read_text()) | {"settle": f"{N8N_SETTLE}s"}))
    try:
        consumer(engine, "keep", app("web", KARAKEEP))
        consumer(engine, "shop", app("web", images.BUSYBOX))
        for profile in ("openai", "anthropic"):
            consumer(engine, profile, app("web", images.BUSYBOX, f"coollama.profile={profile}"))
        consumer(engine, "named", app("web", images.BUSYBOX, "coollama.auth=url"))
        daemon.start()
        daemon.wait_for(lambda: row(daemon, "keep/web")["linked"] == 1, "keep/web linked", 60)
        wait_linked(daemon, "shop/web", "named/web", "openai/web", "anthropic/web")
        yield Scene(engine, relay, daemon)
    finally:
        daemon.close()
        relay.close()
        engine.reset()


def test_an_app_that_can_send_no_header_gets_its_key_in_the_url_and_works(scene: Scene) -> None:
    url = scene.url_of("keep-web-1")
    address, _, key = url.rpartition("/k/")
    assert address == URL and len(key) == 64
    assert "OLLAMA_API_KEY" not in env_of(scene.engine.inspect("keep-web-1"))
    got, body = scene.fetch("keep-web-1", f"{url}/api/tags")
    assert got and json.loads(body)["models"]
    got, body = scene.fetch("keep-web-1", f"{url}/v1/models")
    assert got and json.loads(body)["data"]


def test_the_label_alone_does_it_too_and_the_header_still_works(scene: Scene) -> None:
    url, key = scene.url_of("named-web-1"), key_of(scene.engine, "named-web-1")
    assert url == f"{URL}/k/{key}"
    assert scene.fetch("named-web-1", f"{url}/api/tags")[0]
    assert ask(scene.engine, "named-web-1", "/api/tags", key)[0] == 200


def test_the_key_of_one_that_sends_headers_is_refused_in_a_url(scene: Scene) -> None:
    key = key_of(scene.engine, "shop-web-1")
    assert ask(scene.engine, "shop-web-1", "/api/tags", key)[0] == 200
    assert ask(scene.engine, "shop-web-1", f"/k/{key}/api/tags")[0] == 401


@pytest.mark.parametrize(
    ("container", "client"),
    [
        ("shop-web-1", "ollama"),
        ("keep-web-1", "ollama"),
        ("named-web-1", "ollama"),
        ("openai-web-1", "openai"),
        ("anthropic-web-1", "anthropic"),
    ],
)
def test_real_clients_list_chat_and_stream_with_what_was_injected_and_nothing_else(
    scene: Scene, container: str, client: str
) -> None:
    got = clients.ask(scene.engine, container, client)
    assert got["list"] == ["llama3.2:latest"]
    assert got["chat"].strip() == "word" and set(got["stream"].split()) == {"word"}


def test_the_step_that_is_left_is_shown_until_its_key_was_seen(scene: Scene) -> None:
    consumer(scene.engine, "late", app("web", KARAKEEP))
    scene.daemon.wait_for(lambda: scene.row("late/web").get("linked") == 1, "late/web linked", 60)
    shown = scene.row("late/web")
    assert (shown["state"], shown["carrier"], shown["key_seen"]) == ("one step left", "url", None)
    assert "INFERENCE_TEXT_MODEL" in shown["next"]
    before = int(time.time())
    assert scene.fetch("late-web-1", scene.url_of("late-web-1") + "/api/tags")[0]
    shown = scene.wait_seen("late/web")
    assert before - 1 <= shown["key_seen"] <= time.time() + 1
    wait_linked(scene.daemon, "late/web")
    assert scene.row("late/web")["next"] is None


def test_verify_proves_a_link_and_is_no_sighting(scene: Scene) -> None:
    consumer(scene.engine, "proved", app("web", KARAKEEP))
    scene.daemon.wait_for(lambda: scene.row("proved/web").get("linked") == 1, "linked", 60)
    proof = scene.daemon.call("POST", "/verify?name=proved/web").json()
    assert proof["passed"], proof
    assert scene.row("proved/web")["key_seen"] is None


def test_what_was_seen_is_known_after_a_crash_and_nothing_polls(scene: Scene) -> None:
    assert ask(scene.engine, "shop-web-1", "/api/tags", key_of(scene.engine, "shop-web-1"))[0] == 200
    seen = scene.wait_seen("shop/web")["key_seen"]
    runs = [run_of(scene.engine, name) for name in ("shop-web-1", PROXY)]
    scene.daemon.kill()
    scene.relay.forget()
    scene.daemon.start()
    wait_up(scene.daemon)
    wait_linked(scene.daemon, "shop/web")
    assert scene.wait_seen("shop/web")["key_seen"] >= seen
    # One stream, however long it is followed.
    ask(scene.engine, "named-web-1", "/api/tags", key_of(scene.engine, "named-web-1"))
    scene.wait_seen("named/web")
    assert len(scene.relay.calls("GET", f"/containers/{runs[1][0]}/logs$")) == 1
    assert [run_of(scene.engine, name) for name in ("shop-web-1", PROXY)] == runs


def test_it_goes_on_with_a_proxy_that_was_started_anew(scene: Scene) -> None:
    consumer(scene.engine, "after", app("web", images.BUSYBOX))
    wait_linked(scene.daemon, "after/web")
    scene.engine.docker("restart", PROXY)
    scene.daemon.wait_for(
        lambda: ask(scene.engine, "after-web-1", "/api/tags", key_of(scene.engine, "after-web-1"))[0]
        == 200,
        "the proxy answers",
    )
    scene.wait_seen("after/web")


def test_no_key_is_in_what_is_said(scene: Scene) -> None:
    keys = [scene.url_of(name).rpartition("/k/")[2] for name in ("keep-web-1", "named-web-1")]
    said = "\n".join(scene.daemon.lines) + scene.engine.docker("logs", PROXY)
    said += scene.engine.client("logs", PROXY).stderr
    for path in ("/status", "/plan", "/explain?name=keep/web", "/explain?name=named/web"):
        said += scene.daemon.call("GET", path).text
    for key in keys:
        assert key not in said


def test_one_that_migrates_while_healthy_is_left_alone_as_long_as_its_profile_says(
    scene: Scene,
) -> None:
    """n8n is healthy long before it is done; its settle is longer than the configuration's."""
    migrate = f"trap 'exit 1' TERM; sleep {N8N_SETTLE - 2}; touch /data/done; trap exit TERM; sleep 1000000 & wait"
    extra = (
        "healthcheck: {test: [CMD, 'true'], interval: 200ms, retries: 1}\n"
        f"""command: ["sh", "-c", "{migrate}"]\nvolumes: [data:/data]"""
    )
    text = app("web", N8N, "coollama.auth=header", extra=extra).replace(images_command(), "")
    consumer(scene.engine, "flow", text + "\nvolumes: {data: {}}")
    first = run_of(scene.engine, "flow-web-1")
    scene.daemon.wait_for(
        lambda: "quietly for 4s" in scene.row("flow/web")["reason"], "left alone, and said"
    )
    scene.daemon.wait_for(lambda: scene.row("flow/web").get("linked") == 1, "flow/web linked", 60)
    scene.engine.exec("flow-web-1", "test", "-e", "/data/done")
    assert run_of(scene.engine, "flow-web-1")[0] != first[0]


# Its settings are in a database since its first start: whatever its environment says later, it asks the
# address in there, without a key.
CHAT = """trap exit TERM; [ -e /data/db ] || echo http://host.docker.internal:11434 >/data/db;
while :; do wget -q -O /data/got $$(cat /data/db)/api/tags || rm -f /data/got; sleep 0.2; done"""
NEIGHBOURS = "networks: [default, coolify]"
SHARED = "volumes: {data: {}}\nnetworks: {coolify: {external: true, name: coolify}}"


def chat(extra: str = "", rest: str = "volumes: {data: {}}") -> str:
    script = " ".join(CHAT.split("\n"))
    extra = f"""command: ["sh", "-c", "{script}"]\nvolumes: [data:/data]\n{extra}"""
    return app("web", OPEN_WEBUI, extra=extra).replace(images_command(), "") + "\n" + rest


def has_answer(engine: Engine, container: str) -> bool:
    return engine.client("exec", container, "test", "-e", "/data/got").returncode == 0


def told_off(engine: Engine, container: str, address: str) -> bool:
    """From this container nothing is got at that address without a key."""
    done = engine.client("exec", container, "timeout", "5", "wget", "-q", "-O", "-", f"http://{address}:11434/api/tags")
    return done.returncode != 0


def proxy_address(engine: Engine, network: str) -> str:
    endpoint = engine.inspect(PROXY)["NetworkSettings"]["Networks"].get(network)
    return endpoint["IPAddress"] if endpoint else ""


def test_an_app_that_keeps_its_settings_works_by_its_network_without_being_touched(
    scene: Scene,
) -> None:
    engine = scene.engine
    engine.docker("network", "create", "coolify")
    consumer(engine, "spy", stack(service("web", labels=(), extra=NEIGHBOURS), rest=SHARED))
    consumer(engine, "chat", chat(NEIGHBOURS, SHARED))
    before = engine.inspect("chat-web-1")
    wait_linked(scene.daemon, "chat/web")
    shown = scene.row("chat/web")
    assert shown["carrier"] == "stack" and shown["reason"] == "the proxy knows it by its network"
    assert shown["rung"] == 1
    scene.daemon.wait_for(lambda: has_answer(engine, "chat-web-1"), "it gets the list of models")
    after = engine.inspect("chat-web-1")
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert after["Config"] == before["Config"] and after["HostConfig"] == before["HostConfig"]
    assert scene.wait_seen("chat/web")["next"] is None
    assert "rung      1: " in coollama(scene.daemon, "explain", "chat/web").out
    said = coollama(scene.daemon, "verify", "chat/web")
    assert said.status == 0 and "the proxy is in its network chat_default" in said.out, said
    assert f"{URL} is reachable" in said.out and "FAILED" not in said.out
    for lines in (coollama(scene.daemon, "env", "chat/web", *words).out for words in ((), ("--compose",))):
        assert lines == "# nothing has to be set: the proxy knows it by its network\n"


def test_neighbours_on_a_shared_network_cannot_pass_as_it(scene: Scene) -> None:
    engine = scene.engine
    assert proxy_address(engine, "coolify") == ""  # never on a shared network
    address = proxy_address(engine, "chat_default")
    assert address and not told_off(engine, "chat-web-1", address)
    assert told_off(engine, "spy-web-1", address)
    assert told_off(engine, "spy-web-1", engine.inspect("chat-web-1")["NetworkSettings"]["Networks"]["coolify"]["IPAddress"])
    assert told_off(engine, "spy-web-1", "host.docker.internal")


def test_it_goes_on_working_while_the_daemon_is_started_anew(scene: Scene) -> None:
    scene.daemon.kill()
    scene.engine.exec("chat-web-1", "rm", "-f", "/data/got")
    scene.daemon.start()
    wait_linked(scene.daemon, "chat/web")
    scene.daemon.wait_for(lambda: has_answer(scene.engine, "chat-web-1"), "it gets the list of models")


def test_with_a_stranger_in_its_network_it_is_known_by_that_no_more(scene: Scene) -> None:
    engine = scene.engine
    consumer(engine, "talk", chat())
    wait_linked(scene.daemon, "talk/web")
    assert scene.row("talk/web")["carrier"] == "stack"
    engine.docker("run", "-d", "--name", "stranger", "--network", "talk_default", images.BUSYBOX, "sh", "-c", "sleep 1000000")
    scene.daemon.wait_for(lambda: scene.row("talk/web")["carrier"] != "stack", "another carrier")
    scene.daemon.wait_for(
        lambda: (address := proxy_address(engine, "talk_default")) == "" or told_off(engine, "stranger", address),
        "the stranger gets nothing",
    )


def test_its_own_host_entry_is_respected_and_it_gets_a_key_then(scene: Scene) -> None:
    consumer(scene.engine, "own", chat('extra_hosts: ["host.docker.internal:host-gateway"]'))
    scene.daemon.wait_for(lambda: scene.row("own/web").get("linked") == 1, "own/web linked", 60)
    assert scene.row("own/web")["carrier"] == "header"


def images_command() -> str:
    """The line of lib.consumers.service() that says what it runs."""
    from lib.consumers import SERVE

    return f"    {SERVE}\n"
