/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/joins.h"
#include "reconcile/joins.h"

/*
 * JoinWishes: who wants the proxy in which network, remembered between two looks. Asks nothing of
 * anybody; an event costs a look-up.
 */
typedef struct JoinWishes JoinWishes;

int join_wishes_new(JoinWishes **ret);
JoinWishes *join_wishes_free(JoinWishes *wishes);

/* As joins_set(); *changed: something is wanted, or not wanted any more, that was not. */
int join_wishes_set(
        JoinWishes *wishes,
        const char *owner,
        const char *why,
        const JoinWish *list,
        size_t n,
        bool *changed
);

/* Whose wish this container's is: a key, borrowed until it is set again; NULL: nobody's. */
const char *join_wishes_owner(const JoinWishes *wishes, const char *container);

/*
 * This container began (or ended) a run: true when somebody has a wish for it. *network and *name
 * are set (borrowed) when with it the last wish for a network ended, else NULL.
 */
bool join_wishes_run(
        JoinWishes *wishes,
        const char *container,
        bool running,
        const char **network,
        const char **name
);

/* All that is wanted, valid until the next call; *wake_usec: brought down to when something that is
 * held has its turn again. -ENOMEM. */
int join_wishes_list(
        JoinWishes *wishes,
        uint64_t now_usec,
        const JoinWanted **ret,
        size_t *ret_n,
        uint64_t *wake_usec
);

/* What became of joining this network; false: nobody wants it. */
bool join_wishes_note_failure(
        JoinWishes *wishes,
        const char *network,
        const char *text,
        uint64_t now_usec,
        uint32_t random
);
void join_wishes_note_success(JoinWishes *wishes, const char *network);
const char *join_wishes_failure(const JoinWishes *wishes, const char *network); /* NULL: none */

/* Calls tell for each owner who wants the proxy in this network ("": in any). */
void join_wishes_tell(
        const JoinWishes *wishes,
        const char *network,
        void (*tell)(const char *owner, void *data),
        void *data
);
