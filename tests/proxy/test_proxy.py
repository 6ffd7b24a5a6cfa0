# SPDX-License-Identifier: Apache-2.0
"""What consumers, the daemon and whoever reads the logs may rely on, shown with a real nginx."""

import errno
import json
import signal
import socket
from collections.abc import Iterator

import pytest
from proxy import world

OWN, KEY, OTHER, THIRD = "0d" * 32, "1a" * 32, "2b" * 32, "3c" * 32
BEARER = {"Authorization": f"Bearer {KEY}"}
UNAUTHORIZED = b'{"error":"unauthorized"}'


class World:
    def __init__(self) -> None:
        self.resolver = world.Resolver()
        self.upstream = world.Upstream("127.0.0.2")
        self.proxy = world.Proxy(self.resolver, self.upstream.port)
        self.resolver.names[world.UPSTREAM_NAME] = "127.0.0.2"

    def close(self) -> None:
        self.proxy.close()
        self.upstream.close()
        self.resolver.close()


@pytest.fixture
def stopped() -> Iterator[World]:
    w = World()
    w.proxy.write(1, {OWN: 0, KEY: 17})
    w.proxy.swing(1)
    yield w
    w.close()


@pytest.fixture
def running(stopped: World) -> World:
    stopped.proxy.start()
    return stopped


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {OTHER}"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"X-Api-Key": OTHER},
        {"X-Api-Key": ""},
        {"X-Api-Key": "c17"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/tags"), ("POST", "/api/chat"), ("DELETE", "/api/delete"), ("GET", "/nothing")],
)
def test_without_a_known_key_the_answer_is_401_and_exactly_this(
    running: World, headers: dict[str, str], method: str, path: str
) -> None:
    answer = running.proxy.request(method, path, headers)
    assert (answer.status, answer.body) == (401, UNAUTHORIZED)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert running.upstream.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"authorization": f"BEARER   {KEY} "},
        {"X-Api-Key": KEY},
        {"x-api-key": KEY, "Authorization": "Bearer ollama"},
    ],
)
def test_a_known_key_is_let_through_in_every_way_that_clients_show_it(
    running: World, headers: dict[str, str]
) -> None:
    assert running.proxy.request("GET", "/api/tags", headers).status == 200


def test_what_the_consumer_shows_the_proxy_never_reaches_ollama(running: World) -> None:
    headers = {
        **BEARER,
        "X-Api-Key": KEY,
        "Cookie": "session=1",
        "Origin": "http://evil.example",
        "Proxy-Authorization": f"Bearer {KEY}",
        "anthropic-version": "2023-06-01",
    }
    assert running.proxy.request("POST", "/v1/messages", headers, b"{}").status == 200
    seen = running.upstream.requests[0]
    assert KEY not in json.dumps(seen)
    got = seen["headers"]
    assert not {"cookie", "origin", "authorization", "x-api-key"} & got.keys()
    assert got["host"] == "localhost:11434"
    assert got["anthropic-version"] == "2023-06-01"


