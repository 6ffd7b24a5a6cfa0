# SPDX-License-Identifier: Apache-2.0
"""All that stands on a host: its containers, networks and volumes, in words that two runs share.

Ids, times, generated names and addresses differ between two runs of the same moves; everything else
must not. Taken out as well is what is coollama's: its own stack, and the link of those that opted in.
"""

import json
import re
from typing import Any

from .host import Host

OURS = re.compile(r"^(coollama-|0-coollama$)")
_DEPLOYED = re.compile(r"-\d{12}\b")  # Coolify's time in a name
_ARTIFACTS = re.compile(r"/artifacts/[0-9a-f]{24}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
HASH, REPLACES = "com.docker.compose.config-hash", "com.docker.compose.replace"
LINK = ("OLLAMA_BASE_URL=", "OLLAMA_API_KEY=")
ENTRY = "host.docker.internal:host-gateway"


def _plain(text: str) -> str:
    text = _ARTIFACTS.sub("/artifacts/DEPLOYMENT", _DEPLOYED.sub("-TIME", text))
    return _DIGEST.sub("IMAGE", text)


def _container(document: dict[str, Any]) -> dict[str, Any]:
    config, host = document["Config"], document["HostConfig"]
    labels = config["Labels"] or {}
    if _DEPLOYED.search(document["Name"]):
        labels.pop(HASH, None)  # of a text with the time in it
    labels.pop(REPLACES, None)  # names an id, or the time
    if labels.get("coollama.enable") or labels.get("coolify.projectName"):
        config["Env"] = [entry for entry in config["Env"] if not entry.startswith(LINK)]
        host["ExtraHosts"] = [entry for entry in host["ExtraHosts"] or [] if entry != ENTRY]
    for mount in host.get("Mounts") or []:
        if mount.get("VolumeOptions") == {"NoCopy": True}:
            mount.pop("VolumeOptions")
    config["Env"] = sorted(config["Env"] or ())  # compose writes a map, in any order
    networks = {
        name: sorted(set(one["Aliases"] or ()) - {document["Id"][:12]})
        for name, one in document["NetworkSettings"]["Networks"].items()
    }
    mounts = sorted((m["Type"], m.get("Name", m["Source"]), m["Destination"], m["RW"]) for m in document["Mounts"])
    whole = {
        "Config": config, "HostConfig": host, "Path": document["Path"], "Args": document["Args"],
        "Status": document["State"]["Status"], "Networks": networks, "Mounts": mounts,
    }  # fmt: skip
    text = json.dumps(whole, sort_keys=True).replace(document["Id"][:12], "ID")
    found: dict[str, Any] = json.loads(_plain(text))
    return found


def standing(host: Host) -> dict[str, dict[str, Any]]:
    """By kind and name."""
    found: dict[str, dict[str, Any]] = {}
    networks = dict(
        line.split() for line in host.docker("network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}").splitlines()
    )
    ids = host.docker("ps", "-aq", "--no-trunc").split()
    for document in json.loads(host.docker("inspect", *ids)) if ids else []:
        name = document["Name"][1:]
        if OURS.match(name):
            continue
        key = f"container {_plain(name)}"
        while key in found:
            key += " (another one)"
        mode = document["HostConfig"]["NetworkMode"]  # compose writes a network's id
        document["HostConfig"]["NetworkMode"] = networks.get(mode, mode)
        found[key] = _container(document)
    volumes = host.docker("volume", "ls", "-q").split()
    for kind, names in (("network", networks.values()), ("volume", volumes)):
        found |= {f"{kind} {name}": {} for name in names if not OURS.match(name)}
    return found


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """What of `before` is otherwise in `after`, by path."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for name in sorted(before.keys() | after.keys()):
            where = f"{path}.{name}" if path else name
            if name not in after:
                found.append(f"{where} is gone")
            elif name not in before:
                found.append(f"{where} is more: {json.dumps(after[name])[:200]}")
            else:
                found += differences(before[name], after[name], where)
        return found
    return [] if before == after else [f"{path}: {json.dumps(before)} -> {json.dumps(after)}"]
