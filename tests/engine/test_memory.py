# SPDX-License-Identifier: Apache-2.0
"""What outlives a link, and the daemon: what it replaced, what failed, what the operator said."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.command import DOCKER_GROUP, NOBODY, GroupDaemon, coollama
from lib.compose import Compose
from lib.consumers import EXTERNAL, HOST, SERVING, URL, env_of, records, rows, run, service, stack, state_is
from lib.control import call
from lib.daemon import Daemon
from lib.documents import gained
from lib.engine import Engine
from lib.relay import Exchange, Moment, Relay, Reply
from lib.steps import Steps, steps_of

# What the two engines do alike is shown on the older one alone, but in the full run.
ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["20.10"]
ANY = pytest.mark.parametrize("engine", ENGINES, indirect=True)
BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)

# Values of its user's own before, between and behind ours, one of them another Ollama's address.
OWN = """environment:
  ALPHA: "1"
  OLLAMA_BASE_URL: http://own.example:1
  ZULU: "2"
volumes: [data:/data]
networks: {default: {aliases: [www]}, second: {}}"""
SHOP = stack(service("web", extra=OWN), rest="volumes: {data: {}}\nnetworks: {default: {}, second: {}}")

# Serves without the link, and ends at once with it.
ALLERGIC = f'[ -z "$OLLAMA_BASE_URL" ] || exit 3; {SERVING}'


def linked(daemon: Daemon, *names: str) -> None:
    for name in names:
        daemon.wait_for(lambda: state_is(daemon, name, "linked"), f"{name} is linked", 90)


def unlinked(daemon: Daemon, *names: str) -> None:
    for name in names:
        daemon.wait_for(lambda: state_is(daemon, name, "unlinked"), f"{name} is unlinked", 60)


def kept(daemon: Daemon) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(daemon.state.glob("replaced/*.json"))]


@pytest.fixture
def external(engine: Engine) -> Iterator[Daemon]:
    daemon = GroupDaemon(engine, EXTERNAL)
    yield daemon
    daemon.close()


# ---- unlink


@BOTH
def test_unlink_puts_back_what_was_there_and_is_remembered(engine: Engine, external: Daemon) -> None:
    shop = Compose(engine, "shop", SHOP)
    shop.up()
    run(engine, "alone", "-e", "B=2")
    before = {name: engine.inspect(name) for name in ("shop-web-1", "alone")}
    external.start()
    linked(external, "shop/web", "alone")
    assert env_of(engine.inspect("shop-web-1"))["OLLAMA_BASE_URL"] == URL
    for path in external.state.glob("replaced/*"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert (external.state / "replaced").stat().st_mode & 0o777 == 0o700

    for name in ("shop/web", "alone"):
        said = coollama(external, "unlink", name, "--yes")
        assert (said.status, said.err) == (0, ""), said
    unlinked(external, "shop/web", "alone")
    for name, old in before.items():
        assert gained(old, engine.inspect(name)) == []
        assert engine.inspect(name)["Config"]["Env"] == old["Config"]["Env"], "in the old order"
    assert "coollama relink alone links it again" in coollama(external).out

    # Neither a restart of the daemon nor a new deployment links it again.
    external.kill()
    external.start()
    shop.up("--force-recreate")
    unlinked(external, "shop/web", "alone")
    assert env_of(engine.inspect("shop-web-1"))["OLLAMA_BASE_URL"] == "http://own.example:1"
    assert coollama(external, "relink", "shop/web", "--yes").status == 0
    linked(external, "shop/web")
    assert env_of(engine.inspect("shop-web-1"))["OLLAMA_BASE_URL"] == URL
    assert not list(external.state.glob("swaps/*"))


@ANY
def test_explain_tells_the_difference_and_its_commands_bring_the_old_one_back(
    engine: Engine, external: Daemon
) -> None:
    shop = Compose(engine, "shop", SHOP)
    shop.up()
    before = engine.inspect("shop-web-1")
    external.start()
    linked(external, "shop/web")
    said = coollama(external, "explain", "shop/web")
    assert said.status == 0, said
    assert f"OLLAMA_BASE_URL  http://own.example:1  {URL}" in said.out
    assert f"host entry       absent                {HOST}" in said.out
    member = coollama(external, "explain", "shop/web", uid=NOBODY, gid=DOCKER_GROUP)
    assert member.status == 0 and "own.example" not in member.out
    assert "shown to root alone" in member.out

    document = json.loads(coollama(external, "explain", "shop", "--json").out)
    commands = document["containers"][0]["replaced"]["by_hand"]
    assert all(command in said.out for command in commands), "what people see can be pasted"
    assert commands[0] == "systemctl stop coollamad"
    external.stop()
    script = engine.machine.path / "by-hand.sh"
    script.write_text("\n".join(["set -e", *commands[1:], ""]))
    subprocess.run(engine.machine.network_command("bash", str(script)), env=engine.env, check=True)
    assert gained(before, engine.inspect("shop-web-1")) == []
    assert len(shop.ids()) == 1
    assert engine.inspect("shop-web-1")["State"]["Running"]
    external.start()
    linked(external, "shop/web")


def test_a_second_link_keeps_what_stood_there_before_the_first(engine: Engine, external: Daemon) -> None:
    run(engine, "alone", "-e", "OLLAMA_BASE_URL=http://own.example:1", "-e", "Z=1")
    before = engine.inspect("alone")
    external.start()
    linked(external, "alone")
    first = engine.inspect("alone")["Id"]
    url = "http://host.docker.internal:9999"
    external.configure(EXTERNAL | {"provider": {"mode": "external", "url": url}})
    external.reload()
    external.wait_for(lambda: env_of(engine.inspect("alone"))["OLLAMA_BASE_URL"] == url, "the new one")
    linked(external, "alone")
    second = engine.inspect("alone")["Id"]
    external.wait_for(lambda: kept(external)[0]["id"] == second, "it is kept")
    document = kept(external)[0]
    assert second != first
    assert document["old_id"] == before["Id"]
    assert document["variables"] == [
        {"name": "OLLAMA_BASE_URL", "before": "http://own.example:1", "after": url}
    ]
    assert coollama(external, "unlink", "alone", "--yes").status == 0
    unlinked(external, "alone")
    assert gained(before, engine.inspect("alone")) == []


def test_what_its_user_wrote_is_left_to_him(engine: Engine, external: Daemon) -> None:
    run(engine, "alone", "-e", f"OLLAMA_BASE_URL={URL}", "--add-host", HOST)
    before = engine.inspect("alone")
    external.start()
    linked(external, "alone")
    assert "what it holds its user wrote" in coollama(external, "explain", "alone").out
    said = coollama(external, "unlink", "alone", "--yes")
    assert said.status == 0 and "nothing is kept" in said.out
    unlinked(external, "alone")
    assert engine.inspect("alone") == before


def test_a_container_that_compose_made_anew_keeps_what_its_file_says(
    engine: Engine, external: Daemon
) -> None:
    """The same values, but its user's: what was kept of an earlier container says nothing of it."""
    run(engine, "alone")
    external.start()
    linked(external, "alone")
    engine.docker("rm", "-f", "alone")
    run(engine, "alone", "-e", f"OLLAMA_BASE_URL={URL}", "--add-host", HOST)
    before = engine.inspect("alone")
    external.wait_for(lambda: rows(external)["alone"]["linked"] == 1, "it is seen")
    assert "nothing is kept" in coollama(external, "unlink", "alone", "--yes").out
    unlinked(external, "alone")
    assert engine.inspect("alone") == before