OPEN = [
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/api/version"),
    ("HEAD", "/api/tags"),
    ("GET", "/api/ps"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/hf.co/some/model:Q4_K_M"),
    ("POST", "/api/show"),
    ("POST", "/api/generate"),
    ("POST", "/api/embed"),
    ("POST", "/api/embeddings"),
    ("POST", "/api/pull"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/audio/transcriptions"),
    ("POST", "//api/generate"),
]


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_reading_inference_and_pulling_are_open(running: World, method: str, path: str) -> None:
    answer = running.proxy.request(method, path, BEARER, b"" if method == "POST" else None)
    assert answer.status == 200
    assert running.upstream.requests[0]["line"] == f"{method} {path.replace('//', '/')} HTTP/1.1"


CHANGES = "label coollama.access"
CLOSED = [
    ("POST", "/api/create", 403, CHANGES),
    ("POST", "/api/push", 403, CHANGES),
    ("POST", "/api/copy", 403, CHANGES),
    ("DELETE", "/api/delete", 403, CHANGES),
    ("POST", "/api/blobs/sha256:" + "ab" * 32, 403, CHANGES),
    ("HEAD", "/api/blobs/sha256:" + "ab" * 32, 403, ""),
    ("POST", "/api/me", 403, "account"),
    ("POST", "/api/signout", 403, "account"),
    ("DELETE", "/api/user/keys/x", 403, "account"),
    ("POST", "/api/experimental/web_search", 403, "account"),
    ("GET", "/api/status", 403, "account"),
    ("GET", "/debug/pprof/", 404, "not offered"),
    ("GET", "/api/new-next-month", 404, "not offered"),
    ("POST", "/API/DELETE", 404, "not offered"),
    ("GET", "/api/chat", 405, "method"),
    ("DELETE", "/api/tags", 405, "method"),
    ("OPTIONS", "/api/chat", 405, "method"),
    # tricks
    ("DELETE", "/api/tags/../delete", 403, CHANGES),
    ("DELETE", "//api//delete", 403, CHANGES),
    ("DELETE", "/api/%64elete", 403, CHANGES),
    ("POST", "/api/chat%2f..%2fcreate", 403, CHANGES),
    ("DELETE", "/api/delete%0a", 404, "not offered"),
    ("GET", "/api/tags%0d%0aX-Evil:%201", 404, "not offered"),
    ("GET", "/api/tags%0a", 404, "not offered"),
    ("GET", "/v1/models/x%20HTTP/1.1%0d%0aX:%201", 404, "not offered"),
    ("GET", "/v1/models/x%3fy", 404, "not offered"),
    ("GET", "/api/tags%00", 400, "bad request"),
    ("GET", "/api/tags/../../..", 400, "bad request"),
]


@pytest.mark.parametrize(("method", "path", "status", "says"), CLOSED)
def test_everything_else_is_closed_and_says_why_in_json(
    running: World, method: str, path: str, status: int, says: str
) -> None:
    answer = running.proxy.request(method, path, BEARER, b"" if method == "POST" else None)
    assert answer.status == status
    if method != "HEAD":
        assert says in json.loads(answer.body)["error"]
    assert answer.headers["content-type"] == "application/json"
    assert running.upstream.requests == []


BLOB = "/api/blobs/sha256:" + "ab" * 32
ADMIN, LESS = "3c" * 32, "4d" * 32


@pytest.fixture
def ranked(stopped: World) -> World:
    """One key that may administrate, one that may not even pull, and one like everybody's."""
    stopped.proxy.access = {18: "admin", 19: "inference"}
    stopped.proxy.write(2, {OWN: 0, KEY: 17, ADMIN: 18, LESS: 19})
    stopped.proxy.swing(2)
    stopped.proxy.start()
    return stopped


def asked(world: World, key: str, method: str, path: str) -> tuple[int, str]:
    body = None if method in ("GET", "HEAD") else b"{}"
    answer = world.proxy.request(method, path, {"Authorization": f"Bearer {key}"}, body)
    return answer.status, answer.body.decode()


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/create"), ("POST", "/api/push"), ("POST", "/api/copy"), ("DELETE", "/api/delete"),
     ("POST", BLOB), ("HEAD", BLOB)],
)  # fmt: skip
def test_only_an_admins_key_changes_the_models_of_all(ranked: World, method: str, path: str) -> None:
    assert asked(ranked, ADMIN, method, path)[0] == 200
    seen = len(ranked.upstream.requests)
    for key in (KEY, LESS):
        status, body = asked(ranked, key, method, path)
        assert status == 403 and (method == "HEAD" or CHANGES in body)
    assert len(ranked.upstream.requests) == seen == 1


def test_a_key_for_inference_pulls_nothing_and_is_told_why(ranked: World) -> None:
    assert asked(ranked, LESS, "POST", "/api/embed")[0] == 200
    assert asked(ranked, LESS, "GET", "/api/tags")[0] == 200
    status, body = asked(ranked, LESS, "POST", "/api/pull")
    assert status == 403 and "may not pull models (label coollama.access)" in body
    for key in (KEY, ADMIN):
        assert asked(ranked, key, "POST", "/api/pull")[0] == 200


