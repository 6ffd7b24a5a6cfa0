# SPDX-License-Identifier: Apache-2.0
"""The real clients of npm, run as a consumer would run them: with the environment of its container, in
its network, with its hosts and its resolver, and with nothing else."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .cache import CACHE, SOURCE
from .consumers import env_of
from .engine import Engine

SCRIPTS = SOURCE / "tests" / "clients"
INSTALL = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")


def installed() -> Path:
    """Where they are, out of the registry that this machine's npm is configured for."""
    wanted = (SCRIPTS / "package.json").read_text()
    directory = CACHE / "clients"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = directory / "installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            (directory / "package.json").write_text(wanted)
            shutil.rmtree(directory / "node_modules", ignore_errors=True)
            subprocess.run(["npm", "install", *INSTALL], cwd=directory, check=True, timeout=300)
            stamp.write_text(wanted)
    return directory


def ask(engine: Engine, container: str, client: str) -> dict[str, Any]:
    """What ask.js has got by this client in the place of this container; AssertionError with its
    words where it got nothing."""
    directory = installed()
    document = engine.inspect(container)
    # Docker keeps both files beside the container and mounts them into it.
    places = f"mount --bind {document['HostsPath']} /etc/hosts"
    places += f" && mount --bind {document['ResolvConfPath']} /etc/resolv.conf"
    node = shutil.which("node")
    assert node, "node is missing: tests/run installs it"
    env = [f"{name}={value}" for name, value in env_of(document).items()]
    done = subprocess.run(
        engine.machine.command(
            *("nsenter", "-t", str(document["State"]["Pid"]), "-n", "unshare", "-m", "sh", "-c"),
            f'{places} && cd "$0" && exec env -i "$@"',
            *(directory, *env, node, SCRIPTS / "ask.js", client),
        ),
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{client}: {done.stderr}{done.stdout}"
    return json.loads(done.stdout)
