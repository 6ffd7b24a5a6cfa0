# SPDX-License-Identifier: Apache-2.0
"""Twenty containers beside the consumers that look like something of ours and are not.

What an inspect of them says must be the same bytes before and after whatever a test does. None has a
health check, restarts by itself or has more than one mount: their documents change by nobody's hand
but the engine's, when that dies.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .consumers import HOST, PREVIOUS, SERVING, URL
from .control import call
from .documents import changes
from .engine import Engine
from .images import BUSYBOX
from .wait import wait_for

COUNT = 20
_HEX = "0123456789ab"
# What an engine that died and came back has changed in whoever was running.
_ENGINES_OWN = ("State", "NetworkSettings", "ResolvConfPath", "HostnamePath", "HostsPath")

Body = dict[str, Any]


def _kinds(consumer: str, other: str, network: str) -> dict[str, tuple[str, Body]]:
    """Name: state it is left in, and what its creation says besides the image."""
    shown: dict[str, tuple[str, Body]] = {
        f"{consumer}{PREVIOUS}-like": ("running", {}),
        f"{consumer}{PREVIOUS}.1": ("exited", {}),
        f"{consumer}-coollama-prev": ("running", {}),
        f"nobody{PREVIOUS}": ("running", {}),
        f"nobody-else{PREVIOUS}": ("exited", {}),
        f"{_HEX}_{consumer}": ("created", {}),
        f"{other}{PREVIOUS}x": ("created", {}),
        f"x{consumer}": ("running", {}),
        f"{other}0": ("paused", {}),
        "coollama-like": ("running", {}),
        "coollamad": ("paused", {}),
        "enable-underscore": ("running", _labels("coollama_enable=true")),
        "enable-false": ("running", _labels("coollama.enable=false")),
        "enable-prefix": ("running", _labels("coollama.enabled=true", "xcoollama.enable=true")),
        "enable-below": ("exited", _labels("com.coollama.enable=true", "COOLLAMA.ENABLE=true")),
        "linked-by-hand": (
            "running",
            {"Env": [f"OLLAMA_BASE_URL={URL}"], "HostConfig": {"ExtraHosts": [HOST]}},
        ),
        "another-stack": (
            "running",
            _labels("com.docker.compose.project=bystanders", "com.docker.compose.service=web"),
        ),
        "anonymous-volume": ("exited", {"Volumes": {"/data": {}}}),
        "policy": ("running", {"HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}}}),
        "same-network": ("running", {}),
    }
    shown["same-network"][1].update(
        HostConfig={"NetworkMode": network},
        NetworkingConfig={"EndpointsConfig": {network: {"Aliases": ["bystander"]}}},
    )
    return shown


def _labels(*entries: str) -> Body:
    return {"Labels": dict(entry.split("=", 1) for entry in entries)}


class Bystanders:
    """Made at once; unchanged() asserts, as often as wanted. The engine's reset removes them."""

    def __init__(
        self, engine: Engine, consumers: Sequence[str] = (), network: str = "", image: str = BUSYBOX
    ) -> None:
        """Named after the first two `consumers` (containers' names), in their `image`, one of them
        on their `network`: one of its own if none is named. The consumers need not be there yet."""
        first, second = (*consumers, "consumer-web-1", "consumer-db-1")[:2]
        self.engine = engine
        self.network = network or "bystanders"
        if not network:
            self._post("/networks/create", {"Name": self.network})
        kinds = _kinds(first, second if second != first else f"{first}-2", self.network)
        assert len(kinds) == COUNT, sorted(kinds)
        with ThreadPoolExecutor(4) as pool:
            made = pool.map(lambda name: self._make(name, image, *kinds[name]), kinds)
            self.ids = dict(zip(kinds, made, strict=True))
        for name, (state, _) in kinds.items():
            wait_for(lambda: self._state(name) == state, f"{name} is {state}")
        self.texts = self.read()

    def _post(self, target: str, body: Body | None = None) -> Any:
        answer = call(self.engine.socket, "POST", target, body)
        assert answer.status < 300, f"{target}: {answer}"
        return json.loads(answer.text or "null")

    def _make(self, name: str, image: str, state: str, more: Body) -> str:
        script = "exit 0" if state == "exited" else SERVING
        body = {"Image": image, "Entrypoint": ["sh", "-c", script], "Cmd": [], **more}
        id: str = self._post(f"/containers/create?name={name}", body)["Id"]
        if state != "created":
            self._post(f"/containers/{id}/start")
        if state == "paused":
            self._post(f"/containers/{id}/pause")
        return id

    def _text(self, name: str) -> str:
        """Asked for by id: whoever has the name by now is another container."""
        return call(self.engine.socket, "GET", f"/containers/{self.ids[name]}/json").text

    def _state(self, name: str) -> str:
        state: str = json.loads(self._text(name))["State"]["Status"]
        return state

    def read(self) -> dict[str, str]:
        return {name: self._text(name) for name in self.ids}

    def unchanged(self, engine_died: bool = False) -> None:
        """Byte for byte; after the engine's death all but what the engine itself changes then."""
        now = self.read()
        for name, text in self.texts.items():
            before, after = (_masked(t) if engine_died else t for t in (text, now[name]))
            seen = list(changes(json.loads(text), json.loads(now[name])))
            assert before == after, f"the bystander {name} was changed: {seen}"


def _masked(text: str) -> str:
    """The engine also reads an empty list or map back where there was none at all."""
    document = json.loads(text)
    for part in [document, document["Config"], document["HostConfig"]]:
        part.update({key: value or None for key, value in part.items() if value in ([], {})})
    return json.dumps({key: value for key, value in document.items() if key not in _ENGINES_OWN})