def test_an_admins_key_opens_nothing_else(ranked: World) -> None:
    for method, path in (("POST", "/api/me"), ("POST", "/api/signout")):
        assert asked(ranked, ADMIN, method, path)[0] == 403
    for method, path in (("POST", "/api/blobs/x"), ("POST", "/api/create/x"), ("DELETE", "/api/delete/..%2fx")):
        assert asked(ranked, ADMIN, method, path)[0] == 404
    assert asked(ranked, ADMIN, "PUT", "/api/create")[0] == 405
    assert ranked.upstream.requests == []


def test_a_stream_arrives_line_by_line(running: World) -> None:
    stream = running.proxy.open("POST", "/api/chat", BEARER, b"{}")
    for i in range(5):
        running.upstream.step()  # the next line is not even made before this one was read
        assert json.loads(stream.readline()) == {"line": i}
    assert stream.read() == b""


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_12_mb_arrives_whole(running: World, chunked: bool) -> None:
    body = b"x" * (12 << 20)
    sent = iter([body[: 5 << 20], body[5 << 20 :]]) if chunked else body
    answer = running.proxy.request("POST", "/api/generate", BEARER, sent)
    assert json.loads(answer.body)["size"] == len(body)


def test_a_body_is_passed_on_while_it_comes_and_not_kept(running: World) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * (2 << 20)
        world.wait_for(lambda: running.upstream.arrived == 1, "Ollama hears of it before its end")
        yield b"y"

    answer = running.proxy.request("POST", "/api/generate", BEARER, pieces())
    assert json.loads(answer.body)["size"] == (2 << 20) + 1


def test_a_body_beyond_the_limit_is_refused_in_json(running: World) -> None:
    answer = running.proxy.raw(
        b"POST /api/generate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
        b"Content-Length: %d\r\n\r\n" % (KEY.encode(), 300 << 20)
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b'{"error":"request body too large"}')


@pytest.mark.parametrize(
    "head",
    [
        b"nonsense\r\n\r\n",
        b"GET /api/tags HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
    ],
)
def test_what_cannot_be_read_is_refused_in_json(running: World, head: bytes) -> None:
    answer = running.proxy.raw(head)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/json" in answer
    assert answer.endswith(b'{"error":"bad request"}')


def test_no_key_is_ever_in_a_log(running: World) -> None:
    proxy = running.proxy
    proxy.request("GET", "/api/tags", BEARER)
    proxy.request("GET", "/api/tags", {"X-Api-Key": OTHER})
    proxy.request("GET", f"/k/{KEY}/api/tags")
    proxy.request("GET", f"/api/tags?key={KEY}", BEARER)
    twice = b"Authorization: Bearer %s\r\n" % KEY.encode() * 2
    proxy.raw(b"GET /api/tags HTTP/1.1\r\nHost: x\r\n" + twice + b"\r\n")
    running.upstream.close()
    assert proxy.request("GET", "/api/tags", BEARER).status == 503
    proxy.raw(b"nonsense Bearer %s\r\n\r\n" % KEY.encode())
    proxy.signal(signal.SIGQUIT)
    world.wait_for(lambda: proxy._process.poll() is not None, "nginx ends")

    log, complaints = proxy.log.read_text(), proxy.complaints.read_text()
    assert "connect() failed" in complaints  # it does complain
    for secret in (KEY, OTHER, OWN):
        assert secret not in log + complaints


def test_the_log_is_json_and_tells_the_consumer_by_number(running: World) -> None:
    proxy = running.proxy
    proxy.request("GET", "/api/tags", BEARER)
    proxy.request("GET", "/api/tags")
    proxy.request("GET", "/api/tags", {"X-Api-Key": OWN}, unix=True)
    proxy.request("GET", "/-/healthz")
    proxy.request("POST", "/api/show", BEARER, b"{}")

    def lines() -> list[dict[str, object]]:
        return [json.loads(line) for line in proxy.log.read_text().splitlines()]

    world.wait_for(lambda: len(lines()) == 3, "three lines: the daemon's own are not logged")
    assert [(x["consumer"], x["path"], x["status"]) for x in lines()] == [
        ("c17", "/api/tags", 200),
        ("", "/api/tags", 401),
        ("c17", "/api/show", 200),
    ]


