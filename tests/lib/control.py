# SPDX-License-Identifier: Apache-2.0
"""HTTP over a unix socket, for the daemon's control socket and for the engine's."""

import http.client
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float = 30) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


def call(path: Path, method: str, target: str, body: object = None) -> Answer:
    """One request on a connection of its own; the body, if any, as JSON."""
    connection = UnixConnection(path)
    try:
        data = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, target, data, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode(errors="replace"))
    finally:
        connection.close()
