/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/backoff.h"
#include "base/index.h"
#include "model/container.h"
#include "model/identity.h"
#include "model/opt-in.h"
#include "model/plan.h"
#include "model/swap-record.h"

/*
 * World: what the reconciler remembers between two looks. Containers themselves are not kept: each
 * pass inspects those of its identity anew.
 */
#define WORLD_CONSUMERS_MAX     10000
#define CONSUMER_CONTAINERS_MAX 64
#define CONTAINER_ID_SIZE       65

typedef struct Project Project;
typedef struct Consumer Consumer;

/* A compose project that has consumers in it. */
struct Project {
        char *name;
        Consumer *first;        /* of its consumers, linked by next_in_project */
        uint64_t activity_usec; /* monotonic: last create, destroy, rename or connect that was not
                                   ours */
        Consumer *swapping;     /* swaps are serial per project */
        Consumer *speaker;      /* its label speaks for all of the project; NULL: none does */
        char last_old[CONTAINER_ID_SIZE]; /* the containers of our last swap here: their late events
                                             are ours */
        char last_new[CONTAINER_ID_SIZE];
};

/* One container of a consumer, between two looks. */
typedef struct Tracked {
        char id[CONTAINER_ID_SIZE];
        char started_at[40];         /* of the start that the times below belong to */
        uint64_t up_since_usec;      /* monotonic; 0: it is not up */
        uint64_t settled_since_usec; /* likewise, up and healthy */
        uint64_t signalled_usec;     /* monotonic: when a signal was sent to it last; 0: never */
} Tracked;

typedef enum PassState {
        PASS_IDLE,
        PASS_QUEUED,
        PASS_OBSERVING,
        PASS_EXECUTING,
} PassState;

struct Consumer {
        Identity identity;
        Project *project; /* NULL without compose */
        Consumer *next_in_project;
        Tracked tracked[CONSUMER_CONTAINERS_MAX];
        size_t n_tracked;
        SwapRecord *record; /* NULL: no swap is open */
        json_t *speech;     /* what its label says for its project (model/opt-in.h), or NULL */

        PassState pass;
        bool ordered;         /* linked by its operator's order: it stays without containers, too */
        bool awaited;         /* no pass was made since the engine's events are followed */
        bool dirty;           /* look again after the pass that is under way */
        struct Pass *current; /* while observing or executing */
        Consumer *next_queued;
        Consumer *next_restart;
        bool waits_for_restart; /* for its turn, after an outage */
        sd_event_source *timer;
        struct Reconciler *reconciler; /* for the timer */

        char newest[CONTAINER_ID_SIZE]; /* of its containers, at the last look */
        char *failure;                  /* why the last plan without a record ended early */
        unsigned same_failures;         /* how often it has been the same since */
        uint64_t touched_usec;          /* monotonic: our last action for the open record */
        char *swap_failure;             /* why the last plan for the open record ended early */
        bool swap_removed; /* because our new one was removed while it was being watched */
        bool swap_lost;    /* because it went right after our old one */
        unsigned undone;   /* plans that undid something for the open record */
        Backoff backoff;
        uint64_t retry_usec;

        OptIn opt_in;    /* why it is one, at the last look */
        Access granted;  /* what its key may do, likewise */
        Access asked;    /* what its label asks for beyond that */
        LinkState state; /* the last verdict, for people */
        char *reason;
        char *next;
        char *note;
        char *intent;
        Carrier carrier; /* how it shows its key */
        const char *way; /* how it reaches the provider (static), or NULL */
        char *way_why;
        const char *gap; /* for how long its re-creation would take it down (static), or NULL */
        const char *gap_why;
        Recovery recovery; /* what happens to it after an outage */
        bool asks;         /* there is such a label */
        unsigned replicas;
        unsigned linked;
        uint64_t since_usec; /* wall clock: in this state since */
};

typedef struct World World;

int world_new(World **ret);
World *world_free(World *world);
DEFINE_CLEANUP(World, world_free);

/* By identity: the one that is there, or a new one. -ENOSPC above WORLD_CONSUMERS_MAX, -ENOMEM. */
int world_ensure(World *world, const Identity *identity, Consumer **ret);
Consumer *world_find(const World *world, const char *identity);
Consumer *world_find_container(const World *world, const char *container_id);
Project *world_find_project(const World *world, const char *name);
size_t world_count(const World *world);

/*
 * From now on the container belongs to the consumer. 0 also when it did; -ENOSPC above the maximum.
 * follow: it has no label by which the engine tells of its health (docker/watch.h).
 */
int world_attach(World *world, Consumer *consumer, const char *container_id, bool follow);
void world_detach(World *world, const char *container_id);

/* Those that are to be followed by their ids, borrowed; at most max. Returns how many. */
size_t world_followed(const World *world, const char **ret_ids, size_t max);
/* Have they changed since this was asked last? */
bool world_followed_changed(World *world);

/* Linked by order from now on, or no longer. At most WORLD_ORDERS_MAX (-ENOSPC). */
#define WORLD_ORDERS_MAX 256
int world_order(World *world, Consumer *consumer, bool ordered);
size_t world_count_ordered(const World *world);

/* Is there an order, or somebody who speaks for a project? Else only a label opts in. */
bool world_has_sources(const World *world);

/* What its label says for its project from now on; NULL: nothing. Takes the speech over. True when
 * what is said for the project has changed. */
bool world_speak(World *world, Consumer *consumer, json_t *speech);

/* Whoever opted in for the containers of this identity, besides their own labels. Borrowed. */
OptInSources world_sources(const World *world, const Identity *identity);

/* Frees a consumer that has no container, no record and no order, and is idle; others stay. True
 * when freed. */
bool world_drop_if_empty(World *world, Consumer *consumer);

typedef void WorldVisit(Consumer *consumer, void *data);
void world_visit(const World *world, WorldVisit *visit, void *data);

/* Brings the times of a container up to what was just seen. */
void tracked_update(Tracked *tracked, const Container *container, uint64_t now_usec);
Tracked *consumer_tracked(Consumer *consumer, const char *container_id);
