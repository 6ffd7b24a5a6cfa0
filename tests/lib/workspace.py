# SPDX-License-Identifier: Apache-2.0
"""A temporary directory that a later run clears away when this one was killed.

Its owner holds a lock on a file in it for as long as it lives; whoever gets that lock may remove the
directory. Paths are short because the names of unix sockets are (107 bytes)."""

import contextlib
import fcntl
import shutil
import tempfile
from pathlib import Path

from . import cgroup

PARENT = Path("/tmp")
PREFIX = "coollama-t-"


class Workspace:
    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
        self._lock = (self.path / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @property
    def name(self) -> str:
        return self.path.name

    def close(self) -> None:
        _remove(self.path)
        self._lock.close()


def _remove(path: Path) -> None:
    cgroup.thaw(path.name)
    cgroup.remove(path.name)
    shutil.rmtree(path, ignore_errors=True)


def sweep() -> None:
    """Removes the workspaces that nobody holds any more."""
    for path in PARENT.glob(PREFIX + "*"):
        with contextlib.suppress(OSError), (path / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)
