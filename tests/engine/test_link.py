# SPDX-License-Identifier: Apache-2.0
"""Linking on a real engine: what opted in gains exactly the link, and nothing else is touched."""

import pytest

from lib.compose import Compose
from lib.daemon import Daemon
from lib.engine import Engine

from lib.consumers import EXTERNAL, HOST, URL, is_linked, service, stack

BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)


@BOTH
def test_a_labelled_container_gains_the_url_and_the_host_entry(engine: Engine) -> None:
    compose = Compose(engine, "shop", stack(service("web")))
    compose.up("-d")
    daemon = Daemon(engine, EXTERNAL).start()
    daemon.wait_for(lambda: is_linked(engine, "shop-web-1"), "the link")
    daemon.close()
