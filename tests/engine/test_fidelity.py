# SPDX-License-Identifier: Apache-2.0
"""A linked container is the old one and the link: for every shape, on every engine.

Each engine gets its shapes in a few waves, all under one daemon. Compared are the inspect documents
(lib/operational.py is the whole list of what may differ), what is seen from inside, the answers of the
network, and what compose thinks of it. The table is printed at the end.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import unified_diff

import pytest

from lib.consumers import PREVIOUS, rows
from lib.fidelity import Made, Scene
from lib.operational import faults
from lib.shapes import SHAPES, Shape
from lib.tables import publish

WAVE = 24
FULL = bool(os.environ.get("COOLLAMA_FULL"))
MAIN = "28.5"


@dataclass(frozen=True)
class Variant:
    version: str
    api: int
    env: dict[str, str] | None = None


ENGINES = {
    "20.10": Variant("20.10", 41),
    "26.1": Variant("26.1", 45),
    MAIN: Variant("28.5", 51),
    "28.5 from 1.44 on": Variant("28.5", 51, {"DOCKER_MIN_API_VERSION": "1.44"}),
}


def chosen(engine: str) -> list[tuple[Shape, str]]:
    """The shapes of an engine in this run, and with which compose they are made. Short of the full
    run, of those which all engines treat alike every third is made, on one engine."""
    pairs: list[tuple[Shape, str]] = []
    for number, shape in enumerate(shape.on(ENGINES[engine].api) for shape in SHAPES):
        telling = shape.by_version or shape.compose or shape.refused
        if shape.since > ENGINES[engine].api:
            continue
        if not FULL and not (shape.by_version or engine == MAIN and (telling or number % 3 == 0)):
            continue
        if shape.api and shape.api < 44 and ENGINES[engine].env:
            continue  # there is no such client
        if not shape.compose:
            pairs.append((shape, ""))
        elif FULL:
            pairs += [(shape, "2.26"), (shape, "2.40")]
        elif engine == MAIN:
            pairs.append((shape, ("2.26", "2.40")[number % 2]))
        else:
            pairs.append((shape, "2.26"))
    return pairs


def title(shape: Shape, compose: str) -> str:
    return f"{shape.name} ({compose})" if compose else shape.name


CASES = [(engine, title(*pair)) for engine in ENGINES for pair in chosen(engine)]
TABLE: dict[tuple[str, str], str] = {}  # shape and engine: what came of it


@dataclass
class Results:
    """What one engine's scene has shown; all is done by then, and the engine is gone."""

    faults: dict[str, list[str]] = field(default_factory=dict)  # by title; an empty list is good
    afterwards: list[str] = field(default_factory=list)
    bystanders: str = ""
    error: Exception | None = None  # it did not get that far


def compared(scene: Scene, made: Made) -> list[str]:
    found = [made.error] if made.error else []
    row = rows(scene.daemon).get(made.shape.name, {})
    for name in made.names if not made.error else []:
        after = scene.document(name)
        if made.shape.refused:
            if made.shape.refused not in row.get("reason", ""):
                found.append(f"{name} is {row.get('state')}: {row.get('reason')}")
            if after != made.before[name]:
                found.append(f"{name} was refused, and changed all the same")
            continue
        found += faults(made.before[name], after)
        seen = scene.look(made, name)
        lines = unified_diff(made.seen[name].splitlines(), seen.splitlines(), lineterm="", n=0)
        inside = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        found += [line for line in inside if line not in made.shape.untold]
        if not made.compose and found:
            found.append(f"{row.get('state')}: {row.get('reason')}")
    return found


def nothing_to_do(made: Made) -> list[str]:
    """What compose does although nothing has changed."""
    assert made.compose
    before = sorted(made.compose.ids())
    text = made.compose.up()
    same = sorted(made.compose.ids()) == before
    words = [word for word in ("Recreat", "Creat", "Start") if word in text]
    return [] if same and not words else [f"compose {made.compose.version} up -d: {text}"]


def of_wave(scene: Scene, wave: list[Made]) -> dict[str, list[str]]:
    found = {made.title: compared(scene, made) for made in wave}
    silent = scene.unanswered([made for made in wave if not made.error])
    for made in wave:
        found[made.title] += [line for name in made.names for line in silent.get(name, [])]
        if made.compose and not made.error:
            found[made.title] += nothing_to_do(made)
    return found


def cell(shape: Shape, found: list[str], api: int) -> str:
    if found:
        return "**differs**"
    if shape.untold and api >= 44:
        return "read-only below, too"
    return f"refused: {shape.refused}" if shape.refused else "ok"


def table() -> str:
    lines = ["| shape | " + " | ".join(f"{e} (API 1.{v.api})" for e, v in ENGINES.items()) + " |"]
    lines.append("|---" * (len(ENGINES) + 1) + "|")
    for shape in SHAPES:
        for name in sorted({name for name, _ in TABLE if name.partition(" ")[0] == shape.name}):
            cells = []
            for engine, variant in ENGINES.items():
                missing = shape.missing if shape.since > variant.api else ""
                cells.append(TABLE.get((name, engine), missing))
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def left_over(scene: Scene) -> list[str]:
    names = set(scene.engine.docker("ps", "-a", "--format", "{{.Names}}").split())
    found = [name for name in names if name.endswith(PREVIOUS) and name not in scene.bystanders.ids]
    plans = scene.daemon.call("GET", "/plan").json()["consumers"]
    return found + [str(row) for row in plans if row["steps"]]


def show(engine: str, results: Results) -> None:
    variant, pairs = ENGINES[engine], chosen(engine)
    scene = Scene(variant.version, variant.env)
    try:
        scene.start()
        for at in range(0, len(pairs), WAVE):
            results.faults |= of_wave(scene, scene.wave(pairs[at : at + WAVE]))
        results.afterwards = left_over(scene)
        try:
            scene.bystanders.unchanged()
        except AssertionError as error:
            results.bystanders = str(error)
    finally:
        scene.close()
    for name, made in scene.made.items():
        TABLE[name, engine] = cell(made.shape, results.faults[name], variant.api)
    publish("fidelity", table())


@pytest.fixture(scope="module")
def results_of() -> Callable[[str], Results]:
    """results_of(engine): shown once, when a test first asks."""
    known: dict[str, Results] = {}

    def get(engine: str) -> Results:
        if engine not in known:
            known[engine] = Results()
            try:
                show(engine, known[engine])
            except Exception as error:
                known[engine].error = error
        if known[engine].error:
            raise RuntimeError(f"{engine} was not shown to its end") from known[engine].error
        return known[engine]

    return get


Get = Callable[[str], Results]


@pytest.mark.parametrize(("engine_name", "shape"), CASES)
def test_a_linked_container_is_the_old_one_and_the_link(
    results_of: Get, engine_name: str, shape: str
) -> None:
    found = results_of(engine_name).faults[shape]
    assert not found, "\n".join([shape, *found])


@pytest.mark.parametrize("engine_name", ENGINES)
def test_afterwards_there_is_nothing_left_over_and_nothing_to_do(
    results_of: Get, engine_name: str
) -> None:
    assert not results_of(engine_name).afterwards


@pytest.mark.parametrize("engine_name", ENGINES)
def test_the_bystanders_are_the_same_bytes(results_of: Get, engine_name: str) -> None:
    assert not results_of(engine_name).bystanders
