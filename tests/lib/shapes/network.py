# SPDX-License-Identifier: Apache-2.0
"""Shapes: networks, addresses, aliases, ports, names to look up."""

from .shape import SERVE, Shape

DONOR = "run -d --name {name}-donor --network net-a busybox:local sleep 1000000"

ENDPOINTS = (
    Shape("network-one", "--network net-a"),
    Shape("network-aliases", "--network net-a --network-alias web-x --network-alias api.x --hostname w2"),
    Shape("network-hostname-as-alias", "--network net-a --network-alias same --hostname same"),
    Shape("network-alias-like-an-id", "--network net-a --network-alias 0123456789ab --hostname own-x"),
    Shape("network-fixed-address", "--network net-a --ip 10.91.0.200"),
    Shape("network-fixed-address-and-mac", "--network net-a --ip 10.91.0.201 --mac-address 02:42:aa:bb:cc:01",
          inside="cat /sys/class/net/eth0/address", by_version=True),
    Shape("network-mac-on-the-bridge", "--mac-address 02:42:aa:bb:cc:02",
          inside="cat /sys/class/net/eth0/address"),
    Shape("network-by-id", "--network {network:net-a}", by_version=True),
    Shape("network-internal", "--network net-c --network-alias inner-x"),
    Shape("network-link", "--network net-a --link {name}-donor:db", before=(DONOR,),
          inside="nslookup db 127.0.0.11 | grep -c 10.91"),
    Shape("network-driver-option", since=44, by_version=True, body={
        "HostConfig": {"NetworkMode": "net-a"},
        "NetworkingConfig": {"EndpointsConfig": {"net-a": {"DriverOpts": {"com.example": "x"}}}}}),
    Shape("network-interface-sysctl", since=46, by_version=True, body={
        "HostConfig": {"NetworkMode": "net-a"},
        "NetworkingConfig": {"EndpointsConfig": {"net-a": {"DriverOpts": {
            "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"}}}}},
        inside="cat /proc/sys/net/ipv4/conf/eth0/log_martians"),
    Shape("network-six", "--network net-6 --ip6 fd00:95::77", inside="ip -6 addr show eth0 | grep fd00"),
    Shape("network-link-local", since=44, body={
        "HostConfig": {"NetworkMode": "net-a"},
        "NetworkingConfig": {"EndpointsConfig": {"net-a": {"IPAMConfig": {
            "LinkLocalIPs": ["169.254.34.68"]}}}}}),
)

SEVERAL = (
    Shape("networks-two", "--network net-a --network-alias first-x", by_version=True,
          after=("network connect --alias second-x --ip 10.92.0.200 net-b {name}",)),
    Shape("networks-bridge-and-two", by_version=True,
          after=("network connect net-a {name}", "network connect --alias late-x net-b {name}")),
    Shape("networks-three-at-once", since=44, by_version=True, body={
        "HostConfig": {"NetworkMode": "net-b"},
        "NetworkingConfig": {"EndpointsConfig": {
            "net-a": {"Aliases": ["three-a"], "IPAMConfig": {"IPv4Address": "10.91.0.202"}},
            "net-b": {"Aliases": ["three-b", "three-bb"]},
            "net-c": {"IPAMConfig": {"IPv4Address": "10.93.0.202"}}}}}),
    Shape("networks-gateway-priority", since=48, by_version=True, inside="ip route | head -1 | cut -d ' ' -f 3",
          run="--network name=net-a,gw-priority=-3 --network name=net-b,gw-priority=2"),
    Shape("networks-wanted-mac-on-the-second", since=44, by_version=True,
          inside="cat /sys/class/net/eth*/address | sort | grep ^02:42:aa", body={
              "HostConfig": {"NetworkMode": "net-a"},
              "NetworkingConfig": {"EndpointsConfig": {
                  "net-a": {}, "net-b": {"MacAddress": "02:42:aa:bb:cc:11"}}}}),
    Shape("networks-maker-s-mac-on-the-second", since=44, by_version=True,
          inside="cat /sys/class/net/eth*/address | sort | grep ^00:16", body={
              "HostConfig": {"NetworkMode": "net-b"},
              "NetworkingConfig": {"EndpointsConfig": {
                  "net-a": {"MacAddress": "00:16:3e:11:22:33"}, "net-b": {}}}}),
    Shape("networks-the-first-left", "--network net-a", by_version=True,
          after=("network connect --alias stay-x net-b {name}", "network disconnect net-a {name}")),
    Shape("networks-the-bridge-left", by_version=True,
          after=("network connect --alias left-x net-b {name}", "network disconnect bridge {name}")),
    Shape("networks-connected-again", "--network net-a --network-alias gone-x", by_version=True,
          after=("network disconnect net-a {name}", "network connect --alias again-x net-a {name}")),
    Shape("networks-alias-after-the-start", "--network net-b --restart unless-stopped", by_version=True,
          after=("network connect --alias {name}-uuid coolify {name}",)),
)

PORTS = (
    Shape("ports-fixed", "-p 127.0.0.1:18080:80 -p 18081:81/udp --expose 83 --expose 90-92/tcp"),
    Shape("ports-any", "-p 82 -p 127.0.0.1::84 --network net-a"),
    Shape("ports-range", body={"ExposedPorts": {"85/tcp": {}}, "HostConfig": {"PortBindings": {
        "85/tcp": [{"HostIp": "", "HostPort": "18100-18110"}]}}}),
    Shape("ports-all", "-P --expose 86"),
    Shape("ports-one-twice", "-p 18120:87 -p 18121:87"),
)

LOOKUP = (
    Shape("dns", "--dns 10.9.9.9 --dns-option ndots:3 --dns-search example.org --add-host two:10.0.0.7",
          inside="cat /etc/resolv.conf | grep -v '^#'; grep two /etc/hosts"),
    Shape("dns-on-a-network", "--network net-a --dns 10.9.9.9 --dns-search . --add-host six:fd00::7",
          inside="grep -E 'search|options' /etc/resolv.conf; grep six /etc/hosts"),
    Shape("bridge-link", "--link {name}-donor --link {name}-donor:db",
          before=("run -d --name {name}-donor busybox:local sleep 1000000",),
          inside="grep -c donor /etc/hosts"),
)

REFUSED = (
    Shape("refused-removed-at-its-end", "--rm", refused="made with --rm"),
    Shape("refused-without-network", "--network none", refused="it has no network"),
    Shape("refused-left-all-networks", after=("network disconnect bridge {name}",),
          refused="disconnected from all its networks"),
    Shape("refused-interactive", body={"AttachStdin": True, "OpenStdin": True, "Cmd": list(SERVE)},
          refused="interactive"),
    Shape("refused-foreground", body={"AttachStdout": True, "Cmd": list(SERVE)},
          refused="attached client"),
    Shape("refused-one-off", "--label com.docker.compose.oneoff=True", refused="one-off"),
    Shape("refused-swarm", "--label com.docker.swarm.task.id=x", refused="Swarm"),
    Shape("refused-kubernetes", "--label io.kubernetes.pod.name=x", refused="Kubernetes"),
)

SHAPES = ENDPOINTS + SEVERAL + PORTS + LOOKUP + REFUSED
