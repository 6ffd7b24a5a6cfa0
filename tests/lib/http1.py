# SPDX-License-Identifier: Apache-2.0
"""As much HTTP/1.1 as passing messages on unchanged needs: heads, and where bodies end."""

import json
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass

UNTIL_CLOSE = -1
CHUNKED = -2
MAX_HEAD = 65536


@dataclass
class Head:
    first: str
    fields: list[tuple[str, str]]

    @classmethod
    def parse(cls, text: bytes) -> "Head":
        first, *lines = text.decode("latin-1").split("\r\n")
        split = [line.partition(":") for line in lines if line]
        return cls(first, [(name, value.strip()) for name, _, value in split])

    def bytes(self) -> bytes:
        lines = [self.first] + [f"{name}: {value}" for name, value in self.fields]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def get(self, name: str) -> str:
        return next((value for key, value in self.fields if key.lower() == name), "")

    def replace(self, name: str, value: str) -> None:
        self.fields = [
            (key, value if key.lower() == name.lower() else old) for key, old in self.fields
        ]

    def set_length(self, length: int) -> None:
        kept = [f for f in self.fields if f[0].lower() not in ("content-length", "transfer-encoding")]
        self.fields = kept + [("Content-Length", str(length))]

    @property
    def status(self) -> int:
        return int(self.first.split(" ", 2)[1])

    def closes(self) -> bool:
        return self.get("connection").lower() == "close" or self.first.startswith("HTTP/1.0")

    def request_length(self) -> int:
        if "chunked" in self.get("transfer-encoding").lower():
            return CHUNKED
        return int(self.get("content-length") or 0)

    def answer_length(self, method: str) -> int:
        if method == "HEAD" or self.status in (204, 304) or self.status // 100 == 1:
            return 0
        if "chunked" in self.get("transfer-encoding").lower():
            return CHUNKED
        length = self.get("content-length")
        return int(length) if length else UNTIL_CLOSE


class Reader:
    """One side's bytes. Bodies come as they stand on the wire, piece by piece, at once."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""

    def wait(self, other: socket.socket | None) -> None:
        """Until there is something to read; EOFError when the other side has gone."""
        if self._buffer:
            return
        sockets = [self.sock] + ([other] if other else [])
        ready = select.select(sockets, [], [])[0]
        if self.sock not in ready and other and not other.recv(1, socket.MSG_PEEK):
            raise EOFError

    def _more(self) -> bool:
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)

    def take(self, length: int | None = None) -> bytes:
        data = self._buffer[:length]
        self._buffer = self._buffer[len(data) :]
        return data

    def head(self) -> Head | None:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > MAX_HEAD:
                raise ValueError("a head too long")
            if not self._more():
                return None
        text = self.take(self._buffer.index(b"\r\n\r\n"))
        self.take(4)
        return Head.parse(text)

    def body(self, length: int, other: socket.socket | None = None) -> Iterator[bytes]:
        if length == CHUNKED:
            yield from self._chunks(other)
            return
        while length:
            self.wait(other)
            if not self._buffer and not self._more():
                if length == UNTIL_CLOSE:
                    return
                raise EOFError
            piece = self.take(None if length == UNTIL_CLOSE else length)
            if length != UNTIL_CLOSE:
                length -= len(piece)
            yield piece

    def _line(self, other: socket.socket | None) -> bytes:
        while b"\r\n" not in self._buffer:
            # What is there is not a whole line: only new bytes help.
            held, self._buffer = self._buffer, b""
            self.wait(other)
            more = self._more()
            self._buffer = held + self._buffer
            if not more:
                raise EOFError
        return self.take(self._buffer.index(b"\r\n") + 2)

    def _chunks(self, other: socket.socket | None) -> Iterator[bytes]:
        while True:
            line = self._line(other)
            yield line
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            yield from self.body(size + 2, other)
        trailer = b""
        while trailer != b"\r\n":
            trailer = self._line(other)
            yield trailer

    def content(self, pieces: Iterator[bytes], head: Head) -> Iterator[bytes]:
        """A body's bytes without its framing, for answers that are rewritten."""
        raw = b"".join(pieces)
        if "chunked" not in head.get("transfer-encoding").lower():
            yield raw
            return
        while raw:
            size, _, raw = raw.partition(b"\r\n")
            length = int(size.split(b";")[0] or b"0", 16)
            if length == 0:
                return
            yield raw[:length]
            raw = raw[length + 2 :]


def simple_answer(status: int, message: str) -> bytes:
    """As the engine words its errors."""
    body = json.dumps({"message": message}).encode() if status >= 400 else message.encode()
    head = f"HTTP/1.1 {status} relay\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
