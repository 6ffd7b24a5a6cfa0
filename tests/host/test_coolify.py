# SPDX-License-Identifier: Apache-2.0
"""The command `coolify` (tests/lib/coolify) does what it says, as facts of Coolify's own code have it.

One host for each engine, without coollama; each test begins with nothing deployed."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from lib import coolify_status
from lib.host import Host, HostError, booted, make
from lib.moves import RESOURCES, sequence

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
APP, STACK, BASE = "k4gwo0cs8c4ow8wkso0kgc4s", "oc4kw8g0s8ko4cwc0gs0kw4k", "s0wck4o8gkc0w4cs8ow4k0gc"
HELPER = "docker.io/coollabsio/coolify-helper:1.0.15"


class Server:
    def __init__(self, host: Host) -> None:
        self.host = host

    def coolify(self, *words: str) -> str:
        return self.host.out("coolify", *words)

    def fails(self, *words: str) -> str:
        done = self.host.run("coolify", *words, check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    def names(self, project: str) -> list[str]:
        filters = ("--filter", f"label=com.docker.compose.project={project}")
        return sorted(self.host.docker("ps", "-a", *filters, "--format", "{{.Names}}").split())

    def document(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.host.docker("inspect", name))[0]
        return found

    def labels(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self.document(name)["Config"]["Labels"]
        return found

    def networks(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.document(name)["NetworkSettings"]["Networks"]
        return found

    def exists(self, kind: str, name: str) -> bool:
        return self.host.run("docker", kind, "inspect", name, check=False).returncode == 0

    def events(self, since: str) -> list[tuple[str, str, str]]:
        """Action, name and image of what happened to containers, in order; exec's command goes along."""
        now = self.host.out("date", "+%s.%N")
        words = ("events", "--since", since, "--until", now, "--filter", "type=container", "--format", "{{json .}}")
        found = []
        for line in self.host.docker(*words).splitlines():
            event = json.loads(line)
            of = event["Actor"]["Attributes"]
            found.append((event["Action"], of["name"], of["image"]))
        return found


@pytest.fixture(scope="module", params=ENGINES)
def whole(request: pytest.FixtureRequest) -> Iterator[Server]:
    make()
    with booted(f"moves-{os.getpid()}", engine=request.param) as host:
        host.load_images()
        host.add_coolify()
        yield Server(host)


@pytest.fixture
def server(whole: Server) -> Iterator[Server]:
    yield whole
    whole.host.sh("for r in $(ls /data/coolify/resources); do coolify delete $r; done; docker rm -f coolify-proxy")


