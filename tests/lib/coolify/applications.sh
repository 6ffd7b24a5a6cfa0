# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Deployments of applications: ApplicationDeploymentJob, StopApplication and the previews of Coolify.

# ---- the helper ----

helper_run() { # deployment
    # shellcheck disable=SC2086
    docker run -d --network coolify --name "$1" --rm -v "${COOLIFY_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock" \
        -v /usr:/usr:ro ${COOLIFY_HELPER_OPTIONS:-} "$helper_image" bash -c "$idle" >/dev/null
}

helper_stop() { # deployment
    ignore docker stop "$within=30" "$1"
    # Removed by --rm, a moment later; Coolify's next command comes after a round trip by SSH.
    while docker container inspect "$1" >/dev/null 2>&1; do sleep 0.05; done
}

# The image is not built here, and not pulled: there is no registry. So the helper is started, and
# started anew as when the real commit becomes known.
helper_begin() { # deployment
    helper_run "$1"
    trap 'helper_stop "$deployment"' EXIT # however the deployment ends
    docker network inspect coolify >/dev/null
    docker exec "$1" bash -c "git ls-remote || true" >/dev/null 2>&1
    helper_stop "$1"
    helper_run "$1"
    docker exec "$1" mkdir -p "/artifacts/$1"
}

in_helper() { # what compose shall do...
    docker exec "$deployment" bash -c "SOURCE_COMMIT=$commit docker compose --project-name $uuid \
--project-directory /artifacts/$deployment -f /artifacts/$deployment/docker-compose.yaml $*"
}

put_file() { # name: from stdin, into the helper
    base64 -w 0 | docker exec -i "$deployment" bash -c "base64 -d | tee /artifacts/$deployment/$1 >/dev/null"
}

# ---- parts of a deployment ----

containers_of() { # preview, 0 for none: their names
    docker ps -a --filter "label=coolify.applicationId=$id" \
        --format '{{.Names}} {{.Label "coolify.pullRequestId"}}' | awk -v n="$1" '($2 == "" ? 0 : $2) == n {print $1}'
}

stop_and_remove() { # name...
    local one
    for one in "$@"; do
        ignore docker stop "$within=30" "$one"
        ignore docker rm -f "$one"
    done
}

stop_running_container() { # preview, name that stays ("" with force)
    local old
    for old in $(containers_of "$1"); do
        [ "$old" = "$2" ] || stop_and_remove "$old"
    done
}

# By name, and a missing one is a failure of the deployment.
health_check() { # name
    local said tries
    [ "$health" = yes ] || [ "$broken" = yes ] || return 0 # off by default: healthy at once
    for ((tries = 0; tries < 20; tries++)); do
        said=$(docker inspect --format='{{json .State.Health.Status}}' "$1") || return 1
        case $said in
            '"healthy"') return 0 ;;
            '"unhealthy"') break ;;
        esac
        sleep "${COOLIFY_INTERVAL:-0.5}"
    done
    printf 'coolify: %s is %s\n' "$1" "$said" >&2
    return 1
}

# ---- moves ----

deploy() { # uuid [commit]
    load "$1"
    case $kind in
        app) deploy_app 0 "${2:-HEAD}" ;;
        compose) deploy_compose 0 "${2:-HEAD}" ;;
        *) start ;;
    esac
}

deploy_app() { # preview, commit
    local commit=$2 new=$uuid rolling=yes
    deployment=$(new_uuid)
    if [ "$1" != 0 ]; then
        new=$uuid-pr-$1 rolling=no
    elif [ "$consistent" = yes ] || [ -n "$port" ]; then
        rolling=no
    fi
    [ "$1" != 0 ] || [ "$consistent" = yes ] || new=$uuid-$(date +%H%M%S%6N)
    helper_begin "$deployment"
    { printf 'services:\n'; entry "$new" "$new" "" "$1" coolify; end_of_file coolify; } | put_file docker-compose.yaml
    [ "$rolling" = yes ] || stop_running_container "$1" ""
    in_helper up --build -d
    if ! health_check "$new"; then
        stop_and_remove "$new"
        return 1
    fi
    [ "$rolling" = no ] || stop_running_container "$1" "$new"
    printf '%s\n' "$new"
}

deploy_compose() { # preview, commit
    local commit=$2 suffix="" key="" network=$uuid member
    deployment=$(new_uuid)
    if [ "$1" != 0 ]; then
        suffix=-pr-$1 key=-pr-$1 network=$uuid-$1
    elif [ "$consistent" = no ]; then
        suffix=-$(date +%H%M%S%6N)
    fi
    helper_begin "$deployment"
    {
        printf 'services:\n'
        for member in "${members[@]}" "${databases[@]}"; do
            entry "$member$key" "$member-$uuid$suffix" "$member" "$1" "$network"
        done
        end_of_file "$network"
    } | put_file docker-compose.yaml
    printf 'SOURCE_COMMIT=%s\n' "$commit" | put_file .env
    stop_running_container "$1" ""
    make_network "$network"
    docker network connect "$network" coolify-proxy >/dev/null 2>&1 || true
    in_helper --env-file "/artifacts/$deployment/.env" up -d
    printf '%s\n' "${members[@]/%/-$uuid$suffix}"
}

preview() { # uuid n [commit]
    load "$1"
    case $kind in
        app) deploy_app "$2" "${3:-HEAD}" ;;
        compose) deploy_compose "$2" "${3:-HEAD}" ;;
        *) wrong ;;
    esac
}

unpreview() { # uuid n
    load "$1"
    stop_running_container "$2" ""
    [ "$kind" = app ] || remove_network "$uuid-$2"
}

remove_network() { # name
    ignore docker network disconnect "$1" coolify-proxy
    ignore docker network rm "$1"
}

stop_application() {
    stop_running_container 0 ""
    [ "$kind" = app ] || remove_network "$uuid"
}
