# SPDX-License-Identifier: Apache-2.0
"""Consumers as people, compose and Coolify make them, for the tests of linking."""

from pathlib import Path
from typing import Any

from .daemon import Daemon
from .engine import DockerError, Engine
from .images import BUSYBOX

URL = "http://host.docker.internal:11434"
HOST = "host.docker.internal:host-gateway"
EXTERNAL = {"provider": {"mode": "external", "url": URL}, "proxy": {"secured": "no"}}
PREVIOUS = ".coollama-prev"

# Serves for ever without waking up, and ends at once when it is asked to.
SERVING = "trap exit TERM; sleep 1000000 & wait"
SERVE = f'command: ["sh", "-c", "{SERVING}"]'

# The same with a volume at /data: whoever loses that gets another mark in it.
KEEPER = f"[ -e /data/mark ] || cat /proc/sys/kernel/random/uuid >/data/mark; {SERVING}"


def stack(*services: str, rest: str = "") -> str:
    return "\n".join(["services:", *services, rest])


def service(name: str, *, labels: tuple[str, ...] = ("coollama.enable=true",), extra: str = "") -> str:
    lines = [f"  {name}:", f"    image: {BUSYBOX}", f"    {SERVE}", "    restart: unless-stopped"]
    if labels:
        lines += ["    labels:"] + [f"      - '{label}'" for label in labels]
    lines += [f"    {line}" for line in extra.splitlines()]
    return "\n".join(lines)


def run(
    engine: Engine, name: str, *options: str, script: str = SERVING, image: str = BUSYBOX
) -> str:
    """A consumer that somebody started by hand; its full id."""
    words = ["run", "-d", "--name", name, "--restart", "unless-stopped"]
    words += ["--label", "coollama.enable=true", *options]
    return engine.docker(*words, image, "sh", "-c", script)


def mark(engine: Engine, name: str) -> str:
    """Read on the machine itself, since the container may be down."""
    return Path(engine.inspect(name)["Mounts"][0]["Source"], "mark").read_text()


def env_of(document: dict[str, Any]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in document["Config"]["Env"] or [])


def is_linked(engine: Engine, name: str, url: str = URL) -> bool:
    try:
        document = engine.inspect(name)
    except DockerError:  # it may be between its two names
        return False
    hosts = document["HostConfig"]["ExtraHosts"] or []
    return (
        document["State"]["Running"]
        and env_of(document).get("OLLAMA_BASE_URL") == url
        and HOST in hosts
        and not engine.exists(name + PREVIOUS)
    )


def rows(daemon: Daemon) -> dict[str, dict[str, Any]]:
    """What status says of each consumer, by its name there."""
    return {row["name"]: row for row in daemon.call("GET", "/status").json()["consumers"]}


def state_is(daemon: Daemon, name: str, state: str) -> bool:
    return rows(daemon).get(name, {}).get("state") == state


def records(daemon: Daemon) -> list[str]:
    """The swap records on disk."""
    return [path.name for path in daemon.state.glob("swaps/*")]
