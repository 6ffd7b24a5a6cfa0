# SPDX-License-Identifier: Apache-2.0
"""A real image registry (Debian's docker-registry) inside an engine's machine.

The engine takes it for a mirror of the public one, so `ollama/ollama:latest` and `nginx:alpine` are
pulled under their real names, with real progress and real failures. The engine must be started with
OPTIONS; the registry may come and go while it runs.
"""

import os
import signal
import subprocess

from .cache import CACHE, need
from .engine import Engine
from .images import Image
from .wait import wait_for

ADDRESS = "127.0.0.1:5000"
OPTIONS = (f"--registry-mirror=http://{ADDRESS}", "--max-download-attempts=1")

_CONFIG = """version: 0.1
storage:
  delete: {{enabled: true}}
  filesystem: {{rootdirectory: {root}}}
http: {{addr: "{address}"}}
log: {{level: info}}
"""


class Registry:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.root = engine.machine.path / "registry"
        self.log_path = engine.machine.path / "registry.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.root.mkdir()

    def start(self) -> "Registry":
        config = self.root / "config.yml"
        config.write_text(_CONFIG.format(root=self.root, address=ADDRESS))
        program = need(CACHE / "debian" / "usr" / "bin" / "docker-registry")
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.engine.machine.network_command(program, "serve", config),
                env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, "the registry answers", seen=self.log_path.read_text)
        return self

    def _answers(self) -> bool:
        assert self._process and self._process.poll() is None, self.log_path.read_text()
        listening = self.engine.machine.run("ss", "-ltnH", f"sport = :{ADDRESS.split(':')[1]}")
        return bool(listening.stdout.strip())

    def serve(self, image: Image) -> None:
        """Makes it pullable under its real name; the engine itself does not keep it."""
        repository, _, tag = image.name.partition(":")
        path = repository if "/" in repository else f"library/{repository}"
        name = f"{ADDRESS}/{path}:{tag}"
        image.load(self.engine, name)
        self.engine.docker("push", name)
        self.engine.docker("rmi", name)

    def lose_layers(self) -> None:
        """Manifests are there, what they name is not: pulls fail after they have begun."""
        for blob in (self.root / "docker/registry/v2/blobs").glob("*/*/*/data"):
            if blob.stat().st_size > 100_000:
                blob.unlink()

    def hang(self) -> None:
        """Pulls stand still until wake()."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
