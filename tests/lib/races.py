# SPDX-License-Identifier: Apache-2.0
"""A swap and `docker compose up` at the same time, and what must hold when all is quiet again.

Compose talks to the engine through a relay of its own, so that what it made can be told from what
we made. Which deployment runs is told by VER and, where nothing but a re-creation was asked for, by
the label that compose puts on each replacement and that our copies keep.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote

from .compose import Compose
from .consumers import HOST, URL, env_of, records, rows, service, stack
from .control import call
from .daemon import Daemon
from .engine import Engine
from .relay import Relay
from .wait import NotYet, Timeout, wait_for

FULL = bool(os.environ.get("COOLLAMA_FULL"))
COMPOSES = ("2.26", "2.40")
REPLACES = "com.docker.compose.replace"
SERVICE = "com.docker.compose.service"


@dataclass(frozen=True)
class Kind:
    """What is deployed while we re-create version 1."""

    name: str
    version: str = "1"
    options: tuple[str, ...] = ()


KINDS = (
    Kind("no change"),
    Kind("new environment", "2"),
    Kind("--force-recreate", "1", ("--force-recreate",)),
)


@dataclass
class Result:
    against: str  # what compose met
    kind: str
    compose: str
    engine: str
    where: str = ""  # at which offset or step
    gave_up: bool = False  # compose did
    left: list[str] = field(default_factory=list)  # containers that it left created
    old: bool = False  # an old version serves in place of the new one
    double: bool = False
    taken: bool = False  # compose took the last one away: it had seen two (agent/README.md)
    wrong: str = ""
    output: str = ""

    def __str__(self) -> str:
        compose = f"gave up ({self.output.strip().splitlines()[-1:]})" if self.gave_up else "was content"
        left = f", left {' '.join(self.left)} created" if self.left else ""
        end = self.wrong or "ended right"
        what = f"{self.against}, {self.where}: {self.kind}, {self.compose}, {self.engine}"
        return f"{what}: compose {compose}{left}; {end}"


class Race:
    """One project with one consumer, or two of which one depends on the other."""

    def __init__(
        self, daemon: Daemon, name: str, kind: Kind, compose: str, *, two: bool = False, nets: bool = False
    ) -> None:
        self.daemon, self.engine, self.kind = daemon, daemon.engine, kind
        self.services = ["web", "db"] if two else ["web"]
        self.compose = Compose(self.engine, name, _file(two, nets), compose)
        self.web = f"{name}-web-1"  # the one whose swap is met
        self.relay = Relay(self.engine.machine.path / f"{name}.sock", self.engine.socket)
        self.result = Result("", kind.name, compose, self.engine.version)

    def make(self) -> None:
        """Version 1 is there, not yet started."""
        self.compose.up("--no-start", env={"VER": "1"})

    def start(self) -> None:
        self.compose.run("start", env={"VER": "1"})

    def deploy(self) -> None:
        """Compose runs to its end, or as far as it comes."""
        env = {"VER": self.kind.version, "DOCKER_HOST": f"unix://{self.relay.path}"}
        process = self.compose.start("up", "-d", *self.kind.options, env=env)
        self.result.output = process.communicate(timeout=120)[0]
        self.result.gave_up = process.returncode != 0
        self.result.left = [_name(one) for one in self._settled() if _is_left(one)]

    def judge(self, seconds: float = 90) -> Result:
        """Waits until all is quiet and right; else the result says what is there instead."""
        try:
            wait_for(lambda: not self._wrongs(), "quiet", seconds, 0.1)
        except Timeout:
            self._condemn()
        else:
            self._take_away()
        self.relay.close()
        print(self.result)
        return self.result

    def _take_away(self) -> None:
        """The engine has room for some thirty networks."""
        try:
            self.compose.down()
        except AssertionError as error:
            self.result.wrong = "\n".join(
                [
                    f"WRONG at its end: {error}",
                    self.engine.client("network", "inspect", f"{self.compose.project}_default").stdout,
                    self.engine.docker("ps", "-a", "--no-trunc"),
                    *self.daemon.logged(self.compose.project + r"\b"),
                ]
            )

    def _wrongs(self) -> list[str]:
        if not self.daemon.running:
            raise AssertionError(f"it has ended\n{self.daemon.dump()}")
        project = self.compose.project
        wrongs = [name for name in records(self.daemon) if name.startswith(f"{project}+")]
        found = {_name(one): one for one in self._documents()}
        wanted = {f"{project}-{name}-1": name for name in self.services}
        wrongs += [f"{name} is missing" for name in wanted if name not in found]
        shown = rows(self.daemon)
        for name, document in found.items():
            if name not in wanted:
                wrongs.append(f"{name} is there")
                continue
            wrongs += [f"{name}: {wrong}" for wrong in self._wrong(document, wanted[name])]
            state = shown.get(f"{project}/{wanted[name]}", {}).get("state")
            if state != "linked":
                wrongs.append(f"{name}: its row says {state}")
        return wrongs

    def _wrong(self, document: dict[str, Any], service_name: str) -> list[str]:
        env, wrongs = env_of(document), []
        if not document["State"]["Running"]:
            wrongs.append("does not run")
        if env.get("OLLAMA_BASE_URL") != URL or HOST not in (document["HostConfig"]["ExtraHosts"] or []):
            wrongs.append("is not linked")
        made = self._made(service_name)
        if env["VER"] != (self.kind.version if made else "1"):
            wrongs.append(f"is an old version: VER={env['VER']}")
        if any(made) and REPLACES not in document["Config"]["Labels"]:
            wrongs.append("is an old version: it replaces nothing")
        return wrongs

    def _made(self, service_name: str) -> list[bool]:
        """For each container that compose made of that service: whether it was to replace one."""
        names = [
            parse_qs(exchange.query)["name"][0]
            for exchange in self.relay.calls("POST", "^/containers/create$")
            if exchange.status == 201
        ]
        own = f"{self.compose.project}-{service_name}-1"
        return [name != own for name in names if name.endswith(own)]

    def _documents(self) -> list[dict[str, Any]]:
        """Its containers, all of them."""
        wanted = {"label": [f"com.docker.compose.project={self.compose.project}"]}
        target = f"/containers/json?all=1&filters={quote(json.dumps(wanted))}"
        answers = [
            call(self.engine.socket, "GET", f"/containers/{one['Id']}/json")
            for one in call(self.engine.socket, "GET", target).json()
        ]
        if any(answer.status == 404 for answer in answers):
            raise NotYet("one went away while it was looked at")
        return [answer.json() for answer in answers]

    def _settled(self) -> list[dict[str, Any]]:
        """Its containers, none of them just going away."""
        return wait_for(lambda: (self._documents(),), "a look at its containers")[0]

    def _condemn(self) -> None:
        result = self.result
        (wrongs,) = wait_for(lambda: (self._wrongs(),), "a look at what is wrong")
        documents = self._settled()
        running = Counter(one["Config"]["Labels"][SERVICE] for one in documents if _runs(one))
        result.double = any(number > 1 for number in running.values())
        result.old = any("old version" in wrong for wrong in wrongs)
        result.taken = self.kind is KINDS[0] and result.gave_up and not documents
        states = [f"{_name(one)} {one['State']['Status']} VER={env_of(one)['VER']}" for one in documents]
        exchanges = [str(exchange) for exchange in self.relay.calls("POST") + self.relay.calls("DELETE")]
        said = self.daemon.logged(self.compose.project + r"\b")
        result.wrong = "\n  ".join(["WRONG", *wrongs, *states, result.output, *exchanges, *said])


def _file(two: bool, nets: bool) -> str:
    extra = "environment:\n  - VER=${VER}\nstop_grace_period: 2s"
    web = extra + ("\ndepends_on: [db]" if two else "") + ("\nnetworks: [default, more]" if nets else "")
    services = [service("web", extra=web)] + ([service("db", extra=extra)] if two else [])
    return stack(*services, rest="networks: {more: {}}" if nets else "")


def _name(document: dict[str, Any]) -> str:
    return document["Name"].lstrip("/")


def _runs(document: dict[str, Any]) -> bool:
    return document["State"]["Running"]


def _is_left(document: dict[str, Any]) -> bool:
    """Made by compose (what we make is linked), and never started."""
    return document["State"]["Status"] == "created" and "OLLAMA_BASE_URL" not in env_of(document)


_HEAD = (
    "| compose meets | kind | compose | engine | races | ended right | compose gave up | picked up by us"
    " | taken away by compose | old versions | double runs |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def table(results: Iterable[Result]) -> str:
    groups: dict[tuple[str, ...], list[Result]] = {}
    for one in results:
        groups.setdefault((one.against, one.kind, one.compose, one.engine), []).append(one)
    lines = [_HEAD]
    for key, group in groups.items():
        right = [one for one in group if not one.wrong]
        numbers = [len(group), len(right), sum(one.gave_up for one in group)]
        numbers += [sum(bool(one.left) for one in right)]
        numbers += [sum(getattr(one, what) for one in group) for what in ("taken", "old", "double")]
        lines.append("| " + " | ".join([*key, *map(str, numbers)]) + " |")
    return "\n".join(lines)
