# SPDX-License-Identifier: Apache-2.0
"""A move of Coolify's that meets our swap of the same resource, and what must hold in the end.

The swap is held in a relay after one of its steps; the move begins, and the swap goes on when the
move has come to a point of its own, or when it has ended. A move may fail over that: how often is
what the table tells. What counts is what runs when all is quiet.
"""

import json
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .consumers import HOST, env_of, records, rows
from .control import call
from .coolify_engine import Coolify, watching
from .daemon import Daemon
from .relay import Exchange, Moment, Relay
from .steps import Steps
from .wait import NotYet, Timeout, wait_for

ENABLE = "coollama.enable=true"
VERSION = "tests.version"
STEPS = ("rename", "create", "stop", "start", "delete")
POINTS = {  # of a move: it begins; a container of the resource is removed, or made; it ends
    "its begin": None,
    "its first removal": ("DELETE", "^/containers/"),
    "its first creation": ("POST", "^/containers/create$"),
    "its end": None,
}


@dataclass(frozen=True)
class Kind:
    """UUID stands for the resource's own, V for the version that is deployed."""

    name: str
    define: str
    first: str  # what makes version 1
    move: str
    consumer: str = "UUID/web"
    gone: bool = False  # nothing is to be there in the end
    again: str = ""  # how it is defined for the move; "": as before
    version: str = "2"  # that runs in the end


_STACK = "--member=web --database=db"
KINDS = (
    Kind("rolling deployment", "app --health", "deploy UUID 1", "deploy UUID 2", "UUID"),
    Kind("restart of an application", "app", "deploy UUID 1", "redeploy UUID 2", "UUID"),
    Kind("deployment, stopped first", "app --consistent", "deploy UUID 1", "deploy UUID 2", "UUID"),
    Kind("compose application", f"compose {_STACK}", "deploy UUID 1", "deploy UUID 2"),
    Kind("preview", f"compose {_STACK}", "preview UUID 5 1", "preview UUID 5 2", "UUID/web-pr-5#5"),
    Kind("service, start again", f"service {_STACK}", "start UUID", "start UUID", again=f"service {_STACK}"),
    Kind("the same, nothing changed", f"service {_STACK} --predefined", "start UUID", "start UUID", version="1"),
    Kind("service, restart", f"service {_STACK}", "start UUID", "restart UUID", version="1"),
    Kind("component, up", f"service {_STACK}", "start UUID", "component start UUID web", again=f"service {_STACK}"),
    Kind("component, restart", f"service {_STACK}", "start UUID", "component restart UUID web", version="1"),
    Kind("database", "database", "start UUID", "start UUID", "UUID", again="database --health"),
    Kind("clean-up", "app", "deploy UUID 1", "cleanup", "UUID", version="1"),
    Kind("stop of a service", f"service {_STACK}", "start UUID", "stop UUID", gone=True),
    Kind("stop of an application", f"compose {_STACK}", "deploy UUID 1", "stop UUID", gone=True),
    Kind("stop of an application that rolls", "app --health", "deploy UUID 1", "stop UUID", "UUID", gone=True),
)


@dataclass
class Result:
    kind: str
    engine: str
    where: str
    failed: bool = False  # the move was
    ignored: int = 0  # of its commands failed where Coolify does not look
    stayed: bool = False  # it was to be gone, and the stop met it between two names
    exited: bool = False  # for Coolify, neither in the move nor in a swap
    wrong: str = ""
    output: str = ""

    def __str__(self) -> str:
        move = "failed" if self.failed else "passed"
        return f"{self.engine}, {self.kind}, {self.where}: the move {move}; {self.wrong or 'ended right'}"


