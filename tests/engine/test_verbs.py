# SPDX-License-Identifier: Apache-2.0
"""People's verbs on real engines: pause and resume, ollama, upgrade, models. Ollama is the stand-in."""

import json
import os
import pty
import shlex
import signal
import subprocess
from collections.abc import Callable

import pytest

from lib.command import binary as command_binary
from lib.command import coollama
from lib.daemon import Daemon
from lib.engine import Engine
from lib.provider import (
    API,
    PROXY,
    changes,
    consumer,
    row,
    run_of,
    status,
    wait_linked,
    wait_up,
)
from lib.relay import Relay
from lib.wait import wait_for

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
Make = Callable[..., Daemon]
# The other engine is asked in the full run alone, where nothing of it differs.
FULL = bool(os.environ.get("COOLLAMA_FULL"))
OLD = pytest.mark.parametrize("engine", ["20.10", "28.5"] if FULL else ["20.10"], indirect=True)


def pause_of(daemon: Daemon) -> dict[str, str] | None:
    return status(daemon)["pause"]


# ---- pause and resume


@BOTH
def test_while_paused_nothing_is_begun_and_resume_does_it_all(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    old = consumer(engine, "old")
    daemon = daemon_for(engine, {"recovery": {"min-outage": "0s"}}, socket=relay.path).start()
    wait_linked(daemon, "old/web")
    said = coollama(daemon, "pause")
    assert said.status == 0 and "paused by root" in said.out
    assert "Paused by root" in daemon.notify.status
    assert "Paused by root" in coollama(daemon).out

    linked = run_of(engine, "old-web-1")
    consumer(engine, "new")
    engine.docker("stop", "-t", "0", API)
    daemon.wait_for(lambda: not status(daemon)["provider"]["up"], "down")
    # Opted in, and unlinked for longer than its quiet time; ours, and stopped.
    relay.forget()
    daemon.wait_for(lambda: "paused" in row(daemon, "new/web")["reason"], "the new one waits")
    assert "coollama-api" in coollama(daemon).out

    # Killed, it comes back paused; an outage ends that way, and its debts are kept.
    daemon.kill()
    daemon.start()
    assert "Paused by root" in daemon.notify.status
    engine.docker("start", API)
    daemon.wait_for(lambda: status(daemon)["provider"]["up"], "up again")
    daemon.wait_log("may need a restart: 1")
    daemon.wait_for(lambda: len(relay.calls("GET", f"/containers/{API}/json")) >= 4, "two looks")
    assert changes(relay) == [] and run_of(engine, "old-web-1") == linked

    assert coollama(daemon, "resume").status == 0
    wait_linked(daemon, "old/web", "new/web")
    daemon.wait_for(lambda: run_of(engine, "old-web-1") != linked, "its restart")
    assert pause_of(daemon) is None
    old.down()


def test_a_stack_that_is_stopped_while_paused_stays_down(
    engine: Engine, daemon_for: Make
) -> None:
    daemon = daemon_for(engine).start()
    wait_up(daemon)
    coollama(daemon, "pause")
    engine.docker("rm", "-f", PROXY)
    engine.docker("stop", "-t", "0", API)
    daemon.wait_status("not done while paused")
    daemon.reload()
    daemon.wait_status("not done while paused")
    assert not engine.exists(PROXY)
    assert engine.inspect(API)["State"]["Status"] == "exited"
    coollama(daemon, "resume")
    wait_up(daemon)


def test_a_pause_ends_by_itself_and_both_orders_are_idempotent(
    engine: Engine, daemon_for: Make
) -> None:
    daemon = daemon_for(engine).start()
    wait_up(daemon)
    assert "nothing to do" in coollama(daemon, "resume").out
    assert coollama(daemon, "pause", "--for", "2h").status == 0
    first = pause_of(daemon)
    assert first and first["until"] - first["since"] in (7200, 7201)
    assert (daemon.state / "pause.json").stat().st_mode & 0o777 == 0o600
    assert coollama(daemon, "pause", "--for", "1s").status == 0
    second = pause_of(daemon)
    assert second is None or second["since"] == first["since"]
    daemon.wait_for(lambda: pause_of(daemon) is None, "its end")
    assert daemon.logged("Resumed: the time of the pause is over")
    assert not (daemon.state / "pause.json").exists()


def test_a_pause_whose_time_is_over_while_nobody_runs_is_forgotten(
    engine: Engine, daemon_for: Make
) -> None:
    daemon = daemon_for(engine).start()
    coollama(daemon, "pause", "--for", "2h")
    daemon.kill()
    path = daemon.state / "pause.json"
    document = json.loads(path.read_text())
    document["until"] = document["since"]
    path.write_text(json.dumps(document))
    daemon.start()
    assert pause_of(daemon) is None


def test_what_is_wrong_with_a_pause_is_said(engine: Engine, daemon_for: Make) -> None:
    daemon = daemon_for(engine).start()
    said = coollama(daemon, "pause", "--for", "2")
    assert said.status == 1 and "As in 2h" in said.err
    said = coollama(daemon, "resume", "--for", "2h")
    assert said.status == 2 and "resume does not take --for" in said.err
    assert pause_of(daemon) is None


# ---- ollama


def ollama_command(daemon: Daemon, *args: str) -> tuple[list[str], dict[str, str]]:
    """As its operator runs it, with Docker's command on the path."""
    command = [str(command_binary()), "--runtime", str(daemon.runtime), "ollama", *args]
    return command, {"PATH": daemon.engine.env["PATH"], "DOCKER_HOST": "unix:///nowhere", "TERM": "dumb"}


def ollama(daemon: Daemon, *args: str, terminal: bool = False) -> subprocess.CompletedProcess[str]:
    """In a terminal if that is wanted."""
    command, env = ollama_command(daemon, *args)
    if terminal:
        command = ["script", "-qec", shlex.join(command), "/dev/null"]
    done = subprocess.run(command, env=env, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    out, err = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(command, done.returncode, out, err)


def interrupt(daemon: Daemon) -> None:
    """Ctrl-C ends what runs in the container, where there is a terminal; else Docker's command alone."""
    engine = daemon.engine
    command, env = ollama_command(daemon, "pull", "big")
    engine.exec(API, "ollama", "standin", "count=600", "every_ms=100")

    def pulls() -> bool:
        return "ollama pull big" in engine.docker("top", API)

    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        wait_for(pulls, "it runs in the container")
        os.write(ours, b"\x03")
        assert process.wait(60) == 130
    os.close(ours)
    os.close(theirs)
    wait_for(lambda: not pulls(), "it has ended")
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        wait_for(pulls, "it runs in the container")
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert pulls()


@OLD
def test_ollamas_own_command_runs_in_the_provider(engine: Engine, daemon_for: Make) -> None:
    daemon = daemon_for(engine).start()
    wait_up(daemon)
    said = ollama(daemon, "list")
    assert said.returncode == 0 and "llama3.2" in said.stdout
    assert ollama(daemon, "pull", "tiny").returncode == 0
    assert "tiny" in ollama(daemon, "list").stdout
    # Its options are its own, and so is its exit status.
    said = ollama(daemon, "--version")
    assert said.returncode == 0 and "ollama version is" in said.stdout
    said = ollama(daemon, "--help")
    assert said.returncode == 2 and "a stand-in for ollama" in said.stderr
    said = ollama(daemon, "pull", "missing")
    assert said.returncode == 1 and "file does not exist" in said.stdout
    # A terminal is handed on where there is one: there, lines end as on a terminal.
    assert "\r\n" in ollama(daemon, "list", terminal=True).stdout
    interrupt(daemon)
    engine.docker("stop", "-t", "0", API)
    daemon.wait_for(lambda: not status(daemon)["provider"]["up"], "down")
    said = ollama(daemon, "list")
    assert said.returncode == 1 and "Ollama does not run" in said.stderr


def test_ollamas_own_command_is_explained_where_it_cannot_run(
    engine: Engine, daemon_for: Make
) -> None:
    config = {"provider": {"mode": "external", "url": "http://10.0.0.9:11434"}, "proxy": {"secured": "no"}}
    said = ollama(daemon_for(engine, config).start(), "list")
    assert said.returncode == 1 and "at http://10.0.0.9:11434" in said.stderr


# ---- models


def models_of(daemon: Daemon) -> dict[str, str]:
    return {model["name"]: model["state"] for model in status(daemon)["provider"]["models"]}


@pytest.mark.parametrize(
    ("engine", "secured"),
    [("20.10", "no"), ("28.5", "yes")] + ([("20.10", "yes"), ("28.5", "no")] if FULL else []),
    indirect=["engine"],
)
def test_models_of_the_configuration_are_pulled_and_one_that_fails_holds_up_nobody(
    engine: Engine, daemon_for: Make, secured: str
) -> None:
    # llama3.2 is there already, missing is what the registry does not have.
    config = {"provider": {"models": "llama3.2 missing tiny"}, "proxy": {"secured": secured}}
    daemon = daemon_for(engine, config).start()
    wait = {"llama3.2": "there", "missing": "failed", "tiny": "there"}
    daemon.wait_for(lambda: models_of(daemon) == wait, "what can be had is there", 60)
    assert "tiny" in ollama(daemon, "list").stdout
    assert len(daemon.logged("Pulling the model missing")) == 1, "it is not tried in a hurry"
    assert daemon.logged("Cannot pull the model missing.*file does not exist")
    assert not daemon.logged("Pulling the model llama3.2"), "what is there is not pulled"
    assert "missing failed: pull model manifest: file does not exist" in coollama(daemon).out
    run = run_of(engine, API)
    # Nothing is pulled again, and nothing is restarted over it.
    daemon.kill()
    before = len(daemon.lines)
    daemon.start()
    daemon.wait_for(lambda: models_of(daemon) == wait, "the same", 60)
    assert not [line for line in daemon.lines[before:] if "Pulling the model tiny" in line]
    assert run_of(engine, API) == run


def test_the_progress_of_a_model_is_shown_and_nobody_waits_for_it(
    engine: Engine, daemon_for: Make
) -> None:
    daemon = daemon_for(engine).start()
    wait_up(daemon)
    engine.exec(API, "ollama", "standin", "count=60", "every_ms=200")
    daemon.configure({"provider": {"models": "big"}})
    daemon.reload()
    daemon.wait_status(r"Ollama is up \(pulling big: \d+ % of \d+\.\d MB\)")
    consumer(engine, "shop")
    wait_linked(daemon, "shop/web")
    # A pause begins none, and ends none.
    engine.exec(API, "ollama", "standin", "count=3", "every_ms=10")
    coollama(daemon, "pause")
    daemon.configure({"provider": {"models": "other"}})
    daemon.reload()
    daemon.wait_status("Paused.*Ollama is up;")
    assert models_of(daemon) == {"other": "waiting"}
    coollama(daemon, "resume")
    daemon.wait_for(lambda: models_of(daemon) == {"other": "there"}, "pulled after the pause")
