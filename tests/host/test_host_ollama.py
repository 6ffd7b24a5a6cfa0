# SPDX-License-Identifier: Apache-2.0
"""The host's own ollama.service as the shared Ollama, through the relay that the package brings.

One host for each engine, in one story: it has the service before coollama comes, and after coollama
has gone. Its program is the stand-in for Ollama; unit, systemd, relay, proxy and engine are real."""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest

from lib.host import Host
from lib.images import OLLAMA, standin_binary
from lib.installed import ARGS, INSTALL, SHORT

CONF = "/etc/coollama/coollama.conf.d/short.conf"
ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
RELAY = "coollama-host-ollama"
SOCKET = "/var/lib/coollama/proxy/run/host-ollama.sock"
NOTES, BOARD, OTHER = "k4gwo0cs8c4ow8wkso0kgc4s", "z0ggs4wocs8kk4owk8w4cs00", "p4kcgw8s0ow84co8k0ccs4wk"
MODEL = '"llama3.2:latest"'
# As Ollama's installer writes it, but for the folder of the stand-in's models (and RestartSec is 3 there).
UNIT = """\
[Unit]
Description=Ollama Service
After=network-online.target

[Service]
ExecStart=/usr/local/bin/ollama serve
User=ollama
Group=ollama
Restart=always
RestartSec=1
Environment="PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Environment="STANDIN_MODELS=/usr/share/ollama/models"

[Install]
WantedBy=default.target
"""
OPEN = '[Service]\nEnvironment="OLLAMA_HOST=0.0.0.0:11434"\n'
DROP_IN = "/etc/systemd/system/ollama.service.d/override.conf"  # where systemctl edit writes it


Prepared = Callable[[str], AbstractContextManager[Host]]


@dataclass
class Scene:
    host: Host
    unit: dict[str, str] = field(default_factory=dict)  # of ollama.service, before coollama came

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.host.out("coollama", "status", "--json"))
        return found

    def says(self) -> str:
        return " ".join(self.host.out("coollama", "status").split())

    def wait_status(self, condition: str, what: str, seconds: float = 60) -> None:
        self.host.wait(f"coollama status --json | jq -e '{condition}'", seconds, what)

    def wait_up(self) -> None:
        self.wait_status('.provider.up and ([.consumers[].state] | all(. == "linked"))', "Ollama is up for all")

    def wait_says(self, *texts: str) -> None:
        said = "coollama status | tr -s '[:space:]' ' '"
        for text in texts:
            self.host.wait(f"{said} | grep -qF -- {shlex.quote(text)}", 60, f"status says {text!r}")

    def install(self) -> None:
        self.host.run(INSTALL, *ARGS)

    def install_anew(self) -> None:
        """As if it had never been there, beside the ollama.service that its files say now."""
        self.host.run(INSTALL, "--uninstall", "--purge")
        self.host.sh("systemctl daemon-reload; systemctl restart ollama 2>&1 || true")
        self.host.write(CONF, SHORT)
        self.install()

    def deploy(self, uuid: str, name: str, *labels: str) -> None:
        self.host.run("coolify", "service", uuid, name, "web", *labels)
        self.host.run("coolify", "start", uuid)

    def ask(self, uuid: str, header: str = "", url: str = "$OLLAMA_BASE_URL/api/tags") -> str:
        """From inside a stack's container; what it was told, or busybox's complaint."""
        script = f'wget -q -O - {header} "{url}" 2>&1 || true'
        return self.host.out("docker", "exec", f"web-{uuid}", "sh", "-c", script)

    def with_key(self, uuid: str) -> str:
        return self.ask(uuid, '--header "Authorization: Bearer $OLLAMA_API_KEY"')

    def run_of_ollama(self) -> dict[str, str]:
        names = "InvocationID,MainPID,NRestarts,FragmentPath,UnitFileState,DropInPaths"
        text = self.host.out("systemctl", "show", "ollama.service", f"--property={names}")
        return dict(line.split("=", 1) for line in text.splitlines())

    def started(self, uuid: str) -> str:
        return self.host.docker("inspect", "-f", "{{.Id}} {{.State.StartedAt}}", f"web-{uuid}")

    def entries(self, since: str, pattern: str) -> list[str]:
        text = self.host.out("journalctl", "-b", "-u", "coollamad", "-o", "cat", "--since", since)
        return re.findall(f"(?m)^{pattern}", text)

    def now(self) -> str:
        return self.host.out("date", "+%Y-%m-%d %H:%M:%S.%6N")

    def is_published(self) -> bool:
        return self.host.docker("inspect", "-f", "{{.HostConfig.PortBindings}}", "coollama-proxy") != "map[]"

    def gateway(self) -> str:
        return self.host.sh("ip -4 -o address show docker0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/'")