@dataclass
class Overlap:
    kind: Kind
    step: str
    point: str
    uuid: str
    daemon: Daemon
    steps: Steps
    compose: str
    result: Result = field(init=False)

    def __post_init__(self) -> None:
        engine = self.daemon.engine
        self.result = Result(self.kind.name, engine.version, f"after {self.step}, until {self.point}")
        self.relay = Relay(engine.machine.path / f"{self.uuid}.sock", engine.socket)
        self.coolify = Coolify(engine, self.relay.path, self.compose)

    def _words(self, text: str) -> list[str]:
        return [word.replace("UUID", self.uuid) for word in text.split()]

    def _define(self, text: str, version: str) -> None:
        kind, *options = text.split()
        labels = [] if kind == "database" else [ENABLE, f"{VERSION}={version}"]
        self.coolify.do("define", kind, self.uuid, self.uuid, *options, *labels)

    def make(self) -> None:
        """Version 1 runs. The daemon does not yet."""
        self._define(self.kind.define, "1")
        self.coolify.do(*self._words(self.kind.first))
        self.web = next(name for name, one in self.found().items() if self._may_be_linked(one))
        self.steps.follow(self.web)
        self.hold = self.steps.hold(self.web, self.step, Moment.ANSWER)
        if self.kind.again:
            self._define(self.kind.again, "2")

    def begin(self) -> None:
        """What is linked without a label is so by its operator's order."""
        if self.kind.define == "database":
            target = f"/link?name={self.uuid}"
            self.daemon.wait_for(lambda: self.daemon.call("POST", target).status == 200, "its order")

    def meet(self) -> None:
        """The swap has come to its step; the move is made, and ends."""
        reached = threading.Event()

        def at_point(exchange: Exchange) -> None:
            if exchange.method == "DELETE" or self.uuid in exchange.query:
                reached.set()

        point = POINTS[self.point]
        if point:
            self.relay.on(*point, at_point, nth=0)
        moving = True

        def excused() -> bool:
            return moving or any(name.startswith(f"{self.uuid}+") for name in records(self.daemon))

        self.before = len(self.relay.calls("POST", "^/containers/create$"))
        with watching(self.daemon.engine, self.uuid, excused) as watcher:
            move = self.coolify.start(*self._words(self.kind.move))
            begun = self.relay.exchanges
            while not (move.ended or reached.wait(0.02) or (self.point == "its begin" and begun)):
                pass
            self.hold.release()
            self.result.failed, self.result.output = move.end() != 0, str(move)
            self.result.ignored = len(move.ignored)
            moving = False
            self._judge()
        self.result.exited = not self.kind.gone and bool(watcher.exited())
        if self.result.exited:
            self.result.wrong += f"\nexited, for Coolify, at {watcher.exited()}"
        self.relay.close()
        print(self.result)

    def _judge(self) -> None:
        try:
            wait_for(lambda: not self._wrongs(), "quiet", 60, 0.1)
        except Timeout:
            states = [f"{name} {one['State']['Status']}" for name, one in self.found().items()]
            # Coolify may have listed the names while the old one's other name was the only one.
            if self.kind.gone and (self.result.ignored or self.step == "rename"):
                self.result.stayed = not records(self.daemon)
            exchanges = [str(e) for e in self.relay.calls("POST") + self.relay.calls("DELETE")]
            told = self.daemon.logged(self.uuid)
            wrongs = ["WRONG", *self._wrongs(), *states, self.result.output, *exchanges, *told]
            if self.result.stayed:
                print("\n  ".join(wrongs))
            else:
                self.result.wrong = "\n  ".join(wrongs)

    def _wrongs(self) -> list[str]:
        assert self.daemon.running, f"it has ended\n{self.daemon.dump()}"
        found = self.found()
        wrongs = [f"{name} is open" for name in records(self.daemon) if name.startswith(f"{self.uuid}+")]
        if self.kind.gone:
            return wrongs + [f"{name} is there" for name in found]
        wrongs += [f"{name} does not run" for name, one in found.items() if not one["State"]["Running"]]
        places = sorted(_place(one) for one in found.values())
        if places != sorted(set(places)) or len(places) != (2 if "db" in self.kind.define else 1):
            wrongs.append(f"these are there: {places}")
        for name, one in found.items():
            if self._may_be_linked(one):
                wrongs += [f"{name} {wrong}" for wrong in self._wrong(one)]
        state = rows(self.daemon).get(self.kind.consumer.replace("UUID", self.uuid), {}).get("state")
        return wrongs + ([] if state == "linked" else [f"its row says {state}"])

    def _wrong(self, one: dict[str, Any]) -> list[str]:
        wrongs = []
        if "OLLAMA_BASE_URL" not in env_of(one) or HOST not in (one["HostConfig"]["ExtraHosts"] or []):
            wrongs.append("is not linked")
        if one["RestartCount"]:  # Coolify stops and removes an application that has too many
            wrongs.append(f"counts {one['RestartCount']} restarts")
        version = _version(one)
        if version != self.kind.version and (self._made_it() or not self.result.failed):
            wrongs.append(f"is version {version}")
        return wrongs

    def _made_it(self) -> bool:
        """Compose had made the newer one when it gave up. (What an application's deployment made before
        it failed, Coolify itself takes away.)"""
        made = self.relay.calls("POST", "^/containers/create$")[self.before :]
        return self.kind.define.startswith("service") and any(
            one.status == 201 and one.query.endswith(self.web) for one in made
        )

    def _may_be_linked(self, one: dict[str, Any]) -> bool:
        return ENABLE.partition("=")[0] in one["Config"]["Labels"] or self.kind.define == "database"

    def found(self) -> dict[str, dict[str, Any]]:
        """All containers of the resource, by name."""
        filters = quote(json.dumps({"label": [f"com.docker.compose.project={self.uuid}"]}))
        socket = self.daemon.engine.socket
        listed = call(socket, "GET", f"/containers/json?all=1&filters={filters}").json()
        answers = [call(socket, "GET", f"/containers/{one['Id']}/json") for one in listed]
        if any(answer.status != 200 for answer in answers):
            raise NotYet("one went away while it was looked at")
        documents = [answer.json() for answer in answers]
        return {document["Name"].lstrip("/"): document for document in documents}

    def take_away(self) -> None:
        for command in (["unpreview", self.uuid, "5"], ["delete", self.uuid]):
            if command[0] == "delete" or self.kind.name == "preview":
                Coolify(self.daemon.engine, compose=self.compose).start(*command).end()


def _place(document: dict[str, Any]) -> str:
    """Applications are called differently each time."""
    service = document["Config"]["Labels"]["com.docker.compose.service"]
    return re.sub(r"-\d{12}$", "", service)


def _version(document: dict[str, Any]) -> str:
    labels, env = document["Config"]["Labels"], env_of(document)
    if labels.get("coolify.type") == "database":
        return "2" if document["Config"].get("Healthcheck") else "1"
    return env.get("SOURCE_COMMIT") or labels.get(VERSION, "")


_HEAD = (
    "| a swap is met by | engine | overlaps | ended right | the move failed | a command failed that"
    " Coolify does not look at | a stop did not find it |\n|---|---|---|---|---|---|---|"
)


def table(results: Iterable[Result]) -> str:
    groups: dict[tuple[str, str], list[Result]] = {}
    for one in results:
        groups.setdefault((one.kind, one.engine), []).append(one)
    lines = [_HEAD]
    for (kind, engine), group in groups.items():
        numbers = [len(group), sum(not one.wrong for one in group), sum(one.failed for one in group)]
        numbers += [sum(one.ignored > 0 for one in group), sum(one.stayed for one in group)]
        lines.append("| " + " | ".join([kind, engine, *map(str, numbers)]) + " |")
    return "\n".join(lines)
