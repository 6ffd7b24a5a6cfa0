# SPDX-License-Identifier: Apache-2.0
"""Opting in without a label of one's own: by its operator's order, and by one label for a stack."""

import os
from collections.abc import Iterator

import pytest

from lib.command import DOCKER_GROUP, NOBODY, GroupDaemon, coollama
from lib.compose import Compose
from lib.consumers import EXTERNAL, SERVE, SERVING, env_of, is_linked, rows, service, stack, state_is
from lib.daemon import Daemon
from lib.documents import gained
from lib.engine import Engine
from lib.images import busybox
from lib.relay import Relay

ENGINES = ["20.10", "28.5"] if os.environ.get("COOLLAMA_FULL") else ["28.5"]
ANY = pytest.mark.parametrize("engine", ENGINES, indirect=True)
BOTH = pytest.mark.parametrize("engine", ["20.10", "28.5"], indirect=True)
UUID = "a8c4s0kw8kgk0wk4gks8k4o0"
STACK = "t4sk84o00gco8oc8o0k8k4s0"
HEALTHY = """healthcheck:
  test: [CMD, test, -e, /data/healthy]
  interval: 200ms
  retries: 1
volumes: [data:/data]"""


def coolify(kind: str, name: str, member: str = "", sub_type: str = "application") -> list[str]:
    """Coolify's own labels, as lines of a compose list."""
    labels = ["managed=true", f"type={kind}", f"{kind}Id=17", f"resourceName={name}", "pullRequestId=0"]
    if member:
        labels += [f"service.subName={member}", f"service.subType={sub_type}"]
    return [f"      - 'coolify.{label}'" for label in labels]


def application(name: str) -> str:
    """A default application of Coolify: its container's name is its service's, new each time."""
    lines = ["services:", f"  {name}:", "    image: busybox:local", f"    {SERVE}"]
    lines += [f"    container_name: {name}", "    restart: unless-stopped", "    labels:"]
    return "\n".join([*lines, *coolify("application", "my-shop")])


def member(name: str, *labels: str, image: str = "busybox:local", sub_type: str = "application") -> str:
    lines = [f"  {name}:", f"    image: {image}", f"    {SERVE}", f"    container_name: {name}-{STACK}"]
    lines += ["    restart: unless-stopped", "    labels:", *coolify("service", "notes", name, sub_type)]
    return "\n".join([*lines, *(f"      - '{label}'" for label in labels)])


def compose(engine: Engine, project: str, text: str) -> Compose:
    return Compose(engine, project, text, "2.26" if engine.version == "20.10" else "2.40")


def deploy(engine: Engine, number: int) -> str:
    """A rolling deployment; the new container's name."""
    name = f"{UUID}-{120000 + number:06d}{number:06d}"
    compose(engine, UUID, application(name)).up()
    mine = ["ps", "-a", "--format", "{{.Names}}", "--filter", f"label=com.docker.compose.project={UUID}"]
    for other in engine.docker(*mine).split():
        if other != name:
            engine.client("rm", "-f", other)
    return name


def alone(engine: Engine, name: str, *options: str, image: str = "busybox:local") -> str:
    """A container that somebody started by hand, without any label of ours."""
    words = ["run", "-d", "--name", name, "--restart", "unless-stopped", *options]
    return engine.docker(*words, image, "sh", "-c", SERVING)


def linked(daemon: Daemon, *names: str) -> None:
    for name in names:
        daemon.wait_for(lambda: state_is(daemon, name, "linked"), f"{name} is linked", 60)


def order(daemon: Daemon, name: str) -> str:
    said = coollama(daemon, "link", name, "--yes")
    assert (said.status, said.err) == (0, ""), said
    return said.out


@pytest.fixture
def external(engine: Engine, relay: Relay) -> Iterator[Daemon]:
    daemon = GroupDaemon(engine, EXTERNAL | {"health": {"resync": "1h"}}, relay.path).start()
    yield daemon
    daemon.close()


