# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What Coolify knows of its resources, in its database there, in files here; and the labels and
# compose files that it makes of them.

data=${COOLIFY_DATA:-/data/coolify}
image=busybox:local
helper_image=docker.io/coollabsio/coolify-helper:1.0.15
# Ends at once when it is told to, as a well-behaved application does.
idle="trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"
broken=no # a deployment that never gets healthy
kinds=(app compose service database)

# Coolify goes on after a failure of this command.
ignore() { "$@" >/dev/null 2>&1 || printf 'ignored: %s\n' "$*" >&2; }

id_of() { printf '%s' "$1" | cksum | cut -c 1-5; } # Coolify's database ids are small numbers

new_uuid() { head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# Coolify says --timeout from 28.0 on, and --time before.
client=$(docker --version) && client=${client#*version } && client=${client%%.*}
if [ "$client" -ge 28 ]; then within=--timeout; else within=--time; fi

make_network() { docker network inspect "$1" >/dev/null 2>&1 || docker network create --attachable "$1" >/dev/null; }

prepare() {
    mkdir -p "$data"/{applications,services,databases,proxy,resources}
    make_network coolify
    # The helper's image, which is NOT Coolify's: it carries nothing, docker's command and compose are
    # the host's own, mounted (helper_run).
    local tree
    tree=$(mktemp -d)
    mkdir -p "$tree"/{usr,etc,root,artifacts,var/run,run,proc,sys,dev} && mkdir -m 1777 "$tree/tmp"
    ln -s usr/bin usr/sbin usr/lib "$tree"
    [ ! -e /lib64 ] || ln -s usr/lib64 "$tree"
    tar -C "$tree" -c . | docker import - "$helper_image" >/dev/null
    rm -rf "$tree"
}

define() { # kind uuid name (option | label)...
    local kind=$1 uuid=$2 name=$3 id word members=() databases=() own=()
    local health=no port='' consistent=no predefined=${COOLIFY_PREDEFINED:-no} volume=no crash=no
    [[ " ${kinds[*]} " == *" $kind "* ]] || wrong
    shift 3
    id=$(id_of "$uuid")
    for word in "$@"; do
        case $word in
            --member=*) members+=("${word#*=}") ;;
            --database=*) databases+=("${word#*=}") ;;
            --port=*) port=${word#*=} ;;
            --health | --consistent | --predefined | --volume | --crash) declare "${word#--}=yes" ;;
            --*) wrong ;;
            *) own+=("$word") ;;
        esac
    done
    declare -p kind uuid id name members databases own health port consistent predefined volume crash \
        | sed 's/^declare --/declare/; s/^declare/& -g/' >"$data/resources/$uuid"
    [ "$kind" != service ] || write_service
}

load() { # uuid
    [ -f "$data/resources/$1" ] || { printf 'coolify: nothing is defined as %s\n' "$1" >&2; exit 1; }
    # shellcheck disable=SC1090
    . "$data/resources/$1"
}

# defaultLabels() and defaultDatabaseLabels() of Coolify, as lines of a compose list.
labels() { # coolify.name, sub-name, preview, application|database (the last for a service's)
    local all=(coolify.managed=true) type=application
    if [ "$kind" = database ]; then
        all+=(coolify.type=database "coolify.databaseId=$id" coolify.database.subType=standalone-postgresql)
    else
        [ "$kind" != service ] || type=service
        all+=(coolify.version=4.3.11 "coolify.${type}Id=$id" "coolify.type=$type" "coolify.name=$1"
            "coolify.pullRequestId=$3")
    fi
    all+=("coolify.resourceName=$name" coolify.projectName=acme "coolify.serviceName=${2:-$name}"
        coolify.environmentName=production)
    [ "$kind" != service ] || all+=("coolify.service.subId=$(id_of "$1")" "coolify.service.subType=$4"
        "coolify.service.subName=$2")
    printf '      - %s\n' "${all[@]}"
}

# What a user wrote: in the text area of an application, whose previews do without; or at the first
# member of a compose file. A database has no field for it.
own_labels() { # member, preview
    [ "${#own[@]}" -gt 0 ] || return 0
    case $kind in
        app) [ "$2" = 0 ] || return 0 ;;
        compose | service) [ "$1" = "${members[0]}" ] || return 0 ;;
        database) return 0 ;;
    esac
    printf '      - %s\n' "${own[@]}"
}

# One service of a compose file.
entry() { # key, container, member, preview, its network, application|database
    local run=$idle
    [ "$crash" = no ] || run='exit 3'
    cat <<END
  $1:
    image: $image
    container_name: $2
    restart: unless-stopped
    command: ["sh", "-c", "${run//\$/\$\$}"]
    environment:
      COOLIFY_RESOURCE_UUID: "$uuid"
      COOLIFY_CONTAINER_NAME: "$2"
      SOURCE_COMMIT: "$commit"
    labels:
$(labels "$([ "$kind" = app ] && echo "$uuid" || echo "$2")" "$3" "$4" "${6:-application}")
$(own_labels "$3" "$4")
    networks:
      $5:
        aliases: ["$2"]
END
    [ "$kind" != compose ] || [ "$predefined" = no ] || printf '      coolify: {}\n'
    [ "$volume" = no ] || printf '    volumes: ["%s_data:/data"]\n' "$uuid"
    [ -z "$port" ] || [ "$4" != 0 ] || printf '    ports: ["%s:80"]\n' "$port"
    if [ "$broken" = yes ]; then
        printf '    healthcheck: {test: ["CMD", "false"], interval: 1s, timeout: 5s, retries: 2}\n'
    elif [ "$health" = yes ]; then
        printf '    healthcheck: {test: ["CMD", "true"], interval: 1s, timeout: 5s, retries: 10}\n'
    fi
}

end_of_file() { # its network
    printf 'networks:\n  %s:\n    name: %s\n    external: true\n' "$1" "$1"
    [ "$kind" != compose ] || [ "$predefined" = no ] || printf '  coolify:\n    name: coolify\n    external: true\n'
    [ "$volume" = no ] || printf 'volumes:\n  %s_data:\n    name: %s_data\n' "$uuid" "$uuid"
}

write_service() {
    local at=$data/services/$uuid member commit=
    mkdir -p "$at"
    {
        printf 'services:\n'
        for member in "${members[@]}"; do entry "$member" "$member-$uuid" "$member" 0 "$uuid"; done
        for member in "${databases[@]}"; do entry "$member" "$member-$uuid" "$member" 0 "$uuid" database; done
        end_of_file "$uuid"
    } >"$at/docker-compose.yml"
}
