/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/container.h"
#include "model/debt.h"
#include "model/deployments.h"
#include "model/donors.h"
#include "model/identity.h"
#include "model/link.h"
#include "model/opt-in.h"
#include "model/own-network.h"
#include "model/pause.h"
#include "model/plan.h"
#include "model/profile.h"
#include "model/remembered.h"
#include "model/swap-record.h"

/*
 * plan_consumer(): what to do about one consumer. Pure; everything it may know is an argument.
 */

/* The network that it is in, or whoever's network it shares; see container_network(). */
typedef struct SeenPlace {
        const char *network; /* id; NULL: there is none */
        const char *name;
        bool reach_known;
        const char *unreachable;  /* why the gateway does not answer there; NULL: it answers */
        const char *mend;         /* what would make it answer; NULL: nothing that is known */
        bool joined;              /* the proxy is there, by the consumer's name for it */
        const char *join_failure; /* why it could not join; NULL: it could, or was not asked to */
        const char *own_network;  /* id of one that may be its stack's alone; NULL: there is none */
        const char *own_name;
        NetworkAnswer own;                /* is nobody else in it? */
        char shared[OWN_NETWORK_WHY_MAX]; /* why not */
        bool known; /* the proxy has proven that it knows the consumer by it */
} SeenPlace;

/* A container of the identity, with what only watching it can tell. */
typedef struct SeenContainer {
        const Container *container;
        const json_t *kept; /* what its link replaced (model/kept.h); NULL: not asked, or nothing */
        bool consented;     /* its operator agreed that files of its own are lost */
        Debt debt;          /* what this run of it is owed, since Ollama was away */
        uint64_t signalled_usec; /* monotonic: when a signal was sent to it last; 0: never */
        SeenPlace place;
        uint64_t settled_since_usec; /* monotonic: since when it is seen up, and healthy if it has a
                                        check; 0: it is not */
        uint64_t up_since_usec;      /* monotonic: since when it is seen up; 0: it is not */
        uint64_t age_usec;           /* how long it has been running */
} SeenContainer;

/* The provider, as far as consumers are concerned. */
typedef struct ProviderFacts {
        bool up;
        const char *why_down; /* sentence; never NULL */
        bool secured;
        const char *url;
        const char *host;
        const char *port;
        bool host_entry;         /* url goes by host.docker.internal */
        bool external;           /* url is somebody else's, and taken as it is */
        bool joins;              /* its proxy can join the networks of others */
        bool probe_reach;        /* the gateway must answer on a network before its first link */
        const char *own_project; /* compose project of the provider's stack; NULL: none of ours */
        const char *home;        /* network of whoever joins others for us */
        const char *own_network;
        const char *own_url;  /* for members of that project on that network */
        const char *own_host; /* its parts */
        const char *own_port;
        const char
                *own_identity;  /* an adopted Ollama's: it is nobody's consumer; NULL: it is none */
        const char *no_gateway; /* why no port of the host leads to the proxy, so that consumers
                                   come by network alone; NULL: one does */
} ProviderFacts;

typedef struct ConsumerContext {
        const ProviderFacts *provider;
        const ProfileSet *profiles;
        unsigned api;         /* minor version of the engine's API */
        Recovery recovery;    /* where no label says */
        Access access;        /* likewise; a label alone gets no more */
        Reach reach;          /* likewise */
        uint64_t settle_usec; /* of the configuration */
        uint64_t settle_unchecked_usec;
        uint64_t wall_usec;             /* since 1970, for records */
        bool finishing;                 /* begin nothing new */
        const Pause *pause;             /* likewise, while there is one; may be NULL */
        const Deployments *deployments; /* of Coolify; may be NULL */
} ConsumerContext;

/* Observations made on request (Need); each says of what it is. */
typedef struct ConsumerObservations {
        const json_t *image; /* GET /images/ID/json; NULL: not observed */
        bool image_name_is_current;
        const char *image_id;    /* whose document it is */
        bool members_known;      /* observed after the project's last activity */
        const json_t *members;   /* the list itself (members.h); NULL: not observed */
        const char *busy_member; /* name of a member that is created or starting; NULL: none */
        bool changes_known;      /* and all up to files_problem */
        const char *changes_id;  /* whose they are */
        const char *precious;    /* paths that exist in the container alone, for people ("/a, /b and
                                    7 more"); NULL: nothing but noise and what is copied */
        json_t *files;           /* array of paths to copy into a new one (model/injected.h) */
        const char *const *empty_volumes; /* where they are mounted (model/recreate.h) */
        size_t n_empty_volumes;
        const char *files_problem; /* why not all of them are known; NULL: they are */
        bool donors_known;         /* of all its containers */
        bool dependents_known;
        const Donor *donors;
        size_t n_donors;
        const char *dependents_id; /* on whom */
        const char *dependents;    /* who they are, for people; NULL: there are none */
} ConsumerObservations;

typedef struct ConsumerView {
        const Identity *identity;
        const SeenContainer *containers;
        size_t n_containers;
        const SwapRecord *record; /* NULL: no swap is open */
        const char *key;          /* NULL: it has none yet */
        Access access;            /* what the key may do now */
        unsigned trusted;         /* Trust flags: what its operator agreed to */
        bool key_accepted;        /* the proxy has proven that it knows it */
        bool key_in_url;          /* it is accepted in URLs too */
        bool key_seen;            /* the proxy has answered a request that it came with */
        const char *name;         /* how the proxy is called in its network (proxy/names.h); NULL:
                                     it has no name there yet */
        uint64_t activity_usec; /* last create, destroy, rename or connect in its project by others;
                                   0: none seen */
        uint64_t touched_usec;  /* monotonic: when we did the last thing for the record; 0: not
                                   since we began */
        OptInSources opt_in;    /* who opted in for it, besides its own label */
        bool unlinked;          /* its operator took its link away, or everybody's */
        unsigned attempts;      /* failed attempts to link its newest container */
        const char *tried;      /* with the link of this fingerprint; NULL: with any */
        const char *failure;    /* the last failure's reason; NULL: none */
        bool lost;              /* with an open swap: Plan.lost of the plan before */
        uint64_t pruned_usec;   /* since 1970: when containers that did not run were last pruned;
                                   0: not that it is known */
        uint64_t removed_usec;  /* monotonic: when any container of the host was last removed; 0:
                                   none seen */
        bool removed;           /* with an open swap: it failed because ours was removed */
        uint64_t retry_usec;    /* monotonic: not before */
        ConsumerObservations observed;
} ConsumerView;

#define LINK_ATTEMPTS_MAX 3

/* -ENOMEM, or the plan in ret. */
int plan_consumer(
        const ConsumerView *view, const ConsumerContext *context, uint64_t now_usec, Plan **ret
);
