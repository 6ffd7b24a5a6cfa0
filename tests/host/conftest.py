# SPDX-License-Identifier: Apache-2.0
"""Throwaway hosts for tests: `bare` has Docker and its images, `host` has coollama installed as well."""

import contextlib
import fcntl
import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lib.cache import CACHE, SOURCE
from lib.host import Host, booted, make
from lib.installed import ARGS, INSTALL, SHORT, STAGE

# Another Debian is made for it, which takes minutes.
collect_ignore = [] if os.environ.get("COOLLAMA_FULL") else ["test_trixie.py"]

Prepared = Callable[[str], contextlib.AbstractContextManager[Host]]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What packaging/install builds and installs: the release, not the tests' sanitized build."""
    make()
    tree = tmp_path_factory.mktemp("stage")
    command = [SOURCE / "packaging/install", "--build-dir", CACHE / "try-build", "--stage", tree]
    with open(CACHE / ".lock-try-build", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # files that run side by side each ask for it
        done = subprocess.run(command, check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


@pytest.fixture(scope="session")
def prepared(stage: Path) -> Prepared:
    """A host with this engine, as it is before coollama comes; packaging/install and its tree lie ready."""

    @contextlib.contextmanager
    def prepare(engine: str) -> Iterator[Host]:
        with booted(f"test-{os.getpid()}-{next(_numbers)}", engine=engine) as host:
            host.load_images()
            host.put(SOURCE / "packaging", Path(INSTALL).parent)
            host.put(stage, STAGE)
            host.add_coolify()
            yield host

    return prepare


@pytest.fixture
def bare(request: pytest.FixtureRequest, prepared: Prepared) -> Iterator[Host]:
    """For one test. Another engine: @pytest.mark.parametrize("bare", ["28.5"], indirect=True)."""
    with prepared(getattr(request, "param", "20.10")) as host:
        yield host


@pytest.fixture
def host(bare: Host) -> Host:
    bare.write("/etc/coollama/coollama.conf.d/short.conf", SHORT)
    bare.run(INSTALL, *ARGS)
    return bare
