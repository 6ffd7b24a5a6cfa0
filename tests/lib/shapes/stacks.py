# SPDX-License-Identifier: Apache-2.0
"""Shapes: compose files as Coolify writes them for its one-click services, applications and previews.

{uuid} is the resource's, which is the project's name. What Coolify generates is generated here too
(names, labels, the resource's own network and .env); the rest stands in each file as it would there.
The images are the tests' own.
"""

import textwrap

from ..consumers import SERVE
from .shape import Shape

DOTENV = """COOLIFY_RESOURCE_UUID={uuid}
SERVICE_URL_APP=https://app-{uuid}.example.org
SERVICE_FQDN_APP=app-{uuid}.example.org
SERVICE_USER_POSTGRES=oFbvBGm0sLnTyN1A
SERVICE_PASSWORD_POSTGRES=wOCiPZbeDU5kNcXPZd7tJ2gRmqHYdVAs
SERVICE_BASE64_64_KEY='aGVsbG8+d29ybGQ/IGE9PQ=='
"""
NETWORK = """networks:
  {uuid}:
    name: {uuid}
    external: true
"""
HEALTHY = """healthcheck:
  test: [CMD-SHELL, 'test -e /proc/1 || exit 1']
  interval: 400ms
  timeout: 20s
  retries: 10
"""
OPT_IN = ("coollama.enable=true",)


def coolify_labels(kind: str, member: str, name: str, preview: int = 0) -> list[str]:
    labels = ["coolify.managed=true", "coolify.version=4.3.11", f"coolify.{kind}Id=17"]
    labels += [f"coolify.type={kind}", f"coolify.name={member}-{{uuid}}", f"coolify.resourceName={name}"]
    labels += ["coolify.projectName=acme", f"coolify.serviceName={member}"]
    labels += ["coolify.environmentName=production", f"coolify.pullRequestId={preview}"]
    if kind == "service":
        labels += ["coolify.service.subId=42", "coolify.service.subType=application"]
        labels += [f"coolify.service.subName={member}"]
    return labels


def proxy_labels(member: str, port: int) -> list[str]:
    """Traefik's and Caddy's, as for a resource with a domain."""
    router = f"traefik.http.routers.https-0-{{uuid}}-{member}"
    return [
        "traefik.enable=true",
        "traefik.http.middlewares.gzip.compress=true",
        f"{router}.rule=Host(`{member}.example.org`) && PathPrefix(`/`)",
        f"{router}.tls.certresolver=letsencrypt",
        f"traefik.http.services.https-0-{{uuid}}-{member}.loadbalancer.server.port={port}",
        f"caddy_0=https://{member}.example.org",
        "caddy_0.handle_path.0_reverse_proxy={{upstreams %d}}" % port,
        "caddy_0.try_files={path} /index.html /index.php",
        "caddy_ingress_network={uuid}",
    ]


def member(
    key: str, rest: str = "", *, labels: list[str] | None = None, container: str = "", own: bool = True
) -> str:
    """One service of the file. `own`: on the resource's network, with its .env."""
    lines = [f"{key}:", "  image: busybox:local"]
    lines += [] if "command:" in rest else [f"  {SERVE}"]
    lines += [f"  container_name: {container}"] if container else []
    lines += ["  env_file: [.env]", "  networks: {'{uuid}': null}"] if own else []
    if labels:
        lines += ["  labels:"] + [f"    - '{label}'" for label in labels]
    lines += textwrap.indent(textwrap.dedent(rest), "  ").splitlines()
    return textwrap.indent("\n".join(lines), "  ") + "\n"


def service_member(key: str, name: str, rest: str = "", port: int = 0, opt_in: bool = True) -> str:
    labels = coolify_labels("service", key, name) + (proxy_labels(key, port) if port else [])
    labels += OPT_IN if opt_in else ()
    return member(key, "restart: unless-stopped\n" + rest, labels=labels, container=f"{key}-{{uuid}}")


def file(*members: str, rest: str = NETWORK, volumes: tuple[str, ...] = ()) -> str:
    text = "services:\n" + "".join(members) + rest
    if volumes:
        text += "volumes:\n"
        text += "".join(f"  {{uuid}}_{name}:\n    name: {{uuid}}_{name}\n" for name in volumes)
    return text