# ---- by order


@BOTH
def test_an_application_is_linked_by_its_name_in_coolify_whatever_its_containers_are_called(
    engine: Engine, external: Daemon
) -> None:
    deploy(engine, 0)
    bystander = alone(engine, "bystander")
    assert "whatever takes its place" in order(external, "my-shop")
    linked(external, "my-shop")
    row = rows(external)["my-shop"]
    assert (row["opted_in"], row["linked"]) == ("order", 1)
    assert "linked by your order" in coollama(external).out

    # Deployed again, also while nobody looked.
    name = deploy(engine, 1)
    external.wait_for(lambda: is_linked(engine, name), "the second deployment is linked")
    external.kill()
    name = deploy(engine, 2)
    external.start()
    external.wait_for(lambda: is_linked(engine, name), "the third deployment is linked")
    linked(external, "my-shop")
    assert list(rows(external)) == ["my-shop"]

    # Without a container it is still known, and what ends it is told apart from a container.
    engine.docker("rm", "-f", name)
    external.wait_for(lambda: state_is(external, "my-shop", "stopped"), "it has no container")
    name = deploy(engine, 3)
    external.wait_for(lambda: is_linked(engine, name), "the fourth deployment is linked")
    linked(external, "my-shop")
    assert engine.inspect("bystander")["Id"] == bystander


@ANY
def test_unlink_ends_an_order_and_puts_back_what_was_there(engine: Engine, external: Daemon) -> None:
    alone(engine, "box", "-e", "B=2", "-e", "OLLAMA_BASE_URL=http://own.example:1")
    before = engine.inspect("box")
    order(external, "box")
    linked(external, "box")
    assert coollama(external, "unlink", "box", "--yes").status == 0
    external.wait_for(lambda: not rows(external), "it is no consumer any more")
    assert gained(before, engine.inspect("box")) == []
    assert not list(external.state.glob("remembered/*")), "nothing is remembered of it"
    external.kill()
    external.start()
    assert not rows(external)

    # An order for one whose container is gone can be ended as well.
    order(external, "box")
    linked(external, "box")
    engine.docker("rm", "-f", "box")
    external.wait_for(lambda: state_is(external, "box", "stopped"), "it is gone")
    assert coollama(external, "unlink", "box", "--yes").status == 0
    external.wait_for(lambda: not rows(external), "it is forgotten")


@ANY
def test_names_are_coolifys_containers_ids_and_stacks_and_an_ambiguous_one_lists_who_may_be_meant(
    engine: Engine, external: Daemon
) -> None:
    text = stack(member("web"), member("worker"), member("db", image="busybox:local", sub_type="database"))
    compose(engine, STACK, text).up()
    compose(engine, "single", stack(service("only", labels=()))).up()
    web = engine.inspect(f"web-{STACK}")["Id"]
    names = ("notes/web", f"{STACK}/web", f"web-{STACK}", web, web[:12])
    for name in names:
        found = external.call("GET", f"/candidate?name={name}").json()
        assert (found["identity"], found["name"]) == (f"{STACK}/web", "notes/web"), name
        assert not found["database"] and found["refused"] is None
    assert external.call("GET", "/candidate?name=single").json()["identity"] == "single/only"
    assert external.call("GET", "/candidate?name=notes/db").json()["database"]
    for name in ("notes", STACK):
        said = coollama(external, "link", name, "--yes")
        assert said.status == 1
        assert f"may be any of 3, say which: {STACK}/" in said.err and f"{STACK}/worker" in said.err
    near = coollama(external, "link", "notes/wbe", "--yes")
    assert near.status == 1 and "docker ps -a" in near.err
    short = coollama(external, "link", web[:4], "--yes")
    assert short.status == 1 and "docker ps -a" in short.err
    assert not rows(external)

    order(external, "notes/worker")
    linked(external, "notes/worker")
    assert list(rows(external)) == ["notes/worker"]
    assert "by your order already" in order(external, "notes/worker")


