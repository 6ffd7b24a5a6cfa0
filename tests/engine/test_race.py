# SPDX-License-Identifier: Apache-2.0
"""A swap and a deployment by compose at the same time: the newest deployment wins every time.

Compose starts at an offset to the swap's first step: before it (which is then held in the relay for
so long), at it, and up to its end. Or it meets the state after one single step: that step's answer
is held in the relay until compose has ended, or the daemon is dead from there on until compose has
ended. Compose itself may give up over the collision; what counts is what runs when all is quiet.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.bystanders import Bystanders
from lib.consumers import EXTERNAL, PREVIOUS, rows
from lib.daemon import Daemon
from lib.engine import Engine
from lib.races import COMPOSES, FULL, KINDS, Race, Result, table
from lib.relay import Drop, Exchange, Hold, Moment, Relay, Reply
from lib.steps import Steps, steps_of
from lib.tables import publish

AT_A_TIME = 3
# Compose needs about 0.5 s to its first change, a swap about 3 s to its last.
FIRST, LAST = -1.0, 3.0
OFFSETS = [FIRST + (LAST - FIRST) * number / 19 for number in range(20)]

# So long it stays responsible for a swap that is over: longer than compose takes from its list to
# what it does about it.
CONFIG = EXTERNAL | {"link": {"settle": "1s", "settle-unchecked": "1s"}}

results: list[Result] = []


class Scene:
    """One daemon for many races, and bystanders named like two of their consumers."""

    def __init__(self, engine: Engine, relay: Relay, prefix: str) -> None:
        self.relay, self.steps = relay, Steps(engine, relay)
        self.bystanders = Bystanders(engine, [f"{prefix}0-web-1", f"{prefix}1-web-1"])
        self.daemon = Daemon(engine, CONFIG, relay.path).start()

    def conclude(self, new: list[Result]) -> None:
        """The table has what all races of the run have come to so far."""
        results.extend(new)
        publish("races", table(results))
        wrong = [result for result in new if result.wrong]
        assert not wrong, "\n".join(map(str, wrong))
        self.daemon.wait_for(lambda: not rows(self.daemon), "no row of what is gone")
        self.bystanders.unchanged()
        self.daemon.close()


@pytest.fixture
def scene(request: pytest.FixtureRequest, engine: Engine, relay: Relay) -> Iterator[Scene]:
    made = Scene(engine, relay, request.param)
    yield made
    relay.forget()
    made.daemon.kill()


def with_scene(prefix: str, *engines: str) -> pytest.MarkDecorator:
    """On these engines, on both in the full run; the projects' names begin with the prefix."""
    versions = ("20.10", "28.5") if FULL else engines
    cases = [(version, prefix) for version in versions]
    return pytest.mark.parametrize("engine, scene", cases, indirect=True, ids=versions)


def in_flight(race: Race, steps: Steps, offset: float) -> Result:
    race.result.against, race.result.where = "a swap in flight", f"{offset:+.2f} s"
    begun = threading.Event()

    def at_rename(_: Exchange) -> Drop | Reply | None:
        begun.set()
        time.sleep(max(0.0, -offset))
        return None

    race.make()
    steps.follow(race.web)
    steps.on(race.web, "rename", Moment.REQUEST, at_rename)
    race.start()
    assert begun.wait(60), f"the swap of {race.web} never began"
    time.sleep(max(0.0, offset))
    race.deploy()
    return race.judge()


