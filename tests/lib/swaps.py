# SPDX-License-Identifier: Apache-2.0
"""When swaps were open, as seen from outside: by the records in the state directory, as they come and go."""

import ctypes
import json
import os
import select
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MOVED_TO, _DELETE = 0x80, 0x200
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Swap:
    project: str
    identity: str
    begin: float  # of the wall clock, as all times here
    end: float = 0.0  # 0: it is open

    def overlaps(self, begin: float, end: float) -> bool:
        return self.begin <= end and (not self.end or self.end >= begin)


class SwapWatch:
    """Of one state directory, which must be there. Nothing is missed: the kernel tells each change."""

    def __init__(self, state: Path) -> None:
        self._at = state / "swaps"
        self._fd = _libc.inotify_init1(os.O_CLOEXEC)
        if self._fd < 0 or _libc.inotify_add_watch(self._fd, str(self._at).encode(), _MOVED_TO | _DELETE) < 0:
            raise OSError(ctypes.get_errno(), f"inotify on {self._at}")
        self.swaps: list[Swap] = []
        self._open: dict[str, Swap] = {}
        self._stop = threading.Event()
        for name in os.listdir(self._at):
            self._appeared(name)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def is_open(self, project: str = "") -> bool:
        return any(not project or swap.project == project for swap in list(self._open.values()))

    def during(self, begin: float, end: float, project: str = "") -> list[Swap]:
        """Those that were open at any moment between, of one project or of all."""
        return [s for s in self.swaps if s.overlaps(begin, end) and (not project or s.project == project)]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._fd)

    def _follow(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._fd], [], [], 0.2)[0]:
                continue
            data = os.read(self._fd, 1 << 16)
            at = 0
            while at < len(data):
                _, mask, _, length = struct.unpack_from("iIII", data, at)
                name = data[at + 16 : at + 16 + length].rstrip(b"\0").decode()
                at += 16 + length
                if mask & _DELETE:
                    self._vanished(name)
                else:
                    self._appeared(name)

    def _appeared(self, name: str) -> None:
        if name in self._open or not name.endswith(".json"):
            return
        identity = ""
        with suppress(OSError, ValueError):  # it may be gone again
            identity = json.loads((self._at / name).read_text())["identity"]
        self._open[name] = Swap(identity.partition("/")[0], identity, time.time())
        self.swaps.append(self._open[name])

    def _vanished(self, name: str) -> None:
        swap = self._open.pop(name, None)
        if swap:
            swap.end = time.time()
