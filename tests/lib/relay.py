# SPDX-License-Identifier: Apache-2.0
"""A relay between a client and a Docker Engine, both on unix sockets.

It records every request, passes streams on piece by piece, and can interfere at an exact point of
the conversation. So a test that wants the daemon dead between two steps of a swap says so by the
step ("when the answer to POST …/rename has come"), and never by sleeping.
"""

import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from .http1 import UNTIL_CLOSE, Head, Reader, simple_answer


class Moment(Enum):
    REQUEST = auto()  # it has come from the client; the engine has seen nothing of it
    ANSWER = auto()  # the engine's answer has begun; the client has seen nothing of it


class Drop:
    """What an action returns to have both connections closed and nothing forwarded."""


@dataclass(frozen=True)
class Reply:
    """What an action returns to have this answered instead of what the engine says."""

    status: int
    message: str


Action = Callable[["Exchange"], Drop | Reply | None]


@dataclass
class Exchange:
    method: str
    path: str  # without the API version and the query
    query: str
    began: float  # time.monotonic()
    status: int | None = None  # of the engine's answer, once it has begun
    done: bool = False  # the answer has been forwarded whole

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' + self.query if self.query else ''} {self.status}"


@dataclass
class Rule:
    moment: Moment
    method: str
    path: re.Pattern[str]
    nth: int  # of the exchanges that match; 0: each
    action: Action
    hits: int = 0

    @property
    def met(self) -> bool:
        """Its exchange has come: the action is done, or is still at it, also after forget()."""
        return self.hits >= max(self.nth, 1)

    def matches(self, moment: Moment, exchange: Exchange) -> bool:
        if moment is not self.moment or self.method not in ("", exchange.method):
            return False
        if not self.path.search(exchange.path):
            return False
        self.hits += 1
        return self.nth in (0, self.hits)


@dataclass
class Hold:
    """A request or an answer that waits in the relay: `reached`, then release()."""

    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    verdict: Drop | Reply | None = None

    def __call__(self, _: Exchange) -> Drop | Reply | None:
        self.reached.set()
        self.released.wait(120)
        return self.verdict

    def wait(self, seconds: float = 30) -> None:
        assert self.reached.wait(seconds), "what was to be held never came"

    def release(self, verdict: Drop | Reply | None = None) -> None:
        self.verdict = verdict
        self.released.set()


