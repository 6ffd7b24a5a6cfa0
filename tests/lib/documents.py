# SPDX-License-Identifier: Apache-2.0
"""Inspect documents, compared but for what an engine hands out anew to every container."""

import json
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]

# By place in the document; what stands there differs between any two containers.
_GENERATED = {
    "": "Id Created State ResolvConfPath HostnamePath HostsPath LogPath GraphDriver Storage ExecIDs",
    "NetworkSettings": "SandboxID SandboxKey EndpointID Gateway IPAddress IPPrefixLen IPv6Gateway"
    " GlobalIPv6Address GlobalIPv6PrefixLen MacAddress",
    "endpoint": "EndpointID Gateway IPPrefixLen IPv6Gateway GlobalIPv6Address GlobalIPv6PrefixLen",
}


def masked(document: Document) -> Document:
    """Ids, times, pids and generated addresses are gone; a short id reads SHORT wherever it stands
    (host name, aliases), and lists whose order the engine makes up are sorted."""
    document = json.loads(json.dumps(document).replace(document["Id"][:12], "SHORT"))
    for name in _GENERATED[""].split():
        document.pop(name, None)
    settings = document["NetworkSettings"]
    for name in _GENERATED["NetworkSettings"].split():
        settings.pop(name, None)
    for endpoint in settings["Networks"].values():
        for name in _GENERATED["endpoint"].split():
            endpoint.pop(name, None)
        if not (endpoint.get("IPAMConfig") or {}).get("IPv4Address"):
            endpoint.pop("IPAddress", None)
        endpoint.pop("MacAddress", None)
        for name in ("Aliases", "DNSNames"):
            endpoint[name] = sorted(set(endpoint.get(name) or []))
    document["Mounts"] = {mount["Destination"]: mount for mount in document["Mounts"]}
    return document


def changes(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """One line for each difference: what was there, what is there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            where = f"{path}.{name}" if path else name
            yield from changes(old.get(name, "absent"), new.get(name, "absent"), where)
    elif isinstance(old, list) and isinstance(new, list):
        yield from (f"{path} -{json.dumps(item)}" for item in old if item not in new)
        yield from (f"{path} +{json.dumps(item)}" for item in new if item not in old)
        if [x for x in old if x in new] != [x for x in new if x in old]:
            yield f"{path} is ordered differently"
    elif old in (None, "absent") and isinstance(new, list):
        yield from (f"{path} +{json.dumps(item)}" for item in new)
    elif old != new:
        yield f"{path} {json.dumps(old)} -> {json.dumps(new)}"


def gained(old: Document, new: Document) -> list[str]:
    return sorted(changes(masked(old), masked(new)))
