# SPDX-License-Identifier: Apache-2.0
"""Shapes: volumes, binds and file systems in memory."""

from typing import Any

from ..operational import READ_ONLY_BELOW
from .shape import RICH, Shape

# A directory of the machine with a file system mounted below it (test_fidelity.py makes it).
TREE = "/run/tree"
CAN_WRITE_BELOW = "touch /tree/below/x 2>/dev/null && echo yes || echo no"


def _mount(**more: Any) -> dict[str, Any]:
    return {"HostConfig": {"Mounts": [{"Target": "/data", **more}]}}


VOLUMES = (
    Shape("volume-named", "-v {name}:/data"),
    Shape("volume-over-the-image", "-v {name}:/data", image=RICH, cmd=()),
    Shape("volume-read-only", "-v {name}:/data:ro -v {name}-2:/w:nocopy"),
    Shape("volume-path-not-clean", "-v {name}:/data/../other// -v {name}-2:/w/./x/"),
    Shape("volume-mount", "--mount type=volume,source={name},target=/data,volume-nocopy"),
    Shape(
        "volume-mount-labels",
        "--mount type=volume,source={name},target=/data,volume-label=a=b,volume-label=c=",
    ),
    Shape("volume-nested", "-v {name}:/data -v {name}-2:/data/below -v /data/below/anonymous"),
    Shape(
        "volume-driver-options",
        "--mount type=volume,source={name},target=/data,volume-driver=local,volume-opt=type=none,"
        f"volume-opt=o=bind,volume-opt=device={TREE}",
    ),
    Shape(
        "volume-part",
        "--mount type=volume,source={name},target=/data,volume-subpath=part",
        before=("run --rm -v {name}:/v busybox:local mkdir -p /v/part",),
        since=45,
        by_version=True,
    ),
    Shape("volume-shared", "-v volume-named:/data"),
)

ANONYMOUS = (
    Shape("anonymous-by-option", "-v /data -v /other/"),
    Shape("anonymous-of-the-image", image=RICH, cmd=()),
    Shape("anonymous-bind", body={"HostConfig": {"Binds": ["/data"]}},
          refused="does not tell the name of its volume at /data", refused_since=51, by_version=True),
    Shape("anonymous-mount-source-empty", body=_mount(Type="volume", Source="")),
    Shape(
        "anonymous-mount-labels",
        body=_mount(Type="volume", VolumeOptions={"Labels": {"a": "b"}, "DriverConfig": {"Name": "local"}}),
    ),
    Shape(
        "volumes-from",
        "--volumes-from {name}-donor:ro",
        before=("run -d --name {name}-donor -v {name}:/data -v /more busybox:local sleep 1000000",),
    ),
)

GONE = (
    Shape("volumes-from-one-that-is-gone", "--volumes-from {name}-donor", refused="which is gone",
          before=("run -d --name {name}-donor -v {name}:/data busybox:local sleep 1000000",),
          after=("rm -f {name}-donor",)),
)

BINDS = (
    Shape("bind", f"-v {TREE}:/t -v /etc/hostname:/etc/our-name:ro,rprivate"),
    Shape("bind-propagation", f"--mount type=bind,source={TREE},target=/tree,bind-propagation=rslave"),
    Shape(
        "bind-read-only", f"-v {TREE}:/tree:ro", inside=f"touch /tree/x 2>&1; {CAN_WRITE_BELOW}",
        by_version=True,
    ),
    Shape(
        "bind-mount-read-only", f"--mount type=bind,source={TREE},target=/tree,readonly",
        inside=CAN_WRITE_BELOW, by_version=True,
    ),
    Shape(
        "bind-read-only-of-an-older-client",
        body={"HostConfig": {"Binds": [f"{TREE}:/tree:ro"]}},
        api=41, inside=CAN_WRITE_BELOW, untold=READ_ONLY_BELOW, by_version=True,
    ),
    Shape(
        "bind-mount-read-only-of-an-older-client",
        body={"HostConfig": {"Mounts": [
            {"Type": "bind", "Source": TREE, "Target": "/tree", "ReadOnly": True}]}},
        api=41, inside=CAN_WRITE_BELOW, untold=READ_ONLY_BELOW, by_version=True,
    ),
    Shape(
        "bind-read-only-not-below",
        f"--mount type=bind,source={TREE},target=/tree,readonly,bind-recursive=writable,"
        "bind-propagation=rprivate",
        inside=CAN_WRITE_BELOW, since=45, by_version=True,
    ),
    Shape(
        "bind-read-only-all-below",
        f"--mount type=bind,source={TREE},target=/tree,readonly,bind-recursive=readonly,"
        "bind-propagation=rprivate",
        inside=CAN_WRITE_BELOW, since=45, by_version=True,
    ),
    Shape("bind-not-recursive", f"--mount type=bind,source={TREE},target=/tree,bind-nonrecursive"),
    Shape("bind-directory-made", body={"HostConfig": {"Mounts": [
        {"Type": "bind", "Source": "/run/made", "Target": "/made",
         "BindOptions": {"CreateMountpoint": True}}]}}, since=42),
)

MEMORY = (
    Shape("tmpfs", "--read-only --tmpfs /run:size=1m,mode=700 --tmpfs /scratch:exec,uid=1000"),
    Shape("tmpfs-mount", "--mount type=tmpfs,destination=/t,tmpfs-size=1048576,tmpfs-mode=700"),
    Shape(
        "tmpfs-mount-options",
        body=_mount(Type="tmpfs", TmpfsOptions={"SizeBytes": 1 << 20, "Options": [["exec"]]}),
        since=46, by_version=True,
    ),
)

SHAPES = VOLUMES + ANONYMOUS + GONE + BINDS + MEMORY
