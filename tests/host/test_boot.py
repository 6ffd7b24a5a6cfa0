# SPDX-License-Identifier: Apache-2.0
"""A boot of the host and a restart of its engine start nothing twice that proved to work."""

import json
import re

import pytest

from lib.host import Host

NAMES = ("asks", "plain", "clever", "silent")
# What asks does so all the time; `clever` and `silent` want the proof in any case.
ASKS = (
    "trap 'exit 0' TERM; while :; do wget -q -O /dev/null --header \"Authorization: Bearer $OLLAMA_API_KEY\" "
    '"$OLLAMA_BASE_URL/api/tags"; sleep 0.2; done'
)
SILENT = "trap 'exit 0' TERM; sleep 1000000 & wait"
SHORT = "[recovery]\ngrace = 5s\nmin-outage = 1s\n"

Runs = dict[str, tuple[str, int]]


def consumers(host: Host) -> None:
    for name in NAMES:
        words = ["run", "-d", "--name", name, "--restart", "unless-stopped", "--label", "coollama.enable=true"]
        if name in ("clever", "silent"):
            words += ["--label", "coollama.recovery=auto"]
        host.docker(*words, "busybox:local", "sh", "-c", ASKS if name in ("asks", "clever") else SILENT)
    count = "coollama status --json | jq -e '[.consumers[] | select(.state == \"linked\")] | length == 4'"
    host.wait(count, 120, "all consumers are linked")


def restarts(host: Host, since: str) -> list[str]:
    """Of consumers, as the journal of this boot has them since that moment."""
    text = host.out("journalctl", "-b", "-u", "coollamad", "-o", "cat", "--since", since)
    return sorted(re.findall(r"(?m)^(\w+): restarted, since Ollama is back$", text))


def runs(host: Host) -> Runs:
    documents = json.loads(host.docker("inspect", *NAMES))
    return {d["Name"][1:]: (d["Id"], d["State"]["StartedAt"]) for d in documents}


def now(host: Host) -> str:
    return host.out("date", "+%Y-%m-%d %H:%M:%S.%6N")


def wait_settled(host: Host, since: str) -> None:
    """Ollama is up, and nobody is owed anything any more."""
    known = "jq -e '(.open | not) and (.owed | length == 0)' /var/lib/coollama/recovery.json"
    host.wait(f"systemctl is-active coollamad && coollama status --json | jq -e .provider.up && {known}", 120, "quiet")
    run = "docker inspect -f '{{.State.StartedAt}}' coollama-api"
    host.wait(f"{run} | grep -qxF \"$(jq -r .provider_started_at /var/lib/coollama/recovery.json)\"", 60, "this run")
    host.wait(known, 120, "all debts are paid")


@pytest.mark.parametrize("bare", ["20.10", "28.5"], indirect=True)
def test_a_boot_and_restarts_of_the_engine_start_nothing_twice_that_proved_to_work(host: Host) -> None:
    host.write("/etc/coollama/coollama.conf.d/zz.conf", SHORT)
    host.run("systemctl", "reload", "coollamad")
    consumers(host)
    before = runs(host)

    # A boot: everything is started by its policy, Ollama too.
    since = now(host)
    host.reboot()
    wait_settled(host, since)
    docker = int(host.out("systemctl", "show", "docker.service", "--property=ActiveEnterTimestampMonotonic", "--value"))
    ours = int(host.out("systemctl", "show", "coollamad", "--property=ExecMainStartTimestampMonotonic", "--value"))
    assert 0 < docker <= ours, "started once Docker is up"
    assert restarts(host, since) == ["plain", "silent"], "those that asked are left alone"
    assert {name: run[0] for name, run in runs(host).items()} == {name: run[0] for name, run in before.items()}

    # The engine's restart stops and starts everything as well.
    since = now(host)
    host.run("systemctl", "restart", "docker")
    wait_settled(host, since)
    assert restarts(host, since) == ["plain", "silent"]

    # With live-restore nothing goes down, and nobody is owed anything.
    host.write("/etc/docker/daemon.json", '{"live-restore": true}\n')
    host.run("systemctl", "reload", "docker")
    host.wait("docker info -f '{{.LiveRestoreEnabled}}' | grep -q true", 30, "live-restore")
    before, since = runs(host), now(host)
    host.run("systemctl", "restart", "docker")
    wait_settled(host, since)
    assert restarts(host, since) == [] and runs(host) == before
