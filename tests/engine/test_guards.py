# SPDX-License-Identifier: Apache-2.0
"""Coolify's moves and ours beside each other: what holds a swap back until a move is over.

The moves are Coolify's own commands (lib/coolify). What the daemon does is read in a relay.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from lib import coolify_status
from lib.compose import Compose
from lib.consumers import EXTERNAL, HOST, SERVE, env_of, is_linked, rows, state_is
from lib.coolify_engine import HELPER, Coolify, Move, watching
from lib.daemon import Daemon
from lib.engine import Engine
from lib.races import FULL
from lib.relay import Relay

ENABLE = "coollama.enable=true"
DEPLOYING = "a deployment of Coolify is in progress"
ENGINES = ["20.10", "28.5"] if FULL else ["28.5"]

# No list but the first, so that what is seen was told by an event.
CONFIG = EXTERNAL | {"health": {"resync": "1h"}, "link": {"settle": "1s", "settle-unchecked": "1s"}}


class Scene:
    def __init__(self, engine: Engine, relay: Relay) -> None:
        self.engine, self.relay = engine, relay
        self.coolify = Coolify(engine, compose="2.26" if engine.version == "20.10" else "2.40")
        self.coolify.do("prepare")
        self.daemon = Daemon(engine, CONFIG, relay.path)

    def define(self, kind: str, uuid: str, *words: str) -> None:
        self.coolify.do("define", kind, uuid, uuid, *words, ENABLE)

    def helper(self, name: str) -> None:
        self.engine.docker("run", "-d", "--rm", "--name", name, "-v", "/usr:/usr:ro", HELPER, "sleep", "1000")

    def end(self, *names: str) -> None:
        self.engine.docker("kill", *names)

    def linked(self, *names: str) -> None:
        for name in names:
            self.daemon.wait_for(lambda: is_linked(self.engine, name), f"{name} is linked", 30)

    def waits(self, name: str, why: str) -> None:
        self.daemon.wait_for(lambda: why in rows(self.daemon).get(name, {}).get("reason", ""), why)

    def swaps(self) -> list[str]:
        return [exchange.query for exchange in self.relay.calls("POST", "/rename$")]


@pytest.fixture
def scene(engine: Engine, relay: Relay) -> Iterator[Scene]:
    made = Scene(engine, relay)
    yield made
    made.daemon.kill()


ANY = pytest.mark.parametrize("engine", ENGINES, indirect=True)


@ANY
def test_no_swap_of_an_application_begins_while_any_deployment_is_in_progress(scene: Scene) -> None:
    """One that was there before the daemon, one that begins and ends while it looks; what else the
    helper's image is run for is none, and what has no helper is not held."""
    scene.helper("before0before0before0before0")
    for name in ("backup-of-k8wk0cswkgo8wwokc0o4s04s", "eager_lamport"):
        scene.helper(name)
    for kind, uuid in (("app", "shop"), ("compose", "forum"), ("service", "notes")):
        scene.define(kind, uuid, *([] if kind == "app" else ["--member=web"]))
    shop, forum = scene.coolify.do("deploy", "shop"), scene.coolify.do("deploy", "forum")
    scene.coolify.do("deploy", "notes")
    scene.daemon.start()
    scene.waits("shop", DEPLOYING)
    scene.linked("web-notes")
    scene.waits("forum/web", DEPLOYING)

    scene.helper("next0next0next0next0next0")
    scene.end("before0before0before0before0")
    scene.coolify.do("restart", "notes")
    scene.linked("web-notes")
    scene.waits("shop", DEPLOYING)
    assert len(scene.swaps()) == 2, scene.swaps()

    scene.end("next0next0next0next0next0")
    scene.linked(shop, forum)
    scene.end("backup-of-k8wk0cswkgo8wwokc0o4s04s", "eager_lamport")
    scene.daemon.close()


def by_hand(name: str, uuid: str, *labels: str) -> str:
    """One deployment of an application, as a build server starts it: no helper here."""
    words = [f"coolify.applicationId=17 coolify.type=application coolify.resourceName={uuid}".split(), labels]
    return "\n".join(
        ["services:", f"  {name}:", "    image: busybox:local", f"    {SERVE}"]
        + [f"    container_name: {name}", "    labels:"]
        + [f"      - '{label}'" for group in words for label in group]
    )


