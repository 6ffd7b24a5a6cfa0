# SPDX-License-Identifier: Apache-2.0
"""Many outages of random length and kind, with the daemon killed at random among them, and people who
stop, start and deploy meanwhile: exactly the restarts that the rule says.

What is expected is computed from what was observed (lib/outages.py), what was done is read in the
engine's own event log. Random times are slept, since that is what they are; nothing waits by sleeping."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lib import tables
from lib.compose import Compose
from lib.consumers import SERVE, SERVING, run, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.outages import Consumer, Outage, clock, events, most_at_a_time, restarts, running
from lib.provider import API, PROXY, key_of, run_of, settle, status, wait_linked, wait_up
from lib.relay import Moment, Relay, Rule
from lib.wait import wait_for

FULL = bool(os.environ.get("COOLLAMA_FULL"))
OUTAGES = 100 if FULL else 8
ENGINES = ["20.10", "28.5"] if FULL else ["28.5"]
SEED = int(os.environ.get("COOLLAMA_SEED") or time.time_ns() % 10**9)
MIN_OUTAGE = 2.0
PARALLEL = 2
CONFIG = {"recovery": {"min-outage": "2s", "grace": "3s", "parallel": PARALLEL}}

ASKS = (
    'command: ["sh", "-c", "trap exit TERM; while :; do wget -q -O /dev/null --header'
    ' \\"Authorization: Bearer $$OLLAMA_API_KEY\\" $$OLLAMA_BASE_URL/api/tags; sleep 0.2; done"]'
)


def labels(action: str) -> tuple[str, ...]:
    return ("coollama.enable=true", f"coollama.recovery={action}")


def shop(pasted: str = "") -> str:
    return stack(
        service("plain"),
        service("asks").replace(SERVE, ASKS),
        service("auto", labels=labels("auto")),
        service("clever", labels=labels("auto")).replace(SERVE, ASKS),
        service("none", labels=labels("none")),
        service("fickle"),
        service("pasted", extra=pasted),
        service("stranger", labels=()),
    )


CONSUMERS = [
    Consumer("shop-plain-1", "shop/plain"),
    Consumer("shop-asks-1", "shop/asks", asks=True),
    Consumer("shop-auto-1", "shop/auto", "auto"),
    Consumer("shop-clever-1", "shop/clever", "auto", asks=True),
    Consumer("shop-none-1", "shop/none", "none"),
    Consumer("shop-fickle-1", "shop/fickle"),
    Consumer("shop-pasted-1", "shop/pasted"),
    Consumer("shop-stranger-1", ""),
    Consumer("byhand", "byhand"),
]
NAMES = [consumer.name for consumer in CONSUMERS]


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon
    compose: Compose
    dice: random.Random
    pasted: str
    deployments: int = 0
    stopped: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    # ---- what coollamad knows

    def ledger(self) -> dict[str, Any]:
        return json.loads((self.daemon.state / "recovery.json").read_text())

    def up(self) -> bool:
        return bool(status(self.daemon)["provider"]["up"])

    def is_paid(self) -> bool:
        """It was seen up with the present run of Ollama, and nobody is owed anything."""
        known = self.ledger()
        present = (known["provider_id"], known["provider_started_at"]) == run_of(self.engine, API)
        return present and not known["open"] and not known["owed"]

    def wait_quiet(self) -> None:
        wait_up(self.daemon)
        self.daemon.wait_for(self.is_paid, "all debts paid", 90)
        wait_linked(self.daemon, *(c.shown for c in CONSUMERS if c.shown and c.name not in self.stopped))

    # ---- what happens

    def take_away(self, kind: str) -> None:
        verb, who = {"ollama": ("kill", API), "proxy": ("kill", PROXY), "frozen": ("pause", API)}[kind]
        self.engine.docker(verb, who)

    def bring_back(self, kind: str) -> None:
        verb, who = {"ollama": ("start", API), "proxy": ("start", PROXY), "frozen": ("unpause", API)}[kind]
        self.engine.docker(verb, who)

    def people(self, outage: Outage) -> None:
        """Somebody does something to a consumer."""
        what = self.dice.choice(["nothing", "stop", "start", "restart", "deploy"])
        if what == "stop" and len(self.stopped) < 2:
            name = self.dice.choice([n for n in ("shop-fickle-1", "byhand", "shop-auto-1") if n not in self.stopped])
            self.engine.docker("stop", "-t", "0", name)
            self.stopped.add(name)
            outage.users.append(f"stop {name}")
        elif what == "start" and self.stopped:
            name = self.dice.choice(sorted(self.stopped))
            self.engine.docker("start", name)
            self.stopped.discard(name)
            outage.users.append(f"start {name}")
        elif what == "restart":
            name = self.dice.choice([n for n in NAMES if n not in self.stopped])
            self.engine.docker("restart", "-t", "0", name)
            outage.users.append(f"restart {name}")
        elif what == "deploy":
            self.deployments += 1
            self.compose.write(shop(self.pasted + f"\n  DEPLOYMENT: '{self.deployments}'"))
            self.compose.run("up", "-d", "--no-deps", "pasted")
            outage.users.append("deploy shop-pasted-1")

    def daemon_dies(self, outage: Outage, when: str) -> None:
        self.daemon.kill()
        outage.killed = when

    def outage(self, number: int) -> Outage:
        dice = self.dice
        outage = Outage(number, dice.choice(["ollama", "proxy", "frozen"]))
        whens = ["never", "before", "while it is noticed", "during", "at its end", "in a restart"]
        # What else happens takes its time: in a short one there is little of it.
        short = number % 3 == 0
        when = dice.choice(["never", "never", "at its end"] if short else whens)
        length = dice.uniform(0.0, 0.4) if short else MIN_OUTAGE + dice.uniform(0.2, 1.5)
        if when == "before":
            self.daemon_dies(outage, when)
        outage.began = clock(lambda: self.take_away(outage.kind))
        if when == "while it is noticed":
            time.sleep(dice.uniform(0.0, 0.4))
            self.daemon_dies(outage, when)
        self.notice(outage)
        noticed = time.monotonic()
        if not short:
            self.people(outage)
        if when == "during":
            self.daemon_dies(outage, when)
        comes = not self.daemon.running and dice.random() < 0.5
        if comes and outage.kind == "frozen":
            outage.found = not outage.noticed
            self.daemon.start()
            self.daemon.wait_for(lambda: self.ledger()["open"], "found down", 60)
        time.sleep(max(0.0, noticed + length - time.monotonic()))
        self.end(outage, when, by_daemon=comes and outage.kind != "frozen")
        return outage

    def notice(self, outage: Outage) -> None:
        if self.daemon.running:
            self.daemon.wait_for(lambda: self.ledger()["open"], "noticed", 60)
        if self.ledger()["open"]:
            outage.noticed = time.monotonic()
        outage.before = running(self.engine, NAMES)

    def end(self, outage: Outage, when: str, by_daemon: bool) -> None:
        """A daemon that comes and finds a container of ours stopped starts it."""
        outage.after = running(self.engine, NAMES)
        blow = self.prepare_a_blow() if when == "in a restart" else None
        outage.back = clock(self.daemon.start if by_daemon else lambda: self.bring_back(outage.kind))
        if when == "at its end":
            time.sleep(self.dice.uniform(0.0, 0.5))
            self.daemon_dies(outage, when)
        if blow:
            self.wait_for_the_blow(outage, blow)
        if not self.daemon.running:
            self.daemon.start()
        self.daemon.wait_for(self.up, "up", 60)
        outage.over = time.monotonic()

    def prepare_a_blow(self) -> Rule:
        moment = self.dice.choice([Moment.REQUEST, Moment.ANSWER])
        nth = self.dice.choice([1, 2])
        return self.relay.strike("POST", "/restart$", self.daemon.kill, moment=moment, nth=nth)

    def wait_for_the_blow(self, outage: Outage, blow: Rule) -> None:
        """It may never come, since nobody may be owed a restart; and it may fall when the last debt is
        paid already: the engine has done what it was asked, and its answer has not come through."""
        wait_for(lambda: blow.met or self.is_paid(), "the blow, or nothing to do", 90)
        self.relay.forget()
        if blow.met:
            wait_for(lambda: not self.daemon.running, "the blow has ended it", 60)
            outage.killed = "in a restart"


@pytest.fixture(params=ENGINES)
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    from conftest import DAEMONS

    engine = engine_of(request.param)
    relay = Relay(engine.machine.path / "outages.sock", engine.socket)
    daemon = Daemon(engine, CONFIG, socket=relay.path)
    request.node.stash[DAEMONS] = [daemon]
    try:
        compose = Compose(engine, "shop", shop(), "2.26" if engine.version == "20.10" else "2.40")
        compose.up()
        run(engine, "byhand", script=SERVING)
        daemon.start()
        wait_linked(daemon, *(consumer.shown for consumer in CONSUMERS if consumer.shown), seconds=120)
        key = key_of(engine, "shop-pasted-1")
        pasted = 'extra_hosts: ["host.docker.internal:host-gateway"]\nenvironment:\n'
        pasted += f"  OLLAMA_BASE_URL: http://host.docker.internal:11434\n  OLLAMA_API_KEY: {key}"
        compose.write(shop(pasted))
        compose.run("up", "-d", "--no-deps", "pasted")
        yield Scene(engine, relay, daemon, compose, random.Random(f"{SEED} {engine.version}"), pasted)
    finally:
        daemon.close()
        relay.close()
        engine.reset()


def said(scene: Scene, since: int) -> str:
    back = [line for line in scene.daemon.lines[since:] if line.startswith("Ollama is back")]
    return "" if not back else "short" if "after a short outage" in back[-1] else "counts"


def check(scene: Scene, outage: Outage, since: float, lines: int) -> None:
    outage.judge(MIN_OUTAGE, said(scene, lines))
    owner = {found[0]: name for runs in (outage.before, outage.after) for name, found in runs.items()}
    log = restarts(events(scene.engine, since, time.time()))
    ours = [one for one in log if one[0] in owner]
    done = Counter(owner[id] for id, _, _ in ours)
    done.subtract(Counter(what.split()[1] for what in outage.users if what.startswith("restart")))
    expected = {c.name: outage.expected(c) for c in CONSUMERS}
    found = {c.name: done[c.name] for c in CONSUMERS}
    scene.told.append(f"{outage} expected {expected} found {found}")
    assert found == expected, f"seed {SEED}\n" + "\n".join(scene.told[-2:])
    # One of these may be a person's.
    assert most_at_a_time(ours) <= PARALLEL + any(what.startswith("restart") for what in outage.users)
    still = running(scene.engine, NAMES)
    assert set(still) == set(NAMES) - scene.stopped, "who was stopped stays stopped, all others run"
    for name, before in outage.after.items():
        assert (still[name] != before) == bool(expected[name]), f"{name}: seed {SEED}, {outage}"
    scene.counts.update(
        {
            "outages": 1,
            "counted": outage.counted,
            "too short": bool(outage.noticed) and not outage.counted,
            "begin seen by nobody": not outage.noticed,
            "too close to call": outage.close,
            "daemon killed": outage.killed != "never",
            "in a restart": outage.killed == "in a restart",
            "people's acts": len(outage.users),
            "restarts": sum(expected.values()),
        }
    )


def test_after_outages_at_random_exactly_those_are_restarted_whom_the_rule_names(scene: Scene) -> None:
    print(f"COOLLAMA_SEED={SEED}")
    for number in range(1, OUTAGES + 1):
        if not scene.daemon.running:
            scene.daemon.start()
        scene.daemon.reload()  # which forgets that there was an outage a moment ago
        scene.wait_quiet()
        since, lines = time.time(), len(scene.daemon.lines)
        outage = scene.outage(number)
        scene.wait_quiet()
        check(scene, outage, since, lines)
    assert settle(scene.daemon, scene.relay) == []
    publish(scene)


def publish(scene: Scene) -> None:
    names = list(scene.counts)
    head = f"| engine | seed | {' | '.join(names)} |\n|{'---|' * (len(names) + 2)}"
    row = f"| {scene.engine.version} | {SEED} | {' | '.join(str(scene.counts[name]) for name in names)} |"
    text = tables.published.get("Outages at random", head)
    tables.publish("Outages at random", f"{text}\n{row}")
