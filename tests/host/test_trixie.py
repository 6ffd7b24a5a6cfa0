# SPDX-License-Identifier: Apache-2.0
"""The package on a Debian 13, in a chroot: neither systemd nor Docker runs there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import package
from lib.cache import CACHE, SOURCE

@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A copy-on-write view of it."""
    package.run(SOURCE / "tests/lib/host-base", "trixie")
    for name in ("up", "work", "root"):
        (tmp_path / name).mkdir()
    layers = f"lowerdir={CACHE}/trixie-base,upperdir={tmp_path}/up,workdir={tmp_path}/work"
    package.run("mount", "-t", "overlay", "overlay", "-o", layers, tmp_path / "root")
    # systemd-tmpfiles asks it for the files that it has open.
    package.run("mount", "-t", "proc", "proc", tmp_path / "root/proc")
    try:
        yield tmp_path / "root"
    finally:
        package.run("umount", tmp_path / "root/proc", tmp_path / "root")


def apt(root: Path, *words: str) -> str:
    environment = ["env", "-i", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8"]
    done = subprocess.run(
        ["chroot", root, *environment, "apt-get", "-y", "--no-install-recommends", *words],
        check=False, text=True, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_installed_upgraded_removed_and_purged(root: Path, tmp_path: Path) -> None:
    first = package.build(tmp_path)
    second = package.later(first, "0.1.0+later", tmp_path)
    for deb in (first, second):
        (root / "root" / deb.name).write_bytes(deb.read_bytes())

    assert "coollama: docker.service" not in apt(root, "install", f"/root/{first.name}"), "there is no systemd to ask"
    assert package.run("chroot", root, "coollamad", "--version").startswith("coollamad ")
    assert package.run("chroot", root, "coollamad", "--check-config").endswith("fine\n")
    package.run("chroot", root, "getent", "passwd", "coollama", "coollama-proxy")
    wants = root / "etc/systemd/system/docker.service.wants/coollamad.service"
    assert wants.is_symlink() and (root / "var/lib/coollama/proxy/run").is_dir()
    configuration = root / "etc/coollama/coollama.conf"
    configuration.write_text(configuration.read_text() + "# mine\n")

    apt(root, "install", f"/root/{second.name}")
    assert configuration.read_text().endswith("# mine\n")
    assert "coollama down --unlink" in apt(root, "remove", "coollama")
    assert configuration.exists() and not (root / "usr/sbin/coollamad").exists()
    assert "coollama's own containers and networks stay" in apt(root, "purge", "coollama")
    for name in ("etc/coollama", "var/lib/coollama"):
        assert not (root / name).exists()
    assert not wants.is_symlink()
