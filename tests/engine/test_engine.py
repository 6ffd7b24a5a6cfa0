# SPDX-License-Identifier: Apache-2.0
"""The engine under the daemon: too old, stopped, killed, hung, replaced by another version."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib import images
from lib.cache import engine_path
from lib.compose import Compose
from lib.consumers import EXTERNAL, KEEPER, is_linked, mark, records, run, service, stack, state_is
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Drop, Moment, Relay
from lib.steps import Steps, steps_of

VERSIONS = pytest.mark.parametrize("version", ["20.10", "28.5"])
Make = Callable[..., Engine]


def test_an_engine_that_is_too_old_is_refused_clearly_until_it_is_new(
    engine: Engine, relay: Relay
) -> None:
    run(engine, "aa")
    relay.api_version = "1.40"
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    sentence = r"speaks API 1\.40; coollama needs 1\.41 or newer \(Docker 20\.10\): upgrade the engine"
    daemon.wait_log("Cannot work with this Docker Engine.*" + sentence)
    daemon.wait_status(sentence)
    assert not daemon.notify.said("READY")
    assert not relay.calls("", "^/(containers|events)"), "it asks nothing of such an engine"
    assert sentence.replace("\\", "") in daemon.call("GET", "/status").json()["sentence"]
    relay.api_version = ""
    daemon.wait_for(lambda: daemon.notify.said("READY"), "READY once the engine is new")
    daemon.wait_for(lambda: is_linked(engine, "aa"), "the link")
    daemon.close()


def test_a_list_that_fails_is_asked_for_again_soon(engine: Engine, relay: Relay) -> None:
    run(engine, "aa")
    relay.drop("GET", "^/containers/json$")
    daemon = Daemon(engine, EXTERNAL | {"health": {"resync": "10m"}}, relay.path).start()
    daemon.wait_for(lambda: is_linked(engine, "aa"), "the link")
    daemon.close()


@VERSIONS
def test_an_engine_stopped_and_started_under_it_ends_as_before(
    empty_engine: Make, version: str
) -> None:
    engine = empty_engine(version)
    images.busybox().load(engine)
    compose = Compose(engine, "shop", stack(service("web")))
    compose.up()
    daemon = Daemon(engine, EXTERNAL).start()
    daemon.wait_for(lambda: is_linked(engine, "shop-web-1"), "the link")
    before = compose.ids()
    engine.stop()
    daemon.wait_status("^Waiting for the Docker Engine: ")
    daemon.wait_log("The Docker Engine does not answer, trying again")
    engine.start()
    daemon.wait_status("1 of 1 consumers linked")
    assert compose.ids() == before
    run(engine, "late")
    daemon.wait_for(lambda: is_linked(engine, "late"), "a new one is linked")
    daemon.close()


@VERSIONS
def test_an_engine_killed_at_every_step_of_a_swap_loses_nobody(
    empty_engine: Make, version: str
) -> None:
    engine = empty_engine(version)
    images.busybox().load(engine)
    relay = Relay(engine.machine.path / "relay.sock", engine.socket)
    steps = Steps(engine, relay)
    names = {step: f"at-{step}" for step in steps_of(engine) if step != "connect"}
    # With unless-stopped an engine that was killed leaves down what it then finds running and
    # stops, whoever it is.
    options = ("-v", "/data", "--restart", "always")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: run(engine, name, *options, script=KEEPER), names.values()))
    marks = {name: mark(engine, name) for name in names.values()}
    for name in marks:
        steps.follow(name)
    holds = [steps.hold(name, step, Moment.ANSWER) for step, name in names.items()]
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    for hold in holds:
        hold.wait(60)
    engine.kill()
    for hold in holds:
        hold.release(Drop())
    daemon.wait_status("^Waiting for the Docker Engine: ")
    engine.start()
    for name in marks:
        daemon.wait_for(lambda: is_linked(engine, name), f"{name} is linked", 90)
    daemon.wait_for(lambda: not records(daemon), "no record is left")
    listed = engine.docker("ps", "-a", "--format", "{{.Names}}={{.State}}").split()
    assert sorted(listed) == sorted(f"{name}=running" for name in marks)
    assert {name: mark(engine, name) for name in marks} == marks
    daemon.close()
    relay.close()


def test_a_hung_engine_is_noticed_and_said(empty_engine: Make) -> None:
    engine = empty_engine()
    images.busybox().load(engine)
    run(engine, "aa")
    daemon = Daemon(engine, EXTERNAL).start()
    daemon.wait_for(lambda: is_linked(engine, "aa"), "the link")
    daemon.wait_status("1 of 1 consumers linked")
    engine.hang()
    daemon.wait_status("did not answer a ping within 3s")
    daemon.wait_log("The Docker Engine does not answer, trying again: .*ping")
    assert daemon.call("GET", "/status").json()["engine"]["followed"] is False
    engine.wake()
    daemon.wait_status("1 of 1 consumers linked")
    daemon.close()


def test_told_to_stop_with_the_engine_away_it_ends_and_the_record_waits(
    engine: Engine, relay: Relay
) -> None:
    run(engine, "aa")
    steps = Steps(engine, relay)
    steps.follow("aa")
    hold = steps.hold("aa", "stop", Moment.ANSWER)
    daemon = Daemon(engine, EXTERNAL, relay.path).start(ready=False)
    hold.wait()
    relay.down()
    hold.release(Drop())
    daemon.wait_status("^Waiting for the Docker Engine: ")
    daemon.terminate()
    assert daemon.wait() == 0, daemon.dump()
    assert records(daemon)
    relay.up()
    assert daemon.run("--finish").returncode == 0
    assert engine.docker("ps", "-a", "--format", "{{.Names}}={{.State}}") == "aa=running"
    daemon.close()


def test_an_engine_replaced_by_a_newer_one_is_followed(empty_engine: Make) -> None:
    engine = empty_engine("20.10")
    images.busybox().load(engine)
    run(engine, "aa")
    daemon = Daemon(engine, EXTERNAL).start()
    daemon.wait_for(lambda: is_linked(engine, "aa"), "the link")
    assert daemon.call("GET", "/status").json()["engine"]["api"] == 41
    engine.stop()
    daemon.wait_status("^Waiting for the Docker Engine: ")
    engine.version, engine.env["PATH"] = "28.5", engine_path("28.5")
    engine.start()
    daemon.wait_log(r"Following Docker Engine 28\.5.* \(API 1\.5\d\)")
    daemon.wait_for(lambda: state_is(daemon, "aa", "linked"), "it is linked still")
    run(engine, "bb")
    daemon.wait_for(lambda: is_linked(engine, "bb"), "a new one is linked")
    daemon.close()
