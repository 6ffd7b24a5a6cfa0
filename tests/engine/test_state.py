# SPDX-License-Identifier: Apache-2.0
"""The state directory: without it nothing begins, and it has one daemon."""

from lib.consumers import EXTERNAL, is_linked, rows, run, state_is
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Relay


def test_a_state_directory_that_cannot_be_written_begins_nothing(engine: Engine, relay: Relay) -> None:
    daemon = Daemon(engine, EXTERNAL, relay.path).start()
    swaps = daemon.state / "swaps"
    swaps.rename(daemon.state / "away")
    swaps.touch()
    before = run(engine, "aa")
    daemon.wait_log("could not note that a swap begins: .*move that away")
    daemon.wait_for(lambda: "move that away" in rows(daemon)["aa"]["reason"], "status says so")
    assert not [e for e in relay.calls() if e.method != "GET"]
    assert engine.inspect("aa")["Id"] == before
    swaps.unlink()
    (daemon.state / "away").rename(swaps)
    daemon.wait_for(lambda: state_is(daemon, "aa", "linked"), "it goes on by itself")
    daemon.close()


def test_a_second_daemon_on_the_same_state_directory_is_refused(engine: Engine) -> None:
    daemon = Daemon(engine, EXTERNAL).start()
    runtime = daemon.directory / "other"
    for more in ((), ("--runtime", str(runtime))):
        second = daemon.run(*more)
        assert second.returncode != 0
    assert "another coollamad works on" in second.stdout + second.stderr
    assert "another coollamad works on" in daemon.run("--finish").stderr
    assert daemon.call("GET", "/status").status == 200, "the first one is still there"
    run(engine, "aa")
    daemon.wait_for(lambda: is_linked(engine, "aa"), "and still works")
    daemon.close()
