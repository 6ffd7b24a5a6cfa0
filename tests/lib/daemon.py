# SPDX-License-Identifier: Apache-2.0
"""coollamad, the built one, run beside a test engine as systemd would run it on its host."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from .cache import SOURCE, need
from .control import Answer, call
from .engine import Engine
from .notify import Notify
from .wait import NotYet, wait_for

Config = Mapping[str, Mapping[str, object]]

# Short, so that tests are quick; they wait for what happens, never for these.
QUICK: Config = {
    "link": {"settle": "300ms", "settle-unchecked": "300ms"},
    "health": {"probe": "100ms", "resync": "2s"},
    "recovery": {"min-outage": "500ms", "grace": "1s"},
}


def binary() -> Path:
    return need(SOURCE / "build" / "dev" / "agent" / "coollamad")


def config_text(config: Config) -> str:
    sections = []
    for name, keys in config.items():
        lines = [f"{key} = {value}" for key, value in keys.items()]
        sections.append("\n".join([f"[{name}]", *lines]))
    return "\n".join(sections) + "\n"


class Daemon:
    """Directories and log outlive the process, so start() after kill() is a restart."""

    _made: ClassVar[list["Daemon"]] = []

    def __init__(
        self, engine: Engine, config: Config | str | None = None, socket: Path | None = None
    ) -> None:
        """`config` is laid over QUICK, or is the whole file when it is a text; `socket` is where
        the engine seems to be (a relay's, say)."""
        number = len(list(engine.machine.path.glob("coollama-*")))
        self.engine = engine
        self.directory = engine.machine.path / f"coollama-{number}"
        self.state = self.directory / "state"
        self.runtime = self.directory / "run"
        self.config = self.directory / "coollama.conf"
        self.socket = socket or engine.socket
        self.templates = SOURCE / "templates"  # or a copy of it, changed for the test
        self.lines: list[str] = []
        for directory in (self.directory, self.state, self.runtime):
            directory.mkdir()
        self.configure(config or {})
        self.notify = Notify(self.directory / "notify")
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._end: int | None = None  # the exit status of the last one that has ended
        self._changing = threading.Lock()
        self._made.append(self)

    @classmethod
    def alive(cls) -> list["Daemon"]:
        """All that run, whoever made them."""
        return [daemon for daemon in cls._made if daemon._process is not None]

    def configure(self, config: Config | str) -> None:
        """Writes the file; start() or reload() make it count."""
        if isinstance(config, str):
            self.config.write_text(config)
            return
        whole: dict[str, dict[str, object]] = {"docker": {"socket": self.socket}}
        for part in (QUICK, config):
            for section, keys in part.items():
                whole.setdefault(section, {}).update(keys)
        self.config.write_text(config_text(whole))

    def command(self, *options: str) -> list[str]:
        """In the engine's network: there it is the host."""
        args: list[str | Path] = [binary(), "--config", self.config, "--state", self.state]
        args += ["--runtime", self.runtime, "--templates", self.templates, *options]
        return self.engine.machine.network_command(*args)

    def _env(self) -> dict[str, str]:
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "NOTIFY_SOCKET": str(self.notify.path),
            "ASAN_OPTIONS": "abort_on_error=0:detect_leaks=1",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }

    # ---- its life

    def start(self, *options: str, ready: bool = True) -> "Daemon":
        assert not self.running, "it runs already"
        process, reader = self._process, self._reader
        if process and reader:  # whoever killed it is not done with it yet
            status = self._bury(process, reader)
            assert status == -signal.SIGKILL, f"it had ended with {status}\n{self.dump()}"
        self.notify.forget()
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self.command(*options)],
            env=self._env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        if ready:
            self.wait_for(lambda: self.notify.said("READY"), "READY=1")
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """A call that ends by itself: --check-config, --finish, --version."""
        return subprocess.run(
            self.command(*options), env=self._env(), text=True, capture_output=True, timeout=120
        )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self, seconds: float = 60) -> int:
        """Until it has ended; its exit status, negative for a signal."""
        process, reader = self._process, self._reader
        assert process and reader
        return self._bury(process, reader, seconds)

    def kill(self) -> None:
        """SIGKILL. Safe to call from a relay's action, also while others do."""
        process, reader = self._process, self._reader
        if process and reader:
            process.kill()
            self._bury(process, reader)

    def _bury(self, process: subprocess.Popen[str], reader: threading.Thread, seconds: float = 60) -> int:
        """Whoever is late finds the next one running already, and lets it be."""
        status = process.wait(seconds)
        reader.join(10)
        with self._changing:
            if self._process is process:
                self._process, self._end = None, status
        return status

    def stop(self) -> None:
        """SIGTERM, as systemd; it must end well (the sanitizers speak in its status too)."""
        self.terminate()
        status = self.wait()
        assert status == 0, f"ended with {status}\n{self.dump()}"

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        assert self._process
        os.kill(self._process.pid, signal.SIGTERM)

    def reload(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        """At the end of a test: what still runs must stop well."""
        try:
            if self.running:
                self.stop()
            elif self._process is not None:
                status = self.wait()
                raise AssertionError(f"it had ended with {status}\n{self.dump()}")
        finally:
            self.kill()
            self.notify.close()

    # ---- what it says

    def wait_for(self, condition, what: str, seconds: float = 30):  # type: ignore[no-untyped-def]
        """As wait.wait_for(), but fails at once when the daemon has ended, and shows its log."""

        def check():  # type: ignore[no-untyped-def]
            running = self.running
            try:
                value = condition()
            except NotYet:
                value = None
                if running:
                    raise
            if not value and not running and self._reader:
                self._reader.join(5)  # its last words
            assert value or running, f"ended while waiting for: {what}\n{self.dump()}"
            return value

        return wait_for(check, what, seconds, seen=self.dump)

    def logged(self, pattern: str) -> list[str]:
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def wait_log(self, pattern: str, seconds: float = 30) -> str:
        return self.wait_for(lambda: self.logged(pattern), f"log entry {pattern!r}", seconds)[0]

    def wait_status(self, pattern: str, seconds: float = 30) -> str:
        """Until the unit's status line matches."""
        self.wait_for(lambda: re.search(pattern, self.notify.status), f"status {pattern!r}", seconds)
        return self.notify.status

    def call(self, method: str, target: str, body: object = None) -> Answer:
        """A request on the control socket."""
        return call(self.runtime / "api.sock", method, target, body)

    def dump(self) -> str:
        """Its standard error is in the log, and so is what the sanitizers say."""
        process = self._process
        status = process.poll() if process else self._end
        fate = "it runs" if process and status is None else f"exit status: {status}"
        lines = "\n".join(self.lines[-80:])
        return f"{fate}\nstatus line: {self.notify.status!r}\nlog:\n{lines}"