def stack(
    name: str,
    text: str,
    *,
    after: tuple[str, ...] = (),
    files: tuple[tuple[str, str], ...] = (),
    networks: tuple[str, ...] = ("{uuid}",),
    by_version: bool = False,
) -> Shape:
    before = tuple(f"network create --attachable {network}" for network in networks)
    return Shape(
        name, compose=text, before=before, after=after, files=((".env", DOTENV), *files),
        by_version=by_version,
    )


def move(*keys: str) -> tuple[str, ...]:
    """'Connect to predefined network': after the start, and in no file."""
    return tuple(f"network connect --alias {key}-{{uuid}} coolify {key}-{{uuid}}" for key in keys)


POSTGRES = """environment:
  - 'POSTGRES_USER=${SERVICE_USER_POSTGRES}'
  - 'POSTGRES_PASSWORD=${SERVICE_PASSWORD_POSTGRES}'
volumes: ['{uuid}_postgres:/var/lib/postgresql/data']
"""

SERVICES = (
    stack("coolify-open-webui", by_version=True, text=file(
        service_member("open-webui", "chat", f"""environment:
  - 'SERVICE_URL_OPENWEBUI_8080=https://chat.example.org'
  - 'OLLAMA_BASE_URL=http://ollama-api:11434'
volumes: ['{{uuid}}_open-webui:/app/backend/data']
depends_on: [ollama-api]
{HEALTHY}""", port=8080),
        service_member("ollama-api", "chat", f"""volumes: ['{{uuid}}_ollama:/root/.ollama']
{HEALTHY}""", opt_in=False),
        volumes=("open-webui", "ollama")), after=move("open-webui", "ollama-api")),
    stack("coolify-n8n-postgres", file(
        service_member("n8n", "flows", f"""environment:
  - 'N8N_HOST=${{SERVICE_URL_APP}}'
  - 'DB_POSTGRESDB_PASSWORD=${{SERVICE_PASSWORD_POSTGRES}}'
  - 'GENERIC_TIMEZONE=${{GENERIC_TIMEZONE:-Europe/Berlin}}'
volumes: ['{{uuid}}_n8n-data:/home/node/.n8n']
depends_on: {{postgresql: {{condition: service_healthy}}}}
{HEALTHY}""", port=5678),
        service_member("postgresql", "flows", POSTGRES + HEALTHY, opt_in=False),
        volumes=("n8n-data", "postgres"))),
    stack("coolify-paperless", file(
        service_member("webserver", "papers", """tmpfs: ['/tmp/work:size=4m']
ulimits: {nofile: {soft: 4000, hard: 8000}}
stop_grace_period: 2s
volumes:
  - '{uuid}_data:/usr/src/paperless/data'
  - '{uuid}_media:/usr/src/paperless/media'
  - /usr/src/paperless/scratch
depends_on: [broker, gotenberg]
""", port=8000),
        service_member("broker", "papers", "volumes: ['{uuid}_redis:/data']\n", opt_in=False),
        service_member("gotenberg", "papers", opt_in=False),
        volumes=("data", "media", "redis"))),
    stack("coolify-worker-and-limits", file(
        service_member("app", "queue", """deploy: {resources: {limits: {memory: 96M, cpus: '0.75'}}}
logging: {driver: json-file, options: {max-size: 10m, max-file: '3'}}
volumes: ['{uuid}_shared:/shared']
cap_drop: [MKNOD]
shm_size: 32m
""", port=3000),
        service_member("worker", "queue", "volumes: ['{uuid}_shared:/shared']\npids_limit: 90\n"),
        volumes=("shared",)), after=move("app")),
    stack("coolify-files-and-entrypoint", file(
        service_member("flow", "files", """entrypoint: ['/bin/sh', '-c']
command: ['trap exit TERM; sleep 1000000 & wait', one]
user: '0:0'
working_dir: /srv
hostname: flow
volumes:
  - type: bind
    source: ./config.yml
    target: /etc/app/config.yml
    read_only: true
  - ./data:/srv/data
secrets: [token]
configs: [{source: settings, target: /etc/app/settings}]
""", port=3001),
        rest=NETWORK + "secrets: {token: {file: ./token}}\nconfigs: {settings: {file: ./settings}}\n"),
        files=(("config.yml", "a: 1\n"), ("token", "not a secret\n"), ("settings", "b\n"), ("data/x", "x"))),
)

