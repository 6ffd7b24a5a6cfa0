# SPDX-License-Identifier: Apache-2.0
"""What a shape is: one way to make a consumer, and what is known of it beforehand."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from ..consumers import SERVING
from ..images import BUSYBOX, Image, busybox

SERVE = ("sh", "-c", SERVING)
# Networks that are there for all shapes, and how they are made.
NETWORKS = {
    "net-a": "--subnet 10.91.0.0/24",
    "net-b": "--subnet 10.92.0.0/24",
    "net-c": "--internal --subnet 10.93.0.0/24",
    "coolify": "--attachable --subnet 10.94.0.0/24",
    "net-6": "--ipv6 --subnet 10.95.0.0/24 --subnet fd00:95::/64",
}

RICH = "rich:local"
SHELL = "shell:local"
MOVED = "moved:local"
UNTAGGED = "untagged:local"


@dataclass(frozen=True)
class Shape:
    """A consumer made with `docker run -d` (run), an API request (body) or compose (compose)."""

    name: str  # of the container, or of the project
    run: str = ""  # options, as in a shell; {name} is the shape's, everywhere
    cmd: tuple[str, ...] = SERVE
    image: str = BUSYBOX
    body: dict[str, Any] | None = None  # laid over the image and the label
    api: int = 0  # the client's version with body; 0: the engine's newest
    compose: str = ""
    files: tuple[tuple[str, str], ...] = ()  # beside the compose file
    before: tuple[str, ...] = ()  # docker commands
    after: tuple[str, ...] = ()  # the same, once it runs
    since: int = 41  # the engine's API from which on there is such a thing
    missing: str = "not in this API"  # what the table says of the others
    inside: str = ""  # a shell command in it whose output must stay the same
    refused: str = ""  # on purpose: what status says
    refused_since: int = 0  # the engine's API from which on it is; before, it is linked
    untold: tuple[str, ...] = ()  # what differs inside since no inspect tells it (operational.py)
    by_version: bool = False  # treated differently from version to version

    def on(self, api: int) -> "Shape":
        """As it is with an engine of this API."""
        return dataclasses.replace(self, refused="") if api < self.refused_since else self


def rich_images() -> list[Image]:
    """busybox with everything that an image can say, and some more names for it."""
    base = busybox()
    rich = (
        'ENTRYPOINT ["/bin/sh", "-c"]',
        f'CMD ["{SERVING}"]',
        "ENV FROM_IMAGE=1",
        "ENV EMPTY=",
        "VOLUME /data",
        "VOLUME /cache",
        "EXPOSE 8080/tcp",
        "LABEL from.image=yes",
        "LABEL over.written=no",
        "WORKDIR /tmp",
        "USER 0:0",
        "HEALTHCHECK --interval=300ms --retries=3 CMD true",
    )
    shell = (f'CMD ["{SERVING}"]', "ONBUILD RUN true", 'ENTRYPOINT ["/bin/sh", "-c"]')
    files = base.files | {"data/from-image": b"image\n", "cache/from-image": b"image\n"}
    return [
        dataclasses.replace(base, name=RICH, changes=base.changes + rich, files=files),
        dataclasses.replace(base, name=SHELL, changes=base.changes + shell),
        dataclasses.replace(base, name=MOVED, changes=(*base.changes, "LABEL version=1")),
        dataclasses.replace(base, name=UNTAGGED, changes=(*base.changes, "LABEL version=2")),
    ]
