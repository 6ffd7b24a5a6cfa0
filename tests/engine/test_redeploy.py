# SPDX-License-Identifier: Apache-2.0
"""Deployments as Coolify does them: a default application gets a new container name, and with it a
new service name, every time; the new one starts beside the old one, which is removed after it."""

import pytest

from lib.compose import Compose
from lib.consumers import EXTERNAL, SERVE, is_linked, rows, state_is
from lib.daemon import Daemon
from lib.engine import Engine

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
UUID = "a8c4s0kw8kgk0wk4gks8k4o0"


def application(name: str) -> str:
    labels = {
        "coolify.managed": "true",
        "coolify.applicationId": "17",
        "coolify.type": "application",
        "coolify.name": UUID,
        "coolify.resourceName": "my-shop",
        "coolify.projectName": "acme",
        "coolify.serviceName": "my-shop",
        "coolify.environmentName": "production",
        "coolify.pullRequestId": "0",
        "coollama.enable": "true",
    }
    lines = [f"      - '{key}={value}'" for key, value in labels.items()]
    return "\n".join(
        ["services:", f"  {name}:", "    image: busybox:local", f"    {SERVE}"]
        + [f"    container_name: {name}", "    restart: unless-stopped"]
        + ["    networks: [coolify]", "    labels:", *lines]
        + ["networks: {coolify: {external: true, name: coolify}}"]
    )


def deploy(engine: Engine, number: int, version: str) -> str:
    """Coolify's rolling deployment without a health check; the new container's name."""
    name = f"{UUID}-{120000 + number:06d}{number:06d}"
    Compose(engine, UUID, application(name), version).up()
    mine = ["ps", "-a", "--format", "{{.Names}}", "--filter", "label=coolify.applicationId=17"]
    for other in engine.docker(*mine).split():
        if other != name:
            engine.client("stop", "--time=30", other)
            engine.client("rm", "-f", other)
    return name


@BOTH
def test_two_redeploys_end_linked_in_one_row(engine: Engine) -> None:
    engine.docker("network", "create", "--attachable", "coolify")
    version = "2.26" if engine.version == "20.10" else "2.40"
    daemon = Daemon(engine, EXTERNAL).start()
    for number in range(3):
        name = deploy(engine, number, version)
        daemon.wait_for(lambda: is_linked(engine, name), f"deployment {number} is linked")
        daemon.wait_for(lambda: state_is(daemon, "my-shop", "linked"), "its row says so")
        row = rows(daemon)
        assert list(row) == ["my-shop"]
        assert row["my-shop"]["containers"] == row["my-shop"]["linked"] == 1
        assert engine.docker("ps", "-a", "--format", "{{.Names}}").split() == [name]
    daemon.close()
