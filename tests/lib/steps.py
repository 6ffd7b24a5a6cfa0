# SPDX-License-Identifier: Apache-2.0
"""The steps of a swap, told apart in what goes through a relay.

A test says "consumer a, at the answer to its rename" and gets exactly that, also while other
consumers are being re-created at the same time.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from .consumers import PREVIOUS
from .control import call
from .engine import Engine
from .relay import Action, Drop, Exchange, Hold, Moment, Relay, Reply

# In their order. "connect" is there where the engine takes one network at a creation only.
STEPS = ("rename", "create", "connect", "stop", "update", "start", "watch", "delete")
# After a start that failed, in their order.
UNDO = ("delete new", "rename back", "update back", "start old")


def steps_of(engine: Engine) -> list[str]:
    return [step for step in STEPS if step != "connect" or engine.version == "20.10"]


@dataclass
class _Subject:
    name: str
    old: str
    networks: set[str]
    started: bool = False  # the new one's start was asked for
    rules: dict[tuple[str, Moment], list[Action]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)  # steps, at their request


class Steps:
    def __init__(self, engine: Engine, relay: Relay) -> None:
        self.engine = engine
        self._subjects: dict[str, _Subject] = {}
        self._names: dict[str, str] = {}  # of containers, by id, as they were first seen
        for moment in Moment:
            relay.on("", "", self._at(moment), moment=moment, nth=0)

    def follow(self, name: str) -> None:
        """Its container as it is now is the old one."""
        document = self.engine.inspect(name)
        networks = document["NetworkSettings"]["Networks"]
        names = set(networks) | {network["NetworkID"] for network in networks.values()}
        self._subjects[name] = _Subject(name, document["Id"], names)

    def on(self, name: str, step: str, moment: Moment, action: Action) -> None:
        """Runs the action at the first such step of that consumer."""
        self._subjects[name].rules.setdefault((step, moment), []).append(action)

    def hold(self, name: str, step: str, moment: Moment) -> Hold:
        hold = Hold()
        self.on(name, step, moment, hold)
        return hold

    def seen(self, name: str, step: str) -> int:
        return self._subjects[name].seen.count(step)

    def _at(self, moment: Moment) -> Callable[[Exchange], Drop | Reply | None]:
        def act(exchange: Exchange) -> Drop | Reply | None:
            found = self._find(exchange)
            if found is None:
                return None
            subject, step = found
            if moment is Moment.REQUEST:
                subject.seen.append(step)
            for action in subject.rules.pop((step, moment), []):
                verdict = action(exchange)
                if verdict is not None:
                    return verdict
            return None

        return act

    def _find(self, exchange: Exchange) -> tuple[_Subject, str] | None:
        query = {key: values[0] for key, values in parse_qs(exchange.query).items()}
        if exchange.path == "/containers/create":
            return self._subject(query.get("name", ""), "create")
        match = re.match(r"/networks/([^/]+)/connect$", exchange.path)
        if match:
            owners = [s.name for s in list(self._subjects.values()) if match[1] in s.networks]
            return self._subject(owners[0] if len(owners) == 1 else "", "connect")
        match = re.match(r"/containers/([0-9a-f]{64})(/\w+)?$", exchange.path)
        if not match or "size" in query:  # a look at it for another one's sake
            return None
        for subject in list(self._subjects.values()):
            if subject.old == match[1]:
                return self._of_old(subject, exchange.method, match[2], query)
        return self._of_new(match[1], exchange.method, match[2])

    def _subject(self, name: str, step: str) -> tuple[_Subject, str] | None:
        return (self._subjects[name], step) if name in self._subjects else None

    def _of_old(
        self, subject: _Subject, method: str, what: str | None, query: dict[str, str]
    ) -> tuple[_Subject, str] | None:
        if what == "/rename":
            back = not query["name"].endswith(PREVIOUS)
            return subject, "rename back" if back else "rename"
        words = {"/stop": "stop", "/update": "update", "/start": "start old"}
        if what == "/update" and subject.started:
            return subject, "update back"
        if method == "DELETE":
            return subject, "delete"
        return (subject, words[what]) if method == "POST" and what in words else None

    def _of_new(self, id: str, method: str, what: str | None) -> tuple[_Subject, str] | None:
        if id not in self._names:
            document = json.loads(call(self.engine.socket, "GET", f"/containers/{id}/json").text)
            self._names[id] = document.get("Name", "").lstrip("/")
        subject = self._subjects.get(self._names[id])
        if subject is None:
            return None
        if method == "POST" and what == "/start":
            subject.started = True
            return subject, "start"
        if method == "GET" and what == "/json" and subject.started:
            return subject, "watch"
        words = {"/stop": "stop new", None: "delete new"}
        return (subject, words[what]) if method != "GET" and what in words else None
