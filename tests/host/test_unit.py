# SPDX-License-Identifier: Apache-2.0
"""coollamad as a service of a real systemd: start, stop, Docker's comings and goings, its journal."""

import json

import pytest

from lib.host import Host

UNIT = "coollamad.service"
UUID = "k4gwo0cs8c4ow8wkso0kgc4s"
CONTAINER = f"notes-{UUID}"
LINKED = f"""coollama status --json | jq -e '.consumers[] | select(.identity == "{UUID}/notes").state == "linked"'"""


def show(host: Host, *properties: str, unit: str = UNIT) -> dict[str, str]:
    text = host.out("systemctl", "show", unit, f"--property={','.join(properties)}")
    return dict(line.split("=", 1) for line in text.splitlines())


def journal(host: Host, *match: str) -> list[dict[str, str]]:
    text = host.out("journalctl", "--no-pager", "--output=json", "_SYSTEMD_UNIT=" + UNIT, *match)
    return [json.loads(line) for line in text.splitlines()]


def deploy_a_consumer(host: Host) -> None:
    host.run("coolify", "service", UUID, "my-notes", "notes", "coollama.enable=true")
    host.run("coolify", "start", UUID)


@pytest.mark.parametrize("bare", ["20.10", "28.5"], indirect=True)
def test_the_service_is_active_ready_and_enabled_and_says_what_status_says(host: Host) -> None:
    unit = show(host, "ActiveState", "SubState", "UnitFileState", "StatusText", "NRestarts")
    status_text = unit.pop("StatusText")
    assert unit == {
        "ActiveState": "active",
        "SubState": "running",
        "UnitFileState": "enabled",
        "NRestarts": "0",
    }
    host.wait(
        f"text=$(systemctl show {UNIT} --property=StatusText --value);"
        """ [ -n "$text" ] && coollama status | grep -qF -- "$text" """,
        30,
        f"the same sentence from systemctl and from coollama status (at first: {status_text})",
    )


