# SPDX-License-Identifier: Apache-2.0
"""A linked container is the old one and the link: for every shape, on every engine.

Each engine gets its shapes in a few waves, all under one daemon. Compared are the inspect documents
(lib/operational.py is the whole list of what may differ), what is seen from inside, the answers of the
network, and what compose thinks of it. The table is printed at the end.
"""

import os
from collections.abc import Iterator
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
    """The shapes of an engine in this run, and with which compose they are made."""
    pairs: list[tuple[Shape, str]] = []
    for number, shape in enumerate(SHAPES):
        if shape.since > ENGINES[engine].api or not FULL and not (shape.by_version or engine == MAIN):
            continue
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
    scene: Scene
    faults: dict[str, list[str]] = field(default_factory=dict)  # by title; an empty list is good


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
        found += list(unified_diff(made.seen[name].splitlines(), seen.splitlines(), lineterm="", n=0))
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


def cell(shape: Shape, found: list[str]) -> str:
    if found:
        return "**differs**"
    return f"refused: {shape.refused}" if shape.refused else "ok"


def table() -> str:
    lines = ["| shape | " + " | ".join(f"{e} (API 1.{v.api})" for e, v in ENGINES.items()) + " |"]
    lines.append("|---" * (len(ENGINES) + 1) + "|")
    for shape in SHAPES:
        for name in sorted({name for name, _ in TABLE if name.partition(" ")[0] == shape.name}):
            cells = []
            for engine, variant in ENGINES.items():
                missing = "not in this API" if shape.since > variant.api else ""
                cells.append(TABLE.get((name, engine), missing))
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    name = request.param
    variant, pairs = ENGINES[name], chosen(name)
    scene = Scene(variant.version, variant.env)
    results = Results(scene)
    try:
        scene.start()
        for at in range(0, len(pairs), WAVE):
            results.faults |= of_wave(scene, scene.wave(pairs[at : at + WAVE]))
        for title_, made in scene.made.items():
            TABLE[title_, name] = cell(made.shape, results.faults[title_])
        publish("fidelity", table())
        yield results
    finally:
        scene.close()


@pytest.mark.parametrize(("results", "shape"), CASES, indirect=["results"], scope="module")
def test_a_linked_container_is_the_old_one_and_the_link(results: Results, shape: str) -> None:
    found = results.faults[shape]
    assert not found, "\n".join([shape, *found])


@pytest.mark.parametrize("results", ENGINES, indirect=True)
def test_afterwards_there_is_nothing_left_over_and_nothing_to_do(results: Results) -> None:
    scene = results.scene
    names = set(scene.engine.docker("ps", "-a", "--format", "{{.Names}}").split())
    ours = {name for name in names if name.endswith(PREVIOUS)} - set(scene.bystanders.ids)
    assert not ours
    plans = scene.daemon.call("GET", "/plan").json()["consumers"]
    assert not [row for row in plans if row["steps"]]


@pytest.mark.parametrize("results", ENGINES, indirect=True)
def test_the_bystanders_are_the_same_bytes(results: Results) -> None:
    results.scene.bystanders.unchanged()
