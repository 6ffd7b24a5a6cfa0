# SPDX-License-Identifier: Apache-2.0
"""Files that exist in a container alone: what was put in before its start is copied along, what is
too much is told, and an emptied volume stays empty."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from lib import images
from lib.compose import Compose
from lib.consumers import EXTERNAL, HOST, SERVING, URL, is_linked, records, rows, run, state_is
from lib.control import call
from lib.daemon import Daemon
from lib.documents import gained
from lib.engine import Engine
from lib.relay import Drop, Exchange, Moment, Relay, Reply

FAILING = ("failing", "cut", "unwanted")
SECRET = "a-word-that-nobody-tells"
FILES = f"""services:
  web:
    image: busybox:local
    command: ["sh", "-c", "{SERVING}"]
    restart: unless-stopped
    labels: [coollama.enable=true]
    configs:
      - {{source: text, target: /etc/app.conf, uid: "101", gid: "102", mode: 0440}}
      - {{source: text, target: /etc/group}}
      - {{source: text, target: /opt/missing/deep/app.conf}}
      - {{source: text, target: /tmp/noise.conf}}
      - text
    secrets:
      - word
      - {{source: word, target: other, uid: "101", mode: 0400}}
      - {{source: word, target: /etc/word}}
configs:
  text: {{content: "a text of several words\\n"}}
secrets:
  word: {{environment: WORD}}
