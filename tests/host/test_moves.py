# SPDX-License-Identifier: Apache-2.0
"""Random moves of Coolify with the daemon active, against the same moves without it.

The moves are real commands (tests/lib/coolify), compose, engine, systemd and nginx are real; Ollama is
the stand-in. The times that coollama waits are short, so that swaps come between and into the moves."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lib import tables
from lib.host import Host
from lib.installed import ARGS, INSTALL, SHORT
from lib.moves import FEW, RESOURCES, Done, Player, define_all, delete_all, sequence
from lib.onlooker import Onlooker
from lib.standing import differences, standing
from lib.swaps import SwapWatch
from lib.wait import wait_for

FULL = bool(os.environ.get("COOLLAMA_FULL"))
ENGINES = ["20.10", "28.5"] if FULL else ["28.5"]
WHICH, COUNT = (RESOURCES, 200) if FULL else (FEW, 14)
SEED = int(os.environ.get("COOLLAMA_SEED", "6"))
HEAD = """\
| engine | moves | deployments failed, as they were to | swaps | moves that overlapped one | of these failed\
 | took away what came back | failed without overlapping | ignored by Coolify | status polls\
 | of these broken off by a container that went | saw exited in a swap | otherwise |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""

Prepared = Callable[[str], AbstractContextManager[Host]]


@dataclass
class Way:
    done: list[Done]
    standing: dict[str, dict[str, Any]]


def identities() -> set[str]:
    """Of all consumers, once the moves are over."""
    last = {move.uuid: move.after for move in sequence(SEED, COUNT, WHICH)}
    return {name for one in WHICH for name in one.identities(last[one.uuid].previews)}


def states(host: Host) -> dict[str, str]:
    told = json.loads(host.out("coollama", "status", "--json"))
    return {one["identity"]: one["state"] for one in told["consumers"]}


def wait_until_nothing_is_to_do(host: Host, watch: SwapWatch) -> None:
    wanted = dict.fromkeys(sorted(identities()), "linked")

    def is_done() -> bool:
        plan = json.loads(host.out("coollama", "plan", "--json"))
        steps = [one for one in plan["consumers"] if one["steps"]] + plan["provider"]
        return states(host) == wanted and not steps and not watch.is_open()

    wait_for(is_done, "all are linked and nothing is planned", 180, 0.5,
             lambda: (states(host), host.out("coollama", "plan", "--json")))  # fmt: skip


def play_without(host: Host) -> Way:
    define_all(host, WHICH)
    player = Player(host)
    player.play(sequence(SEED, COUNT, WHICH))
    way = Way(player.done, standing(host))
    delete_all(host, WHICH)
    return way


def report(engine: str, without: Way, done: list[Done], swaps: int, onlooker: Onlooker, in_swaps: int) -> str:
    meant = sum(one.failed for one in without.done)
    overlapped = [one for one in done if one.swaps]
    broke = [one for one in overlapped if one.failed and not one.move.may_fail]
    cells = [engine, COUNT, meant, swaps, len(overlapped), len(broke), sum(one.back for one in done), 0,
             sum(len(one.ignored) for one in done), onlooker.rounds, onlooker.lost, in_swaps, 0]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |\n"


rows: dict[str, str] = {}


@pytest.mark.parametrize("engine", ENGINES)
def test_moves_that_overlap_no_swap_fail_no_more_than_without_coollama(prepared: Prepared, engine: str) -> None:
    with prepared(engine) as host:
        host.run("coolify", "proxy")
        without = play_without(host)
        host.load_images()  # the clean-up took what nobody used

        host.write("/etc/coollama/coollama.conf.d/short.conf", SHORT)
        host.run(INSTALL, *ARGS)
        host.wait("coollama status --json | jq -e .provider.up", 60, "Ollama is up")
        define_all(host, WHICH)
        watch = SwapWatch(Path(f"/proc/{host.leader}/root/var/lib/coollama"))
        player = Player(host, watch)
        onlooker = Onlooker(player)
        try:
            player.play(sequence(SEED, COUNT, WHICH))
            wait_until_nothing_is_to_do(host, watch)
        finally:
            onlooker.close()
            watch.close()
            keep(host, player, watch, onlooker)

        worse = [
            f"{one.move}: {one.output}"
            for one, before in zip(player.done, without.done, strict=True)
            if one.failed and not one.swaps and not before.failed
        ]
        assert worse == []
        longer = [one for one in onlooker.sightings if not one.is_explained(watch.swaps)]
        assert longer == []
        other = differences(without.standing, standing(host))
        assert not other, "\n".join(other)
        in_swaps = len(onlooker.sightings)
        rows[engine] = report(engine, without, player.done, len(watch.swaps), onlooker, in_swaps)
        tables.publish("Coolify's moves at random", HEAD + "".join(rows.values()))


def keep(host: Host, player: Player, watch: SwapWatch, onlooker: Onlooker) -> None:
    """What happened, for whoever looks into a failure."""
    where = os.environ.get("COOLLAMA_MOVES")
    if not where:
        return
    at = Path(where)
    at.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{one.begin:.3f} {one.end:.3f} {'FAILED' if one.failed else 'ok'} {one.move}"
        f" swaps={[(s.identity, round(s.begin, 3), round(s.end, 3)) for s in one.swaps]} {one.ignored}"
        + (f"\n{one.output}" if one.failed else "")
        for one in player.done
    ]
    (at / "moves").write_text("\n".join(lines))
    (at / "swaps").write_text("\n".join(map(str, watch.swaps)))
    (at / "sightings").write_text("\n".join(map(str, onlooker.sightings)))
    (at / "journal").write_text(host.out("journalctl", "-u", "coollamad", "-o", "short-unix", "--no-pager"))
    (at / "status").write_text(host.run("coollama", "status", check=False).stdout)
    (at / "containers").write_text(host.docker("ps", "-a", "--no-trunc"))
