# SPDX-License-Identifier: Apache-2.0
"""Which GPU our own Ollama gets, on real engines. There is no GPU on this machine. Stand-ins are: the
nvidia runtime (runc itself, under that name), NVIDIA's hook (a script, which the engine looks for on
its path before it knows the driver), and the CDI device nvidia.com/gpu=all (a variable). What the
engine makes of them is real."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lib import images
from lib.command import coollama
from lib.consumers import env_of
from lib.daemon import Daemon
from lib.engine import Engine
from lib.provider import API, run_of, settle, status, wait_up
from lib.relay import Relay

BOTH = pytest.mark.parametrize("version", ["20.10", "28.5"])
Make = Callable[..., Daemon]
HOOK = "#!/bin/sh\n[ -e {flag} ] || exit 0\necho 'nvidia-container-cli: driver not loaded' >&2\nexit 1\n"


def gpu_of(daemon: Daemon) -> str:
    return status(daemon)["provider"]["gpu"] or ""


def requests(engine: Engine) -> list[str]:
    return [r["Driver"] for r in engine.inspect(API)["HostConfig"]["DeviceRequests"] or []]


class Furnished:
    """An engine whose daemon.json names what the test wants, and with tools of its own on its path."""

    def __init__(self, version: str) -> None:
        self.engine = Engine(version)
        self.path = self.engine.machine.path
        self.broken = self.path / "broken"  # while it is there, NVIDIA's hook fails

    def start(self, settings: dict[str, object]) -> Engine:
        (self.path / "daemon.json").write_text(json.dumps(settings))
        images.load_all(self.engine.start())
        return self.engine

    def _tool(self, name: str, text: str) -> str:
        path = self.path / "tools" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def nvidia(self) -> Engine:
        hook = self._tool("nvidia-container-runtime-hook", HOOK.format(flag=self.broken))
        runtime = self._tool("nvidia-container-runtime", '#!/bin/sh\nexec runc "$@"\n')
        self.engine.env["PATH"] = f"{Path(hook).parent}:{self.engine.env['PATH']}"
        return self.start({"runtimes": {"nvidia": {"path": runtime, "runtimeArgs": []}}})

    def cdi(self) -> Engine:
        edits = {"name": "all", "containerEdits": {"env": ["FROM_CDI=yes"]}}
        spec = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [edits]}
        folder = self.path / "cdi"
        folder.mkdir()
        (folder / "nvidia.json").write_text(json.dumps(spec))
        return self.start({"cdi-spec-dirs": [str(folder)]})


# Before daemon_for in a test's arguments: what is made last goes first.
@pytest.fixture
def furnished() -> Iterator[Callable[[str], Furnished]]:
    with ExitStack() as closing:

        def make(version: str) -> Furnished:
            one = Furnished(version)
            closing.callback(one.engine.close)
            return one

        yield make


@pytest.fixture
def relay_to() -> Iterator[Callable[[Engine], Relay]]:
    with ExitStack() as closing:

        def make(engine: Engine) -> Relay:
            relay = Relay(engine.machine.path / "relay.sock", engine.socket)
            closing.callback(relay.close)
            return relay

        yield make


@BOTH
def test_auto_takes_the_nvidia_runtime_and_falls_back_where_it_refuses(
    furnished: Callable[[str], Furnished],
    relay_to: Callable[[Engine], Relay],
    daemon_for: Make,
    version: str,
) -> None:
    host = furnished(version)
    host.broken.touch()
    engine = host.nvidia()
    relay = relay_to(engine)
    daemon = daemon_for(engine, socket=relay.path).start()
    wait_up(daemon)
    assert requests(engine) == []
    assert gpu_of(daemon).startswith("CPU: nvidia refused: ")
    assert "CPU: nvidia refused: " in coollama(daemon).out
    assert daemon.logged("Ollama gets no GPU until Docker is restarted")
    # Remembered: neither a restart of the daemon nor a look tries again.
    run = run_of(engine, API)
    daemon.kill()
    daemon.start()
    wait_up(daemon)
    assert settle(daemon, relay) == [] and run_of(engine, API) == run
    # The engine restarted with a driver that works: it is taken.
    host.broken.unlink()
    engine.stop()
    engine.start()
    daemon.wait_for(lambda: engine.exists(API) and requests(engine) == ["nvidia"], "the GPU", 90)
    wait_up(daemon)
    assert gpu_of(daemon) == "GPU: nvidia"
    assert settle(daemon, relay) == []


def test_gpu_none_takes_none(furnished: Callable[[str], Furnished], daemon_for: Make) -> None:
    engine = furnished("28.5").nvidia()
    daemon = daemon_for(engine, {"provider": {"gpu": "none"}}).start()
    wait_up(daemon)
    assert requests(engine) == [] and gpu_of(daemon) == "CPU: gpu = none"


def test_a_device_that_the_engine_found_by_cdi_is_taken(
    furnished: Callable[[str], Furnished], relay_to: Callable[[Engine], Relay], daemon_for: Make
) -> None:
    engine = furnished("28.5").cdi()
    relay = relay_to(engine)
    daemon = daemon_for(engine, socket=relay.path).start()
    wait_up(daemon)
    assert requests(engine) == ["cdi"] and gpu_of(daemon) == "GPU: nvidia (by CDI)"
    assert "FROM_CDI=yes" in engine.exec(API, "cat", "/proc/1/environ")
    assert settle(daemon, relay) == []


def test_what_is_configured_and_not_there_is_said(engine: Engine, daemon_for: Make) -> None:
    daemon = daemon_for(engine, {"provider": {"gpu": "nvidia"}}).start()
    wait_up(daemon)
    assert "NVIDIA Container Toolkit" in gpu_of(daemon)
    if not Path("/dev/kfd").exists():
        daemon.configure({"provider": {"gpu": "amd"}})
        daemon.reload()
        daemon.wait_for(lambda: "there is no /dev/kfd here" in gpu_of(daemon), "no AMD GPU")
        wait_up(daemon)