# ---- orders


def test_orders_are_roots_and_ask_before_anything_is_re_created(engine: Engine, external: Daemon) -> None:
    run(engine, "alone")
    external.start()
    linked(external, "alone")
    before = engine.inspect("alone")
    for command in ("unlink", "relink"):
        member = coollama(external, command, "alone", "--yes", uid=NOBODY, gid=DOCKER_GROUP)
        assert (member.status, member.out) == (1, "") and "takes root" in member.err
        nobody_there = coollama(external, command, "alone")
        assert nobody_there.status == 1 and f"coollama {command} alone --yes" in nobody_there.err
        unknown = coollama(external, command, "aloen", "--yes")
        assert unknown.status == 1 and "did you mean alone?" in unknown.err
        first_digits = coollama(external, command, before["Id"][:4], "--yes")
        assert first_digits.status == 1 and "no consumer" in first_digits.err
        assert coollama(external, command).status == 2
        assert external.call("POST", f"/{command}").status == 400
        assert external.call("GET", f"/{command}?name=alone").status == 405
    assert coollama(external, "status", "--yes").status == 2
    assert "there is nothing to do" in coollama(external, "relink", "alone", "--yes").out
    assert engine.inspect("alone") == before
    assert coollama(external, "explain", "aloen").status == 1


