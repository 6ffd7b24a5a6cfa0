# SPDX-License-Identifier: Apache-2.0
"""An unlink in bad company: the engine dies in the middle of it, the disk is full, compose deploys.

It is a swap like a link (test_crash.py, test_race.py), but what it makes looks like what its user
made, and what stays is to be without the link.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib import images
from lib.consumers import EXTERNAL, HOST, KEEPER, PREVIOUS, env_of, is_linked, mark, records, run, state_is
from lib.daemon import Daemon
from lib.engine import DockerError, Engine
from lib.races import COMPOSES, KINDS, Race
from lib.relay import Drop, Hold, Moment, Relay
from lib.steps import Steps, steps_of

FULL = bool(os.environ.get("COOLLAMA_FULL"))
REQUEST, ANSWER = Moment.REQUEST, Moment.ANSWER
Points = dict[str, tuple[str, Moment]]


def bring_up(engine: Engine, name: str) -> str:
    engine.docker("network", "create", f"{name}-net")
    run(engine, name, "-v", "/data", script=KEEPER)
    engine.docker("network", "connect", f"{name}-net", name)
    return mark(engine, name)


def bring_up_all(engine: Engine, names: Points) -> dict[str, str]:
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(lambda name: bring_up(engine, name), names), strict=True))


def wrong(engine: Engine, marks: dict[str, str], names: set[str] | None = None) -> list[str]:
    """Who does not run without a link, with all that it had; and what is there beside them."""
    found = []
    for name, content in marks.items():
        try:
            document = engine.inspect(name)
        except DockerError:
            found.append(f"{name} is missing")
            continue
        if not document["State"]["Running"]:
            found.append(f"{name} does not run")
        elif "OLLAMA_BASE_URL" in env_of(document) or HOST in (document["HostConfig"]["ExtraHosts"] or []):
            found.append(f"{name} is linked")
        elif mark(engine, name) != content:
            found.append(f"{name} has lost its volume")
        elif set(document["NetworkSettings"]["Networks"]) != {"bridge", f"{name}-net"}:
            found.append(f"{name} has not its networks")
        elif document["HostConfig"]["RestartPolicy"]["Name"] != "unless-stopped":
            found.append(f"{name} has another restart policy")
    there = set(engine.docker("ps", "-a", "--format", "{{.Names}}").split())
    return found + [f"{name} is left over" for name in there - set(marks)]


def all_linked(daemon: Daemon, names: Points) -> None:
    for name in names:
        daemon.wait_for(lambda: is_linked(daemon.engine, name), f"{name} is linked", 90)
    daemon.wait_for(lambda: not records(daemon), "no swap is open")


def hold_all(engine: Engine, relay: Relay, points: Points) -> list[Hold]:
    relay.forget()
    steps = Steps(engine, relay)
    for name in points:
        steps.follow(name)
    return [steps.hold(name, step, moment) for name, (step, moment) in points.items()]


def unlink(daemon: Daemon, names: Points) -> None:
    for name in names:
        assert daemon.call("POST", f"/unlink?name={name}").status == 200


def all_unlinked(daemon: Daemon, marks: dict[str, str]) -> None:
    engine = daemon.engine
    daemon.wait_for(lambda: not wrong(engine, marks), "all run without their links", 120)
    daemon.wait_for(lambda: not records(daemon), "no swap is open")
    for name in marks:
        daemon.wait_for(lambda: state_is(daemon, name, "unlinked"), f"{name} is unlinked")
    assert not wrong(engine, marks)


@pytest.fixture
def mortal(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine of its own, which is killed."""
    engine = Engine(request.param)
    try:
        images.busybox().load(engine.start())
        yield engine
    finally:
        engine.close()


@pytest.mark.parametrize("mortal", ["20.10", "28.5"] if FULL else ["28.5"], indirect=True)
@pytest.mark.parametrize("daemon_dies", [False, True], ids=["engine", "host"])
def test_an_engine_or_a_host_that_dies_at_any_step_of_it_loses_nobody(
    mortal: Engine, daemon_dies: bool
) -> None:
    relay = Relay(mortal.machine.path / "relay.sock", mortal.socket)
    moments = list(Moment) if FULL else [REQUEST]
    points: Points = {
        f"at-{step}-{moment.name.lower()}": (step, moment)
        for step in steps_of(mortal)
        for moment in moments
    }
    marks = bring_up_all(mortal, points)
    daemon = Daemon(mortal, EXTERNAL, relay.path).start()
    try:
        all_linked(daemon, points)
        holds = hold_all(mortal, relay, points)
        unlink(daemon, points)
        for hold in holds:
            daemon.wait_for(hold.reached.is_set, "its step", 60)
        if daemon_dies:
            daemon.kill()
        mortal.cut_power()
        for hold in holds:
            hold.release(Drop())
        relay.cut()
        mortal.start()
        if daemon_dies:
            daemon.start()
        all_unlinked(daemon, marks)
        daemon.close()
    finally:
        daemon.kill()
        relay.close()


