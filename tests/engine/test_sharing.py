# SPDX-License-Identifier: Apache-2.0
"""Containers that live off others, and what cannot be re-created at all: neither is ever cut off or
touched, and each is told why, with what mends it.

All of them live side by side under one daemon; each test looks at its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from lib.compose import Compose
from lib.consumers import EXTERNAL, HOST, SERVING, URL, env_of, is_linked, rows, run, service, stack, state_is
from lib.control import call
from lib.daemon import Daemon
from lib.documents import gained
from lib.engine import Engine
from lib.images import BUSYBOX
from lib.relay import Relay
from lib.sharing import ENTRY, bystander, tunnel
from lib.wait import wait_for

OPTED = ("coollama.enable=true",)
BY_HAND = f"environment:\n  - OLLAMA_BASE_URL={URL}"

# project: its file, and the version of compose
PROJECTS = {
    "own": (tunnel(vpn=ENTRY), "2.40"),
    "own26": (tunnel(vpn=ENTRY), "2.26"),
    "bare": (tunnel(), "2.40"),
    "both": (tunnel(labels=OPTED), "2.26"),
    "hand": (tunnel(vpn=f"{ENTRY}\n{BY_HAND}", app=BY_HAND, labels=OPTED), "2.40"),
}
LINKED = ["own/app", "own26/app", "hand/vpn", "hand/app", "user-pid", "user-volumes", "rm-by-hand"]

VALUES = "OLLAMA_BASE_URL and the host entry host.docker.internal"
# name: its label, what the reason says
LABELLED = {
    "swarm": ("com.docker.swarm.task.id=x", "Swarm service"),
    "kubernetes": ("io.kubernetes.pod.name=x", "Kubernetes"),
    "nomad": ("com.hashicorp.nomad.alloc_id=x", "Nomad job"),
    "ecs": ("com.amazonaws.ecs.task-arn=x", "ECS task"),
}
# name: what the reason says, what the next step says
REFUSED = {
    "rm": ("made with --rm", "start it without --rm, or"),
    "attached": ("an attached client", "docker run -d"),
    "interactive": ("it is interactive", "docker run -d"),
    "hosts-network": ("the host's own network", f"write {VALUES} into its own definition"),
    "no-network": ("it has no network", "give it a network, or"),
    "disconnected": ("disconnected from all its networks", "docker network connect"),
    "buildx_buildkit_x0": ("a builder", "take coollama.enable away"),
    "one-off/web": ("one-off of 'docker compose run'", "docker compose up"),
    "orphan": ("its volumes from the container lost, which is gone", "deploy both again"),
    "bare/app": (
        "it shares the network of bare-vpn-1, which has no host entry for host.docker.internal",
        f"write the host entry {HOST} (extra_hosts) into the definition of bare-vpn-1",
    ),
    "both/app": ("it shares the network of both-vpn-1, which has no host entry", "definition of both-vpn-1"),
    "both/vpn": (
        "cut off if it were re-created: both-app-1 (network)",
        f"write {VALUES} into its own definition",
    ),
    "donor-net": ("dep-net (network)", "deploy both again"),
    "donor-pid": ("dep-pid (process ids)", "deploy both again"),
    "donor-ipc": ("dep-ipc (IPC)", "deploy both again"),
    "donor-link": ("dep-link (link)", "deploy both again"),
} | {name: (reason, f"write {VALUES} into its own definition") for name, (_, reason) in LABELLED.items()}


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon
    projects: dict[str, Compose]
    before: dict[str, dict[str, Any]]
    texts: dict[str, str]

    def gained(self, name: str) -> list[str]:
        return gained(self.before[name], self.engine.inspect(name))


def text_of(engine: Engine, name: str) -> str:
    return call(engine.socket, "GET", f"/containers/{name}/json").text


def started(engine: Engine, name: str, **config: Any) -> None:
    """Made through the API, for what no command would make without staying attached."""
    body = {"Image": BUSYBOX, "Cmd": ["sh", "-c", SERVING], "Labels": {"coollama.enable": "true"}} | config
    answer = call(engine.socket, "POST", f"/containers/create?name={name}", body)
    assert answer.status == 201, answer.text
    engine.docker("start", name)


def make_refusables(engine: Engine) -> None:
    for name, (label, _) in LABELLED.items():
        run(engine, name, "--label", label)
    engine.docker(
        "run", "-d", "--rm", "--name", "rm", "--label", OPTED[0], BUSYBOX, "sh", "-c", SERVING
    )
    engine.docker(
        "run", "-d", "--rm", "--name", "rm-by-hand", "--label", OPTED[0], "--add-host", HOST,
        "-e", f"OLLAMA_BASE_URL={URL}", BUSYBOX, "sh", "-c", SERVING,
    )  # fmt: skip
    started(engine, "attached", AttachStdout=True)
    started(engine, "interactive", AttachStdin=True, OpenStdin=True)
    run(engine, "hosts-network", "--network", "host")
    run(engine, "no-network", "--network", "none")
    run(engine, "disconnected")
    engine.docker("network", "disconnect", "bridge", "disconnected")
    run(engine, "buildx_buildkit_x0")
    bystander(engine, "lost", "-v", "/data")
    run(engine, "orphan", "--volumes-from", "lost")
    engine.docker("rm", "-f", "lost")


def make_sharers(engine: Engine) -> None:
    """Consumers that others live off, and consumers that live off others."""
    run(engine, "donor-net")
    bystander(engine, "dep-net", "--network", "container:donor-net")
    run(engine, "donor-pid")
    engine.docker("create", "--name", "dep-pid", "--pid", "container:donor-pid", BUSYBOX, "true")
    run(engine, "donor-ipc", "--ipc", "shareable")
    bystander(engine, "dep-ipc", "--ipc", "container:donor-ipc")
    run(engine, "donor-link")
    bystander(engine, "dep-link", "--link", "donor-link:d")
    bystander(engine, "base", "-v", "/data")
    run(engine, "user-pid", "--pid", "container:base")
    run(engine, "user-volumes", "--volumes-from", "base:ro")
    bystander(engine, "asleep", "--ipc", "shareable")
    run(engine, "user-of-asleep", "--ipc", "container:asleep")
    engine.docker("stop", "-t", "0", "asleep")


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of(request.param)
    projects = {name: Compose(engine, name, *what) for name, what in PROJECTS.items()}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Compose.up, projects.values()))
    projects["one-off"] = Compose(engine, "one-off", stack(service("web")))
    projects["one-off"].run("run", "-d", "web")
    make_refusables(engine)
    make_sharers(engine)
    names = engine.docker("ps", "-a", "--format", "{{.Names}}").split()
    names = [name.split(",")[-1] for name in names]  # one that others link to has several
    before = {name: engine.inspect(name) for name in names}
    texts = {name: text_of(engine, name) for name in names}
    relay = Relay(engine.machine.path / "sharing.sock", engine.socket)
    daemon = Daemon(engine, EXTERNAL | {"health": {"resync": "1s"}}, relay.path).start()
    daemon.wait_for(lambda: all(state_is(daemon, name, "linked") for name in LINKED), "the links", 120)
    daemon.wait_for(lambda: all(state_is(daemon, n, "refused") for n in REFUSED), "the refusals", 60)
    relay.forget()
    wait_for(lambda: len(relay.calls("GET", "^/containers/json$")) >= 60, "all is looked at again", 60)
    yield Scene(engine, relay, daemon, projects, before, texts)
    daemon.close()
    relay.close()
    engine.reset()


def container_of(name: str) -> str:
    return f"{name.replace('/', '-')}-1" if "/" in name else name


def test_each_refusal_is_told_with_what_mends_it(scene: Scene) -> None:
    plan = {row["name"]: row for row in scene.daemon.call("GET", "/plan").json()["consumers"]}
    for name, (reason, mend) in REFUSED.items():
        row = rows(scene.daemon)[name]
        assert row["state"] == "refused" and reason in row["reason"] and mend in row["next"], row
        assert plan[name]["reason"] == row["reason"] and plan[name]["next"] == row["next"], plan[name]
        assert not plan[name]["steps"]
        entries = [line for line in scene.daemon.lines if f" {name}: refused: " in f" {line}"]
        assert len(entries) == 1 and row["reason"] in entries[0] and row["next"] in entries[0], entries


def test_what_is_refused_stays_byte_identical(scene: Scene) -> None:
    names = {name for name in scene.before if scene.before[name]["Config"]["Labels"] is not None}
    untouched = [container_of(n) for n in REFUSED if n != "one-off/web"]
    untouched += ["dep-net", "dep-pid", "dep-ipc", "dep-link", "base", "rm-by-hand", "user-of-asleep"]
    untouched += [f"{p}-vpn-1" for p in ("own", "own26", "bare")] + ["hand-vpn-1", "hand-app-1"]
    untouched += [name for name in names if name.startswith("one-off")]
    assert {n: text_of(scene.engine, n) for n in untouched} == {n: scene.texts[n] for n in untouched}


@pytest.mark.parametrize("project", ["own", "own26"])
def test_in_a_network_with_the_host_entry_the_variables_alone_are_added(scene: Scene, project: str) -> None:
    name = f"{project}-app-1"
    assert scene.gained(name) == [f'Config.Env +"OLLAMA_BASE_URL={URL}"']
    assert not scene.engine.exists(f"{name}.coollama-prev")
    # The donor's hosts file is the consumer's, and its address answers.
    assert "host.docker.internal" in scene.engine.exec(name, "cat", "/etc/hosts")
    shown = [scene.engine.exec(n, "ip", "-4", "addr") for n in (name, f"{project}-vpn-1")]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("project", ["own", "own26", "bare", "both", "hand"])
def test_compose_up_afterwards_re_creates_nothing(scene: Scene, project: str) -> None:
    compose = scene.projects[project]
    before = sorted(compose.ids())
    compose.up()
    assert sorted(compose.ids()) == before, compose.version


def test_who_lives_off_another_ones_process_ids_or_volumes_is_linked(scene: Scene) -> None:
    for name in ("user-pid", "user-volumes"):
        assert is_linked(scene.engine, name)
        added = [line for line in scene.gained(name) if not line.startswith("HostConfig.Mounts ")]
        assert f'Config.Env +"OLLAMA_BASE_URL={URL}"' in added
        assert not [line for line in added if "PidMode" in line or "VolumesFrom" in line]
    mounts = [scene.engine.inspect(name)["Mounts"][0]["Name"] for name in ("base", "user-volumes")]
    assert mounts[0] == mounts[1]


def test_one_whose_donor_is_down_waits_for_it(scene: Scene) -> None:
    row = rows(scene.daemon)["user-of-asleep"]
    assert row["state"] == "waiting" and "its IPC from asleep, which is exited" in row["reason"], row
    assert row["next"] == "start that one"
    scene.engine.docker("start", "asleep")
    scene.daemon.wait_for(lambda: state_is(scene.daemon, "user-of-asleep", "linked"), "it is linked")


def test_what_is_linked_causes_no_look_at_others(scene: Scene) -> None:
    linked = [scene.engine.inspect(n)["Id"] for n in ("hand-vpn-1", "user-pid", "user-volumes")]
    asked = [str(e) for e in scene.relay.calls() if any(id in e.query for id in linked)]
    assert not asked


def test_without_its_dependent_a_donor_is_linked(scene: Scene) -> None:
    scene.engine.docker("rm", "-f", "dep-net")
    scene.daemon.wait_for(lambda: is_linked(scene.engine, "donor-net"), "it is linked")
    assert env_of(scene.engine.inspect("donor-net"))["OLLAMA_BASE_URL"] == URL


def test_a_donor_that_was_linked_first_carries_the_next_one(scene: Scene) -> None:
    compose = Compose(scene.engine, "late", tunnel(labels=OPTED), "2.40")
    compose.up("vpn")
    scene.daemon.wait_for(lambda: state_is(scene.daemon, "late/vpn", "linked"), "the donor is linked")
    compose.up()
    scene.daemon.wait_for(lambda: state_is(scene.daemon, "late/app", "linked"), "the other is linked")
    donor = scene.engine.inspect("late-vpn-1")["Id"]
    assert scene.engine.inspect("late-app-1")["HostConfig"]["NetworkMode"] == f"container:{donor}"
    before = sorted(compose.ids())
    compose.up()
    assert sorted(compose.ids()) == before