# ---- failed attempts


def created(engine: Engine, name: str, since: float) -> int:
    """How many containers of this name were made since then."""
    words = ["events", "--since", f"{int(since)}", "--until", f"{time.time() + 1:.0f}"]
    words += ["--filter", "type=container", "--filter", "event=create"]
    names = engine.docker(*words, "--format", "{{.Actor.Attributes.name}}").split()
    return names.count(name)


def test_three_attempts_are_three_however_often_the_daemon_is_restarted(
    engine: Engine, external: Daemon
) -> None:
    since = time.time()
    run(engine, "app", script=ALLERGIC)
    old = engine.inspect("app")["Id"]
    external.start()
    for attempt in (1, 2, 3):
        external.wait_for(
            lambda: rows(external)["app"]["failed_attempts"] == attempt, f"attempt {attempt}", 90
        )
        external.kill()
        external.start()
    for _ in range(3):
        external.wait_for(lambda: state_is(external, "app", "failed"), "it is given up")
        external.kill()
        external.start()
    external.wait_for(lambda: state_is(external, "app", "failed"), "it is given up")
    assert created(engine, "app", since) == 1 + 3, "its user's, and three of ours"
    assert engine.inspect("app")["Id"] == old and engine.inspect("app")["State"]["Running"]
    row = rows(external)["app"]
    assert "waiting for a change" in row["reason"] and "did not stay up" in row["reason"]
    assert "coollama relink app" in row["next"]
    said = coollama(external, "explain", "app").out
    assert "3 of 3 failed since" in said and "did not stay up" in said

    # relink begins a new series; a new container is a change by itself.
    assert coollama(external, "relink", "app", "--yes").status == 0
    external.wait_for(lambda: created(engine, "app", since) == 1 + 4, "one more", 60)
    external.wait_for(lambda: rows(external)["app"]["failed_attempts"] == 1, "the first of them", 60)
    engine.docker("rm", "-f", "app")
    run(engine, "app")
    linked(external, "app")
    assert rows(external)["app"]["failed_attempts"] == 0
    assert not list(external.state.glob("remembered/*"))


# The first one that is linked serves, and every further one ends at once.
JEALOUS = f'[ -z "$$OLLAMA_BASE_URL" ] || mkdir /shared/taken || exit 3; {SERVING}'
TWO = f"""services:
  web:
    image: busybox:local
    command: ["sh", "-c", '{JEALOUS}']
    restart: unless-stopped
    labels: [coollama.enable=true]
    deploy: {{replicas: 2}}
    volumes: [shared:/shared]
volumes: {{shared: {{}}}}
"""


def test_three_attempts_are_three_also_where_another_replica_is_newer(
    engine: Engine, external: Daemon
) -> None:
    since = time.time()
    Compose(engine, "two", TWO).up()
    old = engine.inspect("two-web-2")["Id"]
    external.start()
    external.wait_for(lambda: state_is(external, "two/web", "failed"), "it is given up", 90)
    assert (rows(external)["two/web"]["linked"], engine.inspect("two-web-2")["Id"]) == (1, old)
    assert created(engine, "two-web-2", since) == 1 + 3, "its user's, and three of ours"


