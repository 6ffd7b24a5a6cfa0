# SPDX-License-Identifier: Apache-2.0
"""coollama, the built one, run as its operator runs it."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cache import SOURCE, need
from .daemon import Daemon

# Known to the daemon of GroupDaemon alone, whatever groups the machine has.
DOCKER_GROUP = 47110
NOBODY = 65534


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


def binary() -> Path:
    return need(SOURCE / "build" / "dev" / "agent" / "coollama")


def coollama(daemon: Daemon, *args: str, uid: int = 0, gid: int = 0) -> Said:
    """Its answer, asked by this user; a copy, since not every user may enter the checkout."""
    command: list[str | Path] = []
    program = daemon.directory / "coollama"
    if not program.exists():
        shutil.copy(binary(), program)
    if uid or gid:
        command = ["setpriv", "--reuid", str(uid), "--regid", str(gid), "--clear-groups", "--"]
    done = subprocess.run(
        [*command, program, "--runtime", daemon.runtime, *args],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    return Said(done.returncode, done.stdout, done.stderr)


class GroupDaemon(Daemon):
    """It sees a group docker with the number DOCKER_GROUP, and any user may reach its socket."""

    def command(self, *options: str) -> list[str]:
        group = self.directory / "group"
        lines = Path("/etc/group").read_text().splitlines()
        lines = [line for line in lines if not line.startswith("docker:")]
        group.write_text("\n".join([*lines, f"docker:x:{DOCKER_GROUP}:", ""]))
        for directory in (self.engine.machine.path, self.directory, self.runtime):
            directory.chmod(0o755)
        bind = f'mount --bind {group} /etc/group && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", bind, "sh", *super().command(*options)]
