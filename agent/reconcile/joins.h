/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-event.h>

#include "docker/engine.h"
#include "docker/event.h"
#include "proxy/names.h"
#include "reconcile/store.h"

/*
 * Joins: the networks of others that the proxy is in, because somebody there wants it.
 *
 * Who wants it says so with joins_set(), as a whole, each time he is looked at. A wish ends with
 * the run of its container: when the last one for a network ends, the network is left at once, from
 * the event, whatever else is under way, since Coolify removes networks right after their
 * containers. Everything else is a look at the proxy and a plan (model/joins.h), until that is
 * empty.
 */
typedef struct Joins Joins;

typedef struct JoinsSetup {
        sd_event *event;
        Engine *engine;
        Store *store;
        const Names *names;
        bool finishing; /* join and leave nothing */
        /* What joins_is_joined() says of a network of this owner's may be another. */
        void (*changed)(const char *owner, void *data);
        void (*looked)(void *data); /* joins_document() is another one */
        /* May it join now? Not while the proxy takes an address that it had for somebody's. */
        bool (*may_join)(void *data);
        void *data;
} JoinsSetup;

/* Borrowed for the call. A container has one wish at a time. */
typedef struct JoinWish {
        const char *container; /* id of a container that runs */
        const char *network;   /* id */
        const char *network_name;
        const char *const *aliases; /* how the proxy is to be called there */
        size_t n_aliases;
} JoinWish;

#define JOIN_WISHES_MAX  128  /* of one owner */
#define JOIN_OWNERS_MAX  4096 /* who want something at a time */
#define JOIN_ALIASES_MAX 4    /* of one wish */

int joins_new(const JoinsSetup *setup, Joins **ret);
Joins *joins_free(Joins *joins);

/* Replaces what this owner ("shop/web", an identity's key; "" for the provider) wants; n 0:
 * nothing. why is for people: "for shop/web". -ENOMEM, -ENOSPC. */
int joins_set(Joins *joins, const char *owner, const char *why, const JoinWish *wishes, size_t n);

/* Is the proxy there, by this name? *ret_why (borrowed): why it cannot be joined; NULL: it is being
 * joined. */
bool joins_is_joined(
        const Joins *joins, const char *network, const char *alias, const char **ret_why
);

/* Its document at the last look; NULL: not looked at. Borrowed. */
const json_t *joins_document(const Joins *joins);

/* joins_set() or may_join() may be answered otherwise now: look again. */
void joins_look(Joins *joins);

/* The container that joins, or NULL while none runs; and its own network's name. Looks at it again
 * in any case. */
void joins_proxy(Joins *joins, const char *proxy_id, const char *home);

/* All who can want something were looked at: what is not wanted is left from now on. */
void joins_all_known(Joins *joins);
bool joins_are_known(const Joins *joins);

/* The engine's events are not followed any more. */
void joins_lost(Joins *joins);

/* As join_wishes_owner(). */
const char *joins_owner(const Joins *joins, const char *container_id);

/* held: this container is being re-created or restarted by us; its wish stays. */
void joins_event(Joins *joins, const EngineEvent *event, bool held);

/* Sentences of what is being done now, added to an array. */
void joins_plan(const Joins *joins, json_t *steps);
