# SPDX-License-Identifier: Apache-2.0
"""When it cannot be: attempts to link have an end, bringing service back has none, and nothing loops.

Tries are counted against resyncs, which come in a fixed rhythm, so no test looks at a clock.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from lib import images
from lib.consumers import EXTERNAL, KEEPER, PREVIOUS, SERVING, is_linked, mark, records, rows, run, state_is
from lib.daemon import Config, Daemon
from lib.engine import Engine
from lib.images import BUSYBOX
from lib.relay import Drop, Moment, Relay
from lib.steps import Steps

REQUEST = Moment.REQUEST
QUICK: Config = {**EXTERNAL, "health": {"resync": "700ms"}}
# Serves until it is linked; then it cannot even start.
EXITS = f'[ -z "$OLLAMA_BASE_URL" ] || exit 3; {SERVING}'
# The same, and it serves only once.
ONCE = f'[ -z "$OLLAMA_BASE_URL" ] || exit 3; [ ! -e /ran ] || exit 4; touch /ran; {SERVING}'


@pytest.fixture
def daemon(engine: Engine, relay: Relay, daemon_for: Callable[..., Daemon]) -> Daemon:
    """One that looks at everything again and again, not yet started."""
    return daemon_for(engine, QUICK, socket=relay.path)


def names(engine: Engine) -> list[str]:
    return sorted(engine.docker("ps", "-a", "--format", "{{.Names}}").split())


def wait_resyncs(daemon: Daemon, relay: Relay, number: int) -> None:
    seen = len(relay.calls("GET", r"/containers/json$"))
    daemon.wait_for(
        lambda: len(relay.calls("GET", r"/containers/json$")) >= seen + number, f"{number} resyncs", 60
    )


def test_one_that_exits_at_once_when_linked_is_put_back_and_given_up(
    engine: Engine, relay: Relay, daemon: Daemon
) -> None:
    old = run(engine, "aa", script=EXITS)
    steps = Steps(engine, relay)
    steps.follow("aa")
    daemon.start()
    daemon.wait_for(lambda: daemon.logged("aa: failed: given up after 3 attempts"), "it is given up", 60)
    row = rows(daemon)["aa"]
    assert re.search("exit code 3|its policy restarted it", row["reason"]), row
    assert row["failed_attempts"] == 3, row
    wait_resyncs(daemon, relay, 3)
    assert steps.seen("aa", "create") == steps.seen("aa", "start old") == 3
    assert len(daemon.logged("aa: waiting: trying again in a moment")) == 2
    document = engine.inspect("aa")
    assert document["Id"] == old and document["State"]["Running"]
    assert document["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert names(engine) == ["aa"] and not records(daemon)


def test_a_container_that_merely_has_the_name_is_never_touched(
    engine: Engine, relay: Relay, daemon: Daemon
) -> None:
    def stranger(name: str) -> dict[str, Any]:
        engine.docker("run", "-d", "--name", name + PREVIOUS, BUSYBOX, "sh", "-c", SERVING)
        return engine.inspect(name + PREVIOUS)

    before = run(engine, "bb", "-v", "/data", script=KEEPER)
    others = {"bb": stranger("bb")}
    daemon.start()
    daemon.wait_for(lambda: state_is(daemon, "bb", "failed"), "it is given up", 60)
    row = rows(daemon)["bb"]
    assert f"bb{PREVIOUS}" in row["reason"] and "already in use" in row["reason"], row
    assert row["next"], row
    document = engine.inspect("bb")
    assert document["Id"] == before and document["State"]["Running"]
    assert document["RestartCount"] == 0 and not records(daemon)

    run(engine, "cc")
    daemon.wait_for(lambda: is_linked(engine, "cc"), "another is linked")
    others["cc"] = stranger("cc")
    wait_resyncs(daemon, relay, 2)
    daemon.wait_for(lambda: not records(daemon), "no record is left")
    assert {name: engine.inspect(name + PREVIOUS) for name in others} == others
    assert names(engine) == ["bb", f"bb{PREVIOUS}", "cc", f"cc{PREVIOUS}"]

    engine.docker("rm", "-f", f"bb{PREVIOUS}")
    engine.docker("rm", "-f", "bb")
    run(engine, "bb")
    daemon.wait_for(lambda: is_linked(engine, "bb"), "a new deployment without it is linked")


def test_leftovers_never_pile_up_while_they_cannot_be_removed(
    engine: Engine, relay: Relay, daemon: Daemon
) -> None:
    old = run(engine, "aa", script=EXITS)
    steps = Steps(engine, relay)
    steps.follow("aa")
    rule = relay.fail("DELETE", "^/containers/", 500, "device or resource busy", nth=0)
    daemon.start()
    daemon.wait_for(lambda: rule.hits >= 3, "it is tried again", 60)
    daemon.wait_for(lambda: state_is(daemon, "aa", "failed"), "what is in its way is told")
    assert "device or resource busy" in rows(daemon)["aa"]["reason"]
    assert names(engine) == ["aa", f"aa{PREVIOUS}"]
    assert steps.seen("aa", "create") == 1
    relay.forget()
    daemon.wait_for(lambda: daemon.logged("aa: failed: given up after 3"), "it is put back", 120)
    daemon.wait_for(lambda: not records(daemon), "no record is left")
    assert names(engine) == ["aa"]
    assert engine.inspect("aa")["Id"] == old and engine.inspect("aa")["State"]["Running"]


def test_one_whose_port_was_taken_meanwhile_is_tried_for_ever_but_not_in_a_hurry(
    engine: Engine, relay: Relay, daemon: Daemon
) -> None:
    port = ("-p", "127.0.0.1:18081:80")
    old = run(engine, "aa", "-v", "/data", *port, script=EXITS.replace(SERVING, KEEPER))
    content = mark(engine, "aa")
    steps = Steps(engine, relay)
    steps.follow("aa")
    hold = steps.hold("aa", "start old", REQUEST)
    daemon.start()
    hold.wait(60)
    engine.docker("run", "-d", "--name", "thief", *port, BUSYBOX, "sh", "-c", SERVING)
    hold.release()
    daemon.wait_for(lambda: state_is(daemon, "aa", "failed"), "it is told that it cannot be started")
    row = rows(daemon)["aa"]
    assert "port" in row["reason"] and "start the old" in row["reason"] and row["next"], row
    tried = steps.seen("aa", "start old")
    wait_resyncs(daemon, relay, 10)
    # Twice as long each time: without a pause each resync alone would be a try.
    assert 1 <= steps.seen("aa", "start old") - tried <= 3
    assert names(engine) == ["aa", f"aa{PREVIOUS}", "thief"] and records(daemon)

    engine.docker("rm", "-f", "thief")
    daemon.wait_for(lambda: daemon.logged("aa: failed: given up after 3"), "it serves, and is given up", 120)
    document = engine.inspect("aa")
    assert document["Id"] == old and document["State"]["Running"]
    assert document["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert mark(engine, "aa") == content
    daemon.wait_for(lambda: not records(daemon), "no record is left")
    assert names(engine) == ["aa"]


def test_an_old_one_that_ends_at_once_is_put_back_and_started_once(
    engine: Engine, relay: Relay, daemon: Daemon
) -> None:
    old = run(engine, "aa", "--restart", "no", script=ONCE)
    steps = Steps(engine, relay)
    steps.follow("aa")
    daemon.start()
    daemon.wait_for(lambda: steps.seen("aa", "start old"), "it is put back", 60)
    daemon.wait_for(lambda: state_is(daemon, "aa", "stopped") and not records(daemon), "and left alone")
    wait_resyncs(daemon, relay, 3)
    assert steps.seen("aa", "start old") == 1
    document = engine.inspect("aa")
    assert document["Id"] == old and document["State"]["ExitCode"] == 4
    assert document["HostConfig"]["RestartPolicy"]["Name"] == "no"
    assert names(engine) == ["aa"]


def test_a_reboot_that_brings_both_up_leaves_one_the_linked_one(
    empty_engine: Callable[..., Engine], daemon_for: Callable[..., Daemon]
) -> None:
    engine = empty_engine()
    images.busybox().load(engine)
    relay = Relay(engine.machine.path / "relay.sock", engine.socket)
    options = {"both": [], "port": ["-p", "127.0.0.1:18082:80"], "policy": ["--restart", "always"]}
    for name, more in options.items():
        run(engine, name, "-v", "/data", *more, script=KEEPER)
    marks = {name: mark(engine, name) for name in options}
    olds = {name: engine.inspect(name)["Id"] for name in options}
    steps = Steps(engine, relay)
    points = {"both": "watch", "port": "watch", "policy": "update"}
    for name in points:
        steps.follow(name)
    holds = [steps.hold(name, step, REQUEST) for name, step in points.items()]
    daemon = daemon_for(engine, QUICK, socket=relay.path).start(ready=False)
    for hold in holds:
        hold.wait(60)
    daemon.kill()
    for hold in holds:
        hold.release(Drop())
    # As if our own update of its policy had been lost.
    engine.docker("update", "--restart", "always", olds["both"], olds["port"])
    engine.cut_power()
    engine.start()
    assert engine.inspect(olds["both"])["State"]["Running"] and engine.inspect("both")["State"]["Running"]
    assert engine.inspect(olds["policy"])["State"]["Running"]
    daemon.start()
    for name in options:
        daemon.wait_for(lambda: is_linked(engine, name), f"{name} is linked", 60)
    daemon.wait_for(lambda: not records(daemon), "no record is left")
    assert names(engine) == sorted(options)
    assert {name: mark(engine, name) for name in options} == marks
    policies = {name: engine.inspect(name)["HostConfig"]["RestartPolicy"]["Name"] for name in options}
    assert policies == {"both": "unless-stopped", "port": "unless-stopped", "policy": "always"}
    daemon.stop()
    relay.close()
