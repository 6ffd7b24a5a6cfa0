/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"

/*
 * Container: one container as the engine's inspect showed it, with the facts that deciding needs
 * pulled out. The document itself is kept as long as the Container: it is what a re-creation
 * copies.
 */
typedef enum ContainerState {
        CONTAINER_CREATED,
        CONTAINER_RUNNING,
        CONTAINER_PAUSED,
        CONTAINER_RESTARTING,
        CONTAINER_REMOVING,
        CONTAINER_EXITED,
        CONTAINER_DEAD,
} ContainerState;

typedef enum ContainerHealth {
        HEALTH_NONE, /* no health check */
        HEALTH_STARTING,
        HEALTH_HEALTHY,
        HEALTH_UNHEALTHY,
} ContainerHealth;

typedef struct Container {
        json_t *inspect; /* owned; every string below lives in it */
        const json_t *labels;
        const char *id;
        const char *name;     /* without the slash */
        const char *image;    /* as the container names it: Config.Image */
        const char *image_id; /* what it runs: Image */
        const char *created;  /* opaque, but sorts by time */
        const char
                *started_at; /* opaque: an identity of this start, never compared across clocks */
        const char *project; /* compose project, or "" */
        const char *config_hash; /* compose config hash, or "" */
        const char *number;      /* compose container number, or "1" */
        int exit_code;
        ContainerState state;
        ContainerHealth health;
        bool ever_started;
} Container;

/*
 * From an inspect document, of which a reference is taken. -EBADMSG with the missing field named
 * when the document is not what an engine sends; -ENOMEM.
 */
int container_new(json_t *inspect, Container **ret, Error *err);
Container *container_free(Container *container);
DEFINE_CLEANUP(Container, container_free);

/*
 * The name in an entry of the engine's list, without the slash; the id where it has none. One that
 * others link to has their aliases there, too ("/other/alias"), before its own.
 */
const char *container_list_name(const json_t *item);

const char *container_state_to_string(ContainerState state);
int container_state_from_string(const char *text);
const char *container_health_to_string(ContainerHealth health);

/* Up as far as linking is concerned: running and neither paused nor between two restarts. */
bool container_is_up(const Container *container);

/* Restart policy by name ("no", "always", "unless-stopped", "on-failure"), and the whole object,
 * borrowed. */
const json_t *container_restart_policy(const Container *container);

/* Value of an environment variable, borrowed, or NULL. */
const char *container_env(const Container *container, const char *name);

/* The same in an Env array of any document (an image's Config.Env). */
const char *env_lookup(const json_t *env, const char *name);

/* The first ExtraHosts entry for a host name ("host.docker.internal:host-gateway"), borrowed, or
 * NULL. */
const char *container_host_entry(const Container *container, const char *host);

/* Is it connected to the network of this name? */
bool container_has_network(const Container *container, const char *network);

/*
 * The network it was created on, where it still is in it, else the first that it is in: its id,
 * borrowed, and its name. NULL: none that others could be in too (the host's, none, another
 * container's), or it does not run.
 */
const char *container_network(const Container *container, const char **ret_name);

/* The name of the network it was created on (HostConfig.NetworkMode): where probes ask from. */
const char *container_network_mode(const Container *container);

/* Stop timeout in seconds as the engine will use it: the container's own, else 10. */
unsigned container_stop_timeout(const Container *container);

/* The shape of an engine's RFC 3339 time made comparable as text: order of two "created" strings,
 * as strcmp. */
int container_compare_created(const char *a, const char *b);

/* Was a created after b? Of two of the same time the greater id counts as newer, so that any order
 * of looking at them finds the same newest. */
bool container_is_newer(const Container *a, const Container *b);