@pytest.fixture(scope="module", params=ENGINES)
def scene(request: pytest.FixtureRequest, prepared: Prepared) -> Iterator[Scene]:
    with prepared(request.param) as host:
        host.put(standin_binary(), "/usr/local/bin/ollama")
        host.sh("useradd --system --home-dir /usr/share/ollama --create-home ollama")
        host.write("/etc/systemd/system/ollama.service", UNIT)
        host.sh("systemctl daemon-reload; systemctl --quiet enable --now ollama")
        host.write(CONF, SHORT)
        found = Scene(host)
        found.unit = found.run_of_ollama()
        found.install()
        found.deploy(NOTES, "my-notes", "coollama.enable=true")
        found.deploy(BOARD, "my-board", "coollama.enable=true")
        found.deploy(OTHER, "never-heard-of-it")
        found.wait_status('[.consumers[] | select(.state == "linked")] | length == 2', "both are linked")
        found.wait_up()
        yield found


def test_auto_finds_it_makes_no_second_one_and_does_not_touch_it(scene: Scene) -> None:
    provider = scene.status()["provider"]
    assert provider["mode"] == "host" and provider["up"] and provider["bind"] == "gateway"
    ours = scene.host.docker("ps", "-a", "--filter", "label=coollama.part", "--format", "{{.Names}}")
    assert ours == "coollama-proxy"
    assert scene.host.docker("volume", "ls", "-q") == ""
    assert scene.run_of_ollama() == scene.unit
    assert scene.host.out("cat", "/etc/systemd/system/ollama.service") == UNIT.strip()
    said = scene.entries("-1h", "The shared Ollama is .*")
    assert said == ["The shared Ollama is host: ollama.service is installed on this host"]


def test_consumers_of_other_stacks_get_its_models_with_their_own_key_and_nobody_without(scene: Scene) -> None:
    show = "docker exec web-{0} sh -c 'echo $OLLAMA_API_KEY'"
    keys = {scene.host.sh(show.format(uuid)) for uuid in (NOTES, BOARD)}
    assert len(keys) == 2 and "" not in keys
    for uuid in (NOTES, BOARD):
        assert MODEL in scene.with_key(uuid)
        assert "401" in scene.ask(uuid)
    gateway = scene.gateway()
    assert "401" in scene.ask(OTHER, url=f"http://{gateway}:11434/api/tags")
    verified = scene.host.out("coollama", "verify", "my-notes/web")
    assert "llama3.2:latest" in verified and "401" in verified


def test_the_relay_is_enabled_and_open_to_the_proxy_alone(scene: Scene) -> None:
    host = scene.host
    assert host.sh(f"systemctl is-enabled {RELAY}.socket; systemctl is-active {RELAY}.socket") == "enabled\nactive"
    assert host.out("stat", "-c", "%F %a %U:%G", SOCKET) == "socket 660 coollama:coollama"
    below = host.sh("cd /var/lib/coollama; stat -c '%U:%G %a' . proxy proxy/run").split("\n")
    assert below == ["coollama:coollama 750", "coollama:coollama 750", "coollama:coollama 770"]
    reach = f"curl -s --max-time 5 --unix-socket {SOCKET} http://localhost/api/version"
    user = "setpriv --reuid={0} --regid={1} --clear-groups"
    assert "version" in host.sh(f"{user.format('coollama-proxy', 'coollama')} {reach}")
    for stranger in (("65534", "65534"), ("coollama-proxy", "coollama-proxy"), ("ollama", "docker")):
        assert host.run("bash", "-c", f"{user.format(*stranger)} {reach}", check=False).returncode == 7
    # No port of it: a container that sees all of the host's listeners has but Ollama's own, on loopback,
    # and ours, which wants a key.
    listeners = host.sh("ss -Htln | awk '{print $4}' | grep ':11434$' | sort").split()
    assert listeners == ["127.0.0.1:11434", f"{scene.gateway()}:11434"]
    mounts = host.sh("docker inspect -f '{{.Name}} {{range .Mounts}}{{.Source}} {{end}}' $(docker ps -q)")
    assert [line.split()[0] for line in mounts.splitlines() if "coollama/proxy" in line] == ["/coollama-proxy"]


