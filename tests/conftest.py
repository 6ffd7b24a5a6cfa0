# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every test that runs real parts."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

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


@pytest.fixture(scope="session")
def engine_of() -> Iterator[Callable[[str], Engine]]:
    """engine_of("20.10"): that engine with all images, started once for the whole run. One that a
    test has broken is made anew, so that it breaks that test alone."""
    running: dict[str, Engine] = {}
    closing = ExitStack()

    def get(version: str) -> Engine:
        if version in running and not running[version].is_fit():
            running.pop(version).close()
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
    """A failed test shows what its daemons said."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed:
        for daemon in item.stash.get(DAEMONS, []):
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


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    for name, text in tables.published.items():
        terminalreporter.section(name)
        terminalreporter.write_line(text)
