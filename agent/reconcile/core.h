/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/index.h"
#include "docker/engine.h"
#include "docker/prunes.h"
#include "docker/watch.h"
#include "model/deployments.h"
#include "model/plan-consumer.h"
#include "reconcile/executor.h"
#include "reconcile/joins.h"
#include "reconcile/kept.h"
#include "reconcile/key-seen.h"
#include "reconcile/leftovers.h"
#include "reconcile/listing.h"
#include "reconcile/look.h"
#include "reconcile/memory.h"
#include "reconcile/pause.h"
#include "reconcile/provider.h"
#include "reconcile/reach.h"
#include "reconcile/reconciler.h"
#include "reconcile/recovery.h"
#include "reconcile/stacks.h"
#include "reconcile/store.h"
#include "reconcile/story.h"
#include "reconcile/world.h"

/*
 * The reconciler's inside, shared by its parts: intake.c (events and lists mark dirty), queue.c
 * (who is next), pass.c (look, plan, execute), report.c (what people see), reconciler.c (life and
 * death).
 */
#define PASSES_MAX 8

struct Reconciler {
        ReconcilerSetup setup;
        Engine *engine;
        Watch *watch;
        Store *store;
        Memory *memory;
        KeptStore *kept;
        World *world;
        ProfileSet *profiles;
        Provider *provider;
        RecoveryState *recovery;
        PauseState *pause;
        Story *story;
        bool going; /* while everything is taken down: our own stack is under way */
        KeySeen *key_seen;
        ReachBook *reach;
        Leftovers *leftovers;
        Names *names;
        Joins *joins;
        Stacks *stacks;
        Index *loners; /* containers that live off nobody (look-dependents.h) */
        ExecutorHelpers helpers;

        Consumer *queue_first;
        Consumer *queue_last;
        sd_event_source *queue_source;
        unsigned n_passes;
        unsigned n_restarting;   /* consumers being restarted after an outage: at most [recovery]
                                    parallel */
        Consumer *restart_first; /* those that wait for their turn */
        Consumer *restart_last;

        uint64_t removed_usec; /* monotonic: when any container was last removed; 0: none seen */
        uint64_t pruned_usec; /* since 1970, by the engine: the last prune of containers; 0: none */
        Prunes *prunes;       /* being asked: no list is made before */
        Deployments deployments; /* of Coolify, in progress */

        Listing *listing;
        sd_event_source *follow; /* tells the watch whom it is to follow */
        sd_event_source *resync;
        bool standing;      /* the engine's events are being followed */
        bool listed;        /* and everything was listed since */
        uint64_t back_usec; /* monotonic: Ollama came up then, and recovery was not told yet; 0: no
                             */
        bool told_ready;
        bool stopping;
        unsigned n_unseen;   /* consumers that are awaited: no pass has seen them since the engine's
                                events are followed */
        Error lost;          /* why the engine is not followed */
        uint64_t lost_since; /* seconds since 1970: since when; 0: it is, or was never tried */
        struct Verify *verifies;              /* those under way */
        struct Question *questions;           /* likewise */
        struct ProviderOrder *provider_order; /* likewise; one at a time */
        struct Env *envs;                     /* likewise */
};

/* queue.c: looks at the consumer as soon as there is room; after the pass that is under way, if
 * there is one. */
void queue_add(Reconciler *reconciler, Consumer *consumer);
void queue_add_all(Reconciler *reconciler);
int queue_open(Reconciler *reconciler);

/* queue.c: to be looked at again when a restart of another one has ended. */
bool queue_may_restart(const Reconciler *reconciler); /* one more at a time? */
void queue_wait_for_restart(Reconciler *reconciler, Consumer *consumer);
void queue_restart_next(Reconciler *reconciler);

/* pass.c */
void pass_begin(Reconciler *reconciler, Consumer *consumer);
void pass_cancel(Consumer *consumer);
void pass_container_changed(Consumer *consumer, const char *container_id);
const Plan *pass_plan_of(const Consumer *consumer); /* being executed, or NULL */

/* env.c: likewise. */
void env_cancel_all(Reconciler *reconciler);

/* question.c: ends those under way without telling who asked. */
void question_cancel_all(Reconciler *reconciler);

/* hold.c: what the operator said of everything. */
int hold_open(Reconciler *reconciler, Error *err);
bool hold_may_go(const Reconciler *reconciler); /* nobody needs our stack any more */
void hold_check(Reconciler *reconciler);        /* a pass ended: how far is it? */

/* verify.c: ends those under way without telling who asked; the engine is still there. */
void verify_cancel_all(Reconciler *reconciler);
bool verify_uses(const Reconciler *reconciler, const char *container); /* by name: as its probe */

/* intake.c */
extern const WatchHandler intake_handler; /* data is to be set */
int intake_open(Reconciler *reconciler);
void intake_resync(Reconciler *reconciler);
/* What its label says for its project (NULL: nothing) from now on; takes the speech over. */
void intake_speak(Reconciler *reconciler, Consumer *consumer, json_t *speech);

/* follow.c: containers came or went: those without a label are followed by their ids. */
int follow_open(Reconciler *reconciler);
void follow_check(Reconciler *reconciler);
void follow_heard(void *data);

/* follow-proxy.c: what the proxy's log tells is known from now on; the log of the proxy that runs
 * is followed. */
int follow_proxy_open(Reconciler *reconciler, Error *err);
void follow_proxy(Reconciler *reconciler);

/* reconciler.c: it is to be looked at before anything is said of all consumers. */
void reconciler_await(Reconciler *reconciler, Consumer *consumer);
void reconciler_await_all(Reconciler *reconciler);

/* reconciler.c: a pass ended or the world changed: is it time to say ready, or finished? */
void reconciler_check(Reconciler *reconciler);
