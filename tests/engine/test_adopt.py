# SPDX-License-Identifier: Apache-2.0
"""An Ollama that is there before coollamad starts is used, and nothing of it is changed: Coolify's
one-click service. Ollama is the stand-in, nginx is Debian's."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lib.consumers import run
from lib.daemon import Daemon
from lib.engine import Engine
from lib.ollamas import UUID, Coolify, coolify_proxy, one_click, shown
from lib.provider import (
    API,
    UNAUTHORIZED,
    ask,
    consumer,
    key_of,
    listeners,
    models_in,
    run_of,
    status,
    wait_linked,
    wait_up,
)

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
THEIRS = (f"ollama-api-{UUID}", f"open-webui-{UUID}")
# Open WebUI of the same service opts in: it has been given the right address by Coolify's template.
SERVICE = one_click(webui_labels="      - coollama.enable=true\n      - coollama.recovery=none\n")
# Every outage counts.
CONFIG = {"recovery": {"min-outage": "1ms"}}
LISTENER = "mkdir -p /w && cd /w && httpd -f -v -p 11434 2>/asked"


def models(engine: Engine, container: str) -> list[str]:
    code, text = ask(engine, container, "/api/tags", key_of(engine, container))
    return models_in(text) if code == 200 else []


def downs(daemon: Daemon) -> int:
    return len(daemon.logged("^Ollama is down"))


@dataclass
class Scene:
    engine: Engine
    daemon: Daemon
    service: Coolify
    before: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module", params=ENGINES)
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of(request.param)
    daemon = Daemon(engine, CONFIG)
    try:
        coolify_proxy(engine)
        service = Coolify(engine, SERVICE)
        service.deploy()
        before = shown(engine, *THEIRS)
        consumer(engine, "shop")
        daemon.start()
        wait_linked(daemon, "shop/web", "my-ollama/open-webui")
        yield Scene(engine, daemon, service, before)
    finally:
        daemon.close()
        engine.reset()


def test_there_is_no_second_ollama_and_nothing_of_theirs_was_changed(scene: Scene) -> None:
    provider = status(scene.daemon)["provider"]
    assert (provider["mode"], provider["name"]) == ("adopted", "my-ollama/ollama-api")
    assert not scene.engine.exists(API)
    assert not scene.engine.exists("coollama-models", "volume")
    assert shown(scene.engine, *THEIRS) == scene.before


def test_a_consumer_of_another_stack_gets_their_models_with_a_key_of_its_own(scene: Scene) -> None:
    assert models(scene.engine, "shop-web-1")
    assert ask(scene.engine, "shop-web-1", "/api/tags") == (401, UNAUTHORIZED)
    assert listeners(scene.engine) == {scene.engine.gateway()}


def test_a_member_of_its_own_stack_has_its_name_and_needs_no_key(scene: Scene) -> None:
    variables = scene.engine.inspect(THEIRS[1])["Config"]["Env"]
    assert "OLLAMA_BASE_URL=http://ollama-api:11434" in variables
    assert not [entry for entry in variables if entry.startswith("OLLAMA_API_KEY=")]


def test_a_neighbour_that_takes_its_names_is_sent_nothing(scene: Scene) -> None:
    """Its short id is such a name: the engine gives it to every container, and to whoever asks."""
    engine = scene.engine
    aliases = ["ollama-api", "ollama", engine.inspect(THEIRS[0])["Id"][:12], THEIRS[0]]
    options = [word for alias in aliases for word in ("--network-alias", alias)]
    options += ["--name", "decoy", "--network", UUID]
    engine.docker("run", "-d", *options, "busybox:local", "sh", "-c", LISTENER)
    try:
        before = shown(engine, THEIRS[0])
        for _ in range(5):
            assert models(engine, "shop-web-1")
        engine.docker("stop", "--time=1", THEIRS[0])
        scene.daemon.wait_status("Ollama is down")
        key = key_of(engine, "shop-web-1")
        scene.daemon.wait_for(
            lambda: ask(engine, "shop-web-1", "/api/tags", key)[0] == 503, "told that it is away"
        )
        assert engine.exec("decoy", "cat", "/asked") == ""
        engine.docker("start", THEIRS[0])
        wait_up(scene.daemon)
        assert engine.inspect(THEIRS[0])["Id"] == before[THEIRS[0]]["Id"]
        assert engine.exec("decoy", "cat", "/asked") == ""
    finally:
        engine.docker("rm", "-f", "decoy")


def test_it_is_followed_through_a_redeployment_which_is_one_outage(scene: Scene) -> None:
    wait_linked(scene.daemon, "shop/web")
    old = scene.engine.inspect(THEIRS[0])["Id"]
    earlier, was = run_of(scene.engine, "shop-web-1"), downs(scene.daemon)
    scene.service.stop()
    scene.daemon.wait_status("Ollama is down")
    scene.daemon.wait_for(
        lambda: "coollama provider use" in status(scene.daemon)["provider"]["next"], "a next step"
    )
    scene.service.deploy()
    wait_up(scene.daemon)
    scene.daemon.wait_for(
        lambda: run_of(scene.engine, "shop-web-1") != earlier, "whoever lived through it is restarted"
    )
    wait_linked(scene.daemon, "shop/web", "my-ollama/open-webui")
    assert downs(scene.daemon) == was + 1
    assert scene.engine.inspect(THEIRS[0])["Id"] != old
    assert not scene.engine.exists(API)
    scene.daemon.wait_for(lambda: models(scene.engine, "shop-web-1"), "their models again")


def test_when_it_is_removed_its_network_is_not_leaked_and_it_may_come_back(scene: Scene) -> None:
    for _ in range(2):
        assert scene.service.delete(), scene.engine.client("network", "inspect", UUID).stdout
        scene.daemon.wait_status("Ollama is down")
        scene.service.deploy()
        wait_up(scene.daemon)
    assert not scene.engine.exists(API)
    wait_linked(scene.daemon, "shop/web")


def test_the_daemon_that_is_started_again_uses_the_same_one(scene: Scene) -> None:
    run(scene.engine, "another", image="ollama/ollama:latest", script="exec /bin/ollama serve")
    try:
        scene.daemon.stop()
        scene.daemon.start()
        wait_up(scene.daemon)
        assert status(scene.daemon)["provider"]["name"] == "my-ollama/ollama-api"
    finally:
        scene.engine.docker("rm", "-f", "another")