@ANY
def test_what_no_order_may_link_is_refused_and_the_rest_is_asked_about(
    engine: Engine, external: Daemon
) -> None:
    alone(engine, "coolify-db")
    alone(engine, "traefik", "--label", "coolify.proxy=true")
    alone(engine, "part", "--label", "coollama.part=proxy")
    alone(engine, "never", "--label", "coollama.enable=false")
    alone(engine, "plain")
    before = {name: engine.inspect(name) for name in ("coolify-db", "traefik", "part", "never", "plain")}
    refusals = {
        "coolify-db": "a part of Coolify itself",
        "traefik": "a part of Coolify itself",
        "part": "a part of coollama itself",
        "never": "take that away and deploy it again",
    }
    for name, why in refusals.items():
        said = coollama(external, "link", name, "--yes")
        assert said.status == 1 and why in said.err, said
    member_of_group = coollama(external, "link", "plain", "--yes", uid=NOBODY, gid=DOCKER_GROUP)
    assert member_of_group.status == 1 and "takes root" in member_of_group.err
    nobody_there = coollama(external, "link", "plain")
    assert nobody_there.status == 1 and "coollama link plain --yes" in nobody_there.err
    assert coollama(external, "link").status == 2
    assert external.call("GET", "/link?name=plain").status == 405
    assert not rows(external)
    assert {name: engine.inspect(name) for name in before} == before


@ANY
def test_an_order_waits_until_it_is_healthy_and_keeps_the_labels_that_there_are(
    engine: Engine, external: Daemon
) -> None:
    """Its health is heard of although it carries no label that the engine could filter by."""
    labels = ("coollama.profile=openai",)
    text = stack(service("web", labels=labels, extra=HEALTHY), rest="volumes: {data: {}}")
    compose(engine, "sick", text).up()
    order(external, "sick/web")
    external.wait_for(lambda: "health check" in rows(external)["sick/web"]["reason"], "it waits")
    engine.exec("sick-web-1", "touch", "/data/healthy")
    linked(external, "sick/web")
    env = env_of(engine.inspect("sick-web-1"))
    assert "OPENAI_BASE_URL" in env and "OLLAMA_BASE_URL" not in env
    engine.docker("pause", "sick-web-1")
    external.wait_for(lambda: rows(external)["sick/web"]["reason"] == "paused", "it is paused")
    engine.docker("unpause", "sick-web-1")
    linked(external, "sick/web")


# ---- by one label for a stack


@BOTH
def test_one_label_opts_in_a_stack_but_its_databases_while_it_is_there(
    engine: Engine, external: Daemon
) -> None:
    busybox().load(engine, "acme/postgres:16")
    speaks = ("coollama.enable=true", "coollama.scope=stack", "coollama.recovery=none")
    others = [
        member("worker", "coollama.profile=openai"),
        member("store", image="acme/postgres:16"),
        member("cache", sub_type="database"),
        member("quiet", "coollama.enable=false"),
    ]
    notes = compose(engine, STACK, stack(*others))
    notes.up()
    left = {name: engine.inspect(f"{name}-{STACK}") for name in ("store", "cache", "quiet")}
    notes.write(stack(member("web", *speaks), *others))
    notes.up()
    linked(external, "notes/web", "notes/worker")
    row = rows(external)
    assert sorted(row) == ["notes/web", "notes/worker"]
    assert (row["notes/web"]["opted_in"], row["notes/worker"]["opted_in"]) == ("label", "stack")
    assert row["notes/worker"]["spoken_by"] == "notes/web"
    assert "opted in by coollama.scope=stack of notes/web" in coollama(external).out
    assert "OPENAI_BASE_URL" in env_of(engine.inspect(f"worker-{STACK}"))

    # One that comes later is in, too; also one that came while nobody looked.
    notes.write(stack(member("web", *speaks), *others, member("late")))
    notes.up()
    linked(external, "notes/late")
    external.kill()
    notes.write(stack(member("web", *speaks), *others, member("late"), member("later")))
    notes.up()
    external.start()
    linked(external, "notes/web", "notes/worker", "notes/late", "notes/later")
    for name, before in left.items():
        assert engine.inspect(f"{name}-{STACK}") == before

    # Without the label nobody speaks for the others.
    notes.write(stack(member("web", "coollama.enable=true"), *others, member("late"), member("later")))
    notes.up()
    external.wait_for(lambda: sorted(rows(external)) == ["notes/web"], "the others are out")
    linked(external, "notes/web")


