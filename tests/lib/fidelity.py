# SPDX-License-Identifier: Apache-2.0
"""Shapes on a real engine: made, looked at, linked by one daemon all at once, looked at again."""

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .bystanders import Bystanders
from .compose import Compose
from .consumers import EXTERNAL, rows
from .control import call
from .daemon import Daemon
from .engine import Engine
from .images import BUSYBOX, load_all
from .shapes import NETWORKS, Shape, rich_images
from .shapes.limits import CDI
from .shapes.storage import TREE
from .wait import Timeout

Document = dict[str, Any]
GIVEN_UP = "waiting for a change"

# Run in each of them before and after: rights, limits, mounts, and what the volumes hold. Marks are
# made the first time only. The limit of open files is left out: runc itself races for that in an exec.
LOOK = r"""
id; pwd; grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status; grep -v 'open files' /proc/self/limits
cut -d ' ' -f 5,6 /proc/self/mountinfo | sort
for d in %s; do
    [ -e $d/mark ] || cat /proc/sys/kernel/random/uuid >$d/mark
    echo $d; ls -a $d; cat $d/mark
done 2>/dev/null
"""


@dataclass
class Made:
    """One shape on one engine. Its containers are the consumers among what it made, by name."""

    shape: Shape
    compose: Compose | None = None
    names: list[str] = field(default_factory=list)
    before: dict[str, Document] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    error: str = ""  # it could not even be made

    @property
    def title(self) -> str:
        return f"{self.shape.name} ({self.compose.version})" if self.compose else self.shape.name


