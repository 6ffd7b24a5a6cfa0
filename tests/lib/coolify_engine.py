# SPDX-License-Identifier: Apache-2.0
"""Coolify's moves (lib/coolify) on a test engine instead of on a throwaway host."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import coolify_status
from .cache import CACHE, SOURCE, compose_plugin
from .engine import Engine
from .wait import wait_for

HELPER = "docker.io/coollabsio/coolify-helper:1.0.15"
SCRIPT = SOURCE / "tests" / "lib" / "coolify" / "coolify"


class Coolify:
    """What it knows of its resources lies in the machine, so several may be one Coolify, each by a
    socket of its own (a relay's, say)."""

    def __init__(self, engine: Engine, socket: Path | None = None, compose: str = "2.40") -> None:
        self.engine = engine
        self.socket = socket or engine.socket
        home = engine.machine.path / "coolify"
        plugin = home / compose / "cli-plugins" / "docker-compose"
        plugin.parent.mkdir(parents=True, exist_ok=True)
        if not plugin.is_symlink():
            plugin.symlink_to(compose_plugin(compose))
        docker = CACHE / "engines" / engine.version / "usr" / "bin" / "docker"
        mounts = {docker: "/opt/docker", compose_plugin(compose): "/opt/config/cli-plugins/docker-compose"}
        options = [f"-v {source}:{target}:ro" for source, target in mounts.items()]
        options += ["-e PATH=/opt:/usr/sbin:/usr/bin", "-e DOCKER_CONFIG=/opt/config"]
        self.env = engine.env | {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(home / compose),
            "COOLIFY_DATA": str(home / "data"),
            "COOLIFY_SOCKET": str(self.socket),
            "COOLIFY_HELPER_OPTIONS": " ".join(options),
        }

    def start(self, *words: str) -> "Move":
        return Move(
            words,
            subprocess.Popen(
                self.engine.machine.network_command(SCRIPT, *words),
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ),
        )

    def do(self, *words: str) -> str:
        """The last line that it prints: the name of what it made."""
        move = self.start(*words)
        assert move.end() == 0, move
        return (move.out.splitlines() or [""])[-1]


class Move:
    """One that has begun."""

    def __init__(self, words: tuple[str, ...], process: subprocess.Popen[str]) -> None:
        self.words, self._process = words, process
        self.out = self.err = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.out, self.err = self._process.communicate()

    @property
    def ended(self) -> bool:
        return not self._reader.is_alive()

    def end(self, seconds: float = 120) -> int:
        self._reader.join(seconds)
        assert self.ended, f"{self} does not end"
        return self._process.returncode

    @property
    def ignored(self) -> list[str]:
        """What failed where Coolify does not look."""
        return [line for line in self.err.splitlines() if line.startswith("ignored: ")]

    def __repr__(self) -> str:
        return f"coolify {' '.join(self.words)}: {self._process.returncode}\n{self.out}{self.err}"


@dataclass(frozen=True)
class Round:
    """One of Coolify's looks at the containers."""

    begun: float
    ended: float
    seen: dict[str, str] | None  # None: one of them went away meanwhile, and Coolify learns nothing


class Watcher:
    """Coolify's view of one compose project, as densely as it can be had. What is seen while it is
    excused is not kept."""

    def __init__(self, engine: Engine, project: str, excused: Callable[[], bool]) -> None:
        self._engine, self._label = engine, f"com.docker.compose.project={project}"
        self._excused = excused
        self.rounds: list[Round] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            before, begun = self._excused(), time.monotonic()
            seen = coolify_status.poll(self._engine, self._label)
            if not (before or self._excused()):
                self.rounds.append(Round(begun, time.monotonic(), seen))

    def exited(self) -> list[Round]:
        """When something of it was exited, or nothing of it was there."""
        looks = [one for one in self.rounds if one.seen is not None]
        return [one for one in looks if not one.seen or coolify_status.EXITED in one.seen.values()]


@contextmanager
def watching(engine: Engine, project: str, excused: Callable[[], bool] = lambda: False) -> Iterator[Watcher]:
    watcher = Watcher(engine, project, excused)
    watcher._thread.start()
    try:
        yield watcher
    finally:
        wait_for(lambda: watcher.rounds, "a round of Coolify's check")
        watcher._stop.set()
        watcher._thread.join()
