# SPDX-License-Identifier: Apache-2.0
"""The journal of a host where several things are wrong and stay so."""

import json
import re
from collections import Counter

import pytest

from lib.host import Host

STATE_OF = """coollama status --json | jq -r '.consumers[] | select(.identity == "notes").state'"""
FALLS = "docker inspect --format '{{.RestartCount}}' coollama-proxy"
DEPLOYMENTS = 8


def journal(host: Host) -> list[dict[str, str]]:
    text = host.out("journalctl", "--no-pager", "--output=json", "_SYSTEMD_UNIT=coollamad.service")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("bare", ["28.5"], indirect=True)
def test_nothing_repeats_more_than_a_few_times_while_things_stay_wrong(host: Host) -> None:
    """A proxy that cannot start, and somebody who deploys a container that is refused, again and again."""
    host.sh("echo 'nonsense;' >>/usr/share/coollama/nginx/nginx.conf; docker rm --force coollama-proxy || true")
    host.sh("rm -rf /var/lib/coollama/proxy/conf/*; systemctl restart coollamad")
    for _ in range(DEPLOYMENTS):
        host.docker("run", "--detach", "--name=notes", "--label=coollama.enable=perhaps", "busybox:local", "sleep", "inf")
        host.wait(f'[ "$({STATE_OF})" = refused ]', 30, "it is refused")
        host.docker("rm", "--force", "notes")
        host.wait(f'[ -z "$({STATE_OF})" ]', 30, "it is gone")
    host.wait(f"[ $({FALLS}) -ge 4 ]", 60, "Docker starts the proxy again and again")

    entries = journal(host)
    told = Counter(re.sub(r"\w*\d\w*", "#", entry["MESSAGE"]) for entry in entries)
    (most, count), *_ = told.most_common(1)
    assert count <= 5, most
    hidden = [entry["MESSAGE"] for entry in entries if entry["MESSAGE"].endswith("(told once an hour from now on)")]
    assert any("refused" in message for message in hidden), "it was told so that the next ones are not"

    explained = host.out("journalctl", "--no-pager", "--catalog", "--unit=coollamad.service")
    for subject in ("A container that opted in is left as it is", "Something was done for the provider stack"):
        assert f"Subject: {subject}" in explained
    assert "@COOLLAMA" not in explained