def test_files_that_cannot_be_read_are_said_and_nothing_else(engine: Engine, external: Daemon) -> None:
    for folder in ("replaced", "remembered"):
        directory = Path(external.state / folder)
        directory.mkdir(mode=0o700)
        (directory / "broken.json").write_text("{")
        (directory / "other.json").write_text('{"version": 7}')
    run(engine, "alone")
    external.start()
    linked(external, "alone")
    assert len(external.logged("cannot be read")) == 4
    assert coollama(external, "unlink", "alone", "--yes").status == 0
    unlinked(external, "alone")


@ANY
def test_an_unlink_that_is_killed_at_any_step_is_finished(engine: Engine, relay: Relay) -> None:
    names = {f"at-{step}": step for step in steps_of(engine)}
    for name in names:
        engine.docker("network", "create", f"{name}-net")
        run(engine, name, "-e", "A=1")
        engine.docker("network", "connect", f"{name}-net", name)
    before = {name: engine.inspect(name) for name in names}
    daemon = Daemon(engine, EXTERNAL, socket=relay.path).start()
    linked(daemon, *names)
    daemon.wait_for(lambda: not records(daemon), "no swap is open")
    steps = Steps(engine, relay)
    for name in names:
        steps.follow(name)
    holds = [steps.hold(name, step, Moment.ANSWER) for name, step in names.items()]
    for name in names:
        assert daemon.call("POST", f"/unlink?name={name}").status == 200
    for hold in holds:
        hold.wait(60)
    daemon.kill()
    relay.forget()
    for hold in holds:
        hold.release()
    daemon.start()
    unlinked(daemon, *names)
    daemon.wait_for(lambda: not records(daemon), "no swap is open")
    for name, old in before.items():
        assert gained(old, engine.inspect(name)) == [], name
    assert len(engine.docker("ps", "-aq").split()) == len(names)
    daemon.close()


# ---- one that holds files of its own


def age(engine: Engine, relay: Relay) -> None:
    """Every container seems to have been started years ago."""

    def answer(exchange: Exchange) -> Reply | None:
        document = call(engine.socket, "GET", exchange.path).json()
        if not document.get("State", {}).get("Running"):
            return None
        document["State"]["StartedAt"] = "2020" + document["State"]["StartedAt"][4:]
        return Reply(200, json.dumps(document))

    relay.on("GET", r"^/containers/[0-9a-f]{64}/json$", answer, moment=Moment.REQUEST, nth=0)


@ANY
def test_one_with_files_of_its_own_waits_for_its_operators_word(engine: Engine, relay: Relay) -> None:
    run(engine, "app", "-v", "/data", script=f"echo precious >/root/notes; echo >/data/kept; {SERVING}")
    old = engine.inspect("app")["Id"]
    age(engine, relay)
    daemon = Daemon(engine, EXTERNAL, socket=relay.path).start()
    daemon.wait_for(lambda: state_is(daemon, "app", "pending"), "it is pending")
    row = rows(daemon)["app"]
    assert "/root/notes" in row["reason"] and "coollama relink app" in row["next"]
    said = coollama(daemon, "explain", "app").out
    assert "a re-creation loses them: /root/notes" in said
    # The word is remembered, and is about this container alone.
    daemon.kill()
    daemon.start()
    daemon.wait_for(lambda: state_is(daemon, "app", "pending"), "it is still pending")
    assert engine.inspect("app")["Id"] == old
    assert coollama(daemon, "relink", "app", "--yes").status == 0
    linked(daemon, "app")
    assert daemon.logged("lost, as agreed: .*/root/notes")
    engine.docker("rm", "-f", "app")
    run(engine, "app", script=f"echo precious >/root/notes; {SERVING}")
    daemon.wait_for(lambda: state_is(daemon, "app", "pending"), "the next one is pending")
    daemon.close()