# ---- what it costs


@ANY
def test_neither_orders_nor_stacks_make_others_cost_a_request(
    engine: Engine, external: Daemon, relay: Relay
) -> None:
    alone(engine, "ordered")
    compose(engine, STACK, stack(member("web", "coollama.enable=true", "coollama.scope=stack"))).up()
    order(external, "ordered")
    linked(external, "ordered", "notes/web")
    relay.forget()
    for number in range(20):
        alone(engine, f"other{number}", "--label", "com.docker.compose.project=elsewhere")
        engine.docker("rm", "-f", f"other{number}")
    alone(engine, "last", "--label", "coollama.enable=true")
    linked(external, "last")
    last = engine.inspect("last")["Id"]
    asked = [e for e in relay.calls() if e.path not in ("/_ping",) and last not in e.path]
    wrong = [str(e) for e in asked if "other" in e.path or e.path.endswith("/containers/json")]
    assert not [line for line in wrong if "project" in line or "other" in line], wrong
    unfiltered = [str(e) for e in relay.calls("GET", r"/containers/json$") if "filters" not in e.query]
    # Who lives off a container has no filter: that is asked once, page by page, before a swap.
    assert all("limit=" in line or "before=" in line for line in unfiltered), unfiltered


# ---- trust


def asked(engine: Engine, method: str, path: str, key: str) -> int:
    """The status of a request that a consumer makes to the proxy; -1 when there was none."""
    script = f"printf '{method} {path} HTTP/1.0\\r\\nAuthorization: Bearer {key}\\r\\n\\r\\n' | nc host.docker.internal 11434"
    said = engine.exec("plain", "sh", "-c", script)
    return int(said.split()[1]) if said.startswith("HTTP/") else -1


@pytest.fixture
def managed(engine: Engine) -> Iterator[Daemon]:
    daemon = GroupDaemon(engine).start()
    yield daemon
    daemon.close()


