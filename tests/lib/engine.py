# SPDX-License-Identifier: Apache-2.0
"""A real Docker Engine of a chosen version, in a machine of its own (machine.py)."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .cache import engine_path
from .control import call
from .machine import Machine
from .wait import NotYet, wait_for


class DockerError(AssertionError):
    """A docker command failed; `text` is what it wrote."""

    def __init__(self, args: tuple[str, ...], text: str) -> None:
        super().__init__(f"docker {' '.join(args)}: {text.strip()}")
        self.text = text


class NoSuch(DockerError, NotYet):
    """The engine has nothing of that name: in a swap, for a moment, not even the consumer."""


class Engine:
    """start() … close(). The data outlive stop() and kill(); start() goes on with them."""

    def __init__(self, version: str, *options: str, env: dict[str, str] | None = None) -> None:
        self.version = version
        self.options = list(options)
        path = engine_path(version)
        self.machine = Machine()
        self.socket = self.machine.path / "docker.sock"
        self.env = {
            "PATH": path,
            "HOME": str(self.machine.path),
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(self.machine.path / "client"),
        } | (env or {})
        self._daemon: subprocess.Popen[bytes] | None = None
        self._clean = True
        (self.machine.path / "daemon.json").write_text("{}\n")

    def start(self) -> "Engine":
        assert self._daemon is None, "it runs already"
        path = self.machine.path
        command = ["dockerd", "-H", f"unix://{self.socket}", "--data-root", path / "data"]
        command += ["--exec-root", path / "exec", "--pidfile", path / "docker.pid"]
        command += ["--config-file", path / "daemon.json", "--shutdown-timeout", "3"]
        command += ["--cgroup-parent", f"/{self.machine.workspace.name}"]
        # A killed engine leaves its id behind, and ids repeat soon in so small a machine.
        (path / "docker.pid").unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            self._daemon = subprocess.Popen(
                self.machine.command(*command, *self.options),
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, f"engine {self.version} answers", 60, 0.05, self.log_tail)
        return self

    def _answers(self) -> bool:
        if self._daemon is None or self._daemon.poll() is not None:
            raise RuntimeError(f"engine {self.version} did not start:\n{self.log_tail()}")
        return self.client("version", "--format", "{{.Server.Version}}").returncode == 0

    def is_fit(self) -> bool:
        """For the next test: it runs, answers, and whoever had it could clear it."""
        if not self._clean or self._daemon is None or self._daemon.poll() is not None:
            return False
        with suppress(OSError, HTTPException):
            return call(self.socket, "GET", "/_ping").status == 200
        return False

    @property
    def log_path(self) -> Path:
        return self.machine.path / "dockerd.log"

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def pid(self) -> int:
        """dockerd's own process, as seen from here."""
        assert self._daemon is not None, "it does not run"
        children = Path(f"/proc/{self._daemon.pid}/task/{self._daemon.pid}/children")
        return int(children.read_text().split()[0])

    def stop(self) -> None:
        """As `systemctl stop docker`: containers are stopped too."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """dockerd alone dies. Containers go on until the next start, which stops them (with their
        own signal and time) and starts those again whose restart policy says so."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._daemon is None:
            return
        os.kill(self.pid(), number)
        self._daemon.send_signal(signal.SIGCONT)
        self._daemon.wait(timeout=60)
        self._daemon = None

    def cut_power(self) -> None:
        """As when its host loses power: it dies, and every container and helper with it."""
        pids = self.machine.processes()
        while pids:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            pids = self.machine.processes()
        if self._daemon is not None:
            self._daemon.wait(timeout=60)
            self._daemon = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def hang(self) -> None:
        """It takes connections and answers nothing, until wake()."""
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        tasks = Path(f"/proc/{pid}/task")
        wait_for(
            lambda: all(_state(task / "stat") == "T" for task in tasks.iterdir()),
            "every thread of the engine has stopped",
        )

    def wake(self) -> None:
        # nsenter has stopped together with its child, and continues it when it goes on.
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Everything of it is gone from the machine afterwards. Again is allowed."""
        if self._daemon is not None:
            # nsenter, that is; a machine ends only when none of its processes has a parent outside.
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None
        self.machine.close()

    # ---- its command

    def client(self, *args: str, stdin: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The docker command of the engine's own version, whatever it answers."""
        with (stdin or Path(os.devnull)).open("rb") as source:
            return subprocess.run(
                self.machine.network_command("docker", *args),
                env=self.env,
                stdin=source,
                capture_output=True,
                text=True,
                timeout=180,
            )

    def docker(self, *args: str, stdin: Path | None = None) -> str:
        """What it prints, without the last newline; DockerError when it fails."""
        done = self.client(*args, stdin=stdin)
        if done.returncode != 0:
            error = NoSuch if "No such " in done.stderr else DockerError
            raise error(args, done.stdout + done.stderr)
        return done.stdout.removesuffix("\n")

    def inspect(self, name: str, kind: str = "container") -> dict[str, Any]:
        return json.loads(self.docker("inspect", "--type", kind, name))[0]

    def exists(self, name: str, kind: str = "container") -> bool:
        return self.client("inspect", "--type", kind, name).returncode == 0

    def exec(self, container: str, *args: str) -> str:
        return self.docker("exec", container, *args)

    def gateway(self) -> str:
        """The address by which containers on the default bridge reach the machine. Asked of the
        kernel: 20.10 does not tell it of a bridge that it has just made."""
        shown = json.loads(self.machine.run("ip", "-j", "-4", "addr", "show", "docker0").stdout)
        return shown[0]["addr_info"][0]["local"]

    def reset(self) -> None:
        """Removes everything but images, so that the next test finds a new engine."""
        self._clean = False
        ids = self.docker("ps", "-aq").split()
        if ids:
            self.docker("rm", "-f", "-v", *ids)
        self.docker("network", "prune", "-f")
        volumes = self.docker("volume", "ls", "-q").split()
        if volumes:
            self.docker("volume", "rm", "-f", *volumes)
        self._clean = True


def _state(stat: Path) -> str:
    return stat.read_text().rpartition(")")[2].split()[0]
