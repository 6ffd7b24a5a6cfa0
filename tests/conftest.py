# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every test that runs real parts."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from lib import images, tables, workspace
from lib.daemon import Config, Daemon
from lib.engine import Engine
from lib.relay import Relay

DAEMONS = pytest.StashKey[list[Daemon]]()


@pytest.fixture(scope="session", autouse=True)
def _swept() -> None:
    """What an earlier run left when it was killed."""
    workspace.sweep()


class EngineOf:
    """engine_of("20.10"): that engine with all images, started once for the whole run. One that a
    test has broken is made anew, so that it breaks that test alone."""

    def __init__(self) -> None:
        self._running: dict[str, Engine] = {}

    def __call__(self, version: str) -> Engine:
        if version in self._running and not self._running[version].is_fit():
            self._running.pop(version).close()
        if version not in self._running:
            engine = self._running[version] = Engine(version)
            images.load_all(engine.start())
        return self._running[version]

    def reset(self) -> None:
        for engine in self._running.values():
            with suppress(AssertionError, OSError, subprocess.SubprocessError):
                engine.reset()  # else it is unfit from now on

    def close(self) -> None:
        for engine in self._running.values():
            engine.close()


@pytest.fixture(scope="session")
def engine_of() -> Iterator[EngineOf]:
    engines = EngineOf()
    try:
        yield engines
    finally:
        engines.close()


@pytest.fixture(scope="module", autouse=True)
def _left_behind(engine_of: EngineOf) -> Iterator[None]:
    """What a failed test did not get to end shall not fail the tests of the next file as well. (Set up
    before a file's own scenes, so torn down after them.)"""
    yield
    for daemon in Daemon.alive():
        daemon.kill()
    engine_of.reset()


@pytest.fixture
def engine(request: pytest.FixtureRequest, engine_of: EngineOf) -> Iterator[Engine]:
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


@pytest.fixture
def daemon_for(request: pytest.FixtureRequest) -> Iterator[Callable[..., Daemon]]:
    """daemon_for(engine, {"proxy": {"secured": "no"}}, socket=relay.path): a coollamad, not yet
    started. What still runs at the end of the test must end well."""
    made: list[Daemon] = []
    request.node.stash[DAEMONS] = made
    with ExitStack() as closing:

        def make(engine: Engine, config: Config | str | None = None, **kw: Path) -> Daemon:
            daemon = Daemon(engine, config, **kw)
            made.append(daemon)
            closing.callback(daemon.close)
            return daemon

        yield make


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test shows what its daemons said, and that of its file's scene."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed:
        scene = getattr(item, "funcargs", {}).get("scene")
        daemons = [*item.stash.get(DAEMONS, []), getattr(scene, "daemon", None)]
        for daemon in filter(None, dict.fromkeys(daemons)):
            report.sections.append(("coollamad", daemon.dump()))


def pytest_report_header() -> list[str]:
    from lib.cache import CACHE

    versions = CACHE / "versions"
    lines = versions.read_text().splitlines() if versions.exists() else []
    return [line for line in lines if not line.endswith(".deb")]


def pytest_configure() -> None:
    for tool in ("nsenter", "unshare", "setpriv", "ip", "iptables"):
        if not shutil.which(tool):
            pytest.exit(f"{tool} is missing: tests/run installs it", 2)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several that run files side by side gives its tables to the one that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tables"] = tables.published


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    tables.published.update(getattr(node, "workeroutput", {}).get("tables", {}))


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    for name, text in tables.published.items():
        terminalreporter.section(name)
        terminalreporter.write_line(text)
