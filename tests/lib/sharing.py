# SPDX-License-Identifier: Apache-2.0
"""Containers that live off others, as people make them."""

from .consumers import HOST, SERVING, service, stack
from .engine import Engine
from .images import BUSYBOX

ENTRY = f'extra_hosts: ["{HOST}"]'
INSIDE = "network_mode: service:vpn\ndepends_on: [vpn]"


def tunnel(vpn: str = "", app: str = "", labels: tuple[str, ...] = ()) -> str:
    """A service in the network of another one, as people run a download client behind a VPN."""
    return stack(service("vpn", labels=labels, extra=vpn), service("app", extra=f"{INSIDE}\n{app}".strip()))


def bystander(engine: Engine, name: str, *options: str) -> None:
    engine.docker("run", "-d", "--name", name, *options, BUSYBOX, "sh", "-c", SERVING)
