# SPDX-License-Identifier: Apache-2.0
"""Which Ollama is shared, where only the operator can say, since there are two; he may change his mind,
also to one that lives where a proxy does not come easily. Ollama is the stand-in, nginx is Debian's."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lib.command import coollama
from lib.consumers import env_of
from lib.daemon import Daemon
from lib.engine import Engine
from lib.images import OLLAMA
from lib.ollamas import models_of, plain, shown, wait_why
from lib.provider import API, PROXY, consumer, row, status, wait_linked, wait_up

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
WEB = "shop-web-1"
COLOURS = ("red", "blue")


def networks(engine: Engine, name: str) -> set[str]:
    return set(engine.inspect(name)["NetworkSettings"]["Networks"])


def use(daemon: Daemon, name: str) -> None:
    said = coollama(daemon, "provider", "use", name)
    assert said.status == 0, said.err


@dataclass
class Scene:
    engine: Engine
    daemon: Daemon
    before: dict[str, Any] = field(default_factory=dict)

    def wait_models(self, name: str) -> None:
        self.daemon.wait_for(lambda: f"{name}-model:latest" in models_of(self.engine, WEB), f"{name}'s models")

    def wait_why(self, words: str) -> dict[str, Any]:
        return wait_why(self.daemon, words)

    def untouched(self) -> bool:
        return shown(self.engine, *self.before) == self.before


@pytest.fixture(scope="module", params=ENGINES)
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    """Two Ollamas, of which red has opted in as well, and nobody has said anything yet."""
    engine = engine_of(request.param)
    daemon = Daemon(engine, {"recovery": {"action": "none"}})
    try:
        for colour in COLOURS:
            plain(engine, colour, enabled=colour == "red").up()
            engine.exec(f"{colour}-ollama-api-1", "ollama", "pull", f"{colour}-model")
        consumer(engine, "shop")
        names = [f"{colour}-ollama-api-1" for colour in COLOURS]
        daemon.start()
        yield Scene(engine, daemon, shown(engine, *names))
    finally:
        daemon.close()
        engine.reset()


def test_of_two_none_is_taken_and_none_is_made_and_status_names_both(scene: Scene) -> None:
    engine, daemon = scene.engine, scene.daemon
    provider = scene.wait_why("2 Ollamas")
    assert provider["mode"] == "undecided"
    assert "red/ollama-api" in provider["why"] and "blue/ollama-api" in provider["why"]
    assert provider["next"] == "coollama provider use NAME"
    assert "coollama provider use NAME" in coollama(daemon).out
    assert "2 Ollamas" in row(daemon, "shop/web")["reason"]
    assert not engine.exists(API) and not engine.exists(PROXY)
    assert "OLLAMA_BASE_URL" not in env_of(engine.inspect(WEB))
    assert scene.untouched()


def test_a_name_that_nobody_has_is_no_choice(scene: Scene) -> None:
    said = coollama(scene.daemon, "provider", "use", "green")
    assert said.status != 0 and "green" in said.err
    assert status(scene.daemon)["provider"]["mode"] == "undecided"


def test_the_one_that_is_chosen_is_used_and_the_other_is_left_alone(scene: Scene) -> None:
    use(scene.daemon, "red/ollama-api")
    wait_linked(scene.daemon, "shop/web")
    assert "red-model:latest" in models_of(scene.engine, WEB)
    assert networks(scene.engine, PROXY) == {"0-coollama", "red_default"}
    assert scene.untouched()


def test_one_that_is_shared_is_nobodys_consumer(scene: Scene) -> None:
    told = row(scene.daemon, "red/ollama-api")
    assert told["state"] == "refused" and "shared Ollama itself" in told["reason"]
    assert "coollama.enable" in told["next"]
    said = coollama(scene.daemon, "link", "red/ollama-api", "--yes")
    assert said.status != 0 and "shared Ollama itself" in said.err


def test_another_choice_is_followed_and_survives_the_daemon(scene: Scene) -> None:
    linked = scene.engine.inspect(WEB)["Id"]
    scene.engine.docker("rm", "-f", "red-ollama-api-1")
    red = scene.before.pop("red-ollama-api-1")
    use(scene.daemon, "blue")
    scene.wait_models("blue")
    scene.daemon.wait_for(
        lambda: networks(scene.engine, PROXY) == {"0-coollama", "blue_default"}, "red's network is left"
    )
    scene.daemon.stop()
    plain(scene.engine, "red").up()
    scene.daemon.start()
    wait_up(scene.daemon)
    assert status(scene.daemon)["provider"]["name"] == "blue/ollama-api"
    assert "blue-model:latest" in models_of(scene.engine, WEB)
    assert scene.engine.inspect(WEB)["Id"] == linked
    assert scene.untouched() and scene.engine.inspect("red-ollama-api-1")["Id"] != red["Id"]


def test_on_the_default_bridge_it_is_reached_and_untouched(scene: Scene) -> None:
    engine = scene.engine
    engine.docker("run", "-d", "--name", "bare", OLLAMA)
    engine.exec("bare", "ollama", "pull", "bare-model")
    before = shown(engine, "bare")
    use(scene.daemon, "bare")
    scene.wait_models("bare")
    proof = coollama(scene.daemon, "verify", "shop/web")
    assert proof.status == 0 and "bare-model" in proof.out, proof.out + proof.err
    assert shown(engine, "bare") == before


def test_in_the_network_of_another_container_it_is_refused_with_the_way_out(scene: Scene) -> None:
    engine = scene.engine
    options = ["--network", f"container:{WEB}", "-e", "OLLAMA_HOST=0.0.0.0:11500"]
    engine.docker("run", "-d", "--name", "guest", *options, OLLAMA)
    before = shown(engine, "guest")
    use(scene.daemon, "guest")
    provider = scene.wait_why("network of another container")
    assert "network of its own" in provider["next"]
    assert models_of(engine, WEB) == []
    assert shown(engine, "guest") == before
    use(scene.daemon, "blue")
    scene.wait_models("blue")


def test_without_keys_one_that_publishes_no_port_is_refused_with_the_way_out(scene: Scene) -> None:
    scene.daemon.configure({"proxy": {"secured": "no"}})
    scene.daemon.reload()
    provider = scene.wait_why("does not publish port 11434")
    assert provider["next"] == "set secured = yes in [proxy]"
    assert scene.untouched()
