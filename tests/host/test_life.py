# SPDX-License-Identifier: Apache-2.0
"""What befalls a host while coollamad runs on it, or should: whoever is being re-created at that moment
serves in the end, nobody else is touched, and what is wrong is said with what mends it.

All but the upgrade share one host, since a booted one with coollama on it is what takes the time."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator

import pytest

from lib.cache import CACHE
from lib.host import Host
from lib.installed import ARGS, INSTALL, SHORT

FULL = bool(os.environ.get("COOLLAMA_FULL"))
ENGINES = ("20.10", "26.1", "28.5") if FULL else ("28.5",)
STATE = "/var/lib/coollama"
UNIT = "coollamad.service"
DROP_INS = f"/run/systemd/system/{UNIT}.d"
# Ends at once when told to; whoever is deaf is killed after its time, which holds a swap in its middle.
POLITE = "trap 'exit 0' TERM; sleep 1000000 & wait"
DEAF = "trap '' TERM; while :; do sleep 1; done"
DEAF_SECONDS = "2"


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest, prepared: Callable[[str], contextlib.AbstractContextManager[Host]]) -> Iterator[Host]:
    with prepared(request.param) as host:
        # Containers live on while Docker does not run. (Not by a reload: after one, Docker 28.5 starts no
        # container with host-gateway any more, until it is restarted.)
        host.write("/etc/docker/daemon.json", '{"live-restore": true}\n')
        host.run("systemctl", "restart", "docker")
        # A small file system of its own, that can be filled.
        host.sh(f"mkdir -p {STATE}; mount -t tmpfs -o size=4m tmpfs {STATE}")
        # On a busy machine probes fail; whoever is restarted then is shown elsewhere.
        host.write("/etc/coollama/coollama.conf.d/short.conf", SHORT + "action = none\n")
        host.run(INSTALL, *ARGS)
        consumer(host, "bystander")
        wait_linked(host, "bystander")
        yield host


@pytest.fixture
def host(shared: Host) -> Iterator[Host]:
    """With its service as it was installed, and one linked consumer that must not be touched."""
    shared.sh(f"rm -f {STATE}/filler; docker rm -f slow late 2>/dev/null || true")
    before = run_of(shared, "bystander")
    yield shared
    assert run_of(shared, "bystander") == before
    assert not_ours(shared) == ""


def consumer(host: Host, name: str, script: str = POLITE, *words: str) -> str:
    host.docker(
        "run", "-d", "--name", name, "--restart", "unless-stopped", "--label", "coollama.enable=true",
        "--stop-timeout", DEAF_SECONDS, *words, "busybox:local", "sh", "-c", script,
    )  # fmt: skip
    return id_of(host, name)


def not_ours(host: Host) -> str:
    """Files of the state that are not the service's user's; the proxy makes its socket itself."""
    return host.sh(f"find {STATE} -path {STATE}/proxy/run -prune -o ! -user coollama -print")


def id_of(host: Host, name: str) -> str:
    return host.docker("inspect", "-f", "{{.Id}}", name)


def run_of(host: Host, name: str) -> str:
    return host.docker("inspect", "-f", "{{.Id}} {{.State.StartedAt}} {{.State.Running}}", name)


def wait_linked(host: Host, name: str, seconds: float = 90) -> None:
    state = f".consumers[] | select(.name == \"{name}\") | .state == \"linked\""
    host.wait(f"coollama status --json | jq -e '{state}' && [ -z \"$(ls {STATE}/swaps)\" ]", seconds, f"{name} is linked")


def wait_held(host: Host, name: str) -> None:
    """Its old container is being stopped: nothing of the consumer will run for some seconds."""
    host.wait(f"jq -e '.phase == \"stopping\"' {STATE}/swaps/{name}-*.json", 60, f"the swap of {name} is in its middle")
    assert host.docker("inspect", "-f", "{{.State.Running}}", f"{name}.coollama-prev") == "true"


def serves(host: Host, name: str) -> None:
    """It runs, once, under its name, and nothing is left of a swap."""
    rows = host.docker("ps", "-a", "--filter", f"name={name}", "--format", "{{.Names}} {{.State}}").splitlines()
    assert rows == [f"{name} running"], rows
    assert host.sh(f"ls {STATE}/swaps") == ""


def drop_in(host: Host, text: str = "") -> None:
    """For the next start; the daemon that runs goes on. systemd gives up sooner."""
    host.write(f"{DROP_INS}/life.conf", f"[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=10ms\n{text}")
    host.run("systemctl", "daemon-reload")


def mend_unit(host: Host) -> None:
    host.sh(f"rm -f {DROP_INS}/life.conf; systemctl daemon-reload; systemctl reset-failed {UNIT}; systemctl start {UNIT}")


def crash(host: Host) -> None:
    """Killed, and it crashes at each new start until systemd gives up."""
    host.sh(f"systemctl kill --kill-who=main --signal=KILL {UNIT}")
    host.wait(f"systemctl is-failed {UNIT}", 60, "the unit gave up")


def show(host: Host, name: str, unit: str = UNIT) -> str:
    return host.out("systemctl", "show", unit, f"--property={name}", "--value")


def journal(host: Host) -> str:
    return host.out("journalctl", "-u", UNIT, "-o", "cat", "--no-pager")


def docker_pid(host: Host) -> str:
    return show(host, "MainPID", "docker.service")


# ---- the service's own end ----


def test_told_to_stop_in_the_middle_of_a_swap_it_brings_that_to_its_end(host: Host) -> None:
    consumer(host, "slow", DEAF)
    wait_held(host, "slow")
    host.run("systemctl", "stop", UNIT)
    serves(host, "slow")
    assert show(host, "Result") == "success"
    host.run("systemctl", "start", UNIT)
    wait_linked(host, "slow")


def test_a_crash_loop_in_the_middle_of_a_swap_leaves_its_consumer_serving(host: Host) -> None:
    consumer(host, "slow", DEAF)
    wait_held(host, "slow")
    drop_in(host, "ExecStart=\nExecStart=/bin/false\n")
    crash(host)
    serves(host, "slow")
    mend_unit(host)
    wait_linked(host, "slow")


def test_what_even_that_has_left_is_brought_to_its_end_by_hand_and_waits_for_a_stopped_docker(host: Host) -> None:
    consumer(host, "slow", DEAF)
    wait_held(host, "slow")
    drop_in(host, "ExecStart=\nExecStart=/bin/false\nExecStopPost=\n")
    crash(host)
    assert host.sh(f"ls {STATE}/swaps") != ""

    # Its administrator stops Docker: nobody wakes it, and everybody says what is open.
    host.run("systemctl", "stop", "docker.service")
    for command in (("coollamad", "--finish"), (INSTALL, "--uninstall"), (INSTALL, *ARGS), ("coollama",), ("coollama", "plan")):
        done = host.run(*command, check=False)
        assert done.returncode != 0, command
        assert "start docker" in (done.stdout + done.stderr).lower(), done
        assert show(host, "ActiveState", "docker.service") == "inactive", command
    assert "1 re-creation is not at its end" in host.run("coollamad", "--finish", check=False).stderr
    assert show(host, "ActiveState", "docker.socket") == "active"
    assert host.run("test", "-x", "/usr/sbin/coollamad", check=False).returncode == 0, "nothing was removed"

    host.run("systemctl", "start", "docker.service", check=False)  # with it coollamad, which crashes
    host.wait(f"systemctl is-failed {UNIT}", 60, "the unit gave up again")
    said = host.run("coollamad", "--finish").stderr
    assert "slow: drop the swap record: done" in said and "coollamad has started" not in said and "is ready" not in said
    serves(host, "slow")
    assert not_ours(host) == "", "root has left files that the service cannot read"
    mend_unit(host)
    wait_linked(host, "slow")


def test_root_is_told_how_the_daemon_is_started(host: Host) -> None:
    done = host.run("coollamad", check=False)
    assert done.returncode != 0 and "systemctl start coollamad" in done.stderr


# ---- the engine ----


def test_an_engine_that_dies_in_the_middle_of_a_swap_takes_nothing_down_where_containers_live_on(host: Host) -> None:
    ollama = run_of(host, "coollama-api")
    consumer(host, "slow", DEAF)
    wait_held(host, "slow")
    host.sh(f"kill -KILL {docker_pid(host)}")
    host.wait(f"systemctl is-active docker.service {UNIT} && docker version", 60, "both are back")
    wait_linked(host, "slow")
    serves(host, "slow")
    assert run_of(host, "coollama-api") == ollama


def test_an_engine_that_hangs_in_the_middle_of_a_swap_is_said_and_no_reason_to_end(host: Host) -> None:
    drop_in(host, "WatchdogSec=3s\n")
    host.run("systemctl", "restart", UNIT)
    before = show(host, "MainPID")
    consumer(host, "slow", DEAF)
    wait_held(host, "slow")
    engine = docker_pid(host)
    host.sh(f"kill -STOP {engine}")
    try:
        # An answer at all: nothing in it is asked of the engine.
        host.wait("coollama status | grep -qE '^Docker +not answering since 20.* on /run/docker.sock'", 60, "status says it")
        assert "did not answer a ping within" in show(host, "StatusText")
        assert "The Docker Engine does not answer, trying again" in journal(host)
        done = host.run("coollama", "ollama", "list", check=False)
        assert "coollamad is waiting for the Docker Engine" in done.stderr, "nor does it hang with it"
        # No event ends a hang: longer than two of the watchdog's periods, and it is fed.
        host.run("sleep", "4")
        assert (show(host, "MainPID"), show(host, "NRestarts")) == (before, "0")
    finally:
        host.sh(f"kill -CONT {engine}")
    wait_linked(host, "slow")
    serves(host, "slow")
    assert show(host, "MainPID") == before
    mend_unit(host)


# ---- the state directory ----


def fill(host: Host) -> None:
    host.sh(f"head -c 8M /dev/zero >{STATE}/filler 2>/dev/null || true")


def test_a_full_disk_is_said_with_its_mend_begins_nothing_and_is_gone_on_after(host: Host) -> None:
    consumer(host, "slow", DEAF)
    wait_held(host, "slow")
    fill(host)  # what is open comes to an end that serves, written down or not
    host.wait("[ \"$(docker ps -q --filter name=slow | wc -l)\" = 1 ] && ! docker inspect slow.coollama-prev", 60, "slow serves")

    late = consumer(host, "late")
    run = run_of(host, "late")
    mend = "No space left on device (make room on its file system"
    host.wait(f"coollama | grep -qF '{mend}'", 60, "status says it")
    assert mend in journal(host)
    assert run_of(host, "late") == run, "nothing is begun that cannot be written down"
    host.run("systemctl", "restart", UNIT)  # READY with a full disk, too
    host.wait(f"coollama | grep -qF '{mend}'", 60, "status says it again")
    assert run_of(host, "late") == run

    host.run("rm", f"{STATE}/filler")
    wait_linked(host, "late")
    wait_linked(host, "slow")
    assert id_of(host, "late") != late


def test_a_broken_file_of_state_is_set_aside_and_a_precious_one_is_named_with_its_mend(host: Host) -> None:
    drop_in(host)
    host.sh(f"""
        systemctl stop {UNIT}
        for file in recovery restarting key-seen; do echo rubbish >{STATE}/$file.json; done
        systemctl start {UNIT}""")
    for name in ("recovery", "restarting", "key-seen"):
        assert host.sh(f"cat {STATE}/{name}.json.broken") == "rubbish"
        assert f"{name}.json.broken" in journal(host)

    for name in ("keys.json", "names.json", "pause.json"):
        host.sh(f"systemctl stop {UNIT}; cd {STATE}; [ ! -e {name} ] || cp -a {name} /root/kept; echo rubbish >{name}")
        host.run("systemctl", "start", UNIT, check=False)
        host.wait(f"systemctl is-failed {UNIT}", 60, "the unit gave up")
        said = show(host, "StatusText")
        assert f"{STATE}/{name}" in said and "then start again" in said, said
        assert host.sh(f"cat {STATE}/{name}") == "rubbish", "never written over"
        assert f"coollamad ends: {said}" in journal(host)
        host.sh(f"rm {STATE}/{name}; [ ! -e /root/kept ] || mv /root/kept {STATE}/{name}; systemctl reset-failed {UNIT}")
        host.run("systemctl", "start", UNIT)
    host.sh(f"rm {STATE}/*.broken")
    mend_unit(host)
    wait_linked(host, "bystander")


def test_what_is_taken_out_of_the_state_under_it_is_made_again(host: Host) -> None:
    host.sh(f"cd {STATE}; rmdir swaps; rm proxy/conf/current; echo 1 >proxy/conf/current; chown coollama: proxy/conf/current")
    host.run("docker", "restart", "coollama-proxy")
    consumer(host, "late")  # for whom a record is written
    wait_linked(host, "late")
    assert f"{STATE}/swaps was gone, and is made again" in journal(host)
    assert host.sh(f"readlink {STATE}/proxy/conf/current").isdigit()


# ---- its removal, after which nothing is left to be tested on that host ----


def test_removed_in_the_middle_of_a_swap_it_leaves_the_consumer_serving(host: Host) -> None:
    consumer(host, "slow", DEAF)
    wait_held(host, "slow")
    host.run(INSTALL, "--uninstall")
    serves(host, "slow")
    assert host.run("test", "-e", "/usr/sbin/coollamad", check=False).returncode != 0


# ---- a newer engine ----


def upgrade_engine(host: Host, version: str) -> None:
    """As apt does it: the files are replaced under what runs, then both services are restarted."""
    host.put(CACHE / "engines" / version, "/")
    host.sh("systemctl daemon-reload; systemctl restart containerd docker")


def test_an_engine_upgraded_in_place_keeps_every_link_and_links_new_ones(prepared: Callable[[str], contextlib.AbstractContextManager[Host]]) -> None:
    with prepared("20.10") as host:
        host.write("/etc/coollama/coollama.conf.d/short.conf", SHORT)
        host.run(INSTALL, *ARGS)
        names = ("one", "two")
        for name in names:
            consumer(host, name)
        for name in names:
            wait_linked(host, name)
        before = {name: id_of(host, name) for name in names}
        api = "coollama status --json | jq -e '.engine.api == %d and .provider.up'"
        host.wait(api % 41, 10, "the older API")

        upgrade_engine(host, "28.5")
        host.wait(api % 51, 60, "the newer API")
        for name in names:
            wait_linked(host, name)
        consumer(host, "three")
        wait_linked(host, "three")
        assert {name: id_of(host, name) for name in names} == before, "nobody is re-created once more"
        plan = json.loads(host.out("coollama", "plan", "--json"))
        assert not plan["consumers"], plan