def test_an_application_rolls_in_a_helper_that_is_restarted_and_its_old_container_goes_last(server: Server) -> None:
    server.coolify("define", "app", APP, "my-app", "--health", "coollama.enable=true")
    old = server.coolify("deploy", APP, "one").splitlines()[-1]
    since = server.host.out("date", "+%s.%N")
    new = server.coolify("deploy", APP, "two").splitlines()[-1]
    assert old.startswith(f"{APP}-") and len(old) == len(APP) + 13 and new > old
    assert server.names(APP) == [new]

    labels = server.labels(new)
    assert labels["coolify.managed"] == "true" and labels["coolify.type"] == "application"
    assert labels["coolify.name"] == APP and labels["coolify.resourceName"] == "my-app"
    assert labels["coolify.pullRequestId"] == "0" and labels["coollama.enable"] == "true"
    assert labels["com.docker.compose.service"] == new
    where = labels["com.docker.compose.project.working_dir"]
    assert where.startswith("/artifacts/") and server.host.run("test", "-e", where, check=False).returncode == 1
    document = server.document(new)
    assert "SOURCE_COMMIT=two" in document["Config"]["Env"]
    assert document["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert list(server.networks(new)) == ["coolify"] and new in server.networks(new)["coolify"]["Aliases"]

    events = server.events(since)
    helper = where.removeprefix("/artifacts/")
    of_helper = [(what, image) for what, name, image in events if name == helper and ":" not in what]
    life = [("create", HELPER), ("start", HELPER), ("die", HELPER), ("destroy", HELPER)]
    assert [one for one in of_helper if one in life] == life * 2
    steps = [(what, name) for what, name, _ in events if name in (old, new)]
    order = [("start", new), ("health_status: healthy", new), ("die", old), ("destroy", old)]
    assert [one for one in steps if one in order] == order
    assert any(what.startswith("exec_create") and f"--project-name {APP}" in what for what, *_ in events)
    assert [name for what, name, _ in events if what == "destroy"][-2:] == [old, helper]
    assert not server.exists("container", helper)

    # "Restart" is a deployment; one that never gets healthy fails, and the old one stays.
    again = server.coolify("redeploy", APP).splitlines()[-1]
    assert server.names(APP) == [again] and again > new
    assert "unhealthy" in server.fails("broken", APP)
    assert server.names(APP) == [again]
    assert server.host.docker("ps", "-a", "--filter", f"ancestor={HELPER}", "-q") == ""


def test_a_health_check_is_asked_by_name_and_a_missing_container_fails_the_deployment(server: Server) -> None:
    server.coolify("define", "app", APP, "my-app", "--health")
    # Whoever takes the new one away meanwhile.
    thief = "until docker rename $(docker ps -q --filter name=^/%s-) gone; do sleep 0.01; done" % APP
    script = f"({thief}) >/dev/null 2>&1 & if coolify deploy {APP}; then exit 9; fi; wait"
    done = server.host.run("bash", "-c", script, check=False)
    assert done.returncode == 0 and "No such object" in done.stderr, done.stderr
    assert server.names(APP) == ["gone"]


def test_port_and_name_stop_the_old_one_first_and_previews_have_no_labels_of_their_own(server: Server) -> None:
    server.coolify("define", "app", APP, "my-app", "--port=8081", "coollama.enable=true")
    old = server.coolify("deploy", APP).splitlines()[-1]
    since = server.host.out("date", "+%s.%N")
    new = server.coolify("deploy", APP).splitlines()[-1]
    steps = [(what, name) for what, name, _ in server.events(since) if what in ("start", "destroy") and APP in name]
    assert steps == [("destroy", old), ("start", new)]
    assert server.document(new)["HostConfig"]["PortBindings"]["80/tcp"][0]["HostPort"] == "8081"

    server.coolify("define", "app", APP, "my-app", "--consistent", "--volume", "coollama.enable=true")
    server.coolify("stop", APP)
    assert server.coolify("deploy", APP).splitlines()[-1] == APP
    before = server.document(APP)["Id"]
    server.coolify("deploy", APP)
    assert server.names(APP) == [APP] and server.document(APP)["Id"] != before
    assert server.document(APP)["Mounts"][0]["Name"] == f"{APP}_data"

    server.coolify("preview", APP, "7")
    preview = f"{APP}-pr-7"
    assert server.names(APP) == [APP, preview]
    assert server.labels(preview)["coolify.pullRequestId"] == "7" and "coollama.enable" not in server.labels(preview)
    server.coolify("deploy", APP)
    assert server.names(APP) == [APP, preview], "a deployment leaves previews alone"
    server.coolify("unpreview", APP, "7")
    assert server.names(APP) == [APP]
    server.coolify("delete", APP)
    assert server.names(APP) == [] and not server.exists("volume", f"{APP}_data")


def test_a_compose_application_is_stopped_first_and_its_network_goes_with_it(server: Server) -> None:
    server.coolify("proxy")
    server.coolify("define", "compose", STACK, "my-stack", "--member=web", "--database=db", "--predefined",
                   "coollama.enable=true")  # fmt: skip
    server.coolify("deploy", STACK, "one")
    old = server.names(STACK)
    since = server.host.out("date", "+%s.%N")
    server.coolify("deploy", STACK, "two")
    db, web = server.names(STACK)
    assert web.startswith(f"web-{STACK}-") and db.startswith(f"db-{STACK}-")
    steps = [(what, name) for what, name, _ in server.events(since) if what in ("start", "destroy") and STACK in name]
    assert [what for what, _ in steps] == ["destroy", "destroy", "start", "start"]
    assert sorted(name for what, name in steps if what == "destroy") == old
    labels = server.labels(web)
    assert labels["com.docker.compose.service"] == "web" and labels["coollama.enable"] == "true"
    assert "coollama.enable" not in server.labels(db)
    assert set(server.networks(web)) == {STACK, "coolify"} and "web" in server.networks(web)["coolify"]["Aliases"]
    assert set(server.networks("coolify-proxy")) == {"coolify", STACK}

    server.coolify("preview", STACK, "7")
    preview = f"web-{STACK}-pr-7"
    assert preview in server.names(STACK) and set(server.networks(preview)) == {f"{STACK}-7", "coolify"}
    assert server.labels(preview)["com.docker.compose.service"] == "web-pr-7"
    assert server.labels(preview)["coollama.enable"] == "true"
    server.coolify("unpreview", STACK, "7")
    assert server.names(STACK) == [db, web] and not server.exists("network", f"{STACK}-7")
    server.coolify("stop", STACK)
    assert server.names(STACK) == [] and not server.exists("network", STACK)
    assert set(server.networks("coolify-proxy")) == {"coolify"}


def test_a_service_is_recreated_whole_or_by_component_and_joined_to_the_predefined_network(server: Server) -> None:
    server.coolify("proxy")
    server.coolify("define", "service", STACK, "my-stack", "--member=web", "--database=db", "--predefined",
                   "coollama.enable=true")  # fmt: skip
    server.coolify("start", STACK)
    web, db = f"web-{STACK}", f"db-{STACK}"
    before = {name: server.document(name)["Id"] for name in (web, db)}
    labels = server.labels(web)
    assert labels["coolify.service.subName"] == "web" and labels["coolify.service.subType"] == "application"
    assert server.labels(db)["coolify.service.subType"] == "database"
    assert labels["com.docker.compose.project.working_dir"] == f"/data/coolify/services/{STACK}"
    aliases = server.networks(web)["coolify"]["Aliases"]
    assert web in aliases and "web" not in aliases, "the short name is the stack's own"
    assert "web" in server.networks(web)[STACK]["Aliases"] and STACK in server.networks("coolify-proxy")

    server.coolify("start", STACK)
    assert server.names(STACK) == [db, web]
    assert all(server.document(name)["Id"] != id for name, id in before.items())
    before = {name: server.document(name)["Id"] for name in (web, db)}
    started = server.document(web)["State"]["StartedAt"]
    server.coolify("component", "start", STACK, "web")
    server.coolify("component", "restart", STACK, "web")
    server.coolify("component", "stop", STACK, "db")
    assert {name: server.document(name)["Id"] for name in (web, db)} == before
    assert server.document(web)["State"]["StartedAt"] != started
    assert server.document(db)["State"]["Status"] == "exited"
    seen = json.loads(server.coolify("look"))
    assert sorted(coolify_status.statuses(seen).values()) == ["exited", "running:unknown"]
    assert "No such container" in server.fails("component", "restart", STACK, "nobody")

    server.coolify("restart", STACK)
    assert {server.document(name)["State"]["Status"] for name in server.names(STACK)} == {"running"}
    assert not {server.document(name)["Id"] for name in (web, db)} & set(before.values())
    server.coolify("stop", STACK)
    assert server.names(STACK) == [] and server.exists("network", STACK)
    server.coolify("delete", STACK)
    assert not server.exists("network", STACK) and STACK not in server.networks("coolify-proxy")


def test_a_database_is_made_anew_and_the_proxy_joins_what_runs(server: Server) -> None:
    server.coolify("define", "database", BASE, "my-data", "--volume", "coollama.enable=true")
    server.coolify("start", BASE)
    labels, id = server.labels(BASE), server.document(BASE)["Id"]
    assert labels["coolify.type"] == "database" and labels["com.docker.compose.service"] == BASE
    assert "coolify.name" not in labels and "coollama.enable" not in labels, "there is no field for it"
    server.coolify("restart", BASE)
    assert server.document(BASE)["Id"] != id and server.exists("volume", f"{BASE}_data")
    server.coolify("stop", BASE)
    assert server.names(BASE) == []

    server.coolify("define", "service", STACK, "my-stack", "--member=web")
    server.coolify("start", STACK)
    server.coolify("proxy")
    assert set(server.networks("coolify-proxy")) == {"coolify", STACK}
    server.host.docker("network", "disconnect", STACK, "coolify-proxy")
    server.coolify("join")
    assert set(server.networks("coolify-proxy")) == {"coolify", STACK}


def test_the_clean_up_takes_what_does_not_run_or_is_not_used_and_the_limit_what_crashes(server: Server) -> None:
    server.coolify("proxy")  # keeps the network coolify in use
    server.coolify("define", "service", STACK, "my-stack", "--member=web", "--member=worker")
    server.coolify("start", STACK)
    server.coolify("component", "stop", STACK, "web")
    server.host.sh("""
        docker create --name untyped --label coolify.managed=true busybox:local true
        docker tag busybox:local spare:1
        docker volume create loose; docker network create loose""")
    server.coolify("cleanup")
    # Coolify means to spare what has a type; but an engine spares what has all of several label!=.
    assert server.names(STACK) == [f"worker-{STACK}"] and not server.exists("container", "untyped")
    assert not server.exists("image", "spare:1") and server.exists("image", HELPER)
    assert server.exists("volume", "loose") and server.exists("network", "loose")
    server.coolify("cleanup", "--unused")
    assert not server.exists("volume", "loose") and not server.exists("network", "loose")

    server.coolify("define", "app", APP, "my-app", "--crash")
    name = server.coolify("deploy", APP).splitlines()[-1]
    server.host.wait(f"[ $(docker inspect -f '{{{{.RestartCount}}}}' {name}) -ge 3 ]", 60, "it has crashed three times")
    assert server.coolify("limit", "100") == "" and server.names(APP) == [name]
    assert server.coolify("limit", "3") == APP and server.names(APP) == []


def test_the_same_seed_gives_the_same_moves_and_each_kind_comes() -> None:
    assert list(map(str, sequence(6, 200))) == list(map(str, sequence(6, 200)))
    assert list(map(str, sequence(6, 200))) != list(map(str, sequence(5, 200)))
    kinds = {move.words[0] for move in sequence(6, 200)}
    assert kinds == {"proxy", "deploy", "redeploy", "broken", "preview", "unpreview", "start", "restart", "stop",
                     "delete", "component", "join", "cleanup", "look", "limit"}  # fmt: skip
    assert len(RESOURCES) == 12 and sum(bool(one.linked) for one in RESOURCES) >= 6


def test_what_is_not_defined_is_told(whole: Server) -> None:
    assert "nothing is defined as nobody" in whole.fails("deploy", "nobody")
    with pytest.raises(HostError, match="usage:"):
        whole.coolify("dance")
