# SPDX-License-Identifier: Apache-2.0
"""The Debian package on a real host: installed, upgraded, removed and purged by apt, while a consumer runs."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import package
from lib.cache import SOURCE
from lib.host import Host, HostError
from lib.installed import ARGS, INSTALL, SHORT

UUID = "k4gwo0cs8c4ow8wkso0kgc4s"
CONTAINER = f"notes-{UUID}"
STATE = "/var/lib/coollama"
FIRST, SECOND = "/root/first.deb", "/root/second/coollama.deb"
LINKED = f"""coollama status --json | jq -e '.consumers[] | select(.identity == "{UUID}/notes").state == "linked"'"""


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.build(tmp_path_factory.mktemp("deb"))


@pytest.fixture
def with_package(bare: Host, deb: Path, tmp_path: Path) -> Iterator[Host]:
    """A host before coollama comes; the package and one of a later version lie ready."""
    bare.put(deb, FIRST)
    bare.put(package.later(deb, "0.1.0+later", tmp_path), SECOND)
    bare.write("/etc/coollama/coollama.conf.d/short.conf", SHORT)
    yield bare


def apt(host: Host, *words: str) -> str:
    return host.out("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "Dpkg::Use-Pty=0", *words)


def show(host: Host, unit: str, name: str) -> str:
    return host.out("systemctl", "show", unit, f"--property={name}", "--value")


def consumer(host: Host) -> dict[str, object]:
    """What is to stay as it is, whatever becomes of the package."""
    document = json.loads(host.docker("inspect", CONTAINER))[0]
    return {"Id": document["Id"], "State": document["State"], "Config": document["Config"]}


def test_lintian_finds_nothing_and_the_version_is_the_same_everywhere(deb: Path) -> None:
    words = ["lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", deb]
    done = subprocess.run(words, check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"(?m)^[EW]:", done.stdout)
    version = package.run("dpkg-deb", "--field", deb, "Version").strip()
    assert f"\n## {version}" in (SOURCE / "CHANGELOG.md").read_text()
    for page in ("coollama.1", "coollamad.8"):
        assert f'"coollama {version}"' in (SOURCE / "packaging/man" / page).read_text()
    assert package.run("dpkg-deb", "--info", deb, "conffiles").split() == ["/etc/coollama/coollama.conf"]
    assert " ./etc/coollama/coollama.conf.d/\n" in package.run("dpkg-deb", "--contents", deb), "README says: put yours there"


@pytest.mark.parametrize("bare", ["28.5"], indirect=True)
def test_its_whole_life(with_package: Host) -> None:
    host = with_package
    installed_beside_a_stopped_docker(host)
    hardened(host)
    upgraded_in_the_middle(host)
    refuses_to_go_while_a_swap_is_open(host)
    removed_and_purged(host)


def installed_beside_a_stopped_docker(host: Host) -> None:
    host.sh("systemctl stop docker.service")  # docker.socket goes on listening
    said = apt(host, "install", FIRST)
    assert "coollama: docker.service does not run here: coollamad starts with it" in said
    assert show(host, "docker.service", "ActiveState") == "inactive", "a stopped Docker is not woken"
    assert show(host, "coollamad.service", "UnitFileState") == "enabled"
    assert show(host, "coollama-host-ollama.socket", "ActiveState") == "active"
    host.run("systemctl", "start", "docker.service")
    host.wait("systemctl is-active coollamad.service && coollama status", 30, "it comes with Docker")


def hardened(host: Host) -> None:
    """What it does under these lines is all that follows: linking, an upgrade, removal."""
    table = json.loads(host.out("systemd-analyze", "security", "--json=short", "coollamad.service"))
    assert len(table) > 50
    overall = host.sh("systemd-analyze security --no-pager coollamad.service | tail -n 1")
    assert float(re.search(r"coollamad.service: ([0-9.]+)", overall)[1]) <= 1.0, overall
    units = ("coollamad.service", "coollama-host-ollama.socket", "coollama-host-ollama.service")
    done = host.run("systemd-analyze", "verify", *units)
    assert done.stdout + done.stderr == ""
    assert host.sh("journalctl -b _PID=1 | grep -iE 'coollama.*(unknown|ignor|fail)' || true") == ""
    daemon = host.sh("ps -o user= -p $(systemctl show coollamad --property=MainPID --value)")
    host.wait("docker inspect coollama-proxy && coollama status --json | jq -e .provider.up", 60, "Ollama is up")
    proxy = host.docker("inspect", "--format", "{{.Config.User}}", "coollama-proxy")
    assert daemon == "coollama"
    assert proxy == f"{host.out('id', '-u', 'coollama-proxy')}:{host.out('id', '-g', 'coollama')}"


def upgraded_in_the_middle(host: Host) -> None:
    host.sh("echo '# mine' >>/etc/coollama/coollama.conf")
    host.run("coolify", "service", UUID, "my-notes", "notes", "coollama.enable=true")
    host.run("coolify", "start", UUID)
    host.wait(LINKED, 60, "it is linked")
    begin_a_long_swap(host)
    socket, pid = show(host, "coollama-host-ollama.socket", "InactiveExitTimestamp"), show(host, "coollamad", "MainPID")
    apt(host, "install", SECOND)
    stopped_in_the_middle(host)
    host.docker("rm", "--force", "slow")
    assert show(host, "coollama-host-ollama.socket", "InactiveExitTimestamp") == socket, "a restart cuts streams"
    assert show(host, "coollamad", "MainPID") not in (pid, "0")
    assert host.out("tail", "-n", "1", "/etc/coollama/coollama.conf") == "# mine"
    host.wait(LINKED, 60, "it is linked")
    assert host.docker("ps", "--all", "--quiet", "--filter", f"name={CONTAINER}.coollama-prev") == ""
    host.run("coollama", "verify", "my-notes/notes")
    done = host.run(INSTALL, *ARGS, check=False)
    assert done.returncode == 1 and "coollama is a package here" in done.stderr


def refuses_to_go_while_a_swap_is_open(host: Host) -> None:
    """With Docker stopped nobody can bring it to its end."""
    before = host.sh(f"ls {STATE}/swaps")
    host.run("systemctl", "stop", "docker.service")
    host.write(f"{STATE}/swaps/half-way.json", "{}")
    with pytest.raises(HostError, match="next step: start Docker"):
        apt(host, "remove", "coollama")
    host.sh(f"test -x /usr/sbin/coollamad; rm {STATE}/swaps/half-way.json; dpkg --audit")
    assert host.out("dpkg-query", "-W", "-f", "${db:Status-Status}", "coollama") == "installed"
    assert show(host, "docker.service", "ActiveState") == "inactive", "nor is Docker woken for it"
    host.run("systemctl", "start", "docker.service")
    host.wait("systemctl is-active coollamad.service", 30, "it is as before")
    assert host.sh(f"ls {STATE}/swaps") == before


def begin_a_long_swap(host: Host) -> None:
    """Of one that is deaf to its stop: returns while nothing of it will run for some seconds."""
    deaf = "trap '' TERM; while :; do sleep 1; done"
    words = ["--name", "slow", "--restart", "unless-stopped", "--label", "coollama.enable=true", "--stop-timeout", "8"]
    host.docker("run", "-d", *words, "busybox:local", "sh", "-c", deaf)
    host.wait(f"jq -e '.phase == \"stopping\"' {STATE}/swaps/slow-*.json", 60, "its swap is in its middle")


def stopped_in_the_middle(host: Host) -> None:
    """The daemon was told to end before the old container had ended, and that was waited for."""
    said = host.out("journalctl", "-u", "coollamad", "-o", "cat", "--no-pager")
    assert said.rindex("Stopping once no container is half re-created") < said.rindex("slow: stop the old slow: done")
    rows = host.docker("ps", "-a", "--filter", "name=slow", "--format", "{{.Names}} {{.State}}")
    assert rows == "slow running" and host.sh(f"ls {STATE}/swaps") == "", "the open swap came to its end"


def removed_and_purged(host: Host) -> None:
    host.wait("docker inspect coollama-api coollama-proxy", 60, "the provider's containers are there")
    run = "docker inspect -f '{{.State.StartedAt}}' coollama-api"
    host.wait(f"{run} | grep -qxF \"$(jq -r .provider_started_at {STATE}/recovery.json)\"", 60, "Ollama is known to be back")
    host.wait(f"jq -e '(.open | not) and (.owed | length == 0)' {STATE}/recovery.json", 60, "and nobody is owed a restart")
    before = consumer(host)
    begin_a_long_swap(host)
    said = apt(host, "remove", "coollama")
    stopped_in_the_middle(host)
    assert "coollama down --unlink" in said
    host.run("docker", "inspect", "coollama-api", "coollama-proxy")
    host.sh(f"test -e {STATE}/keys.json; test -e /etc/coollama/coollama.conf; ! test -e /usr/sbin/coollamad")
    said = apt(host, "purge", "coollama")
    assert "the models stay, in volume coollama-models" in said
    host.sh(f"! test -e {STATE}; ! test -e /etc/coollama; getent passwd coollama coollama-proxy")
    assert host.docker("ps", "--all", "--quiet", "--filter", "label=coollama.part") == ""
    assert host.docker("network", "ls", "--quiet", "--filter", "label=coollama.part") == ""
    assert host.docker("volume", "ls", "--quiet", "--filter", "label=coollama.part") == "coollama-models"
    assert consumer(host) == before
    assert host.out("systemctl", "list-unit-files", "coollama*", "--no-legend", check=False) == ""
    assert host.out("systemctl", "--failed", "--no-legend") == ""


def test_a_package_takes_over_from_a_tree_and_packaging_install_says_first_what_is_here(
    host: Host, deb: Path
) -> None:
    """`host` is one where packaging/install has put its tree."""
    host.run("touch", "/usr/share/coollama/old")
    host.sh("echo /usr/share/coollama/old >>/usr/share/coollama/installed-files")
    host.sh("echo '# mine' >>/etc/coollama/coollama.conf")
    host.put(deb, f"{Path(INSTALL).parent}/{deb.name}")
    host.docker("run", "--detach", "--name", "theirs", "ollama/ollama:latest")
    host.sh(f"rm {STATE}/provider")
    said = host.run(INSTALL).stdout
    for words in (
        r"(?m)^    Ollama +the container theirs: it is shared, and nothing of it changed$",
        r"(?m)^    images +ollama/ollama:latest \(here, .*, free in /var/lib/docker: ",
        r"(?m)^    GPU +none that Docker knows",
        r"(?m)^    firewall +nothing seen",
        r"(?m)^    address +172\.17\.0\.1:11434 ",
        r"(?m)^    untouched +containers that do not opt in",
    ):
        assert re.search(words, said), said
    assert said.index("before anything is begun") < said.index("installing the package")
    assert "coollamad.service is active" in said
    host.sh("! test -e /usr/share/coollama/old; ! test -e /usr/share/coollama/installed-files")
    assert host.out("dpkg", "--verify", "coollama").split() in ([], ["??5??????", "c", "/etc/coollama/coollama.conf"])
    assert host.out("tail", "-n", "1", "/etc/coollama/coollama.conf") == "# mine"
    host.run(INSTALL, "--uninstall")
    # Of a Docker that hangs, and with a file system of its own for the state.
    engine = show(host, "docker.service", "MainPID")
    host.sh(f"mount --bind {STATE} {STATE}; kill -STOP {engine}")
    try:
        said = host.run(INSTALL, "--uninstall", "--purge").stdout
    finally:
        host.run("kill", "-CONT", engine)
    assert "apt-get purge coollama" in said
    assert "Docker does not answer: coollama's own containers and networks stay" in said
    assert host.out("dpkg-query", "-W", "-f", "${db:Status-Status}", "coollama", check=False) in ("", "not-installed")
    host.sh(f"[ -z \"$(ls -A {STATE})\" ]; ! test -e /usr/sbin/coollamad; docker inspect theirs")
