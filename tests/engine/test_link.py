# SPDX-License-Identifier: Apache-2.0
"""Linking on a real engine: what opted in gains exactly the link, and nothing else is touched.

All consumers live side by side under one daemon, as on a host; each test looks at its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from lib.compose import Compose
from lib.consumers import EXTERNAL, HOST, URL, env_of, is_linked, rows, run, service, stack, state_is
from lib.control import call
from lib.daemon import Daemon
from lib.documents import gained
from lib.engine import Engine
from lib.relay import Relay
from lib.wait import wait_for

RICH = """environment:
  - GREETING=hello
volumes:
  - data:/data
  - /anonymous
networks:
  default: {aliases: [www, shop]}
  second: {aliases: [inner]}
  fixed: {ipv4_address: 10.77.%d.9}
hostname: shopkeeper
stop_grace_period: 3s"""
NETWORKS = """volumes: {data: {}}
networks:
  default: {}
  second: {}
  fixed: {ipam: {config: [{subnet: 10.77.%d.0/24}]}}"""

# As the document that this project follows has it, and the one label.
SEED = f"""services:
  my-service:
    image: busybox:local
    command: ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"]
    environment:
      - 'OLLAMA_BASE_URL={URL}'
    extra_hosts:
      - host.docker.internal:host-gateway
    labels:
      - coollama.enable=true
"""

HEALTH = """healthcheck:
  test: [CMD, test, -e, /data/healthy]
  interval: 200ms
  retries: 1