@BOTH
def test_more_access_waits_for_its_operator_is_remembered_and_can_be_taken_back(
    engine: Engine, managed: Daemon
) -> None:
    def key_of(name: str) -> str:
        return env_of(engine.inspect(name))["OLLAMA_API_KEY"]

    def may(name: str, method: str, path: str, status: int) -> None:
        managed.wait_for(lambda: asked(engine, method, path, key_of(name)) == status, f"{name}: {status}")

    alone(engine, "plain", "--label", "coollama.enable=true")
    alone(engine, "less", "--label", "coollama.enable=true", "--label", "coollama.access=inference")
    admin = ("--label", "coollama.enable=true", "--label", "coollama.access=admin")
    alone(engine, "boss", *admin)
    linked(managed, "plain", "less")
    managed.wait_for(lambda: state_is(managed, "boss", "one step left"), "it waits", 60)
    row = rows(managed)
    assert (row["boss"]["access"], row["boss"]["asks_for"]) == ("pull", "admin")
    assert (row["less"]["access"], row["less"]["asks_for"]) == ("inference", None)
    assert "asks for admin, waiting for you; next: coollama trust boss" in coollama(managed).out
    may("boss", "DELETE", "/api/delete", 403)
    may("less", "POST", "/api/pull", 403)

    nothing = coollama(managed, "trust", "plain", "--yes")
    assert nothing.status == 1 and "asks for nothing" in nothing.err
    nobody_there = coollama(managed, "trust", "boss")
    assert nobody_there.status == 1 and "coollama trust boss --yes" in nobody_there.err
    outsider = coollama(managed, "trust", "boss", "--yes", uid=NOBODY, gid=DOCKER_GROUP)
    assert outsider.status == 1 and "takes root" in outsider.err
    given = coollama(managed, "trust", "boss", "--yes")
    assert given.status == 0 and "next: coollama trust boss --revoke takes it back" in given.out
    linked(managed, "boss")
    may("boss", "DELETE", "/api/delete", 200)

    # It is the identity that is trusted, whatever happens to the container or the daemon.
    managed.kill()
    engine.docker("rm", "-f", "boss")
    alone(engine, "boss", *admin)
    managed.start()
    linked(managed, "boss")
    assert rows(managed)["boss"]["access"] == "admin"
    assert coollama(managed, "trust", "boss", "--revoke").status == 0
    managed.wait_for(lambda: state_is(managed, "boss", "one step left"), "it waits again")
    may("boss", "DELETE", "/api/delete", 403)
    assert coollama(managed, "trust", "boss", "--revoke").status == 1


# ---- least invasive first


@BOTH
def test_what_env_prints_pasted_into_its_definition_links_it_with_zero_actions(
    engine: Engine, managed: Daemon
) -> None:
    def text(*lines: str) -> str:
        labels = ("coollama.enable=true", "coollama.env.PRICE=$$5 for {url}")
        return stack(service("web", labels=labels), *lines)

    shop = compose(engine, "shop", text())
    shop.up()
    linked(managed, "shop/web")
    assert rows(managed)["shop/web"]["rung"] == 2
    assert "1 of them on rung 2" in coollama(managed).out
    assert "rung      2: re-created" in coollama(managed, "explain", "shop/web").out
    key = env_of(engine.inspect("shop-web-1"))["OLLAMA_API_KEY"]

    pasted = coollama(managed, "env", "shop/web", "--compose")
    assert pasted.status == 0 and "is a secret" in pasted.err and key in pasted.out
    shop.write(text(*pasted.out.rstrip("\n").split("\n")))
    shop.up()
    before = engine.inspect("shop-web-1")
    managed.wait_for(lambda: rows(managed)["shop/web"]["rung"] == 0, "it is linked as it started")
    linked(managed, "shop/web")
    assert engine.inspect("shop-web-1")["Id"] == before["Id"]
    assert managed.call("GET", "/plan").json()["consumers"] == []
    assert "rung 2" not in coollama(managed).out
    assert managed.call("GET", "/explain?name=shop/web").json()["rung"] == 0

    # Before it ever opted in, for another that has no key yet; the same key is its own then.
    # Whether the gateway answers on its network is found out first.
    alone(engine, "box")
    assert "# whether the gateway answers" in coollama(managed, "env", "box").out
    managed.wait_for(lambda: "ask again" not in coollama(managed, "env", "box").out, "the answer")
    lines = coollama(managed, "env", "box").out.splitlines()
    values = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert sorted(values) == ["OLLAMA_API_KEY", "OLLAMA_BASE_URL"] and values["OLLAMA_API_KEY"] != key
    assert any("host.docker.internal:host-gateway" in line for line in lines if line.startswith("#"))
    engine.docker("rm", "-f", "box")
    words = [word for line in values.items() for word in ("-e", "=".join(line))]
    words += ["--add-host", "host.docker.internal:host-gateway", "--label", "coollama.enable=true"]
    box = alone(engine, "box", *words)
    linked(managed, "box")
    assert engine.inspect("box")["Id"] == box
    assert coollama(managed, "env", "shop/web", uid=NOBODY, gid=DOCKER_GROUP).status == 1
