# SPDX-License-Identifier: Apache-2.0
"""Shapes: resources, devices, rights, namespaces, logging."""

import json

from .shape import Shape

CDI = "example.com/thing=one"
SECCOMP = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["swapon"], "action": "SCMP_ACT_ERRNO", "args": []}]})
DONOR = "run -d --name {name}-donor --ipc shareable busybox:local sleep 1000000"

RESOURCES = (
    Shape("memory-and-cpus", "--memory 64m --memory-reservation 32m --memory-swap 128m --cpus 0.5"
          " --cpu-shares 512 --pids-limit 50 --oom-score-adj 100 --shm-size 32m"),
    Shape("cpu-quota-and-set", "--cpu-period 50000 --cpu-quota 25000 --cpuset-cpus 0"),
    Shape("swap-unlimited", "--memory 64m --memory-swap -1"),
    Shape("out-of-memory", "--memory 64m --oom-kill-disable --memory-swappiness 10"),
    Shape("memory-swappiness-zero", "--memory-swappiness 0"),
    Shape("memory-of-the-kernel", body={"HostConfig": {"Memory": 1 << 26, "KernelMemoryTCP": 1 << 25}}),
    Shape("pids-unlimited", "--pids-limit -1"),
    Shape("updated-while-it-ran", "--memory 64m", after=(
        "update --memory 96m --memory-swap 192m --cpu-shares 300 --restart on-failure:3 {name}",)),
    Shape("ulimits", "--ulimit nofile=1000:2000 --ulimit core=0 --ulimit nproc=2000:3000"),
    Shape("cgroup-parent", "--cgroup-parent /{workspace}/below"),
)

DEVICES = (
    Shape("devices", r"--device /dev/null:/dev/zip:r --device-cgroup-rule 'c 1:* rwm'",
          inside="ls -l /dev/zip | cut -c 1-10"),
    Shape("device-by-cdi", f"--device {CDI}", since=50, inside="echo $FROM_CDI", by_version=True),
)

RIGHTS = (
    Shape("capabilities", "--cap-add NET_ADMIN --cap-drop ALL --security-opt no-new-privileges:true"),
    Shape("seccomp-none", "--security-opt seccomp=unconfined --security-opt systempaths=unconfined"),
    Shape("seccomp-own", body={"HostConfig": {"SecurityOpt": [f"seccomp={SECCOMP}"]}}),
    Shape("security-labels", "--security-opt label=disable --security-opt apparmor=unconfined"),
    # 20.10 wants every capability that the kernel knows; a machine may have one less.
    Shape("privileged", "--privileged", since=45, missing="cannot be started on such a machine"),
    Shape("sysctls", "--sysctl net.core.somaxconn=1024 --sysctl net.ipv4.ip_unprivileged_port_start=0",
          inside="cat /proc/sys/net/core/somaxconn"),
    Shape("sysctl-of-the-interface", body={"HostConfig": {
        "Sysctls": {"net.ipv4.conf.eth0.log_martians": "1"}}}, api=44, since=44, by_version=True,
          inside="cat /proc/sys/net/ipv4/conf/eth0/log_martians"),
    Shape("runtime-named", "--runtime runc"),
    Shape("init", "--init"),
)

NAMESPACES = (
    Shape("namespaces-of-the-host", "--pid host --ipc host --uts host --userns host"),
    Shape("ipc-shareable", "--ipc shareable --cgroupns host"),
    Shape("ipc-none", "--ipc none --cgroupns private", by_version=True),
    Shape("pid-and-ipc-of-a-container", "--pid container:{name}-donor --ipc container:{name}-donor",
          before=(DONOR,)),
    Shape("ipc-of-a-container-that-is-gone", "--ipc container:{name}-donor", before=(DONOR,),
          after=("rm -f {name}-donor",), refused="which is gone"),
)

LOGGING = (
    Shape("log-json", "--log-driver json-file --log-opt max-size=1m --log-opt max-file=2"
          " --log-opt mode=non-blocking --log-opt labels=a,b"),
    Shape("log-local", "--log-driver local --log-opt compress=false"),
    Shape("log-none", "--log-driver none"),
)

SHAPES = RESOURCES + DEVICES + RIGHTS + NAMESPACES + LOGGING
