# SPDX-License-Identifier: Apache-2.0
"""Coolify's status poll beside its moves: whom it would have called exited, and when."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from . import coolify_status
from .control import call
from .moves import RESOURCES, Player
from .swaps import Swap

PROJECT = "com.docker.compose.project"


@dataclass(frozen=True)
class Sighting:
    """A resource that should be up, and is exited or not there in one round."""

    begin: float
    end: float
    uuid: str
    status: str

    def is_explained(self, swaps: list[Swap]) -> bool:
        """By a swap of the same resource that was open during the round."""
        return any(s.project == self.uuid and s.overlaps(self.begin, self.end) for s in swaps)


class Onlooker:
    """Looks at everything each `interval` seconds, until it is closed. A resource that is being moved
    just then, or was partly stopped by hand, is not judged."""

    def __init__(self, player: Player, interval: float = 1.0) -> None:
        self.rounds = 0
        self.lost = 0  # rounds in which something went away between the list and the look at it
        self.sightings: list[Sighting] = []
        self._player, self._interval = player, interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._stop.wait(self._interval):
            with suppress(OSError, HTTPException):  # the engine is being restarted
                self._look()

    def _look(self) -> None:
        calm = dict(self._player.calm)
        begin = time.time()
        sock = Path(self._player.host.sock)
        listed = call(sock, "GET", "/containers/json?all=1").json()
        answers = [call(sock, "GET", f"/containers/{one['Id']}/json") for one in listed]
        end = time.time()
        self.rounds += 1
        if any(answer.status != 200 for answer in answers):
            self.lost += 1
            return
        documents = [answer.json() for answer in answers]
        for one in RESOURCES:
            state = calm.get(one.uuid)
            if state and state is self._player.calm.get(one.uuid) and state.up and not state.down:
                own = [d for d in documents if (d["Config"]["Labels"] or {}).get(PROJECT) == one.uuid]
                self._judge(one.uuid, own, one.statuses + len(state.previews), begin, end)

    def _judge(self, uuid: str, documents: list[dict[str, Any]], wanted: int, begin: float, end: float) -> None:
        seen = coolify_status.statuses(documents)
        for key, status in seen.items():
            if status == coolify_status.EXITED:
                self.sightings.append(Sighting(begin, end, uuid, f"{key} is {status}"))
        if len(seen) < wanted:
            self.sightings.append(Sighting(begin, end, uuid, f"only {' '.join(seen) or 'nothing'} of {wanted} is there"))