volumes: [data:/data]"""


def labelled(*labels: str) -> tuple[str, ...]:
    return ("coollama.enable=true", *labels)


# label: what the reason says
WRONG = {
    "coollama.profil=openai": "unknown label coollama.profil; did you mean coollama.profile?",
    "coollama.profile=olama": "did you mean 'ollama'?",
    "coollama.scope=stac": "did you mean 'stack'?",
    "coollama.settle=soon": "a duration",
}
PROJECTS = {
    "new": stack(service("web", extra=RICH % 40), rest=NETWORKS % 40),
    "old": stack(service("web", extra=RICH % 26), rest=NETWORKS % 26),
    "seed": SEED,
    "other": stack(service("web", labels=("traefik.enable=true",))),
    "openai": stack(service("web", labels=labelled("coollama.profile=openai"))),
    "two": stack(service("web", labels=labelled("coollama.profile=ollama+openai"))),
    "env": stack(service("web", labels=labelled("coollama.env.LLM={url}/api", "coollama.env.PORT=8080"))),
    "late": stack(service("web", labels=labelled("coollama.settle=1h"))),
    "sick": stack(service("web", extra=HEALTH), rest="volumes: {data: {}}"),
    "many": stack(service("web")),
} | {f"wrong{n}": stack(service("web", labels=labelled(label))) for n, label in enumerate(WRONG)}
LINKED = ["new/web", "old/web", "seed/my-service", "openai/web", "two/web", "env/web", "many/web", "alone"]


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon
    projects: dict[str, Compose]
    before: dict[str, dict[str, Any]]
    texts: dict[str, str]  # the same documents, byte for byte
    log: list[Any]  # what the daemon asked the engine until everything was linked

    def container(self, project: str) -> dict[str, Any]:
        return self.engine.inspect(f"{project}-web-1")

    def row(self, name: str) -> dict[str, Any]:
        return rows(self.daemon)[name]

    def gained(self, project: str) -> list[str]:
        return gained(self.before[f"{project}-web-1"], self.container(project))


def text_of(engine: Engine, name: str) -> str:
    return call(engine.socket, "GET", f"/containers/{name}/json").text


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of(request.param)
    projects = {
        name: Compose(engine, name, text, "2.26" if name == "old" else "2.40")
        for name, text in PROJECTS.items()
    }
    with ThreadPoolExecutor(4) as pool:
        scaled = {"many": ("--scale", "web=3")}
        list(pool.map(lambda name: projects[name].up(*scaled.get(name, ())), projects))
    run(engine, "alone")
    names = engine.docker("ps", "--format", "{{.Names}}").split()
    before = {name: engine.inspect(name) for name in names}
    texts = {name: text_of(engine, name) for name in names if not name.startswith("sick")}
    relay = Relay(engine.machine.path / "scene.sock", engine.socket)
    daemon = Daemon(engine, EXTERNAL | {"health": {"resync": "1s"}}, relay.path).start()
    daemon.wait_for(lambda: all(state_is(daemon, name, "linked") for name in LINKED), "the links", 120)
    daemon.wait_for(lambda: rows(daemon)["many/web"]["linked"] == 3, "all replicas", 60)
    yield Scene(engine, relay, daemon, projects, before, texts, relay.calls())
    daemon.close()
    relay.close()
    engine.reset()


THE_LINK = [f'Config.Env +"OLLAMA_BASE_URL={URL}"', f'HostConfig.ExtraHosts +"{HOST}"']


@pytest.mark.parametrize("project", ["new", "old"])
def test_a_consumer_gains_exactly_the_url_and_the_host_entry(scene: Scene, project: str) -> None:
    # An anonymous volume is the same one in the new container only if it is named there.
    named = "HostConfig.Mounts "
    assert [line for line in scene.gained(project) if not line.startswith(named)] == THE_LINK
    assert len(scene.gained(project)) == len(THE_LINK) + 2
    mounts = {m["Destination"]: m for m in scene.container(project)["Mounts"]}
    old = {m["Destination"]: m for m in scene.before[f"{project}-web-1"]["Mounts"]}
    assert mounts["/anonymous"]["Name"] == old["/anonymous"]["Name"]
    endpoints = scene.container(project)["NetworkSettings"]["Networks"]
    assert {"www", "shop"} <= set(endpoints[f"{project}_default"]["Aliases"])
    assert "inner" in endpoints[f"{project}_second"]["Aliases"]
    assert endpoints[f"{project}_fixed"]["IPAddress"].endswith(".9")


def test_compose_up_afterwards_re_creates_nothing(scene: Scene) -> None:
    for name in ("new", "old", "many", "env"):
        compose = scene.projects[name]
        before = sorted(compose.ids())
        compose.up(*(("--scale", "web=3") if name == "many" else ()))
        assert sorted(compose.ids()) == before, f"{name}, compose {compose.version}"


def test_what_its_user_wrote_by_hand_is_linked_with_zero_actions(scene: Scene) -> None:
    name = "seed-my-service-1"
    assert scene.row("seed/my-service")["state"] == "linked"
    assert text_of(scene.engine, name) == scene.texts[name]
    touched = [e for e in scene.log if scene.before[name]["Id"] in e.path and e.method != "GET"]
    assert not touched


def test_what_did_not_opt_in_causes_no_request_and_stays_byte_identical(scene: Scene) -> None:
    name = "other-web-1"
    assert text_of(scene.engine, name) == scene.texts[name]
    words = (scene.before[name]["Id"], name, scene.before[name]["Id"][:12])
    assert not [str(e) for e in scene.relay.calls() if any(w in e.path + e.query for w in words)]
    assert not [row for row in rows(scene.daemon) if row.startswith("other")]


@pytest.mark.parametrize("number", range(len(WRONG)), ids=list(WRONG))
def test_a_wrong_label_is_named_and_the_container_left_alone(scene: Scene, number: int) -> None:
    reason = list(WRONG.values())[number]
    row = scene.row(f"wrong{number}/web")
    assert row["state"] == "refused" and reason in row["reason"], row
    assert row["next"] == "change the label and deploy it again"
    assert [line for line in scene.daemon.lines if f"wrong{number}/web: refused" in line and reason in line]
    name = f"wrong{number}-web-1"
    assert text_of(scene.engine, name) == scene.texts[name]


def test_profiles_and_own_variables_set_what_they_name(scene: Scene) -> None:
    openai = f'Config.Env +"OPENAI_BASE_URL={URL}/v1"'
    assert scene.gained("openai") == [openai, THE_LINK[1]]
    assert scene.gained("two") == sorted([openai, *THE_LINK])
    assert env_of(scene.container("env"))["LLM"] == f"{URL}/api"
    assert len(scene.gained("env")) == 4


def test_the_settle_label_holds_it_back(scene: Scene) -> None:
    row = scene.row("late/web")
    assert row["state"] == "waiting" and "quietly for 1h" in row["reason"], row
    assert text_of(scene.engine, "late-web-1") == scene.texts["late-web-1"]


def test_a_container_without_compose_is_linked_as_its_name(scene: Scene) -> None:
    assert is_linked(scene.engine, "alone")
    assert gained(scene.before["alone"], scene.engine.inspect("alone")) == THE_LINK


def test_three_replicas_are_linked_in_one_row(scene: Scene) -> None:
    row = scene.row("many/web")
    assert (row["containers"], row["linked"], row["state"]) == (3, 3, "linked")
    for number in (1, 2, 3):
        assert is_linked(scene.engine, f"many-web-{number}")
    assert len(scene.projects["many"].ids()) == 3


def test_one_row_for_every_consumer_and_no_leftover(scene: Scene) -> None:
    assert len(rows(scene.daemon)) == len(LINKED) + len(WRONG) + 2
    names = scene.engine.docker("ps", "-a", "--format", "{{.Names}}").split()
    assert sorted(names) == sorted(scene.before)


def test_a_second_pass_plans_nothing(scene: Scene) -> None:
    scene.relay.forget()
    wait_for(lambda: len(scene.relay.calls("GET", "^/containers/json$")) >= 3, "two more resyncs", 30)
    ours = [e for e in scene.relay.calls() if e.path != "/_ping"]
    assert {e.method for e in ours} == {"GET"}
    assert not [str(e) for e in ours if not e.path.startswith("/containers/")]
    assert not [row for row in scene.daemon.call("GET", "/plan").json()["consumers"] if row["steps"]]


def test_an_unhealthy_one_is_linked_once_it_is_healthy(scene: Scene) -> None:
    row = scene.row("sick/web")
    assert row["state"] == "waiting" and "has a health check" in row["reason"], row
    assert scene.container("sick")["Id"] == scene.before["sick-web-1"]["Id"]
    scene.engine.exec("sick-web-1", "touch", "/data/healthy")
    scene.daemon.wait_for(lambda: state_is(scene.daemon, "sick/web", "linked"), "it is linked")
    assert scene.gained("sick") == THE_LINK
