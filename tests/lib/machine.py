# SPDX-License-Identifier: Apache-2.0
"""A small machine of its own for an engine: network, mount and process namespaces.

They hang on one process, the machine's first. When it ends, by close() or because the tests were
killed, the kernel takes everything with it: every process, every mount, every interface and
firewall rule. Nothing has to be looked for by name, and the machine's own network is never touched.
"""

import atexit
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import cgroup
from .wait import wait_for
from .workspace import Workspace

# The first process collects orphans and does nothing else. /run is the machine's own (engines keep
# sockets and locks there under fixed names), and so is what is written to /etc (20.10 makes a key).
_FIRST = """
import os, signal, sys
if os.system(
    "set -e; mount -t tmpfs tmpfs /run; mkdir /run/etc /run/etc-work; ip link set lo up;"
    "mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc-work /etc"
) != 0:
    sys.exit("the machine's mounts or its network failed")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
open(sys.argv[1], "w").close()
while True:
    signal.pause()
"""


class Machine:
    def __init__(self) -> None:
        self.workspace = Workspace()
        # For an interrupt that comes while it is being made or closed.
        atexit.register(self.close)
        self._outer: subprocess.Popen[bytes] | None = None
        self.pid = 0
        cgroup.prepare()
        ready = self.workspace.path / "ready"
        with (self.workspace.path / "machine.log").open("wb") as log:
            self._outer = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork"]
                + ["--kill-child=KILL", "--mount-proc"]
                + [sys.executable, "-S", "-E", "-c", _FIRST, str(ready)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        outer = self._outer
        wait_for(lambda: ready.exists() or outer.poll() is not None, "the machine is up")
        if outer.poll() is not None:
            raise RuntimeError((self.workspace.path / "machine.log").read_text())
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        self.pid = int(children.read_text().split()[0])

    @property
    def path(self) -> Path:
        return self.workspace.path

    def command(self, *args: str | Path) -> list[str]:
        """The command line that runs a program in the machine, on the same files."""
        # Not outliving the tests matters: a machine cannot end before all who wait in it are gone.
        enter = ["setpriv", "--pdeathsig", "KILL", "nsenter", "-t", str(self.pid)]
        enter += ["--net", "--mount", "--pid", "--"]
        return enter + [str(arg) for arg in args]

    def network_command(self, *args: str | Path) -> list[str]:
        """The same, but in its network alone: for what the tests want to see and signal by pid."""
        enter = ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]
        return enter + [str(arg) for arg in args]

    def run(self, *args: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args), check=check, text=True, capture_output=True, timeout=120
        )

    def processes(self) -> list[int]:
        """Everything that runs in it, by the ids that this side sees, the first process excluded."""
        mine = os.readlink(f"/proc/{self.pid}/ns/pid")
        return [pid for pid in _pids() if pid != self.pid and _namespace(pid) == mine]

    def close(self) -> None:
        """Again is allowed."""
        if self._outer is not None:
            self._outer.kill()
            self._outer.wait()
        if self.pid:
            cgroup.thaw(self.workspace.name)
            wait_for(lambda: not Path(f"/proc/{self.pid}").exists(), "the machine is gone", 120)
        self.workspace.close()
        atexit.unregister(self.close)


def _pids() -> Sequence[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""
