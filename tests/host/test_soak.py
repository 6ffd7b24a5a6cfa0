# SPDX-License-Identifier: Apache-2.0
"""Coolify's moves, outages of Ollama and restarts of the engine, for as long as it takes to see what grows.

In the installed unit a restart of Docker is one of coollamad too, and what a process had would be gone
with it. So here the unit only wants Docker: one process sees all of it."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lib import tables
from lib.host import Host
from lib.installed import ARGS, INSTALL, SHORT
from lib.moves import FEW, RESOURCES, Player, define_all, sequence
from lib.soak import UNIT, Sample, messages, pid_of, sample, thirds
from lib.swaps import SwapWatch
from lib.wait import wait_for

FULL = bool(os.environ.get("COOLLAMA_FULL"))
ENGINE = "28.5"
SEED = int(os.environ.get("COOLLAMA_SEED", "11"))
WHICH = RESOURCES if FULL else tuple(one for one in FEW if one.kind != "app" or one.linked)[:4]
# Rounds; seconds of moves in each; seconds in which nothing happens.
ROUNDS, BUSY, QUIET = (13, 90.0, 30.0) if FULL else (2, 4.0, 2.0)
WARM_UP = 2 if FULL else 0  # rounds that do not count
# Above the first third's median. The heap's pages come and go with what was busy last.
MEMORY_KIB, FILES = (512, 1) if FULL else (2048, 2)
AN_HOUR_OFTEN = 4  # the same message, while nothing happens

Prepared = Callable[[str], AbstractContextManager[Host]]


class Soak:
    def __init__(self, host: Host, player: Player, watch: SwapWatch) -> None:
        self.host, self.player, self.watch = host, player, watch
        self.rng = random.Random(SEED)
        self.moves = iter(sequence(SEED, 2000, WHICH))
        self.pid = pid_of(host)
        self.samples: list[Sample] = []
        self.quiet: Counter[str] = Counter()
        self.quiet_seconds = 0.0
        self.outages = self.restarts = 0
        self.begun = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def do_moves(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.player.play([next(self.moves)])

    def lose_ollama(self) -> None:
        self.outages += 1
        self.host.docker("kill", "coollama-api")
        time.sleep(self.rng.uniform(0.5, 4))
        self.host.docker("start", "coollama-api")

    def restart_engine(self) -> None:
        self.restarts += 1
        self.host.run("systemctl", "restart", "docker")

    def wait_until_nothing_is_to_do(self) -> None:
        owed = "jq -e '(.open | not) and (.owed | length == 0)' /var/lib/coollama/recovery.json"
        self.host.wait(f"coollama status --json | jq -e .provider.up && {owed}", 120, "Ollama is up, nobody is owed")

        def is_done() -> bool:
            plan = json.loads(self.host.out("coollama", "plan", "--json"))
            told = json.loads(self.host.out("coollama", "status", "--json"))["consumers"]
            idle = not [one for one in plan["consumers"] if one["steps"]] and not plan["provider"]
            return idle and {one["state"] for one in told} <= {"linked", "stopped"} and not self.watch.is_open()

        wait_for(is_done, "nothing is to do", 180, 0.5, lambda: self.host.out("coollama", "status"))

    def be_quiet(self) -> None:
        self.wait_until_nothing_is_to_do()
        time.sleep(1)  # what belongs to the last event is written
        begin = time.time()
        time.sleep(QUIET)
        end = time.time()
        self.quiet += messages(self.host, begin, end)
        self.quiet_seconds += end - begin
        self.samples.append(sample(self.host, self.pid))

    def round(self, number: int) -> None:
        first = BUSY * self.rng.uniform(0.3, 0.7)
        self.do_moves(first)
        if number % 2:
            self.restart_engine()
        else:
            self.lose_ollama()
        self.do_moves(BUSY - first)
        self.be_quiet()

    def table(self, counted: list[Sample]) -> str:
        done = self.player.done
        failed = [one for one in done if one.failed and not one.move.may_fail]
        rows = [
            f"Engine {ENGINE}: {self.seconds() / 60:.0f} minutes, {len(done)} moves ({len(failed)} failed, "
            f"{sum(bool(one.swaps) for one in failed)} of them while a swap was open), {len(self.watch.swaps)} swaps, "
            f"{self.outages} outages, {self.restarts} restarts of the engine, one process. In {self.quiet_seconds:.0f} s "
            f"nothing was to do: its journal had {self.quiet.total()} lines then. Of {ROUNDS} rounds the first "
            f"{WARM_UP} are not counted.",
            "",
            "| of coollamad, when nothing is to do | first third, median | last third, median | highest |",
            "|---|---|---|---|",
        ]
        for name, unit in (("rss", " KiB"), ("pss", " KiB"), ("dirty", " KiB"), ("files", "")):
            values = [getattr(one, name) for one in counted]
            first, last = thirds(values)
            rows.append(f"| {name} | {first:g}{unit} | {last:g}{unit} | {max(values)}{unit} |")
        return "\n".join(rows) + "\n"


def only_wants_docker(host: Host) -> None:
    unit = host.sh(f"systemctl cat {UNIT}").replace("Requires=docker.service", "Wants=docker.service")
    assert "\nWants=docker.service\n" in unit
    host.write(f"/etc/systemd/system/{UNIT}", unit)
    host.sh(f"systemctl daemon-reload; systemctl restart {UNIT}")


def test_memory_and_files_stay_flat_and_the_journal_quiet(prepared: Prepared) -> None:
    with prepared(ENGINE) as host:
        host.write("/etc/coollama/coollama.conf.d/short.conf", SHORT)
        host.run(INSTALL, *ARGS)
        only_wants_docker(host)
        host.wait("coollama status --json | jq -e .provider.up", 60, "Ollama is up")
        define_all(host, WHICH)
        watch = SwapWatch(Path(f"/proc/{host.leader}/root/var/lib/coollama"))
        soak = Soak(host, Player(host, watch), watch)
        try:
            soak.player.play([next(soak.moves) for _ in range(1 + len(WHICH))])
            for number in range(ROUNDS):
                soak.round(number)
        finally:
            watch.close()
            print(*soak.samples, *soak.quiet.most_common(10), sep="\n")
        assert pid_of(host) == soak.pid, "it was one process"
        counted = soak.samples[WARM_UP:]
        tables.publish("Half an hour of moves, outages and restarts", soak.table(counted))
        for name, more in (("rss", MEMORY_KIB), ("dirty", MEMORY_KIB), ("files", FILES)):
            first, last = thirds([getattr(one, name) for one in counted])
            assert last <= first + more, f"{name} grows: {[getattr(one, name) for one in soak.samples]}"
        often = max(1, AN_HOUR_OFTEN * soak.quiet_seconds / 3600)
        assert [one for one in soak.quiet.most_common() if one[1] > often] == []
