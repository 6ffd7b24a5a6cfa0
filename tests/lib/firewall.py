# SPDX-License-Identifier: Apache-2.0
"""A test machine's routes and its firewall, with the real iptables of its own network."""

from .engine import Engine


def default_route(engine: Engine, container: str) -> str:
    """Where it goes out: interface and gateway."""
    pid = str(engine.inspect(container)["State"]["Pid"])
    shown = engine.machine.run("nsenter", "-t", pid, "-n", "ip", "-4", "route", "show", "default")
    return shown.stdout.strip()


def drop_input(engine: Engine) -> None:
    """As UFW does by default: what is forwarded passes, what is meant for the host does not."""
    for rule in (
        ("-A", "INPUT", "-i", "lo", "-j", "ACCEPT"),
        ("-A", "INPUT", "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
        ("-P", "INPUT", "DROP"),
    ):
        engine.machine.run("iptables", *rule)


def accept_input(engine: Engine) -> None:
    engine.machine.run("iptables", "-P", "INPUT", "ACCEPT")
    engine.machine.run("iptables", "-F", "INPUT")
