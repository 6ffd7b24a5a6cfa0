# SPDX-License-Identifier: Apache-2.0
"""coollama upgrade on real engines, with a real registry: the newer image stays when it comes up, and
else the one before it is back. Ollama is the stand-in; what is newer of it is made here."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from lib import images
from lib.command import coollama
from lib.daemon import Daemon
from lib.engine import Engine
from lib.provider import API, PROXY, ask, consumer, key_of, run_of, wait_linked, wait_up
from lib.registry import OPTIONS, Registry
from lib.relay import Relay

OLD = images.ollama()
NEW = replace(OLD, files=OLD.files | {"etc/newer": b"yes\n"})
BAD = replace(OLD, changes=(*OLD.changes[:-2], 'ENTRYPOINT ["/bin/false"]'))
Make = Callable[..., Daemon]
# Both engines both ways in the full run alone.
FULL = bool(os.environ.get("COOLLAMA_FULL"))
PULLED = {"recovery": {"min-outage": "1h"}}


@contextmanager
def serving(engine: Engine, image: images.Image) -> Iterator[Registry]:
    """The engine has the images, and a registry has a newer one of Ollama."""
    images.load_all(engine)
    registry = Registry(engine).start()
    try:
        registry.serve(image)
        yield registry
    finally:
        registry.close()


def image_of(engine: Engine) -> str:
    return engine.inspect(API)["Image"]


def named(engine: Engine, name: str = images.OLLAMA) -> str:
    return engine.inspect(name, "image")["Id"]


@pytest.mark.parametrize("version", ["20.10", "28.5"] if FULL else ["28.5"])
def test_a_newer_image_stays_when_it_comes_up(
    empty_engine: Callable[..., Engine], daemon_for: Make, version: str
) -> None:
    engine = empty_engine(version, *OPTIONS)
    with serving(engine, NEW) as registry:
        consumer(engine, "shop")
        daemon = daemon_for(engine, PULLED).start()
        wait_linked(daemon, "shop/web")
        old, proxy, web = image_of(engine), run_of(engine, PROXY), run_of(engine, "shop-web-1")
        engine.exec(API, "ollama", "pull", "tiny")
        said = coollama(daemon, "upgrade")
        assert said.status == 0, said
        assert "Pulling ollama/ollama:latest" in said.out
        assert said.out.splitlines()[-1].startswith("upgraded: Ollama runs the newest")
        assert image_of(engine) == named(engine) != old
        assert engine.exec(API, "cat", "/etc/newer") == "yes"
        assert "tiny" in engine.exec(API, "ollama", "list"), "models are kept"
        assert not engine.exists("coollama-previous:api", "image")
        assert (run_of(engine, PROXY), run_of(engine, "shop-web-1")) == (proxy, web)
        assert ask(engine, "shop-web-1", "/api/tags", key_of(engine, "shop-web-1"))[0] == 200

        run = run_of(engine, API)
        said = coollama(daemon, "upgrade")
        assert said.status == 0 and "nothing new" in said.out and run_of(engine, API) == run
        coollama(daemon, "pause")
        said = coollama(daemon, "upgrade")
        assert said.status == 1 and "coollama resume first" in said.err
        coollama(daemon, "resume")
        registry.close()
        said = coollama(daemon, "upgrade")
        assert said.status == 1 and "nothing was changed" in said.out and run_of(engine, API) == run
        assert not (daemon.state / "upgrade.json").exists()


@pytest.mark.parametrize("version", ["20.10", "28.5"] if FULL else ["20.10"])
def test_one_that_does_not_come_up_is_taken_back(
    empty_engine: Callable[..., Engine], daemon_for: Make, version: str
) -> None:
    engine = empty_engine(version, *OPTIONS)
    with serving(engine, BAD):
        daemon = daemon_for(engine, PULLED).start()
        wait_up(daemon)
        old = image_of(engine)
        said = coollama(daemon, "upgrade")
        assert said.status == 1, said
        assert "it does not stay up" in said.out and "the one before it again, and is up" in said.out
        assert image_of(engine) == named(engine) == old
        assert not engine.exists("coollama-previous:api", "image")
        wait_up(daemon)


def test_an_upgrade_that_is_killed_at_any_call_is_finished(
    empty_engine: Callable[..., Engine], daemon_for: Make
) -> None:
    engine = empty_engine("28.5", *OPTIONS)
    relay = Relay(engine.machine.path / "relay.sock", engine.socket)
    with serving(engine, NEW):
        daemon = daemon_for(engine, PULLED, socket=relay.path).start()
        wait_up(daemon)
        old = run_of(engine, API)[0]
        calls = [
            ("POST", "/images/.*/tag$"),
            ("POST", "/images/create$"),
            ("POST", f"/containers/{old}/stop$"),
            ("DELETE", f"/containers/{old}$"),
            ("POST", f"/containers/create$"),
            ("DELETE", "/images/coollama-previous:api$"),
        ]
        dead = threading.Semaphore(0)
        for method, path in calls:
            relay.strike(method, path, lambda: (daemon.kill(), dead.release()))
        coollama(daemon, "upgrade")
        for method, path in calls:
            assert dead.acquire(timeout=60), f"{method} {path} never came\n{daemon.dump()}"
            daemon.start(ready=False)
        daemon.wait_log("Upgrade: upgraded")
        wait_up(daemon)
        assert engine.exec(API, "cat", "/etc/newer") == "yes"
        assert not engine.exists("coollama-previous:api", "image")
    relay.close()
