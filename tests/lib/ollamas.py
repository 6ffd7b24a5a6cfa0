# SPDX-License-Identifier: Apache-2.0
"""Ollamas that somebody else made: the seed document's two stacks and Coolify's one-click service, with
the names, labels and networks that they have on a real server. Ollama is the stand-in, Open WebUI a
container that only waits; nginx is Debian's."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .compose import Compose
from .consumers import SERVE, SERVING, env_of, service, stack
from .daemon import Daemon
from .engine import Engine
from .images import BUSYBOX, OLLAMA
from .provider import PORT, ask, models_in, status

UUID = "q8k0gs4wkocwgk8ooc4k4wss"
SEED_KEY = "YOUR-SECRET-OLLAMA-KEY"
WEBUI = "ghcr.io/open-webui/open-webui:main"

API = f"""
  ollama-api:
    image: {OLLAMA}
    environment:
      - OLLAMA_HOST=0.0.0.0
      - 'OLLAMA_ORIGINS=*'
"""
PUBLISHED = API + "    ports:\n      - '11434:11434'\n"

# The seed document's, word for word.
NGINX = """events {}
http {
    server {
        listen 11434;

        location / {
            if ($http_authorization != "Bearer YOUR-SECRET-OLLAMA-KEY") {
                return 401 '{"error":"unauthorized"}';
            }
            proxy_pass http://ollama-api:11434;
            proxy_set_header Host $host;
            proxy_set_header Authorization "";
        }
    }
}
"""
THEIR_PROXY = """
  ollama-proxy:
    image: nginx:alpine
    restart: always
    ports:
      - '11434:11434'
    volumes:
      - ./ollama-proxy.conf:/etc/nginx/nginx.conf:ro
    depends_on:
      - ollama-api