"""
PATHS = (
    "/etc/app.conf /etc/group /opt /opt/missing /opt/missing/deep /opt/missing/deep/app.conf"
    " /tmp/noise.conf /text /run/secrets /run/secrets/word /run/secrets/other /etc/word"
).split()
COPIED = ["/etc/one", "/opt", "/etc/group"]  # the last one in the place of the image's own
FILLED = "filled:local"
VOLUMES = {"emptied": f"rm /data/seed; {SERVING}", "full": SERVING}
THE_LINK = [f'Config.Env +"OLLAMA_BASE_URL={URL}"', f'HostConfig.ExtraHosts +"{HOST}"']


def seen(engine: Engine, container: str, paths: list[str] = PATHS) -> str:
    """Owner, mode, kind and content; of a file its time as well."""
    script = 'for p; do if [ -d "$p" ]; then stat -c "%n %u %g %a %F" "$p"; else'
    script += ' stat -c "%n %u %g %a %F %Y" "$p"; cat "$p"; fi; done'
    return engine.exec(container, "sh", "-c", script, "sh", *paths)


def put_in(engine: Engine, name: str, *paths: str) -> None:
    """A container with files that docker cp brought before its start."""
    body = {
        "Image": images.BUSYBOX,
        "Cmd": ["sh", "-c", SERVING],
        "Labels": {"coollama.enable": "true"},
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
    }
    assert call(engine.socket, "POST", f"/containers/create?name={name}", body).status == 201
    source = engine.machine.path / "put-in"
    source.write_text(f"of {name}\n")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    for path in paths:
        engine.docker("cp", str(source), f"{name}:{path}")
    engine.docker("start", name)


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon
    projects: dict[str, Compose]
    before: dict[str, str]  # what is seen in it
    ids: dict[str, str]
    documents: dict[str, dict[str, Any]]


def bring_up(engine: Engine) -> dict[str, Compose]:
    projects = {v: Compose(engine, f"files{v.replace('.', '')}", FILES, v) for v in ("2.26", "2.40")}
    for compose in projects.values():
        compose.up(env={"WORD": SECRET})
    projects["2.26"].run("restart", "-t", "1", env={"WORD": SECRET})
    put_in(engine, "copied", "/etc/one", "/opt", "/etc/group")
    put_in(engine, "large", "/etc/one")
    put_in(engine, "failing", "/etc/one", "/etc/two")
    put_in(engine, "cut", "/etc/one", "/etc/two")
    put_in(engine, "unwanted", "/etc/one", "/etc/two")
    filled(engine).load(engine)
    for name, script in VOLUMES.items():
        run(engine, name, "-v", f"{name}:/data", "-v", f"{name}-more:/more", script=script, image=FILLED)
    return projects


def filled(engine: Engine) -> images.Image:
    """With content where volumes are mounted, which an engine copies into an empty one."""
    base = images.busybox()
    return replace(base, name=FILLED, files=base.files | {"data/seed": b"of the image"})


def unwanted(engine: Engine) -> Callable[[Exchange], Reply | None]:
    """The second file that is put into a new container of that name is not taken, once."""
    count = 0

    def act(exchange: Exchange) -> Reply | None:
        nonlocal count
        if engine.inspect(exchange.path.split("/")[2])["Name"] == "/unwanted":
            count += 1
        return Reply(500, "no space left") if count == 2 else None

    return act


def of_old(ids: dict[str, str], name: str) -> str:
    return f"^/containers/{ids[name]}/archive$"


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of(request.param)
    projects = bring_up(engine)
    names = engine.docker("ps", "--format", "{{.Names}}").split()
    ids = {name: engine.inspect(name)["Id"] for name in names}
    before = {c.project: seen(engine, f"{c.project}-web-1") for c in projects.values()}
    documents = {name: engine.inspect(name) for name in VOLUMES}
    before["copied"] = seen(engine, "copied", COPIED)
    engine.exec("large", "sh", "-c", "head -c 17000000 /dev/zero >/etc/one; touch -d @1000000000 /etc/one")
    relay = Relay(engine.machine.path / "files.sock", engine.socket)
    for number in (2, 3):  # of a connection that was used before, the client tries again once
        relay.on("GET", of_old(ids, "cut"), lambda _: Drop(), nth=number)
    relay.on("GET", of_old(ids, "failing"), lambda _: Reply(500, "the engine is ill"), nth=1)
    relay.on("PUT", "/archive$", unwanted(engine), nth=0, moment=Moment.REQUEST)
    daemon = Daemon(engine, EXTERNAL | {"health": {"resync": "1s"}}, relay.path).start()
    wanted = [f"{c.project}/web" for c in projects.values()] + ["copied", *FAILING, *VOLUMES]
    try:
        daemon.wait_for(lambda: all(state_is(daemon, name, "linked") for name in wanted), "the links", 120)
        yield Scene(engine, relay, daemon, projects, before, ids, documents)
        daemon.close()
    finally:
        daemon.kill()
        relay.close()
        engine.reset()


@pytest.mark.parametrize("version", ["2.26", "2.40"])
def test_what_compose_put_in_is_there_after_the_link(scene: Scene, version: str) -> None:
    compose = scene.projects[version]
    name = f"{compose.project}-web-1"
    assert is_linked(scene.engine, name) and scene.engine.inspect(name)["Id"] != scene.ids[name]
    assert seen(scene.engine, name) == scene.before[compose.project]
    assert SECRET in scene.before[compose.project]


@pytest.mark.parametrize("version", ["2.26", "2.40"])
def test_compose_up_afterwards_re_creates_nothing(scene: Scene, version: str) -> None:
    compose = scene.projects[version]
    before = compose.ids()
    compose.up(env={"WORD": SECRET})
    assert compose.ids() == before


def test_what_docker_cp_put_in_is_there_whatever_its_time(scene: Scene) -> None:
    assert seen(scene.engine, "copied", COPIED) == scene.before["copied"]
    assert " 1000000000" in scene.before["copied"]


def test_a_failed_copy_undoes_the_swap_and_counts(scene: Scene) -> None:
    for name in FAILING:
        assert is_linked(scene.engine, name) and scene.engine.inspect(name)["Id"] != scene.ids[name]
        assert seen(scene.engine, name, ["/etc/one", "/etc/two"]).count(f"of {name}") == 2
        undone = scene.daemon.logged(f"{name}: .*cannot copy /etc/(one|two): ")
        assert undone, scene.daemon.dump()
    assert not records(scene.daemon)


def test_what_is_too_much_to_be_copied_is_told_and_left_alone(scene: Scene) -> None:
    row = rows(scene.daemon)["large"]
    assert row["state"] == "pending" and "17000000 bytes were put into it" in row["reason"], row
    assert scene.engine.inspect("large")["Id"] == scene.ids["large"]


def test_no_content_is_told(scene: Scene) -> None:
    told = "\n".join(scene.daemon.lines) + scene.daemon.call("GET", "/status").text
    assert SECRET not in told and "of copied" not in told


def test_an_emptied_volume_stays_empty(scene: Scene) -> None:
    engine = scene.engine
    assert engine.inspect("emptied")["Id"] != scene.ids["emptied"]
    assert engine.exec("emptied", "ls", "/data") == ""
    more = gained(scene.documents["emptied"], engine.inspect("emptied"))
    assert [line for line in more if "nocopy" not in line and "emptied:/data" not in line] == THE_LINK
    assert 'HostConfig.Binds +"emptied:/data:nocopy"' in more


def test_any_other_volume_is_mounted_as_it_was(scene: Scene) -> None:
    """Also an empty one, where the image has nothing to fill it with."""
    assert scene.engine.exec("full", "ls", "/data") == "seed"
    assert gained(scene.documents["full"], scene.engine.inspect("full")) == THE_LINK