def test_a_reload_is_proven_by_its_number_and_cuts_no_stream(running: World) -> None:
    proxy = running.proxy
    stream = proxy.open("POST", "/api/chat", BEARER, b"{}")
    running.upstream.step()
    assert json.loads(stream.readline()) == {"line": 0}
    assert proxy.generation() == 1

    proxy.write(2, {OWN: 0, OTHER: 18})  # the streaming consumer's key is gone
    assert proxy.test(2).returncode == 0
    assert proxy.generation() == 1  # testing changed nothing
    proxy.reload(2)
    # Old workers may take connections for a moment still.
    world.wait_for(
        lambda: proxy.request("GET", "/api/tags", {"X-Api-Key": OTHER}).status == 200, "new key"
    )
    world.wait_for(lambda: proxy.request("GET", "/api/tags", BEARER).status == 401, "old key")
    for i in range(1, 5):
        running.upstream.step()
        assert json.loads(stream.readline()) == {"line": i}
    assert stream.read() == b""


def test_a_bad_generation_fails_its_test_and_the_running_one_stays(running: World) -> None:
    proxy = running.proxy
    proxy.write(2, {OWN: 0}, extra="nonsense;\n")
    assert proxy.test(2).returncode != 0
    assert proxy.generation() == 1
    assert proxy.request("GET", "/api/tags", BEARER).status == 200


def test_hundreds_of_keys_fit(stopped: World) -> None:
    keys = {f"{i:064x}": i for i in range(1, 4097)}
    stopped.proxy.write(2, keys)
    tested = stopped.proxy.test(2)
    assert (tested.returncode, tested.stderr) == (0, b"")


def test_it_starts_before_ollama_exists_and_finds_it_then_and_again(stopped: World) -> None:
    proxy, names = stopped.proxy, stopped.resolver.names
    names.clear()
    proxy.start()
    answer = proxy.request("GET", "/api/tags", BEARER)
    assert answer.status == 503
    assert json.loads(answer.body) == {"error": "ollama is not reachable"}
    assert "retry-after" in answer.headers

    def answered_by(address: str) -> bool:
        answer = proxy.request("GET", "/api/tags", BEARER)
        return answer.status == 200 and json.loads(answer.body)["from"] == address

    names[world.UPSTREAM_NAME] = "127.0.0.2"
    world.wait_for(lambda: answered_by("127.0.0.2"), "found once it exists")

    again = world.Upstream("127.0.0.3", stopped.upstream.port)
    stopped.upstream.close()
    names[world.UPSTREAM_NAME] = "127.0.0.3"
    world.wait_for(lambda: answered_by("127.0.0.3"), "found at its new address")
    again.close()


def test_a_socket_that_a_killed_nginx_left_does_not_stop_the_next(running: World) -> None:
    proxy = running.proxy
    proxy.kill()
    assert proxy.socket.is_socket()

    def refused() -> bool:
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(proxy.socket)) == errno.ECONNREFUSED

    world.wait_for(refused, "nobody listens any more")
    proxy.start()
    assert proxy.generation() == 1


def test_the_daemon_asks_and_probes_through_the_socket(running: World) -> None:
    proxy = running.proxy
    assert proxy.request("GET", "/-/generation", unix=True).body == b"1\n"
    assert proxy.request("GET", "/api/tags", unix=True).body == UNAUTHORIZED
    own = {"Authorization": f"Bearer {OWN}"}
    assert proxy.request("GET", "/api/tags", own, unix=True).status == 200


# ---- keys as a part of the path


