# SPDX-License-Identifier: Apache-2.0
"""A compose project on a test engine, with the real compose."""

import json
import subprocess
from pathlib import Path

from .cache import compose_plugin
from .engine import Engine


class Compose:
    """The file is plain text, as a user writes it; write() replaces it for the next command."""

    def __init__(self, engine: Engine, project: str, text: str, version: str = "2.40") -> None:
        self.engine = engine
        self.project = project
        self.version = version
        self.directory = engine.machine.path / "compose" / project
        self.directory.mkdir(parents=True, exist_ok=True)
        self.write(text)

    @property
    def file(self) -> Path:
        return self.directory / "docker-compose.yml"

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def start(self, *args: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Begins a command and returns at once; its output is one text."""
        command = [compose_plugin(self.version), "-p", self.project, "-f", self.file, *args]
        return subprocess.Popen(
            self.engine.machine.network_command(*command),
            env=self.engine.env | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.directory,
        )

    def run(self, *args: str, env: dict[str, str] | None = None) -> str:
        process = self.start(*args, env=env)
        text = process.communicate(timeout=180)[0]
        if process.returncode != 0:
            raise AssertionError(f"compose {' '.join(args)}: {text}")
        return text

    def up(self, *args: str, env: dict[str, str] | None = None) -> str:
        return self.run("up", "-d", *args, env=env)

    def down(self, *args: str) -> str:
        return self.run("down", "-t", "0", *args)

    def ids(self, service: str = "") -> list[str]:
        """Full ids of its containers, the stopped ones too."""
        labels = [f"label=com.docker.compose.project={self.project}"]
        labels += [f"label=com.docker.compose.service={service}"] if service else []
        filters = [word for label in labels for word in ("--filter", label)]
        return self.engine.docker("ps", "-aq", "--no-trunc", *filters).split()

    def configured(self) -> dict[str, object]:
        """What compose itself makes of the file."""
        return json.loads(self.run("config", "--format", "json"))
