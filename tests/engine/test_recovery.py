# SPDX-License-Identifier: Apache-2.0
"""Ollama was away and is back: who is restarted, exactly once, and who never is.

One scene: consumers of every kind, and a stack that serves them. An outage counts as soon as it is
noticed (three probes, 100 ms apart), so nothing here depends on how long something takes."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from lib.consumers import SERVE, run, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.images import BUSYBOX
from lib.provider import API, PROXY, consumer, run_of, settle, status, wait_linked, wait_up
from lib.relay import Drop, Exchange, Moment, Relay
from lib.wait import wait_for

ASKS = (
    'command: ["sh", "-c", "trap exit TERM; while :; do wget -q -O /dev/null --header'
    ' \\"Authorization: Bearer $$OLLAMA_API_KEY\\" $$OLLAMA_BASE_URL/api/tags; sleep 0.1; done"]'
)
SHOP = stack(
    service("a"),
    service("b"),
    service("c"),
    service("none", labels=("coollama.enable=true", "coollama.recovery=none")),
    service("asks").replace(SERVE, ASKS),
    service("stranger", labels=()),
)
LIVED = ("shop-a-1", "shop-b-1", "shop-c-1", "shop-asks-1")
NEVER = ("shop-none-1", "shop-stranger-1")
ALL = LIVED + NEVER
# Restarts of an outage that counts, as soon as it is noticed.
COUNTS = {"min-outage": "100ms", "grace": "1500ms"}

Runs = dict[str, tuple[str, str]]


@dataclass
class Scene:
    engine: Engine
    relay: Relay
    daemon: Daemon

    def runs(self) -> Runs:
        return {name: run_of(self.engine, name) for name in ALL}

    def restarts(self) -> list[str]:
        """Names of those whose restart was asked for, in order."""
        ids = {self.engine.inspect(name)["Id"]: name for name in ALL}
        asked = self.relay.calls("POST", "/restart$")
        return [ids.get(e.path.split("/")[2], e.path) for e in asked]

    def configure(self, health: dict[str, object] | None = None, **recovery: object) -> None:
        self.daemon.configure({"recovery": COUNTS | recovery, "health": health or {}})
        if self.daemon.running:
            self.daemon.reload()
            wait_up(self.daemon)

    def down(self) -> None:
        """No restart policy acts on what `docker kill` has ended."""
        self.engine.docker("kill", API)
        self.daemon.wait_for(lambda: not status(self.daemon)["provider"]["up"], "down")

    def back(self) -> None:
        self.engine.docker("start", API)
        wait_up(self.daemon)

    def wait_quiet(self) -> None:
        """Nobody is owed anything any more, and nothing is done."""
        self.daemon.wait_for(lambda: owed(self.daemon) == 0, "all debts paid", 60)
        wait_linked(self.daemon, "shop/a", "shop/b", "shop/c", "shop/asks", "shop/none")

    def changed(self, before: Runs) -> set[str]:
        after = self.runs()
        assert {n: run[0] for n, run in after.items()} == {n: run[0] for n, run in before.items()}
        return {name for name in ALL if after[name] != before[name]}


def owed(daemon: Daemon) -> int:
    return len(json.loads((daemon.state / "recovery.json").read_text())["owed"])


@pytest.fixture(scope="module")
def whole(engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of("28.5")
    relay = Relay(engine.machine.path / "recovery.sock", engine.socket)
    daemon = Daemon(engine, {"recovery": COUNTS}, socket=relay.path)
    try:
        consumer(engine, "shop", SHOP)
        daemon.start()
        wait_linked(daemon, "shop/a", "shop/b", "shop/c", "shop/asks", "shop/none", seconds=90)
        yield Scene(engine, relay, daemon)
    finally:
        daemon.close()
        relay.close()
        engine.reset()


@pytest.fixture
def scene(request: pytest.FixtureRequest, whole: Scene) -> Iterator[Scene]:
    from conftest import DAEMONS

    request.node.stash[DAEMONS] = [whole.daemon]
    if not whole.daemon.running:
        whole.daemon.kill()
        whole.daemon.start()
    whole.configure()
    wait_up(whole.daemon)
    whole.wait_quiet()
    whole.relay.forget()
    yield whole
    whole.relay.forget()


def test_those_who_lived_through_it_are_restarted_exactly_once_and_others_never(scene: Scene) -> None:
    before = scene.runs()
    scene.down()
    assert scene.changed(before) == set(), "while it is down nobody is touched"
    scene.back()
    scene.wait_quiet()
    assert scene.changed(before) == set(LIVED)
    assert sorted(scene.restarts()) == sorted(LIVED)
    scene.relay.forget()
    assert settle(scene.daemon, scene.relay) == []


def test_a_short_outage_restarts_nobody(scene: Scene) -> None:
    scene.configure(**{"min-outage": "1h"})
    before = scene.runs()
    scene.down()
    scene.back()
    scene.daemon.wait_log("Ollama is back after a short outage")
    scene.wait_quiet()
    assert scene.restarts() == [] and scene.changed(before) == set()


def test_at_most_so_many_are_restarted_at_a_time(scene: Scene) -> None:
    scene.configure(parallel=2)
    lock, now, most = threading.Lock(), 0, 0

    def begins(_: Exchange) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)

    def ends(_: Exchange) -> None:
        nonlocal now
        time.sleep(0.3)  # long enough that a third would come meanwhile
        with lock:
            now -= 1

    scene.relay.on("POST", "/restart$", begins, moment=Moment.REQUEST, nth=0)
    scene.relay.on("POST", "/restart$", ends, moment=Moment.ANSWER, nth=0)
    scene.down()
    scene.back()
    scene.wait_quiet()
    assert most == 2 and sorted(scene.restarts()) == sorted(LIVED)


def test_one_that_its_user_stopped_during_it_stays_stopped(scene: Scene) -> None:
    scene.down()
    scene.engine.docker("stop", "-t", "0", "shop-a-1")
    try:
        scene.back()
        scene.daemon.wait_for(lambda: owed(scene.daemon) == 0, "all debts paid", 60)
        assert "shop-a-1" not in scene.restarts() and len(scene.restarts()) == 3
        assert not scene.engine.inspect("shop-a-1")["State"]["Running"]
    finally:
        scene.engine.docker("start", "shop-a-1")


def test_one_that_its_user_is_stopping_when_it_ends_stays_stopped(scene: Scene) -> None:
    """Its program takes no notice of the signal, so that its stop takes its whole time. One is linked by its
    label, one by an order: of that no label tells the engine whose signals are to be told."""
    stubborn = "trap '' TERM; while :; do sleep 1; done"
    run(scene.engine, "stubborn", script=stubborn)
    scene.engine.docker("run", "-d", "--name", "ordered", BUSYBOX, "sh", "-c", stubborn)
    assert scene.daemon.call("POST", "/link?name=ordered").status == 200
    wait_linked(scene.daemon, "stubborn", "ordered")
    scene.down()
    words = scene.engine.machine.network_command("docker", "stop", "-t", "10", "stubborn", "ordered")
    with subprocess.Popen(words, env=scene.engine.env, stdout=subprocess.DEVNULL) as stopping:
        scene.relay.forget()
        scene.back()
        assert stopping.wait(60) == 0
    scene.wait_quiet()
    assert not any(scene.engine.inspect(name)["State"]["Running"] for name in ("stubborn", "ordered"))
    assert len(scene.restarts()) == len(LIVED)
    scene.engine.docker("rm", "-f", "stubborn", "ordered")


def test_one_started_during_it_is_restarted_only_if_nothing_was_answered(scene: Scene) -> None:
    scene.down()
    scene.engine.docker("restart", "-t", "0", "shop-a-1", "shop-asks-1")
    before = scene.runs()
    scene.back()
    scene.wait_quiet()
    assert scene.changed(before) == {"shop-a-1", "shop-b-1", "shop-c-1"}
    assert sorted(scene.restarts()) == ["shop-a-1", "shop-b-1", "shop-c-1"]


def test_what_was_proven_stays_proven_when_the_proxy_and_its_log_are_made_anew(scene: Scene) -> None:
    """One that asks until it is answered, once, and one that never asks; both want the proof."""
    asks = "until wget -q -O /dev/null --header \"Authorization: Bearer $OLLAMA_API_KEY\" $OLLAMA_BASE_URL/api/tags"
    once = f"trap exit TERM; rm -f /done; {asks}; do sleep 0.1; done; touch /done; sleep 1000000 & wait"
    run(scene.engine, "once", "--label", "coollama.recovery=auto", script=once)
    run(scene.engine, "never", "--label", "coollama.recovery=auto")
    wait_linked(scene.daemon, "once", "never")
    # Its proxy may be away for a moment without an outage.
    scene.configure(health={"down-after": 1000}, grace="8s")
    scene.down()
    scene.engine.docker("restart", "-t", "0", "once")
    before = {name: run_of(scene.engine, name) for name in ("once", "never")}
    scene.back()
    asked = ("exec", "once", "test", "-e", "/done")
    scene.daemon.wait_for(lambda: scene.engine.client(*asked).returncode == 0, "answered")
    scene.engine.docker("rm", "-f", PROXY)
    scene.wait_quiet()
    assert len(scene.daemon.logged("create container coollama-proxy: done")) == 2
    changed = {name for name, found in before.items() if run_of(scene.engine, name) != found}
    assert changed == {"never"}
    scene.engine.docker("rm", "-f", *before)


def test_the_daemon_killed_during_it_forgets_nobody(scene: Scene) -> None:
    before = scene.runs()
    scene.down()
    scene.daemon.kill()
    scene.engine.docker("start", API)
    scene.daemon.start()
    wait_up(scene.daemon)
    scene.wait_quiet()
    assert scene.changed(before) == set(LIVED)
    assert sorted(scene.restarts()) == sorted(LIVED)


@pytest.mark.parametrize("moment", [Moment.REQUEST, Moment.ANSWER])
def test_the_daemon_killed_between_two_restarts_restarts_nobody_twice(
    scene: Scene, moment: Moment
) -> None:
    scene.configure(parallel=1)
    before = scene.runs()
    scene.down()
    scene.relay.strike("POST", "/restart$", scene.daemon.kill, moment=moment, nth=2)
    scene.engine.docker("start", API)
    wait_for(lambda: not scene.daemon.running, "the blow", 60)
    asked = scene.restarts()
    assert len(asked) == 2
    scene.daemon.start()
    wait_up(scene.daemon)
    scene.wait_quiet()
    assert scene.changed(before) == set(LIVED)
    done = scene.restarts()
    if moment is Moment.REQUEST:
        done.remove(asked[1])  # the engine never saw that one
    assert sorted(done) == sorted(LIVED)


@pytest.mark.parametrize("killed", [False, True], ids=["engine", "engine and coollamad"])
def test_a_restart_that_was_cut_short_is_finished(scene: Scene, killed: bool) -> None:
    """The engine has stopped the container, and died before it started it again."""
    before = scene.runs()
    scene.down()

    def cut(exchange: Exchange) -> Drop:
        scene.engine.docker("stop", "-t", "0", exchange.path.split("/")[2])
        if killed:
            scene.daemon.kill()
        return Drop()

    scene.relay.on("POST", "/restart$", cut, moment=Moment.REQUEST)
    scene.engine.docker("start", API)
    if killed:
        wait_for(lambda: not scene.daemon.running, "the blow", 60)
        scene.daemon.start()
    wait_up(scene.daemon)
    scene.wait_quiet()
    assert scene.changed(before) == set(LIVED)
    assert all(scene.engine.inspect(name)["State"]["Running"] for name in ALL)


def test_an_outage_that_nobody_watched_counts_once(scene: Scene) -> None:
    before = scene.runs()
    scene.daemon.stop()
    scene.engine.docker("restart", "-t", "0", API)
    scene.daemon.start()
    wait_up(scene.daemon)
    scene.wait_quiet()
    # Nobody knows how long it lasted: those whose requests are answered are left alone.
    assert scene.changed(before) == {"shop-a-1", "shop-b-1", "shop-c-1"}
    before = scene.runs()
    scene.daemon.stop()
    scene.relay.forget()
    scene.daemon.start()
    wait_up(scene.daemon)
    scene.wait_quiet()
    assert settle(scene.daemon, scene.relay) == []
    assert scene.changed(before) == set()


def test_a_restart_too_quick_to_be_an_outage_is_none_for_a_later_daemon_either(scene: Scene) -> None:
    scene.configure(health={"down-after": 1000})
    before = scene.runs()
    scene.engine.docker("restart", "-t", "0", API)
    started = run_of(scene.engine, API)[1]
    scene.daemon.wait_for(
        lambda: started in (scene.daemon.state / "recovery.json").read_text(), "the run is known"
    )
    scene.daemon.stop()
    scene.daemon.start()
    wait_up(scene.daemon)
    scene.wait_quiet()
    assert scene.restarts() == [] and scene.changed(before) == set()


def test_an_ollama_that_was_re_created_is_an_outage_too(scene: Scene) -> None:
    before = scene.runs()
    held = scene.relay.hold("POST", "/containers/create", moment=Moment.REQUEST)
    scene.engine.docker("rm", "-f", API)
    held.wait()
    scene.daemon.wait_for(lambda: not status(scene.daemon)["provider"]["up"], "down")
    held.release()
    wait_up(scene.daemon)
    scene.wait_quiet()
    assert scene.changed(before) == set(LIVED)


def test_a_second_outage_suspends_what_is_owed_and_forgets_nobody(scene: Scene) -> None:
    scene.configure(parallel=1)
    before = scene.runs()
    scene.down()
    held = scene.relay.hold("POST", "/restart$", moment=Moment.REQUEST)
    scene.engine.docker("start", API)
    held.wait()
    scene.down()
    held.release()
    scene.daemon.wait_for(lambda: owed(scene.daemon) >= 3, "debts")
    first = scene.restarts()
    assert len(first) == 1, "nobody is restarted while it is down"
    scene.back()
    scene.wait_quiet()
    assert scene.changed(before) == set(LIVED)


def test_the_proxy_away_is_an_outage_as_well(scene: Scene) -> None:
    before = scene.runs()
    scene.engine.docker("kill", PROXY)
    scene.daemon.wait_for(lambda: not status(scene.daemon)["provider"]["up"], "down")
    scene.engine.docker("start", PROXY)
    wait_up(scene.daemon)
    scene.wait_quiet()
    assert scene.changed(before) == set(LIVED)