@pytest.fixture
def by_url(stopped: World) -> World:
    """KEY belongs to one that cannot send a header, THIRD to one that can."""
    stopped.proxy.write(2, {OWN: 0, KEY: 17, THIRD: 18}, in_urls=[KEY])
    stopped.proxy.swing(2)
    stopped.proxy.start()
    return stopped


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_every_route_works_below_a_key(by_url: World, method: str, path: str) -> None:
    body = b"{}" if method == "POST" else None
    answer = by_url.proxy.request(method, f"/k/{KEY}{path}", {}, body)
    assert answer.status == 200
    seen = by_url.upstream.requests[0]
    assert seen["line"] == f"{method} {path.replace('//', '/')} HTTP/1.1"
    assert seen["size"] == len(body or b"")
    assert KEY not in json.dumps(seen)


@pytest.mark.parametrize(("method", "path", "status", "says"), CLOSED)
def test_what_is_closed_is_closed_below_a_key_too(
    by_url: World, method: str, path: str, status: int, says: str
) -> None:
    answer = by_url.proxy.request(method, f"/k/{KEY}{path}", {}, b"" if method == "POST" else None)
    # What no route is spelt with does not even get so far.
    assert answer.status in (status, 401, 400), answer.body
    assert by_url.upstream.requests == []


def test_the_address_itself_and_one_with_a_slash_are_the_root(by_url: World) -> None:
    for path in (f"/k/{KEY}", f"/k/{KEY}/", f"/k/{KEY}?x=1"):
        assert by_url.proxy.request("GET", path).status == 200
    assert [r["line"] for r in by_url.upstream.requests] == [
        "GET / HTTP/1.1", "GET / HTTP/1.1", "GET /?x=1 HTTP/1.1",
    ]  # fmt: skip


def test_below_a_key_a_stream_arrives_line_by_line_and_a_body_whole(by_url: World) -> None:
    stream = by_url.proxy.open("POST", f"/k/{KEY}/api/chat", {}, b"{}")
    for i in range(5):
        by_url.upstream.step()
        assert json.loads(stream.readline()) == {"line": i}
    assert stream.read() == b""
    answer = by_url.proxy.request("POST", f"/k/{KEY}/api/generate", {}, b"x" * (12 << 20))
    assert json.loads(answer.body)["size"] == 12 << 20


def test_a_junk_header_beside_a_key_in_the_path_does_no_harm(by_url: World) -> None:
    headers = {"Authorization": "Bearer ollama", "X-Api-Key": "none", "Cookie": "a=b"}
    assert by_url.proxy.request("GET", f"/k/{KEY}/api/tags", headers).status == 200
    assert not {"cookie", "authorization", "x-api-key"} & by_url.upstream.requests[0]["headers"].keys()


TRICKS = [
    f"/k/{THIRD}/api/tags",  # the key of one that sends a header
    f"/k/{OTHER}/api/tags",
    f"/k/{OWN}/api/tags",  # the daemon's own
    f"/k/{KEY[:-1]}/api/tags",
    f"/k/{KEY}x/api/tags",
    f"/k/{KEY.upper()}/api/tags",
    f"/K/{KEY}/api/tags",
    f"/k/{THIRD}/../{KEY[:-1]}/api/tags",
    f"/k/{KEY}%0a/api/tags",
    f"/k/{KEY}/api/tags%0d%0aAuthorization:%20Bearer%20{THIRD}",
    f"/k/{KEY}/../{THIRD}/api/tags",
    f"/k/{KEY}/../../api/tags",
    f"/k/{KEY}/%2e%2e/%2e%2e/api/tags",
    "/k/",
    "/k",
    "/k/c17/api/tags",
    f"/api/tags?/k/{KEY}/",
    f"/api/tags/k/{KEY}",
]


@pytest.mark.parametrize("path", TRICKS)
def test_no_trick_with_the_path_gets_round(by_url: World, path: str) -> None:
    answer = by_url.proxy.request("GET", path)
    assert (answer.status, answer.body) == (401, UNAUTHORIZED)
    assert by_url.upstream.requests == []