def fill(directory: Path) -> None:
    with (directory / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 512)
        except OSError:
            pass


def test_a_disk_that_is_full_from_any_step_of_it_on_loses_nobody(engine: Engine, relay: Relay) -> None:
    points: Points = {f"at-{step}": (step, ANSWER) for step in steps_of(engine)}
    marks = bring_up_all(engine, points)
    daemon = Daemon(engine, EXTERNAL, relay.path)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", daemon.state], check=True)
    try:
        daemon.start()
        all_linked(daemon, points)
        holds = hold_all(engine, relay, points)
        unlink(daemon, points)
        for hold in holds:
            daemon.wait_for(hold.reached.is_set, "its step", 60)
        fill(daemon.state)
        for hold in holds:
            hold.release()
        daemon.wait_log("No space left on device")

        def down() -> list[str]:
            return [line for line in wrong(engine, marks) if "missing" in line or "not run" in line]

        daemon.wait_for(lambda: not down(), "all run, linked or not", 90)
        (daemon.state / "ballast").unlink()
        all_unlinked(daemon, marks)
        daemon.close()
    finally:
        relay.forget()
        daemon.kill()
        subprocess.run(["umount", "-l", daemon.state], check=True)


def race_is_over(race: Race) -> list[str]:
    """What is wrong: one container runs, of the newest deployment, without the link."""
    listed = race.compose.ids()
    if len(listed) != 1:
        return [f"{len(listed)} containers"]
    document = race.engine.inspect(listed[0])
    env = env_of(document)
    found = [] if document["State"]["Running"] else ["it does not run"]
    found += ["it is linked"] if "OLLAMA_BASE_URL" in env else []
    found += [] if document["Name"] == f"/{race.web}" else [f"it is called {document['Name']}"]
    if race.relay.calls("POST", "^/containers/create$") and not race.result.gave_up:
        found += [] if env["VER"] == race.kind.version else [f"VER={env['VER']}"]
    names = race.engine.docker("ps", "-a", "--format", "{{.Names}}").split()
    return found + [name for name in names if name == race.web + PREVIOUS]


@pytest.mark.parametrize("engine", ["20.10", "28.5"] if FULL else ["28.5"], indirect=True)
def test_compose_that_deploys_at_any_step_of_it_ends_with_the_newest_unlinked(
    engine: Engine, relay: Relay
) -> None:
    daemon = Daemon(engine, EXTERNAL, relay.path).start()
    cells = [(kind, compose) for kind in KINDS for compose in COMPOSES]
    steps = Steps(engine, relay)

    def play(number: int, step: str, cell: tuple) -> list[str]:  # type: ignore[type-arg]
        kind, compose = cell
        race = Race(daemon, f"unlink{number}", kind, compose, nets=step == "connect")
        race.make()
        race.start()
        daemon.wait_for(lambda: is_linked(engine, race.web), f"{race.web} is linked", 90)
        daemon.wait_for(lambda: not open_of(race), "its swap is over")
        steps.follow(race.web)
        hold = steps.hold(race.web, step, ANSWER)
        assert daemon.call("POST", f"/unlink?name={race.web}").status == 200
        daemon.wait_for(hold.reached.is_set, "its step", 60)
        race.deploy()
        hold.release()
        try:
            daemon.wait_for(lambda: not race_is_over(race) and not open_of(race), "all is quiet", 90)
        except AssertionError:
            return [f"{step}, {kind.name}, {compose}: {race_is_over(race)} {race.result.output}"]
        finally:
            race.relay.close()
            race.compose.down()
        return []

    def open_of(race: Race) -> list[str]:
        return [name for name in records(daemon) if name.startswith(f"{race.compose.project}+")]

    todo: list[Callable[[], list[str]]] = []
    for number, step in enumerate(steps_of(engine)):
        for cell in cells if FULL else [cells[number % len(cells)]]:
            todo.append(lambda n=len(todo), s=step, c=cell: play(n, s, c))  # type: ignore[misc]
    with ThreadPoolExecutor(3) as pool:
        found = [line for lines in pool.map(lambda one: one(), todo) for line in lines]
    assert not found, "\n".join(found)
    daemon.close()