class Relay:
    """Listens on `path`, passes on to `target` (which may be changed while it runs)."""

    def __init__(self, path: Path, target: Path) -> None:
        self.path = path
        self.target = target
        self.api_version = ""  # set: what the client is told instead of the engine's own
        self.exchanges: list[Exchange] = []
        self._rules: list[Rule] = []
        self._holds: list[Hold] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.up()

    # ---- what a test says

    def on(
        self,
        method: str,
        path: str,
        action: Action,
        *,
        moment: Moment = Moment.ANSWER,
        nth: int = 1,
    ) -> Rule:
        """Runs the action at the nth exchange with that method ("": any) whose path matches the
        regular expression; nothing of it goes on before the action returns."""
        rule = Rule(moment, method, re.compile(path), nth, action)
        with self._lock:
            self._rules.append(rule)
        return rule

    def hold(
        self, method: str, path: str, *, moment: Moment = Moment.ANSWER, nth: int = 1
    ) -> Hold:
        hold = Hold()
        self._holds.append(hold)
        self.on(method, path, hold, moment=moment, nth=nth)
        return hold

    def delay(self, method: str, path: str, seconds: float, *, nth: int = 0) -> Rule:
        return self.on(method, path, lambda _: time.sleep(seconds), nth=nth)

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        message: str,
        *,
        moment: Moment = Moment.REQUEST,
        nth: int = 1,
    ) -> Rule:
        """At REQUEST the engine never sees it; at ANSWER it has done it, but the client is told
        that it failed."""
        return self.on(method, path, lambda _: Reply(status, message), moment=moment, nth=nth)

    def drop(
        self, method: str, path: str, *, moment: Moment = Moment.ANSWER, nth: int = 1
    ) -> Rule:
        return self.on(method, path, lambda _: Drop(), moment=moment, nth=nth)

    def strike(
        self,
        method: str,
        path: str,
        blow: Callable[[], object],
        *,
        moment: Moment = Moment.ANSWER,
        nth: int = 1,
    ) -> Rule:
        """Runs `blow` (daemon.kill, say) at that point, and forwards nothing of it."""

        def action(_: Exchange) -> Drop:
            blow()
            return Drop()

        return self.on(method, path, action, moment=moment, nth=nth)

    def forget(self) -> None:
        """No rules and no records any more; what is held goes on."""
        with self._lock:
            self._rules.clear()
            self.exchanges.clear()
        for hold in self._holds:
            hold.released.set()
        self._holds.clear()

    def calls(self, method: str = "", path: str = "") -> list[Exchange]:
        with self._lock:
            found = list(self.exchanges)
        return [e for e in found if method in ("", e.method) and re.search(path, e.path)]

    def cut(self) -> None:
        """Every connection breaks; new ones are taken."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def down(self) -> None:
        """As if the engine were gone: no socket, no connection."""
        if self._listener is None:
            return
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        self.cut()

    def up(self) -> None:
        assert self._listener is None
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen(128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        self.forget()
        self.down()

    # ---- how it is done: one thread for a connection of the client's, one exchange after the other

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        engine = socket.socket(socket.AF_UNIX)
        with self._lock:
            self._open |= {client, engine}
        try:
            engine.connect(str(self.target))
            from_client, from_engine = Reader(client), Reader(engine)
            while self._exchange(from_client, from_engine):
                pass
        except (OSError, EOFError, ValueError):
            pass
        finally:
            with self._lock:
                self._open -= {client, engine}
            client.close()
            engine.close()

    def _exchange(self, client: Reader, engine: Reader) -> bool:
        """One request and its answer. False: the connection ends here."""
        request = client.head()
        if request is None:
            return False
        method, target, _ = request.first.split(" ", 2)
        version, path, query = _split(target)
        exchange = Exchange(method, path, query, time.monotonic())
        with self._lock:
            self.exchanges.append(exchange)
        verdict = self._ask(Moment.REQUEST, exchange)
        if verdict is not None:
            return self._end(client, verdict, exchange)
        if self.api_version and version:
            # The engine would not know the version that the client was told.
            request.first = request.first.replace(f"/v{version}/", "/", 1)
        engine.sock.sendall(request.bytes())
        for piece in client.body(request.request_length()):
            engine.sock.sendall(piece)
        return self._answer(client, engine, exchange)

    def _answer(self, client: Reader, engine: Reader, exchange: Exchange) -> bool:
        answer = self._await_head(client, engine)
        while answer.status // 100 == 1 and answer.status != 101:
            client.sock.sendall(answer.bytes())
            answer = self._await_head(client, engine)
        exchange.status = answer.status
        verdict = self._ask(Moment.ANSWER, exchange)
        if verdict is not None:
            return self._end(client, verdict, exchange)
        length = answer.answer_length(exchange.method)
        pieces: Iterator[bytes] = engine.body(length, client.sock)
        if self.api_version:
            answer.replace("Api-Version", self.api_version)
            if exchange.path == "/version" and answer.status == 200:
                text = self._rewrite_version(b"".join(engine.content(pieces, answer)))
                answer.set_length(len(text))
                pieces = iter([text])
        client.sock.sendall(answer.bytes())
        if answer.status == 101 or answer.get("upgrade"):
            _tunnel(client, engine)
            return False
        for piece in pieces:
            client.sock.sendall(piece)
        exchange.done = True
        # What ends with its connection ends for the client in the same way.
        return length != UNTIL_CLOSE and not answer.closes()

    def _await_head(self, client: Reader, engine: Reader) -> Head:
        """The engine's next head; a client that goes away meanwhile ends the exchange."""
        engine.wait(client.sock)
        head = engine.head()
        if head is None:
            raise EOFError
        return head

    def _ask(self, moment: Moment, exchange: Exchange) -> Drop | Reply | None:
        with self._lock:
            rules = [rule for rule in self._rules if rule.matches(moment, exchange)]
        for rule in rules:
            verdict = rule.action(exchange)
            if verdict is not None:
                return verdict
        return None

    def _end(self, client: Reader, verdict: Drop | Reply, exchange: Exchange) -> bool:
        if isinstance(verdict, Reply):
            client.sock.sendall(simple_answer(verdict.status, verdict.message))
            exchange.done = True
        return False

    def _rewrite_version(self, text: bytes) -> bytes:
        document = json.loads(text)
        document["ApiVersion"] = self.api_version
        for component in document.get("Components") or []:
            if component.get("Name") == "Engine":
                component["Details"]["ApiVersion"] = self.api_version
        return json.dumps(document).encode()


def _split(target: str) -> tuple[str, str, str]:
    path, _, query = target.partition("?")
    match = re.match(r"/v(\d+\.\d+)(/.*)", path)
    return (match[1], match[2], query) if match else ("", path, query)


def _tunnel(client: Reader, engine: Reader) -> None:
    """After an upgrade (attach, exec): bytes both ways until either side ends."""
    ways = {client.sock: engine.sock, engine.sock: client.sock}
    for reader in (client, engine):
        ways[reader.sock].sendall(reader.take())
    while ways:
        for source in select.select(list(ways), [], [])[0]:
            data = source.recv(65536)
            if data:
                ways[source].sendall(data)
                continue
            with suppress(OSError):
                ways.pop(source).shutdown(socket.SHUT_WR)