def test_more_streams_at_once_go_through_the_relay_than_a_process_usually_has_files_for(scene: Scene) -> None:
    """200 of them: six files each, and 1024 is what systemd gives by itself."""
    host = scene.host
    host.run("ollama", "standin", "count=12", "every_ms=250")
    body = '{"model":"llama3.2"}'
    one = f"curl -s --unix-socket {SOCKET} -d '{body}' http://localhost/api/generate"
    done = host.sh(f"for i in $(seq 200); do {one} & done | grep -c '\"done\":true'; wait")
    host.run("ollama", "standin", "count=5", "every_ms=10")
    assert done == "200"


def test_ollamas_own_command_and_plan_and_explain_tell_of_it(scene: Scene) -> None:
    assert "llama3.2" in scene.host.out("coollama", "ollama", "list")
    explained = scene.host.out("coollama", "explain", "my-notes/web")
    assert "linked" in explained
    assert "coollama-api" not in scene.host.out("coollama", "plan")
    assert scene.says().startswith("Ollama is up; 2 of 2 consumers linked Ollama up, host, each with its key")


def test_stopped_and_started_it_is_one_outage_that_status_names_and_consumers_are_back(scene: Scene) -> None:
    host, since = scene.host, scene.now()
    before = scene.started(NOTES)
    host.run("systemctl", "stop", "ollama")
    scene.wait_says(
        "Ollama is down: the host's ollama.service does not answer on 127.0.0.1:11434",
        "next systemctl status ollama",
    )
    assert "503" in scene.with_key(NOTES)
    answer = host.run("coollama", "verify", "my-notes/web", check=False)
    assert answer.returncode != 0 and "503" in answer.stdout
    host.wait(f"journalctl -u coollamad --since '{since}' -o cat | grep -q '^Ollama is down'", 30, "it was said")
    host.wait("sleep 1.2", 10, "it is long enough to count")
    host.run("systemctl", "start", "ollama")
    scene.wait_up()
    host.wait("jq -e '.owed | length == 0' /var/lib/coollama/recovery.json", 60, "nobody is owed a restart")
    assert len(scene.entries(since, "Ollama is down: .*")) == 1
    assert len(scene.entries(since, "Ollama is up$")) == 1
    assert len(scene.entries(since, "my-notes/web: restarted, since Ollama is back$")) == 1
    assert scene.started(NOTES).split()[0] == before.split()[0] and scene.started(NOTES) != before
    assert MODEL in scene.with_key(NOTES)
    assert "(OLLAMA_HOST" not in scene.says() and " why " not in scene.says()


def test_a_relay_that_is_taken_away_is_missed_and_what_status_says_brings_it_back(scene: Scene) -> None:
    host = scene.host
    host.run("systemctl", "kill", "--signal=KILL", f"{RELAY}.service")
    host.wait(f"curl -s --unix-socket {SOCKET} http://localhost/ | grep -q Ollama", 30, "systemd starts it again")
    host.run("rm", SOCKET)
    scene.wait_says("the relay to the host's own Ollama is missing")
    mend = scene.status()["provider"]["next"]
    assert f"systemctl restart {RELAY}.socket" in mend
    host.sh(mend)
    scene.wait_up()
    assert MODEL in scene.with_key(BOARD)


def test_an_upgrade_of_coollama_cuts_no_stream_of_the_relay(scene: Scene) -> None:
    before = scene.host.out("systemctl", "show", f"{RELAY}.service", "--property=InvocationID")
    scene.install()
    assert scene.host.out("systemctl", "show", f"{RELAY}.service", "--property=InvocationID") == before
    scene.wait_up()