APPLICATIONS = (
    stack("coolify-application", file(
        member("{uuid}-101112131415", f"""restart: unless-stopped
mem_limit: '0'
memswap_limit: '0'
mem_swappiness: 60
mem_reservation: '0'
cpus: 0.0
cpu_shares: 1024
environment: ['COOLIFY_CONTAINER_NAME={{uuid}}-101112131415', 'PORT=3000', 'HOST=0.0.0.0']
expose: ['3000']
ports: ['19{{octet}}:3000']
cap_add: [NET_ADMIN]
sysctls: [net.core.somaxconn=1024]
devices: ['/dev/null:/dev/zip']
networks: {{coolify: {{aliases: ['{{uuid}}-101112131415', shop-alias]}}}}
{HEALTHY}""", labels=coolify_labels("application", "{uuid}", "shop") + proxy_labels("shop", 3000)
            + list(OPT_IN), container="{uuid}-101112131415", own=False),
        rest="networks:\n  coolify:\n    external: true\n"), networks=()),
    stack("coolify-compose-application", file(
        member("api", """restart: unless-stopped
networks: {'{uuid}': null, coolify: null}
volumes: ['{uuid}_uploads:/uploads', '/api/node_modules']
extra_hosts: ['db.internal:10.0.0.9']
stop_signal: SIGINT
init: false
""", labels=coolify_labels("application", "api", "compose-shop") + list(OPT_IN),
               container="api-{uuid}-101112131415", own=False),
        member("db", POSTGRES, labels=coolify_labels("application", "db", "compose-shop"),
               container="db-{uuid}-101112131415"),
        rest=NETWORK + "  coolify:\n    external: true\n", volumes=("uploads", "postgres"))),
    stack("coolify-preview", file(
        member("api-pr-7", """restart: unless-stopped
networks: {'{uuid}-7': null}
volumes: ['{uuid}_uploads-pr-7:/uploads']
environment: {COOLIFY_BRANCH: 'pull/7/head', EMPTY: ''}
""", labels=coolify_labels("application", "api", "previewed", 7) + list(OPT_IN),
               container="api-{uuid}-pr-7", own=False),
        rest="networks:\n  '{uuid}-7': {external: true}\n", volumes=("uploads-pr-7",)),
        networks=("{uuid}-7",)),
    stack("coolify-raw-compose", file(
        member("web", """deploy: {replicas: 2}
networks: {default: {aliases: [www]}}
dns_search: [example.org]
annotations: {}
read_only: true
tmpfs: [/run]
""", labels=["coolify.managed=true", "coolify.applicationId=9", "coolify.type=application", *OPT_IN],
               own=False),
        rest="networks: {default: {driver_opts: {com.docker.network.bridge.name: 'br-{short}'}}}\n"),
        networks=()),
    stack("coolify-fixed-addresses", file(
        member("hub", """restart: always
networks:
  front: {ipv4_address: 10.{octet}.1.9, aliases: [hub-front]}
  back: {ipv4_address: 10.{octet}.2.9, link_local_ips: [169.254.9.9]}
links: ['store:database']
depends_on: [store]
oom_score_adj: 50
security_opt: ['no-new-privileges:true']
volumes:
  - type: volume
    source: fixed
    target: /fixed
    volume: {nocopy: true}
  - type: tmpfs
    target: /fast
    tmpfs: {size: 1048576}
""", labels=list(OPT_IN), own=False),
        member("store", "networks: {back: {aliases: [storage]}}", own=False),
        rest="""networks:
  front: {ipam: {config: [{subnet: 10.{octet}.1.0/24}]}}
  back: {internal: true, ipam: {config: [{subnet: 10.{octet}.2.0/24}]}}
volumes: {fixed: {}}
"""), networks=(), by_version=True),
)

SHAPES = SERVICES + APPLICATIONS
