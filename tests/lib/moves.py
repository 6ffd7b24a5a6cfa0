# SPDX-License-Identifier: Apache-2.0
"""Coolify's moves at random: the same seed gives the same moves, whatever becomes of them.

sequence() makes them up from what Coolify would know; nothing is asked. Player plays them on a host,
with coollama there or without.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from .host import Host
from .swaps import Swap, SwapWatch

ENABLE = "coollama.enable=true"
SCOPE = "coollama.scope=stack"
PREVIEW = 7  # the number of the only pull request
REMOVALS = ("stop", "delete", "unpreview")
LAST = "last"  # the commit that everything ends with


@dataclass(frozen=True)
class Resource:
    """Of Coolify, as `coolify define` takes it."""

    kind: str
    uuid: str
    name: str
    options: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def definition(self) -> tuple[str, ...]:
        words = [f"--member={name}" for name in self.members] + [f"--database={name}" for name in self.databases]
        return ("define", self.kind, self.uuid, self.name, *self.options, *words, *self.labels)

    @property
    def linked(self) -> tuple[str, ...]:
        """The members that opted in; an application's only one is called app."""
        if ENABLE not in self.labels:
            return ()
        if not self.members:
            return ("app",)
        return self.members if SCOPE in self.labels else self.members[:1]

    def identities(self, previews: frozenset[int]) -> set[str]:
        """Of its consumers. A preview of a plain application has none of its owner's labels."""
        found = {f"{self.uuid}/{member}" for member in self.linked}
        if self.kind == "compose":
            # Coolify calls a preview's compose service so.
            found |= {f"{one}-pr-{number}#{number}" for one in found for number in previews}
        return found

    @property
    def statuses(self) -> int:
        """How many Coolify shows for it."""
        return len(self.members + self.databases) if self.kind == "service" else 1


RESOURCES = (
    Resource("app", "k4gwo0cs8c4ow8wkso0kgc4s", "my-notes", (), labels=(ENABLE,)),
    Resource("app", "z0ggs4wocs8kk4owk8w4cs00", "my-board", ("--health",), labels=(ENABLE,)),
    Resource("app", "p4kcgw8s0ow84co8k0ccs4wk", "my-shop", ("--health",)),
    Resource("app", "w8ws4kg0k8c0osw4cck0gk0w", "my-site", ("--port=8081",), labels=(ENABLE,)),
    Resource("app", "g0k4cgs4w0os8wkcc8k4o0ws", "my-wiki", ("--consistent", "--volume"), labels=(ENABLE,)),
    Resource("compose", "oc4kw8g0s8ko4cwc0gs0kw4k", "my-chat", (), ("web", "worker"), labels=(ENABLE, SCOPE)),
    Resource("compose", "s8wk0ccg4o4ks0wgk8cow04c", "my-mail", ("--consistent", "--predefined"), ("web",)),
    Resource("service", "c0wsk8g4o0kc4w8sgk4co0sw", "my-flow", (), ("web",), ("db",),
             (ENABLE, "coollama.reach=network")),
    Resource("service", "kg8o4w0csk4wc8o0gsw0kc4c", "my-docs", ("--predefined", "--health"), ("web", "worker"),
             labels=(ENABLE, SCOPE)),
    Resource("service", "w0c4ksg8oc8wk4o0cgs4wk0c", "my-blog", ("--predefined",), ("web",), ("db",)),
    Resource("database", "o8kcw0gs4wk8co4sgk0wc4ck", "my-data", ("--health", "--volume")),
    Resource("database", "s0wck4o8gkc0w4cs8ow4k0gc", "my-cache"),
)  # fmt: skip
# One of each kind, and enough that did not opt in.
FEW = tuple(one for one in RESOURCES if one.name.removeprefix("my-") in
            ("notes", "shop", "wiki", "chat", "flow", "blog", "data"))  # fmt: skip


@dataclass
class State:
    """What Coolify believes of one resource."""

    up: bool = False
    defined: bool = True
    previews: frozenset[int] = frozenset()
    down: frozenset[str] = frozenset()  # components that were stopped one by one

    def copy(self) -> "State":
        return State(self.up, self.defined, self.previews, self.down)


@dataclass
class Move:
    words: tuple[str, ...]
    uuid: str = ""  # "": it is about the server
    after: State = field(default_factory=State)
    pause: float = 0.0  # afterwards
    may_fail: bool = False  # a deployment that never gets healthy
    before: tuple[tuple[str, ...], ...] = ()  # what has to be said to Coolify first

    def __str__(self) -> str:
        return " ".join(self.words)


def _choices(resource: Resource, state: State, commit: str) -> Iterator[tuple[int, Move]]:
    """What can be done with it now, and how often that is done."""
    uuid = resource.uuid

    def move(*words: str, **after: object) -> Move:
        known = state.copy()
        for name, value in after.items():
            setattr(known, name, value)
        return Move(tuple(words), uuid, known)

    if not state.defined:
        fresh = move("start", uuid, defined=True, up=True)
        fresh.before = (resource.definition,)
        yield 8, fresh
        return
    if resource.kind in ("app", "compose"):
        yield 6 if state.up else 8, move("deploy", uuid, commit, up=True)
        if state.up:
            yield 2, move("redeploy", uuid, commit, up=True)
            yield 1, move("stop", uuid, up=False)
        if state.up and "--health" in resource.options:
            broken = move("broken", uuid)
            broken.may_fail = True
            yield 1, broken
        if PREVIEW in state.previews:
            yield 2, move("unpreview", uuid, str(PREVIEW), previews=frozenset())
        elif resource.name in ("my-notes", "my-chat"):
            yield 1, move("preview", uuid, str(PREVIEW), commit, previews=frozenset((PREVIEW,)))
        return
    fresh = move("start", uuid, up=True, down=frozenset())
    yield 4 if state.up else 8, fresh
    if not state.up:
        return
    yield 2, move("restart", uuid, up=True, down=frozenset())
    yield 1, move("stop", uuid, up=False, down=frozenset())
    if resource.kind == "service":
        yield 2, move("delete", uuid, up=False, defined=False, down=frozenset())
        for member in resource.members + resource.databases:
            yield 1, move("component", "start", uuid, member, down=state.down - {member})
            if member not in state.down:
                yield 1, move("component", "restart", uuid, member)
                yield 1, move("component", "stop", uuid, member, down=state.down | {member})