def test_a_key_in_the_path_is_the_same_consumer_in_the_log_and_never_in_a_log(by_url: World) -> None:
    proxy = by_url.proxy
    for path in ("/api/tags", "/api/delete", "/nothing"):
        proxy.request("GET", f"/k/{KEY}{path}")
    proxy.request("GET", f"/k/{THIRD}/api/tags")
    proxy.request("GET", f"/x/../k/{THIRD}/api/tags?key={KEY}")
    head = b"POST /k/%s/api/generate HTTP/1.1\r\nHost: x\r\n" % KEY.encode()
    proxy.raw(head + b"Content-Length: %d\r\n\r\n" % (300 << 20))  # too large
    proxy.raw(head + b"Content-Length: 10\r\n\r\nx")  # and then it goes away
    proxy.raw(head + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n")
    first = b" /k/%s/api/tags" % KEY.encode()
    for line in (b"GET" + first + b" HTTP/9", b"GET" + first + b"%zz HTTP/1.1", b"TRACE" + first + b" HTTP/1.1",
                 b"GET" + first + b" HTTP/2.0", b"NO SUCH" + first, b"GET http://x y" + first + b" HTTP/1.1"):  # fmt: skip
        for rest in (b"Host: x", b"X: y", b"Host: x\r\nTransfer-Encoding: odd", b"Host: x\r\nHost: y"):
            proxy.raw(line + b"\r\n" + rest + b"\r\n\r\n")
    by_url.upstream.close()
    assert proxy.request("GET", f"/k/{KEY}/api/tags").status == 503
    proxy.signal(signal.SIGQUIT)
    world.wait_for(lambda: proxy._process.poll() is not None, "nginx ends")

    log, complaints = proxy.log.read_text(), proxy.complaints.read_text()
    assert "connect() failed" in complaints  # it does complain
    for secret in (KEY, THIRD, OWN):
        assert secret not in log + complaints
    lines = [json.loads(line) for line in log.splitlines()]
    told = {(x["consumer"], x["path"], x["status"]) for x in lines}  # two workers write, in any order
    assert told >= {("c17", "/api/tags", 200), ("c17", "/api/delete", 403), ("c17", "/nothing", 404)}
    assert ("", "(not shown)", 401) in told


# ---- known by its network

STACK, SHARED, HOST = "127.0.0.5", "127.0.0.6", "127.0.0.9"


@pytest.fixture
def by_network(stopped: World) -> World:
    """An address in the network of one consumer alone, and one in a network that others are in."""
    stopped.proxy.listen_everywhere()
    stopped.proxy.write(2, {OWN: 0, KEY: 17, THIRD: 18}, networks={STACK: 18}, gateways=[HOST])
    stopped.proxy.swing(2)
    stopped.proxy.start()
    return stopped


def test_a_consumer_is_known_by_the_network_it_comes_from(by_network: World) -> None:
    proxy = by_network.proxy
    assert proxy.request("GET", "/api/tags", to=STACK).status == 200
    assert proxy.request("GET", "/api/tags", {"Authorization": "Bearer junk"}, to=STACK).status == 200
    assert proxy.request("GET", "/api/tags", BEARER, to=STACK).status == 200

    def logged() -> list[str]:  # an entry is written after its answer
        return [json.loads(line)["consumer"] for line in proxy.log.read_text().splitlines()]

    world.wait_for(lambda: len(logged()) == 3, "three lines")
    assert logged() == ["c18", "c18", "c17"]


def test_from_another_network_or_the_host_nobody_passes_as_it(by_network: World) -> None:
    proxy = by_network.proxy
    for answer in (
        proxy.request("GET", "/api/tags", to=SHARED),
        proxy.request("GET", "/api/tags"),
        proxy.request("GET", "/api/tags", unix=True),
        proxy.request("GET", "/api/tags", {"Host": STACK}, to=SHARED),
        proxy.request("GET", "/api/tags", to=STACK, come_from=HOST),
        proxy.request("GET", f"/k/{THIRD}/api/tags", to=STACK),
    ):
        assert (answer.status, answer.body) == (401, UNAUTHORIZED)
    assert by_network.upstream.requests == []
