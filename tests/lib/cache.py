# SPDX-License-Identifier: Apache-2.0
"""Where tests/lib/fetch has put what the tests run: engines, compose plugins, registry, nginx."""

import os
from pathlib import Path

CACHE = Path(os.environ.get("COOLLAMA_CACHE", "/var/cache/coollama-tests"))
SOURCE = Path(__file__).resolve().parents[2]
ENGINES = ("20.10", "26.1", "28.5")
COMPOSES = ("2.26", "2.40")


def need(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"{path}: run tests/lib/fetch first (tests/run does)")
    return path


def engine_path(version: str) -> str:
    """A PATH that finds dockerd, containerd, its shim, docker-proxy, docker and runc of a version
    before anything of the machine's."""
    tree = need(CACHE / "engines" / version)
    return f"{tree}/usr/sbin:{tree}/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def compose_plugin(version: str) -> Path:
    return need(CACHE / "compose" / version / "docker-compose")
