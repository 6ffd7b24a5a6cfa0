/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/error.h"

/*
 * Reload: what the steps of changing the proxy's configuration need; the steps themselves are
 * actions of the plan:
 *
 *   write the generation > exec nginx -t on it > swing current > HUP > ask until it answers
 *
 * Paths: on the host under the state directory; in the container at fixed places.
 */
#define PROXY_CONF_DIR "/etc/coollama"       /* in the container, read-only */
#define PROXY_RUN_DIR  "/run/coollama-proxy" /* in the container, holds the socket */
#define PROXY_SOCKET   "proxy.sock"

#define PROXY_PATH_GENERATION "/-/generation"
#define PROXY_PATH_HEALTHZ    "/-/healthz"
#define PROXY_PATH_PROBE      "/api/tags"

#define PROXY_PATH_MAX 200
#define PROXY_MADE_MAX 80

typedef struct ProxyPaths {
        char base[PROXY_PATH_MAX];   /* STATE/proxy */
        char conf[PROXY_PATH_MAX];   /* STATE/proxy/conf */
        char run[PROXY_PATH_MAX];    /* STATE/proxy/run */
        char socket[PROXY_PATH_MAX]; /* STATE/proxy/run/proxy.sock: at most 107 bytes */
        /* Which directories conf and run are, not where: others in their place have another text.
         * By proxy_paths_make(). */
        char made[PROXY_MADE_MAX];
} ProxyPaths;

/* -ENAMETOOLONG when the socket's path would not fit. */
int proxy_paths_init(ProxyPaths *paths, const char *state_dir, Error *err);

/*
 * Makes the three directories. group is the proxy's: it may read conf and write run; nobody else
 * may enter. (gid_t) -1 leaves the group as it is.
 */
int proxy_paths_make(ProxyPaths *paths, gid_t group, Error *err);

/* The body of POST /containers/ID/exec that tests a generation. A new reference; NULL without
 * memory. Exit code 0 means good; its output may hold keys: key_redact() it. */
json_t *reload_test_exec(uint64_t number);

/* Reads the answer of /-/generation. -EBADMSG when it is none. */
int reload_parse_generation(const char *body, size_t size, uint64_t *ret);