@ANY
def test_of_two_deployments_the_older_is_never_touched_and_the_newer_once_it_is_alone(scene: Scene) -> None:
    """A rolling update whose build was done elsewhere; and one to a version that opts out."""
    scene.daemon.start()
    names = [f"shop-12000000000{number}" for number in range(4)]
    Compose(scene.engine, "shop", by_hand(names[0], "shop")).up()
    Compose(scene.engine, "shop", by_hand(names[1], "shop", ENABLE)).up()
    scene.waits("shop", f"{names[0]}, whose place it takes, still runs")
    assert not scene.swaps()
    scene.engine.docker("rm", "-f", names[0])
    scene.linked(names[1])

    # The next one is made while the last waits, and has not opted in.
    older = by_hand(names[2], "shop", ENABLE)
    Compose(scene.engine, "shop", older).up()
    scene.waits("shop", f"{names[1]}, whose place it takes, still runs")
    Compose(scene.engine, "shop", by_hand(names[3], "shop")).up()
    scene.engine.docker("rm", "-f", names[1])
    scene.waits("shop", f"{names[3]} has taken its place")
    assert len(scene.swaps()) == 1
    scene.daemon.close()


def move_alone(scene: Scene, *words: str) -> Move:
    """Nothing of it meets a swap: none is begun until it has ended."""
    before = len(scene.swaps())
    move = scene.coolify.start(*words)
    assert move.end() == 0, move
    assert not move.ignored, move
    assert len(scene.swaps()) == before, f"a swap began during {move}"
    return move


@ANY
def test_a_rolling_deployment_with_its_health_check_by_name_is_over_before_we_begin(scene: Scene) -> None:
    """Coolify asks for the new container's health by its name: a missing one fails the deployment."""
    scene.daemon.start()
    scene.coolify.do("define", "app", "shop", "shop")
    scene.coolify.do("deploy", "shop")
    scene.define("app", "shop", "--health")
    name = move_alone(scene, "deploy", "shop").out.split()[-1]
    with watching(scene.engine, "shop") as watcher:
        scene.linked(name)
    window = swap_window(scene.relay, name)
    late = [one for one in watcher.exited() if not (window[0] <= one.ended and one.begun <= window[1])]
    assert not late, f"Coolify saw it as exited at {late}, the swap took {window}"
    assert scene.engine.inspect(name)["RestartCount"] == 0
    scene.daemon.close()


def swap_window(relay: Relay, name: str) -> tuple[float, float]:
    """From the stop of the old one to its removal, the last ones of that container's."""
    renamed = [e for e in relay.calls("POST", "/rename$") if e.query.endswith(f"{name}.coollama-prev")]
    id = renamed[-1].path.split("/")[2]
    (stop,) = relay.calls("POST", f"/{id}/stop$")
    (gone,) = relay.calls("DELETE", f"/{id}$")
    return stop.began, gone.began + 1


def networks_of(engine: Engine, name: str) -> dict[str, Any]:
    return engine.inspect(name)["NetworkSettings"]["Networks"]


@ANY
def test_a_service_keeps_its_predefined_network_and_what_coolify_does_to_one_of_it(scene: Scene) -> None:
    """The connects come after `up`, and stand in no compose file. An `up --no-deps` of what we have
    made leaves it alone, and the status, the clean-up and a stop see one container as ever."""
    scene.daemon.start()
    for image in ("nginx:alpine", "ollama/ollama:latest"):  # else the clean-up takes them
        scene.engine.docker("create", image)
    scene.define("service", "notes", "--member=web", "--database=db", "--predefined")
    scene.coolify.do("deploy", "notes")
    scene.linked("web-notes")
    endpoint = networks_of(scene.engine, "web-notes")["coolify"]
    assert "web-notes" in endpoint["Aliases"]
    document = scene.engine.inspect("web-notes")
    assert env_of(document)["COOLIFY_CONTAINER_NAME"] == "web-notes"
    assert HOST in document["HostConfig"]["ExtraHosts"]

    move_alone(scene, "component", "start", "notes", "web")
    move_alone(scene, "cleanup")
    seen = coolify_status.poll(scene.engine, "com.docker.compose.project=notes")
    assert seen and set(seen.values()) == {"running:unknown"}
    assert scene.engine.inspect("web-notes")["Id"] == document["Id"]
    move_alone(scene, "stop", "notes")
    assert not scene.engine.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=notes")
    scene.daemon.wait_for(lambda: not state_is(scene.daemon, "notes/web", "linked"), "it is gone")
    scene.daemon.close()
