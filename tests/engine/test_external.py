# SPDX-License-Identifier: Apache-2.0
"""An Ollama elsewhere, behind its own nginx with a key: the seed document's secured stack, which knows
nothing of us and is never changed. It stands on the same engine, and is asked by the host's addresses
alone, as one on another machine is. Ollama is the stand-in, nginx is Debian's."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lib.command import coollama
from lib.compose import Compose
from lib.daemon import Daemon
from lib.engine import Engine
from lib.ollamas import NGINX, SEED_KEY, behind_tls, certificate, models_of, secured, shown, wait_why
from lib.provider import (
    API,
    PROXY,
    UNAUTHORIZED,
    ask,
    consumer,
    run_of,
    status,
    wait_linked,
    wait_up,
)

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
PORT = 11435  # ours; the seed's stack has 11434 on all addresses
WEB = "shop-web-1"


class Believer(Daemon):
    """On a host that believes the certificates in `directory / "certs"`, and no others."""

    def command(self, *options: str) -> list[str]:
        certs = self.directory / "certs"
        certs.mkdir(exist_ok=True)
        bind = f'mount --bind {certs} /etc/ssl/certs && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", bind, "sh", *super().command(*options)]

    def believe(self, ca: Path) -> None:
        (self.directory / "certs" / "ca-certificates.crt").write_text(ca.read_text())


@dataclass
class Scene:
    engine: Engine
    daemon: Believer
    remote: Compose
    key_file: Path
    before: dict[str, Any]

    def aim(self, url: str, **more: object) -> None:
        """As its operator does: the file is changed, and the daemon told."""
        provider = {"mode": "external", "url": url, "key-file": self.key_file} | more
        provider = {name: value for name, value in provider.items() if value}
        self.daemon.configure(
            {"provider": provider, "proxy": {"port": PORT}, "recovery": {"min-outage": "1ms"}}
        )

    def models(self) -> list[str]:
        return models_of(self.engine, WEB, port=PORT)

    def downs(self) -> int:
        return len(self.daemon.logged("^Ollama is down"))

    def wait_why(self, words: str) -> dict[str, Any]:
        return wait_why(self.daemon, words)


@pytest.fixture(scope="module", params=ENGINES)
def scene(request: pytest.FixtureRequest, engine_of: Callable[[str], Engine]) -> Iterator[Scene]:
    engine = engine_of(request.param)
    daemon = Believer(engine)
    try:
        remote = secured(engine, "elsewhere")
        behind_tls(remote)
        remote.up()
        engine.exec("elsewhere-ollama-api-1", "ollama", "pull", "faraway")
        names = engine.docker("ps", "--format", "{{.Names}}").split()
        key_file = daemon.directory / "key"
        key_file.write_text(SEED_KEY + "\n")
        key_file.chmod(0o600)
        scene = Scene(engine, daemon, remote, key_file, shown(engine, *names))
        consumer(engine, "shop")
        scene.aim(f"http://{engine.gateway()}:11434")
        daemon.start()
        wait_linked(daemon, "shop/web")
        yield scene
    finally:
        daemon.close()
        engine.reset()


def test_a_consumer_gets_its_models_with_a_key_of_its_own(scene: Scene) -> None:
    provider = status(scene.daemon)["provider"]
    assert (provider["mode"], provider["up"]) == ("external", True)
    assert "faraway:latest" in scene.models()
    assert ask(scene.engine, WEB, "/api/tags", port=PORT) == (401, UNAUTHORIZED)
    assert ask(scene.engine, WEB, "/api/tags", SEED_KEY, port=PORT) == (401, UNAUTHORIZED)
    proof = coollama(scene.daemon, "verify", "shop/web")
    assert proof.status == 0 and "faraway" in proof.out, proof.out + proof.err
    assert not scene.engine.exists(API)
    assert shown(scene.engine, *scene.before) == scene.before


def test_the_other_ones_key_is_nowhere_that_others_can_read(scene: Scene) -> None:
    engine, daemon = scene.engine, scene.daemon
    assert not daemon.logged(SEED_KEY)
    for name in (PROXY, WEB):
        assert SEED_KEY not in str(engine.inspect(name))
        logs = engine.client("logs", name)
        assert SEED_KEY not in logs.stdout + logs.stderr
    assert SEED_KEY not in daemon.call("GET", "/status").text + daemon.call("GET", "/plan").text
    commands = [Path(f"/proc/{pid}/cmdline") for pid in engine.machine.processes()]
    assert not [path for path in commands if path.exists() and SEED_KEY.encode() in path.read_bytes()]
    files = [path for path in daemon.directory.rglob("*") if path.is_file() and not path.is_symlink()]
    holding = [path for path in files if SEED_KEY.encode() in path.read_bytes()]
    assert {path.name for path in holding} == {"key", "upstream.conf"}
    assert not [path for path in holding if path.stat().st_mode & 0o007]


def test_one_that_is_down_is_one_outage_and_then_whoever_lived_through_it_is_restarted(
    scene: Scene,
) -> None:
    earlier, downs = run_of(scene.engine, WEB), scene.downs()
    scene.remote.run("stop", "-t", "0", "ollama-proxy")
    provider = scene.wait_why("does not answer the proxy")
    assert "see that it answers there" in provider["next"]
    scene.remote.run("start", "ollama-proxy")
    wait_up(scene.daemon)
    scene.daemon.wait_for(lambda: run_of(scene.engine, WEB) != earlier, "its restart")
    assert scene.downs() == downs + 1
    assert scene.models()


def test_a_key_that_is_refused_is_told_and_another_one_counts_after_a_reload(scene: Scene) -> None:
    fresh = "another-" + SEED_KEY
    conf = scene.remote.directory / "ollama-proxy.conf"
    conf.write_text(NGINX.replace(SEED_KEY, fresh))
    scene.engine.exec("elsewhere-ollama-proxy-1", "nginx", "-s", "reload")
    provider = scene.wait_why("refuses the key of")
    assert str(scene.key_file) in provider["why"] and "reload coollamad" in provider["next"]
    proof = coollama(scene.daemon, "verify", "shop/web")
    assert proof.status != 0 and "coollama status" in proof.out
    number = len(scene.daemon.logged("Not reloaded"))
    for text, mend in (("", "there is no key in it"), ("two words", "one line of visible ASCII")):
        scene.key_file.write_text(text)
        scene.daemon.reload()
        number += 1
        scene.daemon.wait_for(lambda: len(scene.daemon.logged("Not reloaded")) == number, "told")
        assert mend in scene.daemon.logged("Not reloaded")[-1]
    scene.key_file.write_text(fresh + "\n")
    scene.daemon.reload()
    wait_up(scene.daemon)
    assert scene.models()
    assert not scene.daemon.logged(SEED_KEY)


def test_one_that_wants_a_key_and_is_given_none_is_told_so(scene: Scene) -> None:
    scene.aim(f"http://{scene.engine.gateway()}:11434", **{"key-file": ""})
    scene.daemon.reload()
    provider = scene.wait_why("wants a key")
    assert "key-file in [provider]" in provider["next"]


def test_by_https_only_a_certificate_that_this_host_believes_is_asked(scene: Scene) -> None:
    """The name is this host's own for containers, which no resolver knows."""
    engine, daemon = scene.engine, scene.daemon
    daemon.believe(certificate(daemon.directory, "somebody-else")[0])
    scene.aim("https://host.docker.internal:8443")
    daemon.reload()
    provider = scene.wait_why("https://host.docker.internal:8443 does not answer the proxy")
    assert "certificate that this host believes" in provider["next"]
    logs = engine.client("logs", PROXY)
    assert "certificate verify" in logs.stdout + logs.stderr
    assert scene.models() == []
    daemon.believe(scene.remote.directory / "ca.pem")
    daemon.reload()
    wait_up(daemon)
    assert "faraway:latest" in scene.models()
    assert not daemon.logged(SEED_KEY)
