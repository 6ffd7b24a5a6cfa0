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

# What GetContainersStatus makes of it. One container that goes while this looks fails the whole round.
look() {
    local ids
    ids=$(docker container ls -aq)
    [ -n "$ids" ] || { printf '[]\n'; return 0; }
    # shellcheck disable=SC2086
    docker container inspect $ids
}

# ContainerStatusAggregator of Coolify. What was not found is exited.
# shellcheck disable=SC2016
rules='
def health: .State.Health.Status // "none";
def own($r): .Config.Labels["coolify.\($r.type)Id"] == $r.id;
def preview: .Config.Labels["coolify.pullRequestId"] // "0";
def aggregate($wanted):
    map(.State.Status) as $states | (map(.RestartCount) | max // 0) as $restarts
    | any($states[]; . == "running") as $running
    | (any($states[]; . == "exited") or length < $wanted) as $exited
    | any($states[]; . == "created") as $starting
    | if length == 0 then "exited"
      elif any($states[]; . == "restarting") then "degraded:unhealthy"
      elif $exited and $restarts > 0 then "degraded:unhealthy"
      elif $running and $exited then "degraded:unhealthy"
      elif $running and $starting then "starting:unknown"
      elif $running then
          if any(.[]; health == "unhealthy") then "running:unhealthy"
          elif any(.[]; .State.Status == "running" and (health == "none" or health == "starting")) then "running:unknown"
          else "running:healthy" end
      elif any($states[]; . == "dead" or . == "removing") then "degraded:unhealthy"
      elif any($states[]; . == "paused") then "paused:unknown"
      elif $starting then "starting:unknown"
      else "exited" end;
. as $all | $resources[] as $r
| [$all[] | select(own($r))] as $mine
| "\($r.uuid) \([$mine[] | select(preview == "0")] | aggregate($r.wanted))",
  ([$mine[] | preview | select(. != "0")] | unique[]
    | . as $n | "\($r.uuid):\($n) \([$mine[] | select(preview == $n)] | aggregate(1))")'

status() {
    local seen resource
    seen=$(look)
    for resource in "$data"/resources/*; do
        (
            # shellcheck disable=SC1090
            . "$resource"
            type=application wanted=1
            case $kind in
                service) type=service wanted=$((${#members[@]} + ${#databases[@]})) ;;
                database) type=database ;;
            esac
            printf '{"uuid": "%s", "id": "%s", "type": "%s", "wanted": %d}\n' "$uuid" "$id" "$type" "$wanted"
        )
    done | jq -rn --slurpfile all <(printf '%s' "$seen") '[inputs] as $resources | $all[0] | '"$rules"
}

limit() { # count
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
