# SPDX-License-Identifier: Apache-2.0
"""The other end of sd_notify: what systemd would have been told."""

import socket
import threading
from pathlib import Path


class Notify:
    """Messages in the order in which they came; each a dictionary of its lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            data = self._socket.recv(65536)
            if not data:
                return
            lines = data.decode(errors="replace").splitlines()
            self.messages.append(dict(line.split("=", 1) for line in lines if "=" in line))

    def said(self, name: str, value: str = "1") -> bool:
        """For READY, RELOADING, STOPPING, WATCHDOG."""
        return any(message.get(name) == value for message in list(self.messages))

    @property
    def statuses(self) -> list[str]:
        return [message["STATUS"] for message in list(self.messages) if "STATUS" in message]

    @property
    def status(self) -> str:
        """The unit's status line as it stands."""
        return (self.statuses or [""])[-1]

    def forget(self) -> None:
        self.messages = []

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self._thread.join(5)
        self._socket.close()
