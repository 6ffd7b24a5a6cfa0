# SPDX-License-Identifier: Apache-2.0
"""The throwaway hosts themselves: whatever ends them, nothing of them stays on the machine."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from lib import host as hosts
from lib.host import CACHE, boot, make, sweep
from lib.wait import wait_for

NAME = f"self-{os.getpid()}"


def traces() -> list[str]:
    found = [str(path) for path in Path("/sys/fs/cgroup").glob(f"*coollama-host-{NAME}")]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/coollama-host-{NAME}")]
    found += [str(path) for path in (CACHE / "hosts").glob(f"{NAME}*")]
    for proc in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            dead = (proc / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            texts = [(proc / name).read_text() for name in ("mountinfo", "cgroup", "cmdline")]
            if not dead and any(NAME in text for text in texts):
                found.append(str(proc))
    return found


def rules() -> list[str]:
    saved = subprocess.check_output(["iptables-save"], text=True).splitlines()
    return [line.split("[")[0] for line in saved if not line.startswith("#")]


@pytest.fixture(scope="module", autouse=True)
def _made() -> None:
    make()


HOSTS = [("20.10", "2.26", ""), ("26.1", "2.40", ""), ("28.5", "2.26", "1.44")]


@pytest.mark.parametrize("engine, compose, min_api", HOSTS, ids=lambda text: text or "any")
def test_a_host_has_systemd_the_engine_and_compose_and_leaves_nothing(
    engine: str, compose: str, min_api: str
) -> None:
    before = rules()
    tree = (CACHE / "host-base").stat().st_mtime_ns
    host = boot(NAME, engine=engine, compose=compose, min_api=min_api)
    try:
        assert host.out("systemctl", "is-system-running", "--wait") == "running"
        assert host.out("systemctl", "--version").startswith("systemd 252 ")
        assert host.out("docker", "version", "--format", "{{.Server.Version}}").startswith(f"{engine}.")
        assert host.out("docker", "info", "--format", "{{.Driver}}") == "overlay2"
        assert host.out("docker", "compose", "version", "--short").startswith(f"{compose}.")
        assert host.out("ls", "/sys/class/net").split() == ["docker0", "lo"]
        if min_api:
            lowest = host.out("docker", "version", "--format", "{{.Server.MinAPIVersion}}")
            told = host.sh("curl -s --unix-socket /run/docker.sock http://docker/v1.43/containers/json")
            assert lowest == min_api and "client version 1.43 is too old" in told
        host.load_images()
        assert host.docker("run", "--rm", "busybox:local", "echo", "it runs") == "it runs"
        host.write("/usr/bin/mark", "the host's own\n")
    finally:
        host.kill()
    assert traces() == []
    assert rules() == before
    base = CACHE / "host-base"
    assert base.stat().st_mtime_ns == tree and not (base / "usr/bin/mark").exists(), "each is a copy on write"


def test_it_ends_with_its_owner() -> None:
    with subprocess.Popen(["sleep", "1000"]) as owner:
        boot(NAME, owner=owner.pid)
        owner.kill()
    wait_for(lambda: traces() == [], "nothing is left", seen=traces)


def test_after_a_killed_keeper_the_next_sweep_clears_up() -> None:
    host = boot(NAME)
    os.kill(hosts._keeper(NAME), signal.SIGKILL)
    wait_for(lambda: hosts._keeper(NAME) == 0, "the keeper is dead")
    assert NAME in sweep()
    assert traces() == []
    with pytest.raises(hosts.HostError, match="no host"):
        host.run("true")


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.5])
def test_interrupted_while_it_boots_it_leaves_nothing(seconds: float) -> None:
    command = ["timeout", "--preserve-status", "--signal=INT", str(seconds), str(hosts.HERE / "host"), "boot", NAME]
    subprocess.run(command, check=False, capture_output=True)
    if NAME in hosts.names():  # it was quicker
        hosts.Host(NAME).kill()
    assert traces() == []
