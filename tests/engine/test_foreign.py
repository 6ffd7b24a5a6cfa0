# SPDX-License-Identifier: Apache-2.0
"""What is not ours stays, whatever labels it carries: labels travel with committed images."""

from lib.consumers import env_of
from lib.control import call
from lib.daemon import Daemon
from lib.engine import Engine
from lib.relay import Relay

FOREIGN = {
    "tenant": ["--label", "coollama.part=foo", "--label", "coollama.enable=true"],
    "snapshot": ["--label", "coollama.part=api", "--label", "com.docker.compose.project=coollama"],
    "probelike": ["--label", "coollama.part=probe", "-v", "/data"],
    "optedout": ["--label", "coollama.enable=false"],
}


def run(engine: Engine, name: str, *options: str) -> None:
    engine.docker("run", "-d", "--name", name, *options, "busybox:local", "sleep", "1000")


def test_what_only_carries_our_labels_is_never_touched(engine: Engine, relay: Relay) -> None:
    for name, options in FOREIGN.items():
        run(engine, name, *options)
    before = {name: engine.inspect(name) for name in FOREIGN}
    run(engine, "witness", "--label", "coollama.enable=true")
    daemon = Daemon(engine, socket=relay.path).start()
    try:
        daemon.wait_for(lambda: "OLLAMA_API_KEY" in env_of(engine.inspect("witness")), "a link", 60)
        daemon.wait_status("1 of 1 consumers linked")
        # Everything is listed and cleaned again while nothing is under way.
        seen = len(relay.calls("GET", r"/containers/json$"))
        daemon.wait_for(lambda: len(relay.calls("GET", r"/containers/json$")) > seen + 3, "resyncs")
        assert {name: engine.inspect(name) for name in FOREIGN} == before
        rows = [row["name"] for row in daemon.call("GET", "/status").json()["consumers"]]
        assert rows == ["witness"]
    finally:
        daemon.close()


def test_a_new_key_does_not_keep_the_proxy_down_over_a_restart_of_the_engine(engine: Engine) -> None:
    """The engine takes a container that it was asked to signal for one that its user stopped."""
    run(engine, "first", "--restart", "always", "--label", "coollama.enable=true")
    daemon = Daemon(engine).start()
    try:
        daemon.wait_status("1 of 1 consumers linked", 60)
        run(engine, "second", "--restart", "always", "--label", "coollama.enable=true")
        daemon.wait_status("2 of 2 consumers linked", 60)
        daemon.stop()
        engine.restart()
        assert engine.inspect("coollama-proxy")["State"]["Running"]
    finally:
        daemon.close()


def test_a_label_that_no_tool_can_write_keeps_nobody_else_from_being_linked(engine: Engine) -> None:
    """Labels are anybody's, and the engine takes any text."""
    for name, labels in (("namenul", {"a\0b": ""}), ("valuenul", {"a": "b\0c"})):
        body = {
            "Image": "busybox:local",
            "Cmd": ["sleep", "1000"],
            "Labels": {"coollama.enable": "true", **labels},
        }
        made = call(engine.socket, "POST", f"/containers/create?name={name}", body)
        assert made.status == 201, made.text
        engine.docker("start", name)
    before = engine.inspect("namenul")
    run(engine, "witness", "--label", "coollama.enable=true")
    daemon = Daemon(engine).start()
    try:
        for name in ("witness", "valuenul"):
            daemon.wait_for(lambda: "OLLAMA_API_KEY" in env_of(engine.inspect(name)), f"{name} linked", 60)
        assert engine.inspect("valuenul")["Config"]["Labels"]["a"] == "b\0c"
        assert engine.inspect("namenul") == before
        run(engine, "later", "--label", "coollama.enable=true")
        daemon.wait_for(lambda: "OLLAMA_API_KEY" in env_of(engine.inspect("later")), "later linked", 60)
    finally:
        daemon.close()
