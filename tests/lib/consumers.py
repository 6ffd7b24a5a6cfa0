# SPDX-License-Identifier: Apache-2.0
"""Consumers as compose and Coolify make them, for the tests of linking."""

from typing import Any

from .engine import Engine

URL = "http://host.docker.internal:11434"
HOST = "host.docker.internal:host-gateway"
EXTERNAL = {"provider": {"mode": "external", "url": URL}, "proxy": {"secured": "no"}}

SERVE = 'command: ["sh", "-c", "trap exit TERM; while :; do sleep 0.1; done"]'


def stack(*services: str) -> str:
    return "services:\n" + "\n".join(services)


def service(name: str, *, labels: tuple[str, ...] = ("coollama.enable=true",), extra: str = "") -> str:
    lines = [f"  {name}:", "    image: busybox:local", f"    {SERVE}", "    restart: unless-stopped"]
    if labels:
        lines += ["    labels:"] + [f"      - '{label}'" for label in labels]
    lines += [f"    {line}" for line in extra.splitlines()]
    return "\n".join(lines)


def env_of(document: dict[str, Any]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in document["Config"]["Env"] or [])


def is_linked(engine: Engine, name: str, url: str = URL) -> bool:
    if not engine.exists(name):
        return False
    document = engine.inspect(name)
    hosts = document["HostConfig"]["ExtraHosts"] or []
    return (
        document["State"]["Running"]
        and env_of(document).get("OLLAMA_BASE_URL") == url
        and HOST in hosts
        and not engine.exists(name + ".coollama-prev")
    )
