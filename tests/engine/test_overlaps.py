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

AT_ONCE = 7  # held swaps are passes, of which the daemon makes no more than eight
CONFIG = EXTERNAL | {"link": {"settle": "1s", "settle-unchecked": "1s"}}
ENGINES = ["20.10", "28.5"] if FULL else ["28.5"]

results: list[Result] = []


def cases(engine: Engine) -> list[tuple[Kind, str, str]]:
    """In the full run each kind at each step until each point, half of them on either engine; else each
    kind once, over all of these."""
    places = [(step, point) for step in STEPS for point in POINTS]
    if not FULL:
        return [(kind, *places[number * 7 % len(places)]) for number, kind in enumerate(KINDS)]
    half = ENGINES.index(engine.version)
    return [(kind, *place) for kind in KINDS for place in places[half::2]]


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
            list(pool.map(Overlap.take_away, batch))
            daemon.stop()
            results.extend(one.result for one in batch)
            publish("overlaps", table(results))
    wrong = [result for result in results if result.wrong]
    assert not wrong, "\n".join(result.wrong for result in wrong)
    engine.docker("rmi", HELPER)