def test_after_a_boot_of_the_host_all_of_it_is_back(scene: Scene) -> None:
    scene.host.reboot()
    scene.host.wait("systemctl is-active coollamad", 60, "coollamad is back")
    scene.wait_up()
    assert scene.status()["provider"]["mode"] == "host"
    for uuid in (NOTES, BOARD):
        scene.host.wait(f"docker exec web-{uuid} true", 60, "it runs")
        assert MODEL in scene.with_key(uuid)
    assert scene.host.docker("ps", "-aq", "--filter", "label=coollama.part=api") == ""
    assert scene.run_of_ollama()["NRestarts"] == "0"


def test_when_it_wants_the_port_for_all_addresses_it_gets_it_and_status_says_what_that_opens(scene: Scene) -> None:
    """The proxy has that port at the gateway's address, so Ollama cannot have it everywhere: it would
    never start again."""
    host = scene.host
    host.write(DROP_IN, OPEN)
    host.sh("systemctl daemon-reload; systemctl restart ollama")
    scene.wait_status('(.provider.note // "") | contains("needs no key")', "status tells of it")
    host.wait(f"curl -s http://{scene.gateway()}:11434/ | grep -q 'Ollama is running'", 60, "Ollama has it")
    scene.wait_up()
    assert not scene.is_published()
    scene.wait_says("ollama.service has port 11434 of this host itself (OLLAMA_HOST=0.0.0.0:11434)")
    scene.wait_status('[.consumers[].reach] | all(. == "network")', "consumers come by their networks")
    for uuid in (NOTES, BOARD):
        assert MODEL in scene.with_key(uuid)
        assert "401" in scene.ask(uuid)
    assert MODEL in scene.ask(OTHER, url=f"http://{scene.gateway()}:11434/api/tags"), "it is as open as is said"


def test_it_keeps_that_port_across_a_boot(scene: Scene) -> None:
    scene.host.reboot()
    scene.host.wait("systemctl is-active coollamad", 60, "coollamad is back")
    scene.wait_up()
    assert scene.run_of_ollama()["NRestarts"] == "0"
    assert not scene.is_published()
    assert MODEL in scene.with_key(NOTES)


def test_what_status_says_closes_that_port(scene: Scene) -> None:
    host = scene.host
    host.run("rm", DROP_IN)
    host.sh("systemctl daemon-reload; systemctl restart ollama")
    host.run("coollama", "provider", "use", "host")
    host.wait("[ \"$(docker inspect -f '{{.HostConfig.PortBindings}}' coollama-proxy)\" != 'map[]' ]", 60, "ours again")
    scene.wait_up()
    assert scene.status()["provider"].get("note") is None
    assert "401" in scene.ask(OTHER, url=f"http://{scene.gateway()}:11434/api/tags")
    assert MODEL in scene.with_key(NOTES)


def test_where_it_listens_elsewhere_status_has_the_lines_that_send_the_relay_there(scene: Scene) -> None:
    host = scene.host
    host.write(DROP_IN, OPEN.replace("0.0.0.0:11434", "127.0.0.1:11500"))
    host.sh("systemctl daemon-reload; systemctl restart ollama")
    scene.wait_says("ollama.service listens on 127.0.0.1:11500 (OLLAMA_HOST), and the relay goes to 127.0.0.1:11434")
    said = re.fullmatch(r"systemctl edit (\S+): (\[Service\]) (\S+); then (.*)", scene.status()["provider"]["next"])
    assert said
    unit, section, line, then = said.groups()
    host.write(f"/etc/systemd/system/{unit}.d/override.conf", f"{section}\n{line}\n")  # as systemctl edit does
    host.sh(f"systemctl daemon-reload; {then}")
    scene.wait_up()
    assert MODEL in scene.with_key(NOTES) and scene.is_published()
    host.sh(f"rm -r /etc/systemd/system/{unit}.d {DROP_IN}; systemctl daemon-reload; systemctl restart {unit} ollama")
    scene.wait_up()


def test_without_keys_it_is_not_shared_and_that_is_said(scene: Scene) -> None:
    conf = "/etc/coollama/coollama.conf.d/zz.conf"
    scene.host.write(conf, "[proxy]\nsecured = no\n")
    scene.host.run("systemctl", "reload", "coollamad")
    scene.wait_says("next set secured = yes in [proxy], or: coollama provider use managed")
    scene.host.run("rm", conf)
    scene.host.run("systemctl", "reload", "coollamad")
    scene.wait_up()
    assert MODEL in scene.with_key(NOTES)


