# SPDX-License-Identifier: Apache-2.0
"""Coolify's own view of what runs on a server, in our words (4.3.11, its check over SSH).

Each minute Coolify inspects all containers and knows them by their labels alone. A resource is an
application, a preview of one, a database, or one member of a service. Of what carries the same
compose service within a resource the container that is listed last counts; `docker container ls`
lists the newest first, so the older one of a swap is what Coolify sees. A resource without any
container is "exited".
"""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from .control import call
from .engine import Engine

EXITED = "exited"


def key_of(labels: dict[str, str]) -> str | None:
    """Whose container it is: application:17, preview:17:5, service:8:application:1, database:UUID."""
    application = labels.get("coolify.applicationId", "")
    if application:
        preview = labels.get("coolify.pullRequestId", "")
        if preview not in ("", "0"):
            return f"preview:{application.partition('-')[0]}:{preview}"
        return f"application:{application}"
    if labels.get("coolify.serviceId"):
        parts = [labels.get(f"coolify.service.{part}", "") for part in ("subType", "subId")]
        return ":".join(["service", labels["coolify.serviceId"], *parts])
    if labels.get("coolify.type") == "database" and labels.get("com.docker.compose.service"):
        return f"database:{labels['com.docker.compose.service']}"
    return None


def of_container(document: dict[str, Any]) -> str:
    """What Coolify writes down of one container: its state, and its health where it may have one."""
    state = document["State"]["Status"]
    health = (document["State"].get("Health") or {}).get("Status") or "unknown"
    return EXITED if state == EXITED else f"{state}:{health}"


def _states(statuses: Iterable[str]) -> set[str]:
    """The first of these words that is in a status is what it counts as."""
    words = {
        "degraded": "degraded",
        "restarting": "restarting",
        "running": "running",
        "exited": EXITED,
        "created": "starting",
        "starting": "starting",
        "paused": "paused",
        "dead": "dead",
        "removing": "dead",
    }
    found = [[what for word, what in words.items() if word in status] for status in statuses]
    return {whats[0] for whats in found if whats}


def aggregate(statuses: Iterable[str], restarts: int = 0) -> str:
    """Several containers, one status. restarts: the highest RestartCount among them."""
    every = list(statuses)
    states = _states(every)
    running = [status for status in every if "running" in status and "degraded" not in status]
    broken = {"running", EXITED} <= states or (EXITED in states and restarts > 0)
    if "degraded" in states or broken and "restarting" not in states:
        return "degraded:unhealthy"
    if "restarting" in states:
        return "restarting:unknown"
    if {"running", "starting"} <= states:
        return "starting:unknown"
    if running:
        if any("unhealthy" in status for status in running):
            return "running:unhealthy"
        unknown = any("unknown" in status for status in running)
        return "running:unknown" if unknown else "running:healthy"
    if "dead" in states:
        return "degraded:unhealthy"
    for what in ("paused", "starting"):
        if what in states:
            return f"{what}:unknown"
    return EXITED


def statuses(documents: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The status of each resource that has a container. documents: as `docker container inspect
    $(docker container ls -aq)` gives them, in that order."""
    seen: dict[str, dict[str, str]] = {}
    restarts: dict[str, dict[str, int]] = {}
    for document in documents:
        labels = document["Config"]["Labels"] or {}
        key = key_of(labels)
        if key is None:
            continue
        # Previews and databases are one container each: the last one that is listed counts.
        alone = key.partition(":")[0] in ("preview", "database")
        service = "" if alone else labels.get("com.docker.compose.service", "")
        if service or alone:
            seen.setdefault(key, {})[service] = of_container(document)
            restarts.setdefault(key, {})[service] = document.get("RestartCount", 0)
    return {key: _resource(key, of, restarts[key]) for key, of in seen.items()}


def _resource(key: str, of: dict[str, str], restarts: dict[str, int]) -> str:
    if key.partition(":")[0] in ("preview", "database"):
        return of[""]
    counted = max(restarts.values()) if key.startswith("application:") else 0
    return aggregate(of.values(), counted)


def poll(engine: Engine, *labels: str) -> dict[str, str] | None:
    """One round of Coolify's check, of all containers or of those with these labels. None: one of
    them went away meanwhile, and the round of Coolify's fails as a whole."""
    filters = quote(json.dumps({"label": list(labels)}))
    listed = call(engine.socket, "GET", f"/containers/json?all=1&filters={filters}").json()
    answers = [call(engine.socket, "GET", f"/containers/{one['Id']}/json") for one in listed]
    if any(answer.status != 200 for answer in answers):
        return None
    return statuses(answer.json() for answer in answers)
