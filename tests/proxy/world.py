# SPDX-License-Identifier: Apache-2.0
"""A real nginx with the project's configuration, an upstream and a resolver to go with it.

nginx is Debian's, out of the tests' cache or else the machine's own; it is started by the very command
of templates/stack.json, as a user without rights, on loopback addresses. The upstream answers what it
was asked and can be held in the middle of a stream; the resolver's names can be changed while nginx
runs, and claim to be good for 600 s as the engine's do."""

import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lib.cache import CACHE, SOURCE
from lib.wait import wait_for

UPSTREAM_NAME = "ollama-api-0123456789.0-coollama"
USER = 12345
ENVIRONMENT = {**os.environ, "PATH": f"{CACHE}/debian/usr/sbin:{os.environ['PATH']}:/usr/sbin"}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Resolver:
    """DNS for A records: names maps a name to its address; any other does not exist."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(512)
            except OSError:
                return
            self._socket.sendto(self._answer(query), client)

    def _answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12 : at + 5]
        address = self.names.get(".".join(labels))
        if address is None:
            return query[:2] + struct.pack(">HHHHH", 0x8183, 1, 0, 0, 0) + question
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 600, 4) + socket.inet_aton(address)
        return query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question + record

    def close(self) -> None:
        self._socket.close()


class Upstream:
    """What stands for Ollama. Streams give one line for each step()."""

    def __init__(self, address: str, port: int = 0) -> None:
        self.requests: list[dict[str, object]] = []
        self.arrived = 0  # requests whose head is there, their body or not
        self.steps = threading.Semaphore(0)
        self.address = address
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                pieces = []
                while size := int(self.rfile.readline(), 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

            def answer(self) -> None:
                upstream.arrived += 1
                body = self.body()
                upstream.requests.append(
                    {
                        "line": self.requestline,
                        "headers": {k.lower(): v for k, v in self.headers.items()},
                        "size": len(body),
                    }
                )
                if self.path == "/api/chat":
                    return self.stream()
                text = json.dumps({"from": upstream.address, "size": len(body)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            def stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/x-ndjson")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for i in range(5):
                    upstream.steps.acquire()
                    line = json.dumps({"line": i}).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = answer

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args: object) -> None:
                pass  # a proxy that went away is no event here

        self._server = Server((address, port), Handler)
        self.port = self._server.server_address[1]
        serve = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        serve.start()

    def step(self) -> None:
        self.steps.release()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = response.read()


def upstream_conf(url: str, host: str = "localhost:11434", authorization: str = "") -> str:
    """As agent/proxy/generation.c makes it."""
    return (
        f'set $upstream "{url}";\nproxy_set_header Host "{host}";\n'
        f'proxy_set_header Authorization "{authorization}";\n'
    )


class Proxy:
    def __init__(self, resolver: Resolver, upstream_port: int) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="coollama-nginx-"))
        self.conf, self.run, self.temp = (self.dir / n for n in ("conf", "run", "temp"))
        self.log, self.complaints = self.dir / "stdout", self.dir / "stderr"
        self.socket = self.run / "proxy.sock"
        self.port = free_port()
        self.upstream = upstream_conf(f"http://{UPSTREAM_NAME}:{upstream_port}")
        self._values = {
            "resolver": resolver.address,
            "listen": f"127.0.0.1:{self.port}",
            "run": str(self.run),
            "temp": str(self.temp),
        }
        self.access: dict[int, str] = {}  # of keys, by their numbers; "pull" where it says nothing
        self._process: subprocess.Popen[bytes] | None = None
        self.dir.chmod(0o755)
        for path in (self.conf, self.run, self.temp):
            path.mkdir()
            path.chmod(0o777)
        for path in (self.log, self.complaints):
            path.touch()
            path.chmod(0o666)

    def listen_everywhere(self) -> None:
        """On every address of the machine, as in a container; each stands for one of a network."""
        self._values["listen"] = str(self.port)

    def write(
        self,
        number: int,
        keys: dict[str, int],
        extra: str = "",
        in_urls: Collection[str] = (),
        networks: dict[str, int] | None = None,
        gateways: Collection[str] = (),
    ) -> None:
        """A generation, as agent/proxy/generation.c makes it. networks: whose network is the one
        where the proxy has this address; gateways: those of such networks."""
        text = (SOURCE / "templates/nginx/nginx.conf").read_text()
        for name, value in self._values.items():
            text = text.replace(f"@{name}@", value)
        generation = self.conf / str(number)
        generation.mkdir()
        (generation / "nginx.conf").write_text(text + extra)
        (generation / "upstream.conf").write_text(self.upstream)
        (generation / "keys.map").write_text("".join(f'"{k}" c{n};\n' for k, n in keys.items()))
        for name, lines in {
            "url-keys.map": [f'"{k}" c{keys[k]};' for k in in_urls],
            "networks.map": [f'"{address}" c{n};' for address, n in (networks or {}).items()],
            "gateways.map": [f'"{address}" "";' for address in gateways],
        }.items():
            (generation / name).write_text("".join(line + "\n" for line in lines))
        (generation / "access.map").write_text("".join(f"c{n} {a};\n" for n, a in self.access.items()))
        (generation / "generation.conf").write_text(
            f'default_type text/plain;\nreturn 200 "{number}\\n";\n'
        )

    def test(self, number: int) -> subprocess.CompletedProcess[bytes]:
        """The command that agent/proxy/reload.c gives, at this test's path."""
        path = self.conf / str(number) / "nginx.conf"
        command = ["nginx", "-e", "stderr", "-q", "-t", "-c", str(path)]
        with self.log.open("ab") as out:  # a pipe of ours nginx could not open as /dev/stdout
            return subprocess.run(
                self._as_user(command),
                stdout=out,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                check=False,
            )

    def swing(self, number: int) -> None:
        fresh = self.conf / ".current.new"
        fresh.symlink_to(str(number))
        fresh.rename(self.conf / "current")

    def _as_user(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--", *command]

    def start(self) -> None:
        """By the stack's own entry point and command."""
        stack = json.loads((SOURCE / "templates/stack.json").read_text())
        body = next(c for c in stack["containers"] if c.get("part") == "proxy")["body"]
        words = [
            w.replace("/run/coollama-proxy", str(self.run)).replace("/etc/coollama", str(self.conf))
            for w in body["Entrypoint"] + body["Cmd"]
        ]
        with self.log.open("ab") as out, self.complaints.open("ab") as err:
            self._process = subprocess.Popen(
                self._as_user(words),
                stdout=out,
                stderr=err,
                env=ENVIRONMENT,
                start_new_session=True,
            )

        def up() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, self.complaints.read_text()
            try:
                return self.request("GET", "/-/healthz").status == 200
            except OSError:
                return False

        wait_for(up, "nginx answers")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """As the engine does when a container is killed: everything in it dies at once."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def reload(self, number: int) -> None:
        """Swing, signal, and wait for the proof."""
        self.swing(number)
        self.signal(signal.SIGHUP)
        wait_for(lambda: self.generation() == number, f"generation {number} answers")

    def generation(self) -> int:
        return int(self.request("GET", "/-/generation", unix=True).body)

    def open(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        unix: bool = False,
        to: str = "127.0.0.1",
        come_from: str = "127.0.0.1",
    ) -> http.client.HTTPResponse:
        connection: http.client.HTTPConnection
        if unix:
            connection = UnixConnection(self.socket)
        else:
            connection = http.client.HTTPConnection(
                to, self.port, timeout=20, source_address=(come_from, 0)
            )
        connection.request(method, path, body, headers or {})
        return connection.getresponse()

    def request(self, *args: object, **kw: object) -> Answer:
        return Answer(self.open(*args, **kw))  # type: ignore[arg-type]

    def raw(self, text: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
            pieces = []
            while piece := s.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
