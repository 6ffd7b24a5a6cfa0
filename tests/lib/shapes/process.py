# SPDX-License-Identifier: Apache-2.0
"""Shapes: what runs in it, from which image, under which names and labels, and how it ends."""

from .shape import MOVED, RICH, SERVE, SERVING, SHELL, UNTAGGED, Shape

HEALTH = {"Test": ["CMD", "true"], "Interval": 300_000_000, "Timeout": 2_000_000_000, "Retries": 7}
ODD_LABELS = {
    "empty": "",
    "dotted.a": "1",
    "dotted.a.b": "2",
    "separators": "a=b,c=d;e:f",
    "quotes": """it's "quoted" `and` \\escaped\\""",
    "json": '{"x":[1,2],"y":"\\u00e9"}',
    "html": "<a href='x'>&amp;</a>",
    "white": " \t leading and trailing \r\n",
    "control": "\x01\x1b[31m\x7f\x00after",
    "unicode": "äöü 漢字 😀 \u2028\u2029 \ufeff \ufffd",
    "spaced key": "x",
    "käse/😀": "x",
    "dollars": "$$HOME ${HOME}",
    "traefik.http.routers.x.rule": "Host(`a.example`) && PathPrefix(`/`)",
}
ODD_ENV = ["A=1", "EMPTY=", "SPACED=a b ", "UTF=äö😀", "EQ=a=b=c", "LINES=a\nb", "TWICE=1", "TWICE=2"]
ODD_ENV += ["BARE"]

COMMAND = (
    Shape("plain"),
    Shape("command-and-arguments", cmd=("sh", "-c", SERVING, "", "a b", "")),
    Shape("image-runs-by-itself", image=RICH, cmd=()),
    Shape("entrypoint-cleared", "--entrypoint=", image=RICH),
    Shape("entrypoint-cleared-by-request", image=RICH, body={"Entrypoint": [""], "Cmd": list(SERVE)}),
    Shape("entrypoint-empty-list", image=RICH, body={"Entrypoint": [], "Cmd": list(SERVE)}),
    Shape("entrypoint-null", image=RICH, body={"Entrypoint": None, "Cmd": [SERVING, "one"]}),
    Shape("entrypoint-as-the-image-has-it", "--entrypoint /bin/sh", image=RICH, cmd=("-c", SERVING)),
    Shape("entrypoint-alone", image=SHELL, body={"Entrypoint": list(SERVE), "Cmd": None}),
    Shape("command-null", image=SHELL, body={"Cmd": None}),
    Shape("command-as-the-image-has-it", image=SHELL, body={"Cmd": [SERVING]}),
)

ENVIRONMENT = (
    Shape("env-odd", body={"Env": ODD_ENV}),
    Shape("env-over-the-image", "-e FROM_IMAGE=2 -e PATH=/bin", image=RICH, cmd=()),
    Shape("env-taken-away", image=RICH, body={"Env": ["FROM_IMAGE", "PATH=/bin"]}),
    Shape("env-url-there", "-e OLLAMA_BASE_URL=http://elsewhere:1 -e AFTER=1"),
    Shape("env-url-empty", "-e BEFORE=1 -e OLLAMA_BASE_URL= -e AFTER=1"),
    Shape("host-entry-there", "--add-host host.docker.internal:host-gateway --add-host one:10.0.0.1"),
    Shape("host-entry-of-its-own", "--add-host host.docker.internal:10.91.0.1 --add-host db:10.0.0.2"),
)

NAMES = (
    Shape("hostname-own", "--hostname web --domainname example.org", inside="hostname"),
    Shape("hostname-default", inside="test $(hostname) = $HOSTNAME && echo same"),
    Shape("hostname-like-an-id", "--hostname 0123456789ab", inside="hostname"),
    Shape("hostname-of-the-host", "--uts host", inside="hostname"),
    Shape("user-and-directory", "--user 1000:1000 --workdir /etc --group-add 27 --group-add 100"),
    Shape("terminal", "-t -i"),
    Shape("labels-odd", body={"Labels": ODD_LABELS}),
    Shape("labels-over-the-image", "--label over.written=yes --label from.image=", image=RICH, cmd=()),
    Shape("labels-many", body={"Labels": {f"label.{n:03}.x": "v" * n for n in range(300)}}),
    Shape("annotations", "--annotation a=b --annotation com.example/x='1 2'", since=43, by_version=True),
    Shape("renamed", after=("rename {name} {name}-then", "rename {name}-then {name}")),
)

IMAGES = (
    Shape(
        "image-tag-moved",
        image=MOVED,
        after=("tag busybox:local moved:local",),
    ),
    Shape("image-untagged", image=UNTAGGED, after=("rmi -f untagged:local",)),
    Shape("image-by-id", image="{id:busybox:local}"),
    Shape("image-by-short-id", image="{short:busybox:local}"),
    Shape("image-with-health-and-volumes", image=RICH, cmd=(), run="-p 8080"),
)

LIFE = (
    Shape("health-full", body={"Healthcheck": HEALTH | {"StartPeriod": 60_000_000_000}}),
    Shape(
        "health-start-interval",
        body={
            "Healthcheck": HEALTH
            | {"Interval": 60_000_000_000, "StartPeriod": 60_000_000_000, "StartInterval": 300_000_000}
        },
        since=44,
        by_version=True,
    ),
    Shape("health-partly-the-image", image=RICH, body={"Healthcheck": {"Interval": 500_000_000}}),
    Shape("health-switched-off", "--no-healthcheck", image=RICH, cmd=()),
    Shape("health-by-shell", "--health-cmd 'test -e /etc/passwd' --health-interval 300ms"),
    Shape("stop-signal-and-time", "--stop-signal SIGUSR1 --stop-timeout 2"),
    Shape("stop-signal-as-number", "--stop-signal 10 --stop-timeout 0", by_version=True),
    Shape("restart-no", "--restart no"),
    Shape("restart-always", "--restart always"),
    Shape("restart-on-failure", "--restart on-failure:5"),
    Shape("restart-unless-stopped", "--restart unless-stopped"),
)

SHAPES = COMMAND + ENVIRONMENT + NAMES + IMAGES + LIFE
