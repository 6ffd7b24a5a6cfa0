# SPDX-License-Identifier: Apache-2.0
"""The control groups that a test engine's containers leave behind, on cgroup v1, v2 or both."""

import contextlib
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def _hierarchies() -> list[Path]:
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink()]


def prepare() -> None:
    """On v2 in a container of its own the top group is not the kernel's root: it may then not have
    both processes and children with controllers, so the processes move to a child first."""
    if not (ROOT / "cgroup.type").exists():
        return
    leaf = ROOT / "coollama-tests-init"
    leaf.mkdir(exist_ok=True)
    for pid in (ROOT / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):
            (leaf / "cgroup.procs").write_text(pid)


def thaw(name: str) -> None:
    """Whoever is paused in the group of that name goes on: on v1 it could not even be killed."""
    for hierarchy in _hierarchies():
        for directory, _, files in os.walk(hierarchy / name):
            if "freezer.state" in files:
                with contextlib.suppress(OSError):
                    Path(directory, "freezer.state").write_text("THAWED")


def remove(name: str) -> None:
    """Removes the group of that name and all below it, in every hierarchy; they must be empty."""
    for hierarchy in _hierarchies():
        for directory, _, _ in os.walk(hierarchy / name, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
