/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "proxy/keys.h"

/*
 * Generation: the proxy's whole configuration, as one directory with a number.
 *
 *   conf/7/nginx.conf       the template with its @names@ replaced
 *   conf/7/keys.map         "<key>" c17;
 *   conf/7/url-keys.map     those of them that are also accepted in a URL's path
 *   conf/7/networks.map     "172.20.0.3" c17; # GATEWAY
 *                           whose network it is where the proxy has this address
 *   conf/7/gateways.map     "172.20.0.1" ""; the host's own addresses in these networks
 *   conf/7/access.map       c17 admin;    those that may do something else than the rest
 *   conf/7/upstream.conf    where Ollama is, and what it is told of who asks
 *   conf/7/ca.pem           whose certificates are believed, where Ollama is asked by https
 *   conf/7/generation.conf  what /-/generation answers
 *   conf/current -> 7
 *
 * nginx.conf includes by relative path, so a generation can be tested (nginx -t -c
 * .../7/nginx.conf) before current is swung to it. A directory is never changed once it was written
 * whole.
 */
/* A network of one consumer's own. */
#define PROXY_ADDRESS_MAX 48 /* bytes of an address, with the NUL */
typedef struct ProxyNetwork {
        char address[PROXY_ADDRESS_MAX]; /* the proxy's, there */
        char gateway[PROXY_ADDRESS_MAX]; /* the host's; "": it has none */
        uint64_t number;                 /* the consumer's, as its key has it */
} ProxyNetwork;

typedef struct GenerationSettings {
        const char *pattern;  /* text of templates/nginx/nginx.conf */
        const char *upstream; /* "http://ALIAS.0-coollama:11434", or "http://unix:PATH:" */
        const char *host;     /* what it is told as Host; NULL: "localhost:11434" */
        const char *key; /* what it is told as Bearer; NULL: nothing. Visible ASCII, no quotes */
        const char *ca;  /* text of ca.pem; wanted for "https://..." */
        const char *resolver;         /* NULL: the engine's embedded one, 127.0.0.11 */
        const char *listen;           /* NULL: "11434" */
        const char *run_dir;          /* as nginx sees it; NULL: PROXY_RUN_DIR of proxy/reload.h */
        const char *temp_dir;         /* NULL: "/tmp" */
        const ProxyNetwork *networks; /* ordered by address */
        size_t n_networks;
        uint64_t networks_version; /* counts their changes; not written */
} GenerationSettings;

/* The next free number: one above the highest directory there, 1 where there is none. */
int generation_next(const char *conf_dir, uint64_t *ret, Error *err);

/* The number current points to; 0 where there is none. */
int generation_current(const char *conf_dir, uint64_t *ret, Error *err);

/* Would writing these settings and keys again make the same files as generation number has? False
 * also when it is not there or cannot be read. */
bool generation_matches(
        const char *conf_dir, uint64_t number, const GenerationSettings *settings, const Keys *keys
);

/* The networks of that generation, as they were written; how many there were. */
size_t generation_networks(const char *conf_dir, uint64_t number, ProxyNetwork *list, size_t max);

/*
 * Writes conf_dir/number whole, synced; readable for the directory's group. What a crash left under
 * that number is removed first; the generation that is current is refused (-EBUSY).
 */
int generation_write(
        const char *conf_dir,
        uint64_t number,
        const GenerationSettings *settings,
        const Keys *keys,
        Error *err
);

/* Points current to the generation, atomically; it must be there (-ENOENT). */
int generation_swing(const char *conf_dir, uint64_t number, Error *err);

/* Removes all but current and the one before it. */
int generation_prune(const char *conf_dir, Error *err);