def test_it_runs_as_its_own_user_without_any_capability(host: Host) -> None:
    pid = show(host, "MainPID")["MainPID"]
    status = dict(
        line.split(":\t", 1) for line in host.out("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line
    )
    uid = host.out("id", "-u", "coollama")
    assert status["Uid"].split() == [uid] * 4 and uid != "0"
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert host.out("stat", "-c", "%a %U:%G", "/var/lib/coollama") == "750 coollama:coollama"


def test_it_follows_docker_down_and_up(host: Host) -> None:
    host.run("systemctl", "stop", "docker.service")
    assert show(host, "ActiveState")["ActiveState"] == "inactive"
    host.run("systemctl", "start", "docker.service")
    host.wait(f"systemctl is-active {UNIT}", 30, "coollamad is back with Docker")
    host.run("systemctl", "restart", "docker.service")
    host.wait(f"systemctl is-active {UNIT}", 30, "coollamad is back after Docker's restart")
    host.sh('kill -KILL "$(systemctl show docker.service --property=MainPID --value)"')
    host.wait(f"systemctl is-active docker.service {UNIT}", 60, "both are back after Docker was killed")


def test_it_never_wakes_a_docker_that_was_stopped(host: Host) -> None:
    """docker.socket goes on listening: one connect() of ours, or of --finish, would start Docker."""
    deploy_a_consumer(host)
    host.wait(LINKED, 60, "the consumer is linked")
    host.run("systemctl", "stop", "docker.service")
    host.run("runuser", "-u", "coollama", "-g", "coollama", "-G", "docker", "--", "coollamad", "--finish")
    assert show(host, "ActiveState", unit="docker.socket")["ActiveState"] == "active"
    assert show(host, "ActiveState", unit="docker.service")["ActiveState"] == "inactive"
    assert show(host, "ActiveState")["ActiveState"] == "inactive"


def test_killed_or_hung_it_is_started_again(host: Host) -> None:
    host.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", UNIT)
    restarted = f'[ "$(systemctl show {UNIT} --property=NRestarts --value)" = 1 ]'
    host.wait(f"{restarted} && systemctl is-active {UNIT}", 30, "it is back after SIGKILL")
    host.write(f"/run/systemd/system/{UNIT}.d/hang.conf", "[Service]\nWatchdogSec=1s\nTimeoutAbortSec=1s\n")
    host.sh(f"systemctl daemon-reload; systemctl restart {UNIT}; systemctl kill --kill-who=main --signal=STOP {UNIT}")
    host.wait(
        f'[ "$(systemctl show {UNIT} --property=NRestarts --value)" -ge 1 ] && systemctl is-active {UNIT}',
        30,
        "the watchdog ended it and it is back",
    )
    said = host.out("journalctl", "-o", "cat", "_PID=1", f"UNIT={UNIT}")
    assert f"{UNIT}: Watchdog timeout" in said and f"{UNIT}: Failed with result 'watchdog'." in said


def test_a_crash_loop_ends_in_failed(host: Host) -> None:
    host.write(
        f"/run/systemd/system/{UNIT}.d/crash.conf",
        "[Service]\nExecStart=\nExecStart=/bin/false\nRestartSec=10ms\n",
    )
    host.sh(f"systemctl daemon-reload; systemctl restart {UNIT} || true")
    host.wait(f"systemctl is-failed {UNIT}", 30, "the unit gave up")
    assert show(host, "ActiveState", unit="docker.service")["ActiveState"] == "active"


def test_a_reload_takes_a_good_configuration_and_keeps_the_old_one_for_a_bad_one(host: Host) -> None:
    pid = show(host, "MainPID")
    conf = "/etc/coollama/coollama.conf.d/zz.conf"
    host.write(conf, "[link]\nsettle = 2s\n")
    host.run("systemctl", "reload", UNIT)
    host.write(conf, "[link]\nsettel = 2s\n")
    host.run("systemctl", "reload", UNIT, check=False)
    host.wait(f"journalctl -u {UNIT} | grep -F zz.conf:2", 10, "the journal names file and line")
    host.wait(f"systemctl is-active {UNIT} && coollama status", 10, "it goes on")
    assert show(host, "MainPID") == pid


def test_every_entry_of_weight_has_an_id_that_the_catalog_explains(host: Host) -> None:
    deploy_a_consumer(host)
    host.wait(LINKED, 60, "the consumer is linked")
    explained = {line.split()[0] for line in host.out("journalctl", "--list-catalog").splitlines()}
    entries = [entry for entry in journal(host, "_TRANSPORT=journal") if int(entry["PRIORITY"]) <= 5]
    assert entries
    for entry in entries:
        assert entry.get("MESSAGE_ID") in explained, entry["MESSAGE"]
    about = [entry for entry in journal(host) if entry.get("COOLLAMA_CONSUMER") == f"{UUID}/notes"]
    assert about, "no entry carries COOLLAMA_CONSUMER"
    started = journal(host, "MESSAGE_ID=2b63b1b7dae64c938d9b171c1e7cf4d3")
    assert len(started) == 1


def test_no_key_gets_into_the_journal_or_a_command_line(host: Host) -> None:
    deploy_a_consumer(host)
    host.wait(LINKED, 60, "the consumer is linked")
    env = json.loads(host.out("docker", "inspect", CONTAINER))[0]["Config"]["Env"]
    key = dict(entry.split("=", 1) for entry in env)["OLLAMA_API_KEY"]
    assert len(key) == 64
    assert key not in host.out("journalctl", "--output=export")
    assert key not in host.sh("cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'")
    assert key not in host.out("coollama", "status", "--json")
    assert key not in host.out("coollama", "plan")


def test_the_port_answers_on_the_gateway_address_alone(host: Host) -> None:
    host.add_neighbour()
    gateway = host.sh("ip -4 -o address show docker0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/'")
    host.wait(
        f"[ $(curl -s -o /dev/null -w '%{{http_code}}' http://{gateway}:11434/api/tags) = 401 ]",
        60,
        "the proxy answers on the gateway address",
    )
    for address in ("127.0.0.1", "198.51.100.1"):
        assert host.run("curl", "-s", "--max-time", "3", f"http://{address}:11434/", check=False).returncode != 0
    outside = ("ip", "netns", "exec", "neighbour", "curl", "-s", "--max-time", "3")
    assert host.run(*outside, "http://198.51.100.1:11434/", check=False).returncode != 0
