/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/plan.h"

/*
 * plan_joins(): which networks of others the proxy joins and leaves. Pure.
 */

/* A network that somebody wants the proxy in. Borrowed. */
typedef struct JoinWanted {
        const char *id;
        const char *name;           /* for people, and for engines that go by it */
        const char *why;            /* who wants it: "for shop/web" */
        const char *const *aliases; /* how it is to be called there */
        size_t n_aliases;
        bool held; /* it failed a moment ago: not yet again */
} JoinWanted;

typedef struct JoinsView {
        const json_t *proxy; /* its inspect document; it runs */
        const char *home;    /* name of the network that it was made on */
        const JoinWanted *wanted;
        size_t n_wanted;
        const char *const *carried; /* names that it has too wherever it joins (proxy/names.h) */
        size_t n_carried;
        bool held;     /* none is joined now */
        bool complete; /* nobody else can want one: what is not wanted is left */
        unsigned api;  /* minor version of the engine's API */
} JoinsView;

#define JOINS_MAX 512 /* networks that are wanted at a time */

/* Why the proxy cannot join this network; false: it can. Where the engine knows no priority of
 * gateways (below API 1.48), joining one whose name sorts before home would move the published port
 * there, which cuts all streams. */
bool joins_is_refused(const char *home, const char *network_name, unsigned api);

/* In the network of this id, and called so there? */
bool joins_is_in(const json_t *proxy, const char *network, const char *const *aliases, size_t n);

/*
 * The actions for one network, the first that is not as it should be: those to leave come first.
 * Plan.subject is its id. LINK_LINKED: all is as it should be. -ENOMEM.
 */
int plan_joins(const JoinsView *view, Plan **ret);

/* The call that takes the proxy out of a network. Freed by the caller: body, NULL without memory.
 */
json_t *joins_leave_body(const char *proxy_id);
