# SPDX-License-Identifier: Apache-2.0
"""coollama, the operator's command, on real engines. Ollama is the stand-in, nginx is Debian's."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.command import DOCKER_GROUP, NOBODY, GroupDaemon, Said, coollama
from lib.compose import Compose
from lib.consumers import EXTERNAL, env_of, run, service, stack, state_is
from lib.daemon import Daemon
from lib.engine import Engine
from lib.images import BUSYBOX
from lib.relay import Relay

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
UNSECURED = {"proxy": {"secured": "no"}}


def linked(daemon: Daemon, *names: str) -> None:
    for name in names:
        daemon.wait_for(lambda: state_is(daemon, name, "linked"), f"{name} is linked", 90)


@pytest.fixture
def external(engine: Engine) -> Iterator[Daemon]:
    daemon = GroupDaemon(engine, EXTERNAL).start()
    yield daemon
    daemon.close()


# ---- what there is to see


def test_status_begins_with_the_units_own_sentence(engine: Engine, external: Daemon) -> None:
    run(engine, "alone")
    run(engine, "refused", "--label", "coollama.profle=ollama")
    linked(external, "alone")
    external.wait_for(lambda: state_is(external, "refused", "refused"), "the bad label is seen")
    said = coollama(external)
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines()[0] == external.notify.status
    assert said.out == coollama(external, "status").out
    rows = {line.split()[0]: line for line in said.out.splitlines() if re.search(r"\d/\d", line)}
    assert set(rows) == {"alone", "refused"}
    assert re.match(r"alone +linked +1/1 +\S", rows["alone"])
    assert "coollama.profile" in rows["refused"], "the nearest known label"


def test_json_is_the_daemons_document_as_it_is(engine: Engine, external: Daemon) -> None:
    run(engine, "alone")
    linked(external, "alone")
    for command in ("status", "plan"):
        said = coollama(external, command, "--json")
        assert said.status == 0
        assert json.loads(said.out) == external.call("GET", f"/{command}").json()


def test_plan_names_what_would_be_done_and_why(engine: Engine) -> None:
    daemon = Daemon(engine, EXTERNAL | {"link": {"settle-unchecked": "1h"}}).start()
    assert coollama(daemon, "plan").out == "Nothing to do.\n"
    run(engine, "young")
    daemon.wait_for(lambda: state_is(daemon, "young", "waiting"), "it is seen")
    daemon.wait_for(lambda: "would set" in coollama(daemon, "plan").out, "the intent is known")
    said = coollama(daemon, "plan")
    assert said.status == 0
    assert re.search(r"^young: waiting: ", said.out)
    assert "would set OLLAMA_BASE_URL and the host entry" in said.out
    assert "OLLAMA_BASE_URL" not in env_of(engine.inspect("young"))
    daemon.close()


# ---- what goes wrong


def test_a_daemon_that_is_down_is_said_with_what_to_do(engine: Engine, external: Daemon) -> None:
    external.stop()
    for command in (["status"], ["plan"], ["verify", "x"]):
        said = coollama(external, *command)
        assert (said.status, said.out) == (1, "")
        assert f"does not answer on {external.runtime}/api.sock" in said.err
        assert "systemctl status coollamad" in said.err
    external.start()


def test_who_may_ask_is_decided_by_the_kernels_word(engine: Engine, external: Daemon) -> None:
    stranger = coollama(external, "status", uid=NOBODY, gid=NOBODY)
    assert (stranger.status, stranger.out) == (1, "")
    assert "root, or as a member of the group docker" in stranger.err
    member = {"uid": NOBODY, "gid": DOCKER_GROUP}
    assert coollama(external, "status", **member).out == coollama(external, "status").out
    assert coollama(external, "plan", **member).status == 0
    refused = coollama(external, "verify", "x", **member)
    assert (refused.status, refused.out) == (1, "")
    assert "takes root" in refused.err


def test_an_external_ollama_is_not_verified_and_that_is_said(engine: Engine, external: Daemon) -> None:
    said = coollama(external, "verify", "x")
    assert said.status == 1
    assert "not supported with an external Ollama without a proxy" in said.err
    assert "does not see whether it answers" in coollama(external).out.replace("\n" + " " * 10, " ")
    assert external.call("POST", "/verify?name=x").status == 501
    assert external.call("POST", "/verify").status == 400
    assert external.call("GET", "/verify?name=x").status == 405


# ---- verify


@pytest.fixture
def managed(engine: Engine) -> Iterator[Daemon]:
    daemon = Daemon(engine).start()
    yield daemon
    daemon.close()


def probes(engine: Engine) -> list[str]:
    return engine.docker("ps", "-aq", "--filter", "label=coollama.part=probe").split()


class Watcher:
    """Collects the arguments of every process of the machine, until it is left."""

    def __init__(self, engine: Engine) -> None:
        self.seen: set[bytes] = set()
        self._engine = engine
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.is_set():
            for pid in Path("/proc").iterdir():
                if pid.name.isdigit():
                    try:
                        self.seen.add((pid / "cmdline").read_bytes())
                    except OSError:
                        continue

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@BOTH
def test_verify_proves_it_from_the_consumers_own_network(engine: Engine, managed: Daemon) -> None:
    compose = Compose(engine, "shop", stack(service("web"), service("worker")))
    compose.up()
    linked(managed, "shop/web", "shop/worker")
    before = engine.inspect("shop-web-1")
    key = env_of(before)["OLLAMA_API_KEY"]
    with Watcher(engine) as watcher:
        said = coollama(managed, "verify", "shop/web")
    assert (said.status, said.err) == (0, ""), said.out + said.err
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["ok"] * 4
    assert "OLLAMA_BASE_URL (the address), OLLAMA_API_KEY (its key)" in lines[0]
    assert "http://host.docker.internal:11434 is reachable" in lines[1]
    assert '401 and {"error":"unauthorized"}' in lines[2]
    assert "llama3.2:latest" in lines[3]
    assert lines[4] == "shop/web reaches the models."
    assert probes(engine) == []
    assert engine.inspect("shop-web-1") == before, "the consumer itself was not touched"
    assert any(b"Authorization: Bearer $KEY" in line for line in watcher.seen), "it was watched"
    assert not any(key.encode() in line for line in watcher.seen), "in no argument list"
    assert not managed.logged(key) and key not in said.out


@BOTH
def test_names_of_every_kind_are_understood(engine: Engine, managed: Daemon) -> None:
    Compose(engine, "shop", stack(service("web"))).up()
    Compose(engine, "blog", stack(service("web"), service("cron"))).up()
    engine.docker("run", "-d", "--name", "other", BUSYBOX, "sleep", "1000")
    linked(managed, "shop/web", "blog/web", "blog/cron")
    container = engine.inspect("shop-web-1")["Id"]
    for name in ("shop/web", "shop-web-1", container, container[:12], "shop"):
        said = coollama(managed, "verify", name)
        assert said.out.endswith("shop/web reaches the models.\n"), said
    for name, status, text in (
        ("blog", 409, "'blog' may be any of 2, say which: blog/cron, blog/web"),
        ("shop/wbe", 404, "no consumer 'shop/wbe'; did you mean shop/web?"),
        ("other", 404, "the container 'other' is no consumer"),
        ("no such thing/?&x=1", 404, "no consumer 'no such thing/?&x=1'"),
    ):
        said = coollama(managed, "verify", name)
        assert (said.status, said.out) == (1, "")
        assert text in said.err
    assert managed.call("POST", "/verify?name=blog").status == 409
    assert managed.call("POST", "/verify?name=other").status == 404


def test_a_failed_check_says_what_mends_it(engine: Engine, managed: Daemon) -> None:
    run(engine, "alone")
    linked(managed, "alone")
    # From the consumer alone: Ollama itself stays up.
    rule = ["INPUT", "-i", "docker0", "-p", "tcp", "--dport", "11434", "-j", "REJECT"]
    forwarded = ["DOCKER-USER", "-i", "docker0", "-p", "tcp", "--dport", "11434", "-j", "REJECT"]
    for words in (rule, forwarded):
        engine.machine.run("iptables", "-I", *words)
    try:
        said = coollama(managed, "verify", "alone")
    finally:
        for words in (rule, forwarded):
            engine.machine.run("iptables", "-D", *words)
    assert said.status == 1
    assert "FAILED  http://host.docker.internal:11434 is reachable: nc: " in said.out
    assert "next: is Ollama up" in said.out
    assert said.out.endswith("alone does not pass.\n")
    # It is asked whether the gateway still answers there, which takes a probe of another kind.
    managed.wait_for(lambda: probes(engine) == [], "no probe is left")


def test_a_consumer_that_does_not_run_cannot_pass(engine: Engine, managed: Daemon) -> None:
    run(engine, "alone")
    linked(managed, "alone")
    engine.docker("stop", "-t", "0", "alone")
    said = coollama(managed, "verify", "alone")
    assert said.status == 1
    assert said.out.startswith("FAILED  it runs: exited\n")


def test_a_daemon_that_stops_meanwhile_says_so_and_takes_the_probe_away_later(
    engine: Engine, relay: Relay
) -> None:
    daemon = Daemon(engine, socket=relay.path).start()
    run(engine, "alone")
    linked(daemon, "alone")
    hold = relay.hold("POST", "/containers/coollama-verify-[0-9a-f]+/wait$")
    said: list[Said] = []
    asking = threading.Thread(target=lambda: said.append(coollama(daemon, "verify", "alone")))
    asking.start()
    hold.wait()
    assert len(probes(engine)) == 1
    daemon.stop()
    asking.join()
    assert said[0].status == 1
    assert "coollamad is stopping" in said[0].err
    hold.release()
    daemon.start()
    daemon.wait_for(lambda: probes(engine) == [], "the probe is gone")
    daemon.close()


@BOTH
def test_unsecured_it_is_one_question_without_a_key(engine: Engine) -> None:
    daemon = Daemon(engine, UNSECURED).start()
    run(engine, "alone")
    linked(daemon, "alone")
    said = coollama(daemon, "verify", "alone")
    assert said.status == 0, said.out + said.err
    assert [line.split()[0] for line in said.out.splitlines()[:3]] == ["ok"] * 3
    assert "models" in said.out and "key" not in said.out
    assert probes(engine) == []
    daemon.close()


@BOTH
def test_a_member_of_ollamas_own_stack_is_asked_by_its_service_name(
    engine: Engine, managed: Daemon
) -> None:
    managed.wait_for(lambda: engine.exists("0-coollama", "network"), "the network")
    run(
        engine, "chat", "--net", "0-coollama", "--label", "com.docker.compose.project=coollama",
        "--label", "com.docker.compose.service=chat",
    )  # fmt: skip
    linked(managed, "coollama/chat")
    said = coollama(managed, "verify", "coollama/chat")
    assert said.status == 0, said.out + said.err
    assert "http://ollama-api:11434 is reachable" in said.out
    assert "key" not in said.out
