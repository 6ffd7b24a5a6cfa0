# SPDX-License-Identifier: Apache-2.0
"""A swap and a re-creation by compose at the same time: the newest deployment wins every time.

Compose starts at an offset to the swap's first step: before it (which is then held in the relay for
so long), at it, and up to its end. Compose itself may give up over the collision; what counts is
what runs when all is quiet.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from lib.compose import Compose
from lib.consumers import EXTERNAL, env_of, is_linked, records, rows, service, stack
from lib.daemon import Daemon
from lib.engine import Engine, NoSuch
from lib.relay import Drop, Exchange, Moment, Relay, Reply
from lib.steps import Steps
from lib.wait import Timeout

RACES = 40 if os.environ.get("COOLLAMA_FULL") else 6
AT_A_TIME = 3
# Compose needs about 0.5 s to its first change, a swap about 3 s to its last.
FIRST, LAST = -1.0, 3.0
FILE = stack(service("web", extra="environment:\n  - VER=${VER}\nstop_grace_period: 2s"))


@dataclass
class Result:
    offset: float
    gave_up: bool  # compose did
    created: bool  # it had made its new container by then
    output: str
    wrong: str = ""

    def __str__(self) -> str:
        compose = "gave up" if self.gave_up else "was content"
        made = "" if self.created else ", nothing made"
        return f"{self.offset:+.2f} s: compose {compose}{made}; {self.wrong or 'fine'}"


class Race:
    def __init__(self, engine: Engine, daemon: Daemon, steps: Steps, number: int) -> None:
        self.engine, self.daemon, self.steps = engine, daemon, steps
        self.offset = FIRST + (LAST - FIRST) * number / (RACES - 1)
        self.name = f"race{number}-web-1"
        version = "2.26" if engine.version == "20.10" else "2.40"
        self.compose = Compose(engine, f"race{number}", FILE, version)
        self.relay = Relay(engine.machine.path / f"race{number}.sock", engine.socket)
        self.begun = threading.Event()

    def _at_rename(self, _: Exchange) -> Drop | Reply | None:
        self.begun.set()
        time.sleep(max(0.0, -self.offset))
        return None

    def run(self) -> Result:
        self.compose.up("--no-start", env={"VER": "1"})
        self.steps.follow(self.name)
        self.steps.on(self.name, "rename", Moment.REQUEST, self._at_rename)
        self.compose.run("start", env={"VER": "1"})
        assert self.begun.wait(60), f"the swap of {self.name} never began"
        time.sleep(max(0.0, self.offset))
        env = {"VER": "2", "DOCKER_HOST": f"unix://{self.relay.path}"}
        process = self.compose.start("up", "-d", "--force-recreate", env=env)
        output = process.communicate(timeout=120)[0]
        made = [e for e in self.relay.calls("POST", "^/containers/create$") if e.status == 201]
        result = Result(self.offset, process.returncode != 0, bool(made), output)
        try:
            wanted = "2" if made else "1"
            self.daemon.wait_for(lambda: self._is_quiet(wanted), f"version {wanted} linked", 60)
        except Timeout:
            result.wrong = f"{self._seen()}\n{output}\n" + "\n".join(self.daemon.logged(f"race{self.name[4:-6]}/"))
        else:
            self.compose.down()  # the engine has room for some thirty networks
        self.relay.close()
        return result

    def _is_quiet(self, version: str) -> bool:
        """One container, the newest, linked, and no swap open."""
        names = self._containers()
        if names != [self.name] or not is_linked(self.engine, self.name):
            return False
        mine = f"{self.compose.project}+"
        return env_of(self.engine.inspect(self.name))["VER"] == version and not [
            record for record in records(self.daemon) if record.startswith(mine)
        ]

    def _containers(self) -> list[str]:
        project = f"label=com.docker.compose.project={self.compose.project}"
        return self.engine.docker("ps", "-a", "--filter", project, "--format", "{{.Names}}").split()

    def _seen(self) -> list[str]:
        seen = []
        for name in self._containers():
            try:
                document = self.engine.inspect(name)
            except NoSuch:
                seen.append(f"{name} gone meanwhile")
                continue
            state, version = document["State"]["Status"], env_of(document)["VER"]
            seen.append(f"{name} {state} VER={version}")
        return seen


@pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
def test_the_newest_deployment_runs_after_every_race_with_compose(
    engine: Engine, relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(engine, EXTERNAL, relay.path).start()
    steps = Steps(engine, relay)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        results = list(pool.map(lambda n: Race(engine, daemon, steps, n).run(), range(RACES)))
    gave_up = [result for result in results if result.gave_up]
    idle = [result for result in gave_up if not result.created]
    with capsys.disabled():
        print(
            f"\n{RACES} races on {engine.version}: compose gave up in {len(gave_up)}"
            f" (in {len(idle)} before it had made anything)"
        )
    assert not [result for result in results if result.wrong], "\n".join(map(str, results))
    daemon.wait_for(lambda: not rows(daemon), "no row of what is gone")
    daemon.close()
