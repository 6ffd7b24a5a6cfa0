# SPDX-License-Identifier: Apache-2.0
"""The images that the tests run, made here from Debian's files; no registry is asked.

- busybox:local, Debian's static busybox.
- ollama/ollama:latest, which is NOT Ollama: the stand-in of tests/standin, under the real name, with
  the real entry point and working like it on the outside.
- nginx:alpine, which is NOT that image: Debian's nginx and its libraries with busybox, under the
  real name, with its entry point, user and paths. Its wget must be used without -T (Debian's static
  busybox crashes on it).
"""

import hashlib
import io
import os
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from .cache import CACHE, SOURCE, need
from .engine import Engine

BUSYBOX = "busybox:local"
OLLAMA = "ollama/ollama:latest"
NGINX = "nginx:alpine"

APPLETS = (
    "[ awk base64 basename cat chmod chown cp cut date dd df dirname du echo env expr false find"
    " grep head hostname httpd id ip kill ln ls mkdir mktemp mount mv nc netstat nslookup ping"
    " printf ps pwd rm sed seq sh sleep sort stat sync tail tar tee test timeout touch tr true tty"
    " umount uname uniq vi wc wget which xargs yes"
).split()


@dataclass(frozen=True)
class Image:
    name: str
    changes: tuple[str, ...]  # as `docker import --change` takes them
    files: dict[str, bytes | Path]
    links: dict[str, str]
    directories: tuple[str, ...] = ("tmp", "proc", "sys", "dev", "root", "run", "var/run")

    def archive(self) -> Path:
        """Its tar file, made when it, or anything it is made of, is new."""
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as out:
            for name in self.directories:
                _add(out, name, tarfile.DIRTYPE, mode=0o1777 if name.endswith("tmp") else 0o755)
            for name, content in sorted(self.files.items()):
                data = content.read_bytes() if isinstance(content, Path) else content
                _add(out, name, tarfile.REGTYPE, data)
            for name, target in sorted(self.links.items()):
                _add(out, name, tarfile.SYMTYPE, link=target)
        digest = hashlib.sha256(tar.getvalue()).hexdigest()[:16]
        path = CACHE / "images" / f"{re.sub('[:/]', '-', self.name)}-{digest}.tar"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(tar.getvalue())
            fresh.rename(path)
        return path

    def load(self, engine: Engine, name: str = "") -> str:
        """Gives the engine this image, under another name when one is given; returns its id."""
        options = [word for change in self.changes for word in ("--change", change)]
        return engine.docker("import", *options, str(self.archive()), name or self.name)


def _add(
    out: tarfile.TarFile, name: str, kind: bytes, data: bytes = b"", link: str = "", mode: int = 0o755
) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mode = kind, len(data), link, mode
    out.addfile(info, io.BytesIO(data))


def _shell() -> tuple[dict[str, bytes | Path], dict[str, str]]:
    files: dict[str, bytes | Path] = {
        "bin/busybox": need(Path("/bin/busybox")),
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n",
        "etc/group": b"root:x:0:\nnginx:x:101:\nnogroup:x:65534:\nnobody:x:65534:\n",
    }
    return files, {f"bin/{applet}": "busybox" for applet in APPLETS}


def busybox() -> Image:
    files, links = _shell()
    path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return Image(BUSYBOX, (path, 'CMD ["sh"]'), files, links)


def standin_binary() -> Path:
    built = SOURCE / "build" / "dev" / "tests" / "standin-ollama"
    return need(Path(os.environ.get("COOLLAMA_STANDIN", built)))


def ollama() -> Image:
    """With a shell, as the real one has (there: bash); neither has curl or wget on its PATH."""
    files, links = _shell()
    links = {name: target for name, target in links.items() if name != "bin/wget"}
    changes = (
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV OLLAMA_HOST=0.0.0.0:11434",
        "EXPOSE 11434/tcp",
        'ENTRYPOINT ["/bin/ollama"]',
        'CMD ["serve"]',
    )
    return Image(OLLAMA, changes, files | {"bin/ollama": standin_binary()}, links)


def _libraries(program: Path) -> dict[str, bytes | Path]:
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    if "not found" in listed:
        raise FileNotFoundError(f"{program}: {listed}")
    paths = re.findall(r"(/\S+) \(0x", listed)
    return {path.lstrip("/"): Path(path).resolve() for path in paths}


_NGINX_CONF = b"""user nginx;
worker_processes 1;
error_log /dev/stderr notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    access_log /dev/stdout;
    server { listen 80; location / { return 200 "nginx\\n"; } }
    include /etc/nginx/conf.d/*.conf;
}
"""
_ENTRYPOINT = b'#!/bin/sh\nset -e\nexec "$@"\n'


def nginx() -> Image:
    files, links = _shell()
    program = need(CACHE / "debian" / "usr" / "sbin" / "nginx")
    files |= _libraries(program)
    # Names that nginx looks up when it starts and switches user go through these.
    for name in ("libnss_files.so.2", "libnss_dns.so.2"):
        found = next(Path("/lib").glob(f"*-linux-gnu/{name}"), None)
        if found:
            files[f"lib/{found.parent.name}/{name}"] = found.resolve()
    files |= {
        "usr/sbin/nginx": program,
        "docker-entrypoint.sh": _ENTRYPOINT,
        "etc/nginx/nginx.conf": _NGINX_CONF,
        "etc/nginx/mime.types": need(CACHE / "debian" / "etc" / "nginx" / "mime.types"),
        "etc/nsswitch.conf": b"hosts: files dns\npasswd: files\ngroup: files\n",
    }
    changes = (
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV NGINX_VERSION=1.22.1",
        "EXPOSE 80/tcp",
        'ENTRYPOINT ["/docker-entrypoint.sh"]',
        'CMD ["nginx", "-g", "daemon off;"]',
    )
    more = ("var/log/nginx", "var/lib/nginx", "var/cache/nginx", "etc/nginx/conf.d")
    return Image(NGINX, changes, files, links, Image.directories + more)


def load_all(engine: Engine) -> None:
    for image in (busybox(), ollama(), nginx()):
        image.load(engine)