SERVER = ((4, ("join",)), (2, ("cleanup",)), (1, ("cleanup", "--unused")), (2, ("look",)), (1, ("limit", "10")),
          (1, ("proxy",)))  # fmt: skip


def sequence(seed: int, count: int, resources: tuple[Resource, ...] = RESOURCES) -> list[Move]:
    """count moves, after those that deploy everything once and before those that do so once more."""
    rng = random.Random(seed)
    known = {one.uuid: State() for one in resources}
    moves = [Move(("proxy",))]
    for one in resources:
        known[one.uuid].up = True
        moves.append(Move(("deploy", one.uuid, "first"), one.uuid, known[one.uuid].copy()))
    before = resources[0]
    for number in range(count):
        if rng.random() < 0.14:
            words = rng.choices([words for _, words in SERVER], [weight for weight, _ in SERVER])[0]
            move = Move(words)
        else:
            # People try things at one resource, again and again.
            before = before if rng.random() < 0.2 else rng.choice(resources)
            choices = list(_choices(before, known[before.uuid], f"c{number}"))
            move = rng.choices([move for _, move in choices], [weight for weight, _ in choices])[0]
            known[before.uuid] = move.after
        kind = rng.random()
        move.pause = 0.0 if kind < 0.4 else rng.uniform(0.1, 1.0) if kind < 0.7 else rng.uniform(1.0, 3.0)
        moves.append(move)
    for one in resources:
        state = known[one.uuid]
        last = Move(("deploy", one.uuid, LAST), one.uuid, State(True, True, state.previews))
        last.before = () if state.defined else (one.definition,)
        moves.append(last)
        if one.kind == "compose":
            moves += [Move(("preview", one.uuid, str(n), LAST), one.uuid, last.after) for n in sorted(state.previews)]
    return moves


@dataclass
class Done:
    move: Move
    begin: float
    end: float
    output: str
    failed: bool
    swaps: list[Swap] = field(default_factory=list)  # that it overlapped
    again: int = 0  # how often it was repeated until it passed
    back: bool = False  # what it took away was there again, once the swap was over

    @property
    def ignored(self) -> list[str]:
        """Failures at which Coolify does not look."""
        return [line for line in self.output.splitlines() if line.startswith("ignored: ")]


class Player:
    """Plays moves. With a watch (coollama is there) a move that failed while a swap was open is
    repeated, as its user would do it, when none is: otherwise both ways would part there."""

    def __init__(self, host: Host, watch: SwapWatch | None = None) -> None:
        self.host, self.watch = host, watch
        self.done: list[Done] = []
        self.calm: dict[str, State] = {}  # what is expected to stand there, untouched by a move

    def play(self, moves: list[Move]) -> None:
        for move in moves:
            self.calm.pop(move.uuid, None)
            for words in move.before:
                self.host.run("coolify", *words)
            done = self._play(move)
            while done.failed and done.swaps and not move.may_fail and done.again < 3:
                self.wait_until_closed(move.uuid)
                once_more = self._play(move)
                done.again += 1
                if not once_more.failed:
                    break
                done.swaps += once_more.swaps
                if not once_more.swaps:
                    done = once_more  # no swap excuses that one
            if done.swaps and move.words[0] in REMOVALS:
                self.wait_until_closed(move.uuid)
                done.back = self._stands(move)
                if done.back:
                    self._play(move)
            self.done.append(done)
            if move.uuid:
                self.calm[move.uuid] = move.after
            if self.watch:
                time.sleep(move.pause)  # without coollama nothing happens meanwhile

    def _play(self, move: Move) -> Done:
        begin = time.time()
        ended = self.host.run("coolify", *move.words, check=False, timeout=180)
        end = time.time()
        swaps = self.watch.during(begin, end, move.uuid) if self.watch else []
        return Done(move, begin, end, ended.stderr, ended.returncode != 0, swaps)

    def _stands(self, move: Move) -> bool:
        """Is anything there of what it should have taken away?"""
        preview = move.words[2] if move.words[0] == "unpreview" else "0"
        words = ["ps", "-aq", "--filter", f"label=com.docker.compose.project={move.uuid}"]
        return bool(self.host.docker(*words, "--filter", f"label=coolify.pullRequestId={preview}"))

    def wait_until_closed(self, project: str) -> None:
        assert self.watch
        deadline = time.monotonic() + 60
        while self.watch.is_open(project):
            if time.monotonic() > deadline:
                raise TimeoutError(f"a swap of {project} is open for a minute")
            time.sleep(0.05)


def define_all(host: Host, resources: tuple[Resource, ...] = RESOURCES) -> None:
    for one in resources:
        host.run("coolify", *one.definition)


def delete_all(host: Host, resources: tuple[Resource, ...] = RESOURCES) -> None:
    for one in resources:
        host.run("coolify", "unpreview", one.uuid, str(PREVIEW), check=False)
        host.run("coolify", "delete", one.uuid, check=False)
