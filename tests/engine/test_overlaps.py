# SPDX-License-Identifier: Apache-2.0
"""Coolify's moves, forced to meet a swap of the same resource (lib/overlaps.py)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.consumers import EXTERNAL
from lib.coolify_engine import HELPER, Coolify
from lib.daemon import Daemon
from lib.engine import Engine
from lib.images import NGINX, OLLAMA
from lib.overlaps import KINDS, POINTS, STEPS, Kind, Overlap, Result, table
from lib.races import FULL
from lib.relay import Relay
from lib.steps import Steps
from lib.tables import publish

AT_ONCE = 8  # held swaps are passes, of which the daemon makes no more than eight
# As long as an operator has it at least, it stays responsible for a swap that is over: compose may take
# that from its list to what it does about it.
CONFIG = EXTERNAL | {"link": {"settle": "3s", "settle-unchecked": "3s"}}
ENGINES = ["20.10", "28.5"] if FULL else ["28.5"]

results: list[Result] = []


def cases(engine: Engine) -> list[tuple[Kind, str, str]]:
    """In the full run each kind at each step, until another point each time; else each kind once."""
    points = list(POINTS)
    if not FULL:
        return [(kind, STEPS[n * 2 % 5], points[n * 3 % 4]) for n, kind in enumerate(KINDS)]
    shift = 2 * ENGINES.index(engine.version)
    places = [(step, points[(n + i + shift) % 4]) for n in range(len(KINDS)) for i, step in enumerate(STEPS)]
    return [(KINDS[n // len(STEPS)], *place) for n, place in enumerate(places)]


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_the_newest_deployment_runs_linked_whatever_move_met_a_swap(engine: Engine, relay: Relay) -> None:
    compose = "2.26" if engine.version == "20.10" else "2.40"
    coolify = Coolify(engine, compose=compose)
    coolify.do("prepare")
    for image in (NGINX, OLLAMA):  # else a clean-up takes them
        engine.docker("create", image)
    daemon, steps = Daemon(engine, CONFIG, relay.path), Steps(engine, relay)
    todo = cases(engine)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for first in range(0, len(todo), AT_ONCE):
            batch = [
                Overlap(*case, f"overlap{first + number:03d}", daemon, steps, compose)
                for number, case in enumerate(todo[first : first + AT_ONCE])
            ]
            list(pool.map(Overlap.make, batch))
            daemon.start()
            for one in batch:
                one.begin()
            for one in batch:
                one.hold.wait(60)
            list(pool.map(Overlap.meet, batch))
            results.extend(one.result for one in batch)
            publish("overlaps", table(results))
            list(pool.map(Overlap.take_away, batch))
            daemon.stop()
    wrong = [result for result in results if result.wrong and result.engine == engine.version]
    assert not wrong, "\n".join(result.wrong for result in wrong)
    engine.docker("rmi", HELPER)