@with_scene("race", "20.10", "28.5")
def test_the_newest_deployment_runs_after_every_race_with_compose(scene: Scene) -> None:
    cells = [(kind, compose) for kind in KINDS for compose in COMPOSES]
    races = [(cell, offset) for cell in cells for offset in OFFSETS]
    if not FULL:  # each cell once, over the whole time
        races = [(cell, OFFSETS[number * 19 // 5]) for number, cell in enumerate(cells)]

    def run(number: int) -> Result:
        (kind, compose), offset = races[number]
        race = Race(scene.daemon, f"race{number}", kind, compose, two=number % 4 == 3)
        return in_flight(race, scene.steps, offset)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        scene.conclude(list(pool.map(run, range(len(races)))))


def races_at_steps(daemon: Daemon, prefix: str, against: str) -> list[tuple[Race, str]]:
    """In the full run each step with each kind and each compose; else each step once."""
    races = []
    steps = steps_of(daemon.engine)
    cells = [(kind, compose) for kind in KINDS for compose in COMPOSES]
    for number, step in enumerate(steps):
        for kind, compose in cells if FULL else [cells[(number + len(steps)) % len(cells)]]:
            two, nets = step in ("create", "start"), step == "connect"
            race = Race(daemon, f"{prefix}{len(races)}", kind, compose, two=two, nets=nets)
            race.result.against, race.result.where = against, f"after {step}"
            races.append((race, step))
    return races


@with_scene("held", "20.10")
def test_the_newest_deployment_runs_whatever_single_step_it_met(scene: Scene) -> None:
    def run(pair: tuple[Race, str]) -> Result:
        race, step = pair
        race.make()
        scene.steps.follow(race.web)
        hold = scene.steps.hold(race.web, step, Moment.ANSWER)
        race.start()
        hold.wait(60)
        race.deploy()
        hold.release()
        return race.judge()

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        races = races_at_steps(scene.daemon, "held", "the state after a step")
        scene.conclude(list(pool.map(run, races)))


@with_scene("killed", "28.5")
def test_the_newest_deployment_runs_when_we_died_at_that_step(scene: Scene) -> None:
    races = races_at_steps(scene.daemon, "killed", "that state, with us dead")
    new = []
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for first in range(0, len(races), 8):
            new += killed(scene, races[first : first + 8], pool)
    scene.conclude(new)


def killed(scene: Scene, races: list[tuple[Race, str]], pool: ThreadPoolExecutor) -> list[Result]:
    """All are held at their steps, the daemon dies, compose deploys them, the daemon comes back."""

    def begin(pair: tuple[Race, str]) -> Hold:
        race, step = pair
        race.make()
        scene.steps.follow(race.web)
        hold = scene.steps.hold(race.web, step, Moment.ANSWER)
        race.start()
        return hold

    holds = list(pool.map(begin, races))
    for hold in holds:
        hold.wait(60)
    scene.daemon.kill()
    for hold in holds:
        hold.release(Drop())
    scene.relay.cut()
    list(pool.map(lambda pair: pair[0].deploy(), races))
    scene.daemon.start()
    return list(pool.map(lambda pair: pair[0].judge(), races))


@pytest.mark.parametrize("again", [True, False], ids=["by an up", "with its network, by a down"])
def test_one_that_compose_takes_away_just_as_its_old_one_goes_is_made_again(
    engine: Engine, relay: Relay, again: bool
) -> None:
    """Compose has listed two and takes ours for one too many; the other one is gone by then."""
    daemon = Daemon(engine, CONFIG, relay.path).start()
    steps = Steps(engine, relay)
    race = Race(daemon, "taken", KINDS[0], "2.40")
    race.make()
    steps.follow(race.web)
    ours = steps.hold(race.web, "delete", Moment.REQUEST)
    theirs = race.relay.hold("POST", "^/containers/[^/]+/stop$", moment=Moment.REQUEST)
    race.start()
    ours.wait(60)
    compose = threading.Thread(target=race.deploy)
    compose.start()
    theirs.wait(60)
    ours.release()
    daemon.wait_for(lambda: not engine.exists(race.web + PREVIOUS), "the old one is gone")
    theirs.release()
    compose.join(60)
    assert race.result.gave_up, race.result.output
    assert not race.relay.calls("POST", "^/containers/create$")
    if again:
        race.judge()
        assert not race.result.wrong, race.result
        assert daemon.logged("make the old one again: done")
    else:
        race.compose.down()
        daemon.wait_for(lambda: not rows(daemon), "nobody is left")
        assert not engine.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=taken")
        race.relay.close()
    daemon.close()
