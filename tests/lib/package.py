# SPDX-License-Identifier: Apache-2.0
"""The Debian package, as packaging/build-deb makes it, and others of a later version."""

import subprocess
from pathlib import Path

from .cache import SOURCE


def run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], check=False, text=True, capture_output=True)
    assert done.returncode == 0, f"{words}:\n{done.stdout}{done.stderr}"
    return done.stdout


def build(directory: Path) -> Path:
    run(SOURCE / "packaging/build-deb", "--output", directory)
    (deb,) = directory.glob("coollama_*.deb")
    return deb


def later(deb: Path, version: str, directory: Path) -> Path:
    """The same files, as a later version of the package."""
    tree = directory / version
    run("dpkg-deb", "--raw-extract", deb, tree)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text("".join(f"Version: {version}\n" if s.startswith("Version: ") else f"{s}\n" for s in lines))
    made = directory / f"coollama_{version}_{deb.stem.rsplit('_', 1)[1]}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", tree, made)
    return made
