# SPDX-License-Identifier: Apache-2.0
"""packaging/install: what it refuses, that it can be repeated, and that it takes everything away."""

import pytest

from lib.host import Host
from lib.installed import ARGS, INSTALL

OURS = "find /usr /etc /var /run -xdev \\( -name '*coollama*' -o -path '*/coollama/*' \\)"


def refused(host: Host, script: str) -> str:
    """Runs it, expects a refusal that changed nothing, and returns what it said."""
    done = host.run("bash", "-c", script, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "next step: " in done.stderr
    assert "==>" not in done.stdout
    assert host.sh(f"{OURS} | wc -l") == "0"
    return done.stderr


RUN = f"{INSTALL} {' '.join(ARGS)}"
DOWN = "systemctl stop docker.socket docker"
NO_UNIT = f"{DOWN}; systemctl mask --runtime docker.service"
ROOTLESS = "mkdir -p /run/user/1000; touch /run/user/1000/docker.sock"
REFUSALS = {
    "without systemd": (
        f"unshare --mount sh -c 'mount -t tmpfs none /run/systemd && exec {RUN}'",
        "systemd does not run here",
    ),
    "without docker.service": (f"{NO_UNIT}; {RUN}", "there is no docker.service"),
    "with a stopped docker": (f"{DOWN}; {RUN}", "docker.service is inactive"),
    "with docker as a snap": (f"{NO_UNIT}; mkdir -p /var/snap/docker; {RUN}", "Docker is a snap"),
    "with a rootless docker": (f"{NO_UNIT}; {ROOTLESS}; {RUN}", "rootless"),
    "without docker's socket": (f"rm /run/docker.sock; {RUN}", "there is no /run/docker.sock"),
    "without apt": (
        f"unshare --mount sh -c 'mount --bind /dev/null /usr/bin/apt-get && exec {RUN}'",
        "no apt",
    ),
    "without root": (f"chmod 755 /root; setpriv --reuid=65534 --clear-groups {RUN}", "not root"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_it_refuses_with_a_next_step(bare: Host, case: str) -> None:
    script, reason = REFUSALS[case]
    assert reason in refused(bare, script)


@pytest.mark.parametrize("bare", ["20.10", "28.5"], indirect=True)
def test_installing_twice_is_fine_and_keeps_what_was_configured(host: Host) -> None:
    host.sh("echo '# mine' >>/etc/coollama/coollama.conf")
    again = host.run(INSTALL, *ARGS).stdout
    assert "coollamad.service is active" in again
    assert "writing" not in again
    assert host.out("tail", "-n", "1", "/etc/coollama/coollama.conf") == "# mine"


def test_a_file_that_a_newer_version_no_longer_has_is_removed(host: Host) -> None:
    host.sh("touch /root/coollama/stage/usr/share/coollama/old")
    host.run(INSTALL, *ARGS)
    host.sh("test -e /usr/share/coollama/old; rm /root/coollama/stage/usr/share/coollama/old")
    host.run(INSTALL, *ARGS)
    host.sh("! test -e /usr/share/coollama/old")


def test_an_error_in_the_configuration_is_said_and_the_running_daemon_left_alone(host: Host) -> None:
    pid = host.out("systemctl", "show", "coollamad", "--property=MainPID")
    host.write("/etc/coollama/coollama.conf.d/bad.conf", "[link]\nsettel = 1s\n")
    done = host.run(INSTALL, *ARGS, check=False)
    assert done.returncode != 0
    assert "bad.conf:2" in done.stdout + done.stderr
    assert host.out("systemctl", "show", "coollamad", "--property=MainPID") == pid


def test_uninstall_keeps_settings_and_keys_and_purge_takes_them(host: Host) -> None:
    host.wait("docker inspect coollama-api coollama-proxy", 60, "the provider's containers are there")
    host.run(INSTALL, "--uninstall")
    kept = ("/etc/coollama*", "/var/lib/coollama*", "/var/lib/docker/*")
    assert host.sh(OURS + "".join(f" -not -path '{path}'" for path in kept)) == ""
    host.sh("test -e /etc/coollama/coollama.conf; test -d /var/lib/coollama; getent passwd coollama")
    host.run("docker", "inspect", "coollama-api", "coollama-proxy")
    host.run(INSTALL, "--uninstall", "--purge")
    assert host.sh(f"{OURS} -not -path '/var/lib/docker/*'") == ""
    assert host.docker("ps", "--all", "--quiet", "--filter", "label=coollama.part") == ""
    host.sh("getent passwd coollama coollama-proxy")
    assert host.docker("volume", "ls", "--quiet", "--filter", "label=coollama.part") == "coollama-models"
    assert host.run("systemctl", "list-unit-files", "coollama*", "--no-legend", check=False).stdout == ""
    assert host.out("systemctl", "--failed", "--no-legend") == ""
    host.sh("mkdir /srv/elsewhere; ln -s /srv/elsewhere /var/lib/coollama")
    done = host.run(INSTALL, *ARGS, check=False)
    assert "next step: make it a directory" in done.stderr and host.sh(f"{OURS} -type f -not -path '/var/lib/docker/*'") == ""
    host.run("rm", "/var/lib/coollama")
    host.run(INSTALL, *ARGS)  # and it can come back
    host.run("test", "-d", "/etc/coollama/coollama.conf.d")


def test_the_users_are_there_and_can_do_what_they_must_and_no_more(host: Host) -> None:
    for user in ("coollama", "coollama-proxy"):
        assert host.out("id", "-nG", user) == user
        assert host.out("getent", "passwd", user).endswith("/usr/sbin/nologin")
    # The proxy's container has the group and gets through the directory; a stranger does not.
    host.sh("setpriv --reuid=coollama-proxy --regid=coollama --clear-groups test -x /var/lib/coollama")
    host.sh("! setpriv --reuid=coollama-proxy --regid=coollama --clear-groups test -w /var/lib/coollama")
    host.sh("! setpriv --reuid=65534 --regid=65534 --clear-groups test -x /var/lib/coollama")
