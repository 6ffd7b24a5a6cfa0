# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What Coolify does to the server as a whole: its proxy, the nightly clean-up, looking at what runs.

proxy() {
    local at=$data/proxy
    mkdir -p "$at"
    cat >"$at/docker-compose.yml" <<END
name: coolify-proxy
services:
  traefik:
    container_name: coolify-proxy
    image: $image
    restart: unless-stopped
    extra_hosts: ["host.docker.internal:host-gateway"]
    command: ["sh", "-c", "${idle//\$/\$\$}"]
    labels: ["coolify.managed=true", "coolify.proxy=true"]
    networks: ["coolify"]
networks:
  coolify:
    external: true
END
    docker stop "$within=10" coolify-proxy >/dev/null 2>&1 || true
    docker rm -f coolify-proxy >/dev/null 2>&1 || true
    docker compose -f "$at/docker-compose.yml" up -d --remove-orphans
    join_networks
}

# connectProxyToNetworks(): at the proxy's start, and again and again.
join_networks() {
    local managed network
    managed=$(docker ps --filter label=coolify.managed=true --format '{{.Names}}')
    [ -n "$managed" ] || return 0
    # One may be gone by now: the others count.
    # shellcheck disable=SC2086
    for network in $(docker inspect --format '{{range $name, $one := .NetworkSettings.Networks}}{{println $name}}{{end}}' \
        $managed 2>/dev/null | sort -u); do
        case $network in
            bridge | host | none | default) ;;
            *) docker network connect "$network" coolify-proxy >/dev/null 2>&1 || true ;;
        esac
    done
}

# Several label!= spare only what carries all of them, so that in truth everything managed goes that
# does not run.
cleanup() { # [--unused]
    local tag
    docker container prune -f --filter label=coolify.managed=true --filter label!=coolify.proxy=true \
        --filter label!=coolify.type=database --filter label!=coolify.type=application \
        --filter label!=coolify.type=service >/dev/null
    docker image prune -f >/dev/null
    for tag in $(docker images --format '{{.Repository}}:{{.Tag}}'); do
        case docker.io/$tag in
            *'<none>'* | "docker.io/$image" | "$helper_image") ;; # nothing, an application's, the current helper
            *)
                [ "$(docker image inspect --format '{{index .Config.Labels "coolify.managed"}}' "$tag")" = true ] ||
                    docker rmi "$tag" >/dev/null 2>&1 || true # what a container uses stays
                ;;
        esac
    done
    docker builder prune -af >/dev/null
    docker run --rm -v /var/run/docker.sock:/var/run/docker.sock -v /usr:/usr:ro "$helper_image" \
        docker buildx prune -af >/dev/null 2>&1 || true
    if [ "$1" = --unused ]; then
        docker volume prune -af >/dev/null 2>&1 || docker volume prune -f >/dev/null
        docker network prune -f >/dev/null
    fi
}

# The status poll: `docker container inspect $(docker container ls -aq)`. One container that goes while
# this looks fails the whole round. What Coolify makes of it: coolify_status.py.
look() {
    local ids
    ids=$(docker container ls -aq)
    [ -n "$ids" ] || { printf '[]\n'; return 0; }
    # shellcheck disable=SC2086
    docker container inspect $ids
}

limit() { # count: see max_restart_count
    local resource seen
    seen=$(look)
    for resource in "$data"/resources/*; do
        # shellcheck disable=SC1090
        . "$resource"
        case $kind in app | compose) ;; *) continue ;; esac
        if jq -e --arg id "$id" --argjson most "$1" \
            'any(.[]; .Config.Labels["coolify.applicationId"] == $id and .RestartCount >= $most)' <<<"$seen" >/dev/null; then
            stop_application
            printf '%s\n' "$uuid"
        fi
    done
}