class Scene:
    """One engine with the shapes on it, made and linked some at a time; all stay there."""

    def __init__(self, version: str, env: dict[str, str] | None = None) -> None:
        options = ["--default-address-pool", "base=10.200.0.0/16,size=24"]
        self.engine = Engine(version, *options, env=env)
        # The tests' engines have no docker-init; theirs would do the same for what is looked at here.
        init = self.engine.machine.path / "init"
        init.write_text('#!/bin/sh\nshift\nexec "$@"\n')
        init.chmod(0o755)
        self.engine.options += ["--init-path", str(init)]
        self.daemon = Daemon(self.engine, EXTERNAL)
        self.made: dict[str, Made] = {}
        self.joined: set[str] = set()  # networks that the sibling is on

    def start(self) -> None:
        self.engine.start()
        load_all(self.engine)
        for image in rich_images():
            image.load(self.engine)
        self._furnish()
        for name, options in NETWORKS.items():
            self.engine.docker("network", "create", *options.split(), name)
        self.probe = self.engine.docker("run", "-d", "--name", "probe", BUSYBOX, "sleep", "1000000")
        self.bystanders = Bystanders(self.engine, ["plain", "networks-two"], "net-a")

    def wave(self, shapes: Sequence[tuple[Shape, str]], seconds: float = 300) -> list[Made]:
        """Makes these, each with the version of compose that makes it if it is a compose file, looks
        at them, and has them linked."""
        if self.daemon.running:
            self.daemon.stop()
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda pair: self._try(*pair), shapes))
            list(pool.map(self._look_first, made))
        self.made |= {one.title: one for one in made}
        self.daemon.start()
        try:
            self.daemon.wait_for(self._all_decided, "every shape is linked or refused", seconds)
        except Timeout:
            pass  # each shape's own test says what became of it
        return made

    def _all_decided(self) -> bool:
        found = list(rows(self.daemon).values())
        final = {"linked", "one step left", "refused", "stopped"}
        return bool(found) and all(r["state"] in final or GIVEN_UP in (r["reason"] or "") for r in found)

    def _furnish(self) -> None:
        """What some shapes need of the machine: a tree with a mount below, a CDI device."""
        device, name = CDI.split("=")
        edits = {"name": name, "containerEdits": {"env": ["FROM_CDI=yes"]}}
        text = json.dumps({"cdiVersion": "0.5.0", "kind": device, "devices": [edits]})
        script = (
            f"mkdir -p {TREE}/below /etc/cdi && mount -t tmpfs tmpfs {TREE}"
            f" && mount --make-shared {TREE} && mkdir {TREE}/below"
            f" && mount -t tmpfs tmpfs {TREE}/below && cat >/etc/cdi/thing.json <<'END'\n{text}\nEND"
        )
        self.engine.machine.run("sh", "-c", script)

    # ---- making

    def _fill(self, text: str, shape: Shape, uuid: str) -> str:
        inspect = self.engine.docker
        for word in set(re.findall(r"\{(?:id|short|network):[\w:.-]+\}", text)):
            kind, _, name = word[1:-1].partition(":")
            format = ("network", "inspect") if kind == "network" else ("image", "inspect")
            id = inspect(*format, "--format", "{{.Id}}", name)
            text = text.replace(word, id.removeprefix("sha256:")[:12] if kind == "short" else id)
        values = {
            "{name}": shape.name,
            "{uuid}": uuid,
            "{short}": uuid[:10],
            "{octet}": str(100 + int(uuid[1:], 16) % 90),
            "{workspace}": self.engine.machine.workspace.name,
        }
        for word, value in values.items():
            text = text.replace(word, value)
        return text

    def _try(self, shape: Shape, compose: str) -> Made:
        made = Made(shape)
        uuid = "u" + hashlib.sha256(f"{shape.name} {compose}".encode()).hexdigest()[:23]
        if shape.compose:
            text = self._fill(shape.compose, shape, uuid)
            made.compose = Compose(self.engine, uuid, text, compose)
            for path, content in shape.files:
                target = made.compose.directory / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(self._fill(content, shape, uuid))
        try:
            self._commands(shape.before, shape, uuid)
            made.names = self._make(made, uuid)
            self._commands(shape.after, shape, uuid)
        except AssertionError as error:
            made.error = str(error)
        return made

    def _commands(self, commands: tuple[str, ...], shape: Shape, uuid: str) -> None:
        for command in commands:
            self.engine.docker(*shlex.split(self._fill(command, shape, uuid)))

    def _make(self, made: Made, uuid: str) -> list[str]:
        shape = made.shape
        image = self._fill(shape.image, shape, uuid)
        if made.compose:
            made.compose.up()
            filters = [f"label=com.docker.compose.project={uuid}", "label=coollama.enable=true"]
            words = [word for text in filters for word in ("--filter", text)]
            return self.engine.docker("ps", "-a", "--format", "{{.Names}}", *words).split()
        if shape.body is None:
            options = shlex.split(self._fill(shape.run, shape, uuid))
            words = ["run", "-d", "--name", shape.name, "--label", "coollama.enable=true"]
            self.engine.docker(*words, *options, image, *shape.cmd)
            return [shape.name]
        body = {"Image": image, **shape.body}
        if image == BUSYBOX and "Cmd" not in body:
            body["Cmd"] = list(shape.cmd)
        body["Labels"] = {**body.get("Labels", {}), "coollama.enable": "true"}
        version = f"/v1.{shape.api}" if shape.api else ""
        self._post(f"{version}/containers/create?name={shape.name}", body)
        self._post(f"/containers/{shape.name}/start")
        return [shape.name]

    def _post(self, target: str, body: Document | None = None) -> None:
        answer = call(self.engine.socket, "POST", target, body)
        assert answer.status < 300, f"{target}: {answer}"

    # ---- looking

    def document(self, name: str) -> Document:
        answer = call(self.engine.socket, "GET", f"/containers/{quote(name)}/json")
        assert answer.status == 200, f"{name}: {answer}"
        found: Document = json.loads(answer.text)
        return found

    def look(self, made: Made, name: str) -> str:
        """What is seen from inside; the id, which is another one, is taken out."""
        document = self.document(name)
        volumes = [m["Destination"] for m in document["Mounts"] if m["Type"] == "volume"]
        script = LOOK % " ".join(sorted(volumes)) + made.shape.inside
        text = self.run(document["Id"], script)
        return text.replace(document["Id"], "ID").replace(document["Id"][:12], "ID")

    def run(self, id: str, script: str) -> str:
        """Output of a shell in a container, as its root. By request: the command takes far longer."""
        body = {"Cmd": ["/bin/sh", "-c", script], "User": "0", "WorkingDir": "/", "Tty": True}
        body |= {"AttachStdout": True, "AttachStderr": True}
        answer = call(self.engine.socket, "POST", f"/containers/{id}/exec", body)
        assert answer.status == 201, answer
        target = f"/exec/{answer.json()['Id']}/start"
        answer = call(self.engine.socket, "POST", target, {"Detach": False, "Tty": True})
        assert answer.status == 200, answer
        return answer.text.replace("\r\n", "\n")

    def _look_first(self, made: Made) -> None:
        try:
            for name in made.names if not made.error else []:
                made.seen[name] = self.look(made, name)
                made.before[name] = self.document(name)
        except AssertionError as error:
            made.error = str(error)

    # ---- what the network says

    def unanswered(self, waves: Sequence[Made]) -> dict[str, list[str]]:
        """By container: which of its names do not lead to it, which of its fixed addresses is silent,
        asked by a sibling on each of its networks."""
        asked: list[tuple[str, str, str]] = []  # container, name, address
        for name in [name for made in waves if not made.shape.refused for name in made.names]:
            document = self.document(name)
            for network, endpoint in document["NetworkSettings"]["Networks"].items():
                if network == "bridge" or not endpoint["IPAddress"]:
                    continue
                self._join(network)
                words = {name, *(endpoint["Aliases"] or ())} - {document["Id"][:12]}
                # A name that it has on several networks leads to one of them, unless it says which.
                words = {word if "." in word else f"{word}.{network}" for word in words}
                asked += [(name, word, endpoint["IPAddress"]) for word in sorted(words)]
                if (endpoint["IPAMConfig"] or {}).get("IPv4Address"):
                    asked.append((name, "", endpoint["IPAddress"]))
        lines = [
            f"echo $(nslookup {word} 127.0.0.11 2>&1)" if word else f"ping -c 1 -w 3 {address} | tail -2"
            for _, word, address in asked
        ]
        answers = self.run(self.probe, "\n".join(f"{line}; echo ===" for line in lines)).split("===\n")
        silent: dict[str, list[str]] = {}
        for (name, word, address), answer in zip(asked, answers, strict=False):
            if address not in answer.split() if word else "1 packets received" not in answer:
                silent.setdefault(name, []).append(f"{word or 'ping'} {address}: {answer}")
        return silent

    def _join(self, network: str) -> None:
        if network not in self.joined:
            self.joined.add(network)
            self._post(f"/networks/{quote(network)}/connect", {"Container": self.probe})

    def close(self) -> None:
        try:
            self.daemon.close()
        finally:
            self.engine.close()
