# SPDX-License-Identifier: Apache-2.0
"""Applications as Coolify makes them, whoever asks them all the time, and who of them ran when."""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .consumers import run
from .engine import Engine
from .images import BUSYBOX
from .wait import wait_for

NETWORK = "coolify"
STAMP = "142530123456"

# Answers with its own host name, and when it is asked to end finishes what it has begun.
SERVING = "busybox httpd -f -p 80 -h /etc & trap 'kill $!; sleep 0.3; exit' TERM; wait"
CHECK = ("--health-cmd", "wget -q -O /dev/null http://127.0.0.1/hostname", "--health-interval", "1s")


def name_of(uuid: str) -> str:
    return f"{uuid}-{STAMP}"


def application(engine: Engine, uuid: str, *options: str, script: str = SERVING) -> str:
    """One that Coolify itself would roll, if no option keeps it from that; its id. The alias is its
    uuid."""
    labels = {
        "coolify.managed": "true",
        "coolify.type": "application",
        "coolify.pullRequestId": "0",
        "coolify.resourceName": uuid,
        "com.docker.compose.project": uuid,
        "com.docker.compose.service": name_of(uuid),
        "com.docker.compose.container-number": "1",
        "com.docker.compose.config-hash": "h1",
        "com.docker.compose.oneoff": "False",
    }
    words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    words += ["--network", NETWORK, "--network-alias", uuid, *CHECK, *options]
    return run(engine, name_of(uuid), *words, script=script)


def network(engine: Engine) -> None:
    engine.docker("network", "create", NETWORK)


ASK = """
import socket, sys, time

def ask():
    with socket.create_connection((sys.argv[1], 80), 5) as connection:
        connection.sendall(b"GET /hostname HTTP/1.0\\r\\n\\r\\n")
        return b"".join(iter(lambda: connection.recv(4096), b""))

while True:
    try:
        try:
            answer = ask()
        except ConnectionResetError:
            answer = ask()
        good = b" 200 " in answer.partition(b"\\r\\n")[0]
        print(answer.split()[-1].decode() if good else "failed", flush=True)
    except OSError as error:
        print("failed", error, flush=True)
    time.sleep(0.01)
"""


@contextmanager
def following(process: subprocess.Popen[str], lines: list[str]) -> Iterator[None]:
    """What it prints is added to the lines, until it is killed here."""

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            lines.append(line.rstrip("\n"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        process.kill()
        process.wait()
        reader.join(10)


@dataclass
class Answers:
    lines: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        return [line for line in self.lines if line.startswith("failed")]

    @property
    def hosts(self) -> Counter[str]:
        """How often which container has answered, by its short id."""
        return Counter(line for line in self.lines if not line.startswith("failed"))


@contextmanager
def asking(engine: Engine, uuid: str) -> Iterator[Answers]:
    """In the application's network somebody asks it by its alias, over a new connection each time. As most
    clients do, of several addresses he takes the next one where one refuses, and a connection that is reset
    (whoever ends has not taken it yet) he makes once more."""
    asker = f"asks-{uuid}"
    engine.docker("run", "-d", "--name", asker, "--network", NETWORK, BUSYBOX, "sleep", "1000000")
    document = engine.inspect(asker)
    pid = str(document["State"]["Pid"])
    process = subprocess.Popen(
        engine.machine.command(
            *("nsenter", "-t", pid, "-n", "unshare", "-m", "sh", "-c"),
            f"mount --bind {document['ResolvConfPath']} /etc/resolv.conf && exec \"$@\"",
            *("sh", "setpriv", "--pdeathsig", "KILL", sys.executable, "-c", ASK, uuid),
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    answers = Answers()
    try:
        with following(process, answers.lines):
            wait_for(lambda: answers.hosts, f"{uuid} answers")
            yield answers
    finally:
        engine.docker("rm", "-f", asker)


@contextmanager
def running(engine: Engine) -> Iterator[dict[str, list[int]]]:
    """Of each application, how many of its containers ran after each start and end; they are all running
    when it begins, one of each."""
    lines: list[str] = []
    counts: dict[str, list[int]] = {}
    words = ("docker", "events", "--format", "{{json .}}", "--filter", "type=container")
    words += ("--filter", "event=start", "--filter", "event=die")
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *engine.machine.network_command(*words)],
        env=engine.env,
        stdout=subprocess.PIPE,
        text=True,
    )
    with following(process, lines):
        engine.docker("run", "--rm", "--name", "heard", BUSYBOX, "true")
        wait_for(lambda: lines, "events are heard")
        yield counts
        engine.docker("run", "--rm", "--name", "over", BUSYBOX, "true")
        wait_for(lambda: '"name":"over"' in lines[-1] and '"die"' in lines[-1], "all was heard")
    for event in map(json.loads, lines):
        project = event["Actor"]["Attributes"].get("com.docker.compose.project")
        if project is not None:
            counts.setdefault(project, [1])
            counts[project].append(counts[project][-1] + (1 if event["Action"] == "start" else -1))
