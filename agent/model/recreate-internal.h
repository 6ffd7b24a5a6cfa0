/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/recreate.h"

/*
 * What the files of Recreate share: one request while it is being built. config, host and so on
 * are owned by recreate_build(); each step changes them in place and is called once, in the order
 * below. The documents were checked before: Id, Config, HostConfig and NetworkSettings.Networks
 * have the type that they should have.
 */
typedef struct Recreate {
        const RecreateInput *input;
        const char *id;   /* the old container's */
        json_t *networks; /* its NetworkSettings.Networks; borrowed, not changed */
        const char *mac;  /* wanted on the NetworkMode network; NULL: none or not known */
        json_t *config;
        json_t *host;
        json_t *endpoints; /* NetworkingConfig.EndpointsConfig; NULL: no NetworkingConfig at all */
        json_t *connects;
} Recreate;

#define RECREATE_SHORT_ID 12

/* Config and HostConfig, by the tables of recreate-fields.c. */
int recreate_fields(Recreate *recreate, Error *err);

/* Each volume is named, so that the new container gets the old one's and not a new one. */
int recreate_mounts(Recreate *recreate, Error *err);

int recreate_networks(Recreate *recreate, Error *err);

/* The same for one in another container's network, which has no endpoints. */
int recreate_shared_network(Recreate *recreate, Error *err);
bool recreate_shares_network(const json_t *inspect);

/* Whether the tables name this field; section is "Config" or "HostConfig". */
bool recreate_knows_field(const char *section, const char *name);

/* The string at key, or NULL when there is none or something else. */
static inline const char *recreate_text(const json_t *object, const char *key) {
        return json_string_value(json_object_get(object, key));
}

/* bridge, host, none, container:… and the unnamed default are not of a user's making. */
bool recreate_network_is_user_defined(const char *name);

/* Takes value over, also on failure (-ENOMEM). */
int recreate_put(json_t *object, const char *key, json_t *value, Error *err);
int recreate_append(json_t *array, json_t *value, Error *err);

/* The list at key, to be changed; made when it is null or absent. -EBADMSG, -E2BIG, -ENOMEM. */
int recreate_list(json_t *object, const char *key, json_t **ret, Error *err);

/* -EOPNOTSUPP when the API in force would drop this field without a word. */
int recreate_needs_api(const Recreate *recreate, unsigned api, const char *field, Error *err);
