# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every test that runs real parts."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from lib import images, workspace
from lib.engine import Engine
from lib.relay import Relay


@pytest.fixture(scope="session", autouse=True)
def _swept() -> None:
    """What an earlier run left when it was killed."""
    workspace.sweep()


@pytest.fixture(scope="session")
def engine_of() -> Iterator[Callable[[str], Engine]]:
    """engine_of("20.10"): that engine with all images, started once for the whole run."""
    running: dict[str, Engine] = {}
    closing = ExitStack()

    def get(version: str) -> Engine:
        if version not in running:
            engine = Engine(version)
            closing.callback(engine.close)
            images.load_all(engine.start())
            running[version] = engine
        return running[version]

    with closing:
        yield get


@pytest.fixture
def engine(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Engine]:
    """An engine with nothing on it but images: the newest, or the one that the test names with
    @pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)."""
    chosen = engine_of(getattr(request, "param", "28.5"))
    yield chosen
    chosen.reset()


@pytest.fixture
def relay(engine: Engine) -> Iterator[Relay]:
    """A relay in front of that engine."""
    path = engine.machine.path / "relay.sock"
    between = Relay(path, engine.socket)
    yield between
    between.close()


@pytest.fixture
def empty_engine() -> Iterator[Callable[..., Engine]]:
    """empty_engine("28.5", "--insecure-registry=…"): one of the test's own, which it may kill."""
    with ExitStack() as closing:

        def make(version: str = "28.5", *options: str, **kw: dict[str, str]) -> Engine:
            engine = Engine(version, *options, **kw)
            closing.callback(engine.close)
            return engine.start()

        yield make


def pytest_report_header() -> list[str]:
    from lib.cache import CACHE

    versions = CACHE / "versions"
    lines = versions.read_text().splitlines() if versions.exists() else []
    return [line for line in lines if not line.endswith(".deb")]


def pytest_configure() -> None:
    for tool in ("nsenter", "unshare", "setpriv", "ip", "iptables"):
        if not shutil.which(tool):
            pytest.exit(f"{tool} is missing: tests/run installs it", 2)
