# SPDX-License-Identifier: Apache-2.0
"""What two inspect documents may differ by although one container is the faithful copy of the other.

OPERATIONAL is the whole list; everything else is a fault. A rule with `only` allows a difference under
that condition alone.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .consumers import HOST, URL

Document = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    path: str
    old: Any
    new: Any
    before: Document  # the whole old document

    def __str__(self) -> str:
        return f"{self.path}: {json.dumps(self.old)} -> {json.dumps(self.new)}"


@dataclass(frozen=True)
class Rule:
    path: str  # a regular expression for all of it
    reason: str
    only: Callable[[Difference], bool] = lambda _: True


def _volume_at(difference: Difference, path: str) -> str | None:
    for mount in difference.before["Mounts"].values():
        if mount["Type"] == "volume" and mount["Destination"].rstrip("/") == path.rstrip("/"):
            return str(mount["Name"])
    return None


def _names_the_volumes_in_mounts(difference: Difference) -> bool:
    """Entries gained a Source, or were added with NoCopy, each naming the volume that was there."""
    old, new = difference.old or [], difference.new or []
    for i, entry in enumerate(new):
        if entry.get("Source") != _volume_at(difference, entry["Target"]):
            if i >= len(old) or entry != old[i]:
                return False
        elif i < len(old):
            if {**old[i], "Source": ""} != {**entry, "Source": ""}:
                return False
        elif entry.get("VolumeOptions") != {"NoCopy": True}:
            return False
    return len(new) >= len(old)


def _names_the_volumes_in_binds(difference: Difference) -> bool:
    named = [
        f"{_volume_at(difference, entry)}:{entry}" if ":" not in entry else entry
        for entry in difference.old or []
    ]
    return named == difference.new


def _is_nameless(difference: Difference) -> bool:
    """Is it a mount that neither Binds nor Mounts names?"""
    destination = re.sub(r"^Mounts\.(.*)\.Mode$", r"\1", difference.path)
    host = difference.before["HostConfig"]
    named = [entry.split(":")[1] for entry in host["Binds"] or [] if ":" in entry]
    named += [entry["Target"] for entry in host.get("Mounts") or [] if entry.get("Source")]
    return destination not in named


def _is_any_port(difference: Difference) -> bool:
    host = difference.before["HostConfig"]
    wanted = [entry["HostPort"] for entries in (host["PortBindings"] or {}).values() for entry in entries]
    return host["PublishAllPorts"] or any(port in ("", "0") or "-" in port for port in wanted)


def _endpoint(difference: Difference) -> Document:
    found: Document = difference.before["NetworkSettings"]["Networks"][difference.path.split(".")[2]]
    return found


def _no_address_was_wanted(difference: Difference) -> bool:
    family = "IPv6Address" if "IPv6" in difference.path else "IPv4Address"
    return not (_endpoint(difference).get("IPAMConfig") or {}).get(family)


def _no_mac_was_wanted(difference: Difference) -> bool:
    return not difference.before["Config"].get("MacAddress")


def _same_but_for_the_order(difference: Difference) -> bool:
    return sorted(difference.old or []) == sorted(difference.new or [])


OPERATIONAL = (
    Rule(r"Id|Created", "the new container's own"),
    Rule(r"State\.(Pid|StartedAt|FinishedAt)", "of this run"),
    Rule(r"State\.Health\.(Log|FailingStreak|Status)|State\.Health", "a health check begins anew"),
    Rule(r"(ResolvConf|Hostname|Hosts|Log)Path", "holds the id"),
    Rule(r"GraphDriver\.Data\..*|Storage\..*", "the writable layer is the new container's own"),
    Rule(r"ExecIDs", "who is in it just now"),
    Rule(r"NetworkSettings\.(SandboxID|SandboxKey|EndpointID)", "ids of this run"),
    Rule(r"NetworkSettings\.Networks\.[^.]+\.EndpointID", "an id of this run"),
    Rule(r"NetworkSettings\.IPAddress", "the default bridge hands it out"),
    Rule(r"NetworkSettings\.MacAddress", "the default bridge makes it up", _no_mac_was_wanted),
    Rule(r"NetworkSettings\.Networks\.[^.]+\.IPAddress", "handed out", _no_address_was_wanted),
    Rule(r"NetworkSettings\.Networks\.[^.]+\.GlobalIPv6Address", "handed out", _no_address_was_wanted),
    Rule(r"NetworkSettings\.Networks\.[^.]+\.MacAddress", "made by the engine", _no_mac_was_wanted),
    Rule(r"NetworkSettings\.Networks\.bridge\.DNSNames", "a rename leaves some; nobody resolves them"),
    Rule(r"NetworkSettings\.Networks\.[^.]+\.DNSNames", "sorted by no rule", _same_but_for_the_order),
    Rule(r"NetworkSettings\.Ports\..*", "no port of the host was asked for by number", _is_any_port),
    Rule(r"HostConfig\.Links", "the engine keeps these in a map", _same_but_for_the_order),
    Rule(
        r"HostConfig\.Mounts",
        "a volume without a name is the same one in the copy only if it is named there",
        _names_the_volumes_in_mounts,
    ),
    Rule(r"HostConfig\.Binds", "the same, for a volume written as a path", _names_the_volumes_in_binds),
    Rule(r"Mounts\..*\.Mode", "the engine's mark on a mount that is named", _is_nameless),
    Rule(r"Config\.Image", "the name means another image by now: made by id, lest it were upgraded",
         lambda d: d.new == d.before["Image"]),
)

# Seen inside alone. From 25.0 on an engine remembers, and tells nobody, that a client's API version was
# below 1.44: then a read-only bind is read-only at its top only. The copy is read-only all the way down.
READ_ONLY_BELOW = ("-/tree/below rw,relatime", "-yes", "+/tree/below ro,relatime", "+no")


def linked(before: Document) -> Document:
    """The document with the link and nothing else."""
    document: Document = json.loads(json.dumps(before))
    variable, value = "OLLAMA_BASE_URL=", f"OLLAMA_BASE_URL={URL}"
    env = document["Config"]["Env"] or []
    if any(entry.startswith(variable) for entry in env):
        env = [value if entry.startswith(variable) else entry for entry in env]
    else:
        env = [*env, value]
    document["Config"]["Env"] = env
    hosts = document["HostConfig"]["ExtraHosts"] or []
    if not any(entry.startswith(HOST.split(":")[0] + ":") for entry in hosts):
        document["HostConfig"]["ExtraHosts"] = [*hosts, HOST]
    return document


def _comparable(document: Document) -> Document:
    short = document["Id"][:12]
    text = json.dumps({key: value for key, value in document.items() if key != "Id"})
    document = {"Id": document["Id"], **json.loads(text.replace(short, "SHORT"))}
    document["Mounts"] = {mount["Destination"]: mount for mount in document["Mounts"]}
    return document


def _differences(old: Any, new: Any, path: str, before: Document) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            where = f"{path}.{name}" if path else name
            yield from _differences(old.get(name, "absent"), new.get(name, "absent"), where, before)
    elif old != new:
        yield Difference(path, None if old == "absent" else old, None if new == "absent" else new, before)


def faults(before: Document, after: Document) -> list[str]:
    """How `after` is more, or less, than `before` and the link. Empty: a faithful copy."""
    old, new = _comparable(linked(before)), _comparable(after)
    found = []
    for difference in _differences(old, new, "", old):
        rules = [rule for rule in OPERATIONAL if re.fullmatch(rule.path, difference.path)]
        if not any(rule.only(difference) for rule in rules):
            found.append(str(difference))
    return found