"""


def unsecured(engine: Engine, project: str = "ollama") -> Compose:
    return Compose(engine, project, f"services:{PUBLISHED}")


def plain(
    engine: Engine,
    project: str,
    image: str = OLLAMA,
    enabled: bool = False,
    labels: Sequence[str] = (),
) -> Compose:
    """One that publishes nothing; enabled: it asks to be linked as well."""
    labels = [*labels, "coollama.enable=true"] if enabled else labels
    lines = "    labels:\n" + "".join(f"      - '{label}'\n" for label in labels) if labels else ""
    return Compose(engine, project, f"services:{API.replace(OLLAMA, image)}{lines}")


def secured(engine: Engine, project: str = "ollama") -> Compose:
    compose = Compose(engine, project, f"services:{API}    expose:\n      - '11434'\n{THEIR_PROXY}")
    (compose.directory / "ollama-proxy.conf").write_text(NGINX)
    return compose


# In front of that one, for whoever comes by https.
TLS = """error_log /dev/stderr;
events {}
http {
    server {
        listen 8443 ssl;
        ssl_certificate /etc/nginx/tls/leaf.pem;
        ssl_certificate_key /etc/nginx/tls/leaf.key;
        location / { proxy_pass http://ollama-proxy:11434; }
    }
}
"""
TLS_PROXY = """
  tls:
    image: nginx:alpine
    ports:
      - '8443:8443'
    volumes:
      - ./tls.conf:/etc/nginx/nginx.conf:ro
      - .:/etc/nginx/tls:ro
    depends_on:
      - ollama-proxy
"""


def certificate(directory: Path, name: str) -> tuple[Path, Path, Path]:
    """For host.docker.internal: that of whoever signs it, itself, and its private key."""
    ca, leaf, key = directory / "ca.pem", directory / "leaf.pem", directory / "leaf.key"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    signer = directory / "ca.key"
    subprocess.run(
        [*new, "-subj", f"/CN={name}", "-keyout", signer, "-out", ca], check=True, capture_output=True
    )
    signed = ["-subj", "/CN=leaf", "-addext", "subjectAltName=DNS:host.docker.internal"]
    signed += ["-CA", ca, "-CAkey", signer, "-keyout", key, "-out", leaf]
    subprocess.run([*new, *signed], check=True, capture_output=True)
    key.chmod(0o644)  # nginx in its container reads it
    return ca, leaf, key


def behind_tls(compose: Compose) -> None:
    """Gives the seed's secured stack an https port; ca.pem in its directory is who has signed."""
    certificate(compose.directory, "elsewhere")
    (compose.directory / "tls.conf").write_text(TLS)
    compose.write(compose.file.read_text() + TLS_PROXY)


def _labels(member: str, number: int) -> str:
    labels = [
        "coolify.managed=true",
        "coolify.version=4.3.11",
        "coolify.serviceId=17",
        "coolify.type=service",
        f"coolify.name={member}-{UUID}",
        "coolify.resourceName=my-ollama",
        "coolify.projectName=acme",
        f"coolify.serviceName={member}",
        "coolify.environmentName=production",
        "coolify.pullRequestId=0",
        f"coolify.service.subId={number}",
        "coolify.service.subType=application",
        f"coolify.service.subName={member}",
    ]
    return "".join(f"      - {label}\n" for label in labels)


def one_click(webui_labels: str = "") -> str:
    """templates/compose/ollama-with-open-webui.yaml as Coolify writes it out."""
    return f"""services:
  ollama-api:
    image: {OLLAMA}
    container_name: ollama-api-{UUID}
    restart: unless-stopped
    volumes:
      - 'ollama:/root/.ollama'
    healthcheck:
      test: [CMD, ollama, list]
      interval: 5s
      timeout: 30s
      retries: 10
    labels:
{_labels("ollama-api", 1)}
    networks: ['{UUID}']
  open-webui:
    image: {WEBUI}
    container_name: open-webui-{UUID}
    restart: unless-stopped
    {SERVE}
    depends_on: [ollama-api]
    environment:
      - SERVICE_URL_OLLAMA_8080=http://webui.example
      - OLLAMA_BASE_URL=http://ollama-api:11434
    labels:
{_labels("open-webui", 2)}{webui_labels}
    networks: ['{UUID}']
volumes:
  ollama: {{name: {UUID}_ollama}}
networks:
  {UUID}: {{name: {UUID}, external: true}}
"""


class Coolify:
    """A service of Coolify's, with the commands that Coolify gives (facts: StartService, StopService,
    DeleteService)."""

    def __init__(self, engine: Engine, text: str) -> None:
        engine.docker("tag", BUSYBOX, WEBUI)
        self.engine = engine
        self.compose = Compose(engine, UUID, text)

    def deploy(self) -> None:
        if not self.engine.exists(UUID, "network"):
            self.engine.docker("network", "create", "--attachable", UUID)
        self.compose.run("up", "-d", "--remove-orphans", "--force-recreate", "--build")
        self.engine.client("network", "connect", UUID, "coolify-proxy")

    def stop(self) -> None:
        for member in ("open-webui", "ollama-api"):
            self.engine.docker("stop", "--time=10", f"{member}-{UUID}")
            self.engine.docker("rm", "-f", f"{member}-{UUID}")

    def restart(self) -> None:
        self.stop()
        self.deploy()

    def delete(self) -> bool:
        """True when its network went as well, as Coolify expects: it does not look."""
        self.stop()
        self.engine.client("network", "disconnect", UUID, "coolify-proxy")
        return self.engine.client("network", "rm", UUID).returncode == 0


def coolify_proxy(engine: Engine) -> None:
    """Coolify's own proxy, which is in the network of every service."""
    engine.docker("run", "-d", "--name", "coolify-proxy", BUSYBOX, "sh", "-c", SERVING)


WEB = stack(service("web"))


def shown(engine: Engine, *names: str) -> dict[str, Any]:
    """Their inspect documents but for what their own health checks write, and the order of mounts,
    which the engine keeps nowhere."""
    documents = {name: engine.inspect(name) for name in names}
    for document in documents.values():
        document["State"].pop("Health", None)
        document["Mounts"].sort(key=lambda mount: mount["Destination"])
    return documents


def models_of(
    engine: Engine, container: str, host: str = "host.docker.internal", port: int = PORT
) -> list[str]:
    """What the container gets with what its link gave to it; none where it gets an error."""
    key = env_of(engine.inspect(container)).get("OLLAMA_API_KEY", "")
    code, text = ask(engine, container, "/api/tags", key, host, port)
    return models_in(text) if code == 200 else []


def wait_why(daemon: Daemon, words: str) -> dict[str, Any]:
    """Until it is down for a reason with these words; the provider's status then."""
    seen: dict[str, Any] = {}

    def told() -> bool:
        seen.update(status(daemon)["provider"])
        return not seen["up"] and words in (seen["why"] or "")

    daemon.wait_for(told, words)
    return seen
