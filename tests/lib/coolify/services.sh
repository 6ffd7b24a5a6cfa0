# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Services and standalone databases: by SSH, without a helper.

of_service() { # what compose shall do...
    local at=$data/services/$uuid
    docker compose --project-directory "$at" -f "$at/docker-compose.yml" --project-name "$uuid" "$@"
}

# "Connect to predefined network", off by default: not in the compose file, so compose knows nothing of it.
connect_predefined() { # member...
    local member
    [ "$predefined" = yes ] || return 0
    for member in "$@"; do
        docker network connect --alias "$member-$uuid" coolify "$member-$uuid" >/dev/null 2>&1 || true
    done
}

start_service() {
    local at=$data/services/$uuid
    [ -f "$at/docker-compose.yml" ] || write_service
    rm -f "$at/.env"
    printf 'COOLIFY_RESOURCE_UUID=%s\n' "$uuid" >"$at/.env"
    make_network "$uuid"
    of_service up -d --remove-orphans --force-recreate --build
    docker network connect "$uuid" coolify-proxy >/dev/null 2>&1 || true
    connect_predefined "${members[@]}" "${databases[@]}"
}

stop_service() {
    local container
    for container in $(docker ps --all --filter "label=com.docker.compose.project=$uuid" --format '{{.Names}}'); do
        stop_and_remove "$container"
    done
}

component() { # start|restart|stop, member
    [ "$kind" = service ] || wrong
    case $1 in
        start)
            of_service up -d --no-deps "$2"
            connect_predefined "$2"
            ;;
        restart) docker restart "$2-$uuid" >/dev/null ;;
        stop) docker stop "$2-$uuid" >/dev/null ;;
        *) wrong ;;
    esac
}

# Coolify pulls first; there is no registry here.
start_database() {
    local at=$data/databases/$uuid commit=
    mkdir -p "$at"
    { printf 'services:\n'; entry "$uuid" "$uuid" "" 0 coolify database; end_of_file coolify; } >"$at/docker-compose.yml"
    docker stop "$within=10" "$uuid" >/dev/null 2>&1 || true
    docker rm -f "$uuid" >/dev/null 2>&1 || true
    docker compose -f "$at/docker-compose.yml" up -d
}

start() {
    case $kind in
        service) start_service ;;
        database) start_database ;;
        app | compose) deploy "$uuid" ;;
    esac
}

stop() {
    case $kind in
        service) stop_service ;;
        database) stop_and_remove "$uuid" ;;
        app | compose) stop_application ;;
    esac
}

restart() {
    case $kind in
        service | database) stop; start ;;
        app | compose) deploy "$uuid" ;;
    esac
}

delete() {
    stop
    [ "$kind" != service ] || remove_network "$uuid"
    [ "$volume" = no ] || ignore docker volume rm -f "${uuid}_data"
    rm -rf "${data:?}"/{services,databases}/"$uuid" "$data/resources/$uuid"
}
