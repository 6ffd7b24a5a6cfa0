# SPDX-License-Identifier: Apache-2.0
"""Ten consumers of ten shapes, and what each must still be when all is over.

They are linked again and again: a daemon that is given another address re-creates them all, so a
test needs no new ones for each of its hundreds of cells.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .compose import Compose
from .consumers import HOST, KEEPER, env_of, run, service, stack
from .control import call
from .engine import Engine
from .steps import steps_of
from .wait import wait_for

Document = dict[str, Any]

NAMED = "volumes: [data:/data]\nnetworks: [front, back]"
REST = "networks: {front: {}, back: {}}\nvolumes: {data: {}}"
# Its own container name would not do: compose numbers what it scales.
OF_COMPOSE = {"compose": "compose-web-1", "scaled": "scaled-web-1"}


def _network(engine: Engine, name: str, subnet: str = "") -> None:
    engine.docker("network", "create", *(["--subnet", subnet] if subnet else []), name)


def _static(engine: Engine) -> None:
    _network(engine, "static-net", "10.91.1.0/24")
    words = ["-v", "static-data:/data", "--network", "static-net", "--ip", "10.91.1.17"]
    run(engine, "static", *words, script=KEEPER)


def _aliases(engine: Engine) -> None:
    _network(engine, "aliases-a")
    _network(engine, "aliases-b", "10.91.2.0/24")
    words = ["--restart", "on-failure:7", "-v", "/data", "--network", "aliases-a"]
    run(engine, "aliases", *words, "--network-alias", "db", "--network-alias", "store", script=KEEPER)
    engine.docker("network", "connect", "--alias", "cellar", "--ip", "10.91.2.9", "aliases-b", "aliases")


def _late(engine: Engine) -> None:
    run(engine, "late", "-v", "/data", script=KEEPER)
    _network(engine, "late-net")
    engine.docker("network", "connect", "--alias", "late-and-known", "late-net", "late")


def _healthy(engine: Engine) -> None:
    words = ["--health-cmd", "test -e /data/mark", "--health-interval", "1s", "--health-retries", "3"]
    run(engine, "healthy", "-v", "/data", *words, script=KEEPER)


def _compose(engine: Engine, project: str, extra: str, *options: str) -> None:
    text = stack(service("web", extra=extra), rest=REST)
    text = text.replace("trap exit", KEEPER.partition("; ")[0].replace("$", "$$") + "; trap exit")
    version = "2.26" if engine.version == "20.10" else "2.40"
    Compose(engine, project, text, version).up(*options)


SHAPES: dict[str, Callable[[Engine], object]] = {
    "plain": lambda engine: run(engine, "plain"),
    "always": lambda engine: run(engine, "always", "--restart", "always", "-v", "/data", script=KEEPER),
    "static": _static,
    "aliases": _aliases,
    "never": lambda engine: run(engine, "never", "--restart", "no", "-v", "never:/data", script=KEEPER),
    "port": lambda engine: run(engine, "port", "-p", "127.0.0.1:18080:80"),
    "healthy": _healthy,
    "compose": lambda engine: _compose(engine, "compose", NAMED),
    "late": _late,
    "scaled": lambda engine: _compose(
        engine, "scaled", "volumes: [/data]\nnetworks: [front, back]", "--scale", "web=2"
    ),
}
# On engines that take one network at a creation.
CONNECTED = ("aliases", "compose", "late", "scaled")


def steps_for(engine: Engine, shape: str) -> list[str]:
    return [step for step in steps_of(engine) if step != "connect" or shape in CONNECTED]


def subject(shape: str) -> str:
    """The name of its container; of two, the one that is re-created first."""
    return OF_COMPOSE.get(shape, shape)


def members(shape: str) -> list[str]:
    return ["scaled-web-1", "scaled-web-2"] if shape == "scaled" else [subject(shape)]


def digest(document: Document) -> Document:
    """What must be the same whatever was done: all but the link, the id and the state."""
    config, host = document["Config"], document["HostConfig"]
    mounts = [[m["Type"], m.get("Name"), m["Source"], m["Destination"], m["RW"]] for m in document["Mounts"]]
    networks = {
        name: [
            sorted(set(network["Aliases"] or []) - {document["Id"][:12]}),
            (network["IPAMConfig"] or {}).get("IPv4Address"),
        ]
        for name, network in document["NetworkSettings"]["Networks"].items()
    }
    return {
        "mounts": sorted(mounts),
        "networks": networks,
        "policy": host["RestartPolicy"],
        "ports": host["PortBindings"],
        "health": config.get("Healthcheck"),
        "labels": config["Labels"],
        "command": [config["Entrypoint"], config["Cmd"], config["Image"], document["Image"]],
        "volume": [_mark(mount) for mount in document["Mounts"]],
    }


def _mark(mount: Document) -> str:
    path = Path(mount["Source"], "mark")
    return path.read_text() if path.exists() else "lost"


class Crowd:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda shape: SHAPES[shape](engine), SHAPES))
        self.names = [name for shape in SHAPES for name in members(shape)]
        self.before = {name: self.digest_when_marked(name) for name in self.names}
        self.others = set(self.listed()) - set(self.names)

    def digest_when_marked(self, name: str) -> Document:
        def marked() -> Document | None:
            found = digest(self.inspect(name))
            return None if "lost" in found["volume"] else found

        return wait_for(marked, f"{name} has marked its volume")

    def expect_others(self) -> None:
        """Whoever is there by now besides the consumers belongs there."""
        self.others = set(self.listed()) - set(self.names)

    # ---- straight from the engine: a command takes long where hundreds are needed

    def listed(self) -> dict[str, Document]:
        found = json.loads(call(self.engine.socket, "GET", "/containers/json?all=1").text)
        return {row["Names"][0].lstrip("/"): row for row in found}

    def inspect(self, name: str) -> Document:
        document: Document = json.loads(call(self.engine.socket, "GET", f"/containers/{name}/json").text)
        return document

    def leftovers(self) -> list[str]:
        return sorted(set(self.listed()) - set(self.names) - self.others)

    def wrong(self, name: str, url: str, may_be_down: bool = False) -> str:
        """What is wrong with it; "" when nothing is."""
        document = self.inspect(name)
        if "Id" not in document:
            return "gone"
        now, before = digest(document), self.before[name]
        lost = [f"{part}: {before[part]} became {now[part]}" for part in now if now[part] != before[part]]
        if lost:
            return "; ".join(lost)
        if not document["State"]["Running"]:
            return "" if may_be_down else f"{document['State']['Status']}"
        linked = env_of(document).get("OLLAMA_BASE_URL") == url
        return "" if linked and HOST in (document["HostConfig"]["ExtraHosts"] or []) else "not linked"

