/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"
#include "model/container.h"
#include "model/labels.h"
#include "model/profile.h"

/*
 * Link: what one container still lacks to talk to the provider. Empty means: linked, whoever put
 * the values there.
 */
#define LINK_VARIABLES_MAX (WISH_PROFILES_MAX * 4 + WISH_VARIABLES_MAX)
#define LINK_HOST          "host.docker.internal"
#define LINK_HOST_ENTRY    "host.docker.internal:host-gateway"

/* Where a container reaches the provider, and how. Borrowed strings. */
typedef struct LinkTarget {
        const char *url; /* without a slash at its end */
        const char *host;
        const char *port;
        const char *key; /* NULL: none is needed */
        bool host_entry; /* the host is host.docker.internal, which must resolve */
        bool key_in_url; /* the key is a part of the URL: {url} is URL/k/KEY */
        bool by_network; /* it is known by its network: nothing of its profiles is set */
} LinkTarget;

#define LINK_URL_MAX 512 /* bytes, with a key in it and the NUL */

/* What {url} is there; NULL where the key that belongs into it is not there. Overwrite the buffer
 * when it is not needed any more. */
const char *link_target_url(const LinkTarget *target, char buffer[static LINK_URL_MAX]);

typedef struct LinkVariable {
        char *name;
        char *value; /* may hold the key */
} LinkVariable;

typedef struct Link {
        LinkVariable variables[LINK_VARIABLES_MAX];
        size_t n_variables;
        bool host_entry;  /* LINK_HOST_ENTRY is missing */
        bool needs_image; /* cannot be told without the image's own environment */
        char note[320];   /* what was left as its user wrote it; "" */
} Link;

typedef struct LinkInput {
        const Container *container;
        const Wish *wish;
        const ProfileSet *profiles;
        const LinkTarget *target;
        const json_t *image; /* the image inspect document, or NULL while unknown */
} LinkInput;

/*
 * What is there already decides: empty or the image's own default is set; another URL of a profile
 * is replaced; OPENAI_*, ANTHROPIC_*, OLLAMA_API_KEY, OLLAMA_HOST and a host entry of its
 * user's own are kept, and said; coollama.env.VAR is set whatever was there. OLLAMA_HOST
 * is never set where the image carries a server (model/server-image.h), and no key goes to an app
 * whose URL is kept. One in the network of another container is never given a host entry: whether
 * that one has it is the caller's to ask.
 *
 * -EINVAL when a template cannot be filled
 * (the text names it), -E2BIG, -ENOMEM. The caller frees with link_done() also after an error.
 */
int link_compute(const LinkInput *input, Link *ret, Error *err);
void link_done(Link *link);

static inline bool link_is_in_place(const Link *link) {
        return link->n_variables == 0 && !link->host_entry && !link->needs_image;
}

/* Tells one link from another: 16 digits made of its names and values. Freed by the caller. */
char *link_fingerprint(const Link *link);

/* "OLLAMA_BASE_URL, OLLAMA_API_KEY and the host entry": names, never values. Freed by the caller.
 */
char *link_describe(const Link *link);