def test_down_leaves_it_alone_and_resume_goes_on(scene: Scene) -> None:
    before = scene.run_of_ollama()
    scene.host.run("coollama", "down", "--yes")
    scene.host.wait("[ -z \"$(docker ps -aq --filter label=coollama.part)\" ]", 60, "nothing of ours is there")
    scene.host.run("coollama", "resume")
    scene.wait_up()
    assert scene.run_of_ollama() == before


def test_uninstalled_the_relay_is_gone_and_ollama_as_it_was(scene: Scene) -> None:
    host, before = scene.host, scene.run_of_ollama()
    host.run(INSTALL, "--uninstall", "--purge")
    assert host.run("systemctl", "list-unit-files", "coollama*", "--no-legend", check=False).stdout == ""
    assert host.run("systemctl", "list-units", "--all", "coollama*", "--no-legend", check=False).stdout == ""
    assert host.sh("pgrep systemd-socket- || true") == ""
    assert host.sh("find / -xdev -name '*host-ollama*' -not -path '/root/*' -not -path '/proc/*'") == ""
    assert scene.run_of_ollama() == before
    assert MODEL in host.sh("curl -s http://127.0.0.1:11434/api/tags")


def test_one_that_has_the_port_from_the_first_moment_is_never_asked_for_it(scene: Scene) -> None:
    host = scene.host
    host.write(DROP_IN, OPEN)
    scene.install_anew()
    scene.wait_up()
    assert "needs no key" in scene.status()["provider"]["note"]
    assert not scene.is_published()
    assert scene.entries("-1h", ".*port 11434 is taken.*") == []
    host.wait("docker exec web-" + NOTES + " true", 60, "it runs")
    assert MODEL in scene.with_key(NOTES)
    assert scene.run_of_ollama()["NRestarts"] == "0"


def test_where_its_files_do_not_say_so_the_engines_refusal_does(scene: Scene) -> None:
    host = scene.host
    host.write("/etc/default/ollama", "OLLAMA_HOST=0.0.0.0\n")
    host.write(DROP_IN, "[Service]\nEnvironmentFile=/etc/default/ollama\n")
    host.sh("systemctl daemon-reload; systemctl restart ollama; coollama provider use host")
    scene.wait_says("note port 11434 of this host was taken by ollama.service or another process of it")
    scene.wait_up()
    assert not scene.is_published() and MODEL in scene.with_key(NOTES)
    assert scene.run_of_ollama()["NRestarts"] == "0"


def test_a_masked_unit_is_no_ollama_and_the_operators_word_changes_over_to_it(scene: Scene) -> None:
    host = scene.host
    host.sh("systemctl stop ollama; rm -r /etc/systemd/system/ollama.service*; systemctl --quiet mask ollama")
    scene.install_anew()
    scene.wait_status('.provider.mode == "managed"', "one of ours is chosen")
    host.wait("docker inspect coollama-api", 60, "it is made")
    refused = host.run("coollama", "provider", "use", "host", check=False)
    assert refused.returncode != 0 and "ollama.service is not installed on this host" in refused.stderr
    host.sh("systemctl --quiet unmask ollama")
    host.write("/etc/systemd/system/ollama.service", UNIT)
    host.sh("systemctl daemon-reload; systemctl --quiet enable --now ollama; coollama provider use host")
    host.wait("! docker inspect coollama-api", 60, "ours is away")
    scene.wait_up()
    assert scene.status()["provider"]["mode"] == "host" and scene.is_published()
    assert MODEL in scene.with_key(NOTES)


def test_a_container_in_the_hosts_network_is_adopted_through_the_same_relay(scene: Scene) -> None:
    """Its image listens on all addresses, so the port is its own."""
    host = scene.host
    host.sh("systemctl --quiet disable --now ollama; rm /etc/systemd/system/ollama.service; systemctl daemon-reload")
    host.run(INSTALL, "--uninstall", "--purge")
    host.docker("run", "-d", "--name", "lone", "--network", "host", OLLAMA)
    host.write(CONF, SHORT)
    scene.install()
    scene.wait_up()
    provider = scene.status()["provider"]
    assert (provider["mode"], provider["name"], provider["bind"]) == ("adopted", "lone", "")
    assert "give it a network of its own" in provider["note"]
    assert MODEL in scene.with_key(NOTES) and "401" in scene.ask(NOTES)
