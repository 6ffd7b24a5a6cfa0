# SPDX-License-Identifier: Apache-2.0
"""The managed provider where something is in its way, or where its configuration changes."""

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from lib import images
from lib.consumers import HOST, URL, env_of, service, stack
from lib.daemon import Daemon
from lib.engine import Engine
from lib.provider import (
    API,
    NETWORK,
    PROXY,
    UNSECURED,
    VOLUME,
    ask,
    changes,
    consumer,
    hold_port,
    key_of,
    leftover_probes,
    listeners,
    models_in,
    row,
    run_of,
    settle,
    status,
    wait_linked,
    wait_up,
)
from lib.registry import OPTIONS, Registry
from lib.relay import Relay
from lib.wait import wait_for

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
Make = Callable[..., Daemon]


def nothing_made(engine: Engine) -> bool:
    return not (engine.exists(NETWORK, "network") or engine.exists(VOLUME, "volume"))


def url_of(engine: Engine, name: str = "shop-web-1") -> str:
    """Of the container that has the name just now: none has, in the middle of a swap."""
    shown = engine.client("inspect", "--format", "{{json .Config.Env}}", name)
    env = json.loads(shown.stdout) if shown.returncode == 0 else []
    return dict(entry.split("=", 1) for entry in env or []).get("OLLAMA_BASE_URL", "")


# ---- unsecured

DARK = stack(service("web"), rest="networks: {default: {internal: true}}")


@BOTH
def test_unsecured_ollamas_own_port_is_bound_and_answers_a_consumer(
    engine: Engine, daemon_for: Make
) -> None:
    consumer(engine, "shop")
    dark = consumer(engine, "dark", DARK)
    daemon = daemon_for(engine, UNSECURED).start()
    wait_linked(daemon, "shop/web", "dark/web")
    assert engine.inspect(API)["State"]["Health"]["Status"] == "healthy", "up means healthy"
    assert not engine.exists(PROXY)
    assert listeners(engine) == {engine.gateway()}
    document = engine.inspect("shop-web-1")
    assert env_of(document)["OLLAMA_BASE_URL"] == URL and "OLLAMA_API_KEY" not in env_of(document)
    assert document["HostConfig"]["ExtraHosts"] == [HOST]
    # As one asks by hand.
    script = 'wget -q -O - "$OLLAMA_BASE_URL/api/tags"'
    assert models_in(engine.exec("shop-web-1", "sh", "-c", script))

    # Where no gateway answers Ollama itself joins, and is gone before the network has to go.
    assert env_of(engine.inspect("dark-web-1"))["OLLAMA_BASE_URL"].startswith("http://ollama-proxy-")
    assert models_in(engine.exec("dark-web-1", "sh", "-c", script))
    assert "dark_default" in engine.inspect(API)["NetworkSettings"]["Networks"]
    dark.run("stop")
    daemon.wait_log("disconnect .* dark_default, whose last consumer is gone")
    dark.down()
    assert not engine.exists("dark_default", "network")


def test_unsecured_it_is_up_again_when_the_engine_says_healthy_once(
    engine: Engine, daemon_for: Make
) -> None:
    daemon = daemon_for(engine, {"proxy": {"secured": "no"}, "health": {"resync": "1h"}}).start()
    wait_up(daemon)
    engine.docker("kill", API)
    daemon.wait_for(lambda: not status(daemon)["provider"]["up"], "down")
    engine.docker("start", API)
    wait_up(daemon)


# ---- another configuration


def test_a_change_of_configuration_re_creates_what_it_changes(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    consumer(engine, "shop")
    daemon = daemon_for(engine, socket=relay.path).start()
    wait_linked(daemon, "shop/web")
    api, proxy, key = run_of(engine, API), run_of(engine, PROXY), key_of(engine, "shop-web-1")
    network = engine.inspect(NETWORK, "network")["Id"]

    daemon.configure({"proxy": {"port": 11500}})
    daemon.reload()
    daemon.wait_for(lambda: url_of(engine) == URL.replace("11434", "11500"), "the other port")
    wait_linked(daemon, "shop/web")
    assert run_of(engine, API) == api and run_of(engine, PROXY) != proxy
    assert listeners(engine, 11500) == {engine.gateway()} and not listeners(engine)

    daemon.configure(UNSECURED)
    daemon.reload()
    daemon.wait_for(lambda: listeners(engine) == {engine.gateway()}, "Ollama's own port")
    daemon.wait_for(lambda: url_of(engine) == URL, "the first port again")
    wait_linked(daemon, "shop/web")
    assert not engine.exists(PROXY) and not listeners(engine, 11500)

    daemon.configure({})
    daemon.reload()
    daemon.wait_for(lambda: engine.exists(PROXY), "the proxy")
    wait_linked(daemon, "shop/web")
    assert key_of(engine, "shop-web-1") == key
    assert ask(engine, "shop-web-1", "/api/tags", key)[0] == 200
    assert ask(engine, "shop-web-1", "/api/tags")[0] == 401
    assert engine.inspect(NETWORK, "network")["Id"] == network
    assert settle(daemon, relay) == []


def test_a_reload_without_a_change_changes_nothing(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    consumer(engine, "shop")
    daemon = daemon_for(engine, {"recovery": {"min-outage": "0s"}}, socket=relay.path).start()
    wait_linked(daemon, "shop/web")
    before = [run_of(engine, name) for name in (API, PROXY, "shop-web-1")]
    for _ in range(5):
        daemon.reload()
    wait_linked(daemon, "shop/web")
    assert settle(daemon, relay) == []
    assert [run_of(engine, name) for name in (API, PROXY, "shop-web-1")] == before


def test_a_bad_configuration_is_said_with_file_and_line_and_the_old_one_stays(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    daemon = daemon_for(engine, socket=relay.path).start()
    wait_up(daemon)
    text = daemon.config.read_text()
    line = len(text.splitlines()) + 2
    daemon.configure(text + "[proxy]\nport = lots\n")
    daemon.reload()
    daemon.wait_log(rf"the old configuration stays: .*{daemon.config}:{line}: ")
    assert settle(daemon, relay) == []
    assert listeners(engine) == {engine.gateway()}


def test_a_reload_in_the_middle_of_making_the_stack_ends_well(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    """The plan is dropped while the engine does what it was asked."""
    for moment in ("/networks/create", "/containers/create", "/start$", "/exec"):
        held = relay.hold("POST", moment)
        daemon = daemon_for(engine, socket=relay.path).start()
        if moment == "/exec":
            wait_up(daemon)
            consumer(engine, "shop")
        held.wait()
        daemon.reload()
        daemon.wait_for(lambda: daemon.notify.said("RELOADING"), "the reload")
        held.release()
        wait_up(daemon)
        if moment == "/exec":
            wait_linked(daemon, "shop/web")
        daemon.stop()
        engine.reset()


# ---- something is there already


def test_a_container_of_somebody_else_by_our_name_is_said_and_untouched(
    engine: Engine, relay: Relay, daemon_for: Make
) -> None:
    engine.docker("run", "-d", "--name", API, images.BUSYBOX, "sleep", "600")
    before = engine.inspect(API)
    daemon = daemon_for(engine, socket=relay.path).start()
    daemon.wait_status("there is a container named coollama-api which is not coollama's")
    relay.forget()
    daemon.wait_for(lambda: len(relay.calls("GET", f"/containers/{API}/json")) > 2, "more looks")
    assert changes(relay) == []
    assert engine.inspect(API) == before
    engine.docker("rm", "-f", API)
    wait_up(daemon)


@pytest.mark.parametrize("kind", ["runs", "is stopped", "has an image whose tag has moved on"])
def test_beside_an_ollama_that_is_there_none_is_made(
    engine: Engine, relay: Relay, daemon_for: Make, kind: str
) -> None:
    image = "ollama/ollama:mine"
    engine.docker("tag", images.OLLAMA, image)
    engine.docker("create" if kind == "is stopped" else "run", *([] if kind == "is stopped" else ["-d"]),
                  "--name", "theirs", image)
    if kind.startswith("has"):
        engine.docker("tag", images.BUSYBOX, image)
    before = engine.inspect("theirs")["Id"]
    daemon = daemon_for(engine, {"health": {"resync": "1h"}}, socket=relay.path).start()
    try:
        daemon.wait_for(lambda: status(daemon)["provider"]["name"] == "theirs", "it is the one that is shared")
        daemon.wait_for(lambda: engine.exists(PROXY), "the proxy")
        if kind == "is stopped":
            assert status(daemon)["provider"]["next"]
        else:
            wait_up(daemon)
        assert not engine.exists(API)
        assert engine.inspect("theirs")["Id"] == before
    finally:
        engine.docker("rm", "-f", "theirs")
        engine.client("rmi", "-f", image)


def test_an_ollama_that_comes_later_does_not_stop_ours_from_being_repaired(
    engine: Engine, daemon_for: Make
) -> None:
    daemon = daemon_for(engine).start()
    wait_up(daemon)
    engine.docker("create", "--name", "theirs", images.OLLAMA)
    daemon.stop()
    engine.docker("rm", "-f", API, PROXY)
    daemon.start()
    wait_up(daemon)


def test_after_its_state_was_put_back_or_lost_the_stack_serves_again_and_no_consumer_is_touched(
    engine: Engine, daemon_for: Make
) -> None:
    consumer(engine, "shop")
    daemon = daemon_for(engine, {"recovery": {"action": "none"}}).start()
    wait_linked(daemon, "shop/web")
    made, key = engine.inspect("shop-web-1")["Id"], key_of(engine, "shop-web-1")
    for copied in (True, False):
        # The proxy has mounted the directory that was there before; nobody writes there any more.
        daemon.stop()
        daemon.state.rename(daemon.directory / "before")
        if copied:
            subprocess.run(["cp", "-a", daemon.directory / "before", daemon.state], check=True)
        else:
            daemon.state.mkdir()
        shutil.rmtree(daemon.directory / "before")
        daemon.start()
        wait_up(daemon)
        wait_linked(daemon, "shop/web")
        assert engine.inspect("shop-web-1")["Id"] == made
        daemon.wait_for(lambda: ask(engine, "shop-web-1", "/api/tags", key)[0] == 200, "its key again")


@BOTH
@pytest.mark.parametrize("who", ["container", "process"])
def test_whoever_has_the_port_is_named_and_it_is_taken_when_it_is_free(
    engine: Engine, daemon_for: Make, who: str
) -> None:
    if who == "container":
        engine.docker("run", "-d", "--name", "squatter", "-p", f"{engine.gateway()}:11434:80",
                      images.BUSYBOX, "httpd", "-f", "-p", "80")
        said = "port 11434 is taken by the container squatter"
    else:
        process = hold_port(engine, engine.gateway())
        said = "port 11434 is taken by a process of the host"
    try:
        daemon = daemon_for(engine).start()
        daemon.wait_status(said)
        assert len(daemon.wait_for(lambda: daemon.logged(said), "the log")) == 1
    finally:
        if who == "container":
            engine.docker("rm", "-f", "squatter")
        else:
            process.kill()
            process.wait()
    wait_up(daemon)
    assert len(daemon.logged(said)) == 1, "said once, however often it was tried"


def test_a_proxy_that_does_not_stay_up_is_said_and_nothing_is_repeated(
    engine: Engine, daemon_for: Make
) -> None:
    """Docker starts it again, at growing intervals, which is one more reason to look each time."""
    daemon = daemon_for(engine)
    good, bad = daemon.templates, daemon.directory / "templates"
    shutil.copytree(good, bad)
    with (bad / "nginx/nginx.conf").open("a") as file:
        file.write("nonsense;\n")
    daemon.templates = bad
    daemon.start()
    daemon.wait_for(lambda: engine.exists(PROXY) and engine.inspect(PROXY)["RestartCount"] >= 3, "it falls")
    daemon.kill()  # it waits for an answer of the proxy, for 20 s
    daemon.start()
    daemon.wait_status(f"{PROXY} does not stay up: it ended with exit code 1")
    assert len(daemon.logged("the proxy its configuration")) <= 2
    daemon.stop()
    daemon.templates = good
    daemon.start()
    wait_up(daemon)


# ---- pulling


def test_a_pull_shows_its_progress_its_failure_and_does_not_delay_ready(
    empty_engine: Callable[..., Engine], daemon_for: Make
) -> None:
    engine = empty_engine("28.5", *OPTIONS)
    registry = Registry(engine)
    heavy = random.Random(1).randbytes(40_000_000)
    ollama = images.ollama()
    try:
        daemon = daemon_for(engine).start()  # READY without a registry
        daemon.wait_log(r"Cannot pull ollama/ollama:latest, trying again: .+")
        daemon.wait_status(r"cannot pull ollama/ollama:latest: \S+")
        registry.start()
        registry.serve(replace(ollama, files=ollama.files | {"heavy": heavy}))
        registry.serve(images.nginx())
        wait_up(daemon, 90)
        shown = [s for s in daemon.notify.statuses if re.match(r"Pulling ollama/ollama:latest: \d+ % of \d+\.\d MB", s)]
        assert shown
        percents = [int(re.search(r"(\d+) %", s)[1]) for s in shown]  # type: ignore[index]
        assert percents == sorted(percents) and percents[-1] <= 100
        engine.docker("rm", "-f", API, PROXY)
        registry.close()
        wait_up(daemon)  # by the images that are here
    finally:
        registry.close()


def test_where_there_is_too_little_space_nothing_is_pulled(
    empty_engine: Callable[..., Engine], daemon_for: Make
) -> None:
    engine = empty_engine("28.5", *OPTIONS)
    data = engine.machine.path / "data"
    # The engine goes on with what is below; the daemon sees a small disk there.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", data], check=True)
    try:
        daemon = daemon_for(engine).start()
        said = rf"too little space in {data}: 0\.0 GB are free, at least 0\.3 GB are needed"
        daemon.wait_log("Cannot pull ollama/ollama:latest, trying again: " + said)
        assert not engine.docker("images", "-q")
    finally:
        subprocess.run(["umount", "-l", data], check=True)


# ---- the gateway does not answer


@pytest.fixture
def walled(engine: Engine) -> Iterator[Engine]:
    """A firewall as UFW's: what containers send to the host is dropped."""
    rule = ("INPUT", "-p", "tcp", "--dport", "11434", "-j", "DROP")
    engine.machine.run("iptables", "-I", *rule)
    yield engine
    engine.machine.run("iptables", "-D", *rule, check=False)


def test_where_the_gateway_is_asked_for_and_does_not_answer_a_consumer_is_left_alone(
    walled: Engine, daemon_for: Make
) -> None:
    engine = walled
    inner = stack(service("web", extra="networks: [n]")) + "\nnetworks: {n: {internal: true}}\n"
    consumer(engine, "shop")
    consumer(engine, "inner", inner)
    names = ("shop-web-1", "inner-web-1")
    before = [engine.inspect(name) for name in names]
    daemon = daemon_for(engine, {"link": {"reach": "gateway"}}).start()
    for name in ("shop", "inner"):
        daemon.wait_for(lambda name=name: row(daemon, f"{name}/web")["state"] == "refused", name, 60)
        reason = row(daemon, f"{name}/web")["reason"]
        assert f"{name}_" in reason and "host.docker.internal:11434" in reason
    assert [engine.inspect(name) for name in names] == before
    assert leftover_probes(engine) == []

    engine.machine.run("iptables", "-D", "INPUT", "-p", "tcp", "--dport", "11434", "-j", "DROP")
    daemon.reload()  # else it is asked again by itself, a minute later
    wait_linked(daemon, "shop/web")
    assert row(daemon, "inner/web")["state"] != "linked"
    daemon.wait_for(lambda: row(daemon, "inner/web")["state"] == "refused", "still refused")
    assert engine.inspect("inner-web-1") == before[1]
    assert leftover_probes(engine) == []


def test_a_probe_that_a_crash_left_is_removed(engine: Engine, relay: Relay, daemon_for: Make) -> None:
    consumer(engine, "shop")
    daemon = daemon_for(engine, socket=relay.path)
    relay.strike("POST", "/wait$", daemon.kill)
    daemon.start()
    wait_for(lambda: not daemon.running, "the crash")
    assert leftover_probes(engine) != []
    daemon.start()
    wait_linked(daemon, "shop/web")
    daemon.wait_for(lambda: leftover_probes(engine) == [], "no probe")


# ---- the engine goes and comes


@pytest.mark.parametrize("version", ["20.10", "28.5"])
def test_stopping_and_starting_the_engine_ends_with_everything_as_described(
    empty_engine: Callable[..., Engine], daemon_for: Make, version: str
) -> None:
    engine = empty_engine(version)
    images.load_all(engine)
    relay = Relay(engine.machine.path / "r.sock", engine.socket)
    consumer(engine, "shop")
    # A boot is no outage here: who is restarted after one is shown elsewhere.
    daemon = daemon_for(engine, {"recovery": {"action": "none"}}, socket=relay.path).start()
    try:
        wait_linked(daemon, "shop/web")
        key, before = key_of(engine, "shop-web-1"), [engine.inspect(n)["Id"] for n in (API, PROXY, "shop-web-1")]
        engine.stop()
        daemon.wait_status("Waiting for the Docker Engine")
        engine.start()
        daemon.wait_for(lambda: status(daemon)["provider"]["up"] and daemon.notify.status.startswith("Ollama is up;"), "up", 60)
        wait_linked(daemon, "shop/web")
        assert [engine.inspect(n)["Id"] for n in (API, PROXY, "shop-web-1")] == before
        assert ask(engine, "shop-web-1", "/api/tags", key)[0] == 200
        assert settle(daemon, relay) == []
    finally:
        relay.close()
