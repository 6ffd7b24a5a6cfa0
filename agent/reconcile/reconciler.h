/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "config/config.h"
#include "io/http.h"

/*
 * Reconciler: keeps every consumer as its labels want it.
 *
 *   events mark dirty > queue > look > plan > execute > look again ... > nothing to do
 *
 * One pass per consumer at a time, several consumers at once, swaps serial per compose project.
 */
typedef struct Reconciler Reconciler;

typedef struct ReconcilerSetup {
        sd_event *event;
        Http *http;
        const Config
                *config; /* borrowed for the life of the reconciler, or until reconciler_reload() */
        const char *state_dir;
        const char *templates_dir;
        bool finish;                  /* only bring open swaps to their end, then say complete */
        void (*ready)(void *data);    /* the first complete observation was made */
        void (*finished)(void *data); /* finish, or reconciler_stop(): no swap is open any more */
        void (*changed)(void *data);  /* what reconciler_sentence() says may have changed */
        void *data;
} ReconcilerSetup;

/* Reads the state directory; -EBUSY when another daemon works on it. */
int reconciler_new(const ReconcilerSetup *setup, Reconciler **ret, Error *err);
Reconciler *reconciler_free(Reconciler *reconciler);

/* Takes another configuration (borrowed like the first one): everything is looked at again. */
int reconciler_reload(Reconciler *reconciler, const Config *config, Error *err);

/* Begin nothing new; finished() comes when no swap is open any more. */
void reconciler_stop(Reconciler *reconciler);

/* One sentence for the unit's status line and for coollama status. */
void reconciler_sentence(const Reconciler *reconciler, char *buffer, size_t size);

/* Everything for people and programs; no secrets. New references, NULL without memory. */
json_t *reconciler_status(const Reconciler *reconciler);
json_t *reconciler_plan(const Reconciler *reconciler);

/*
 * Proves that a consumer reaches the models, from its own network, with a container that lives for
 * some seconds. name: see model/seek.h, or a container's name. done comes exactly once, maybe at
 * once, with an HTTP status: 200 and the document of model/proof.h (borrowed), else {"error"}; it
 * never comes after reconciler_free().
 */
typedef void VerifyDone(unsigned status, const json_t *document, void *data);
void reconciler_verify(Reconciler *reconciler, const char *name, VerifyDone *done, void *data);

/*
 * What was decided about a consumer, why, and what its link changed (model/explain.h); for_root:
 * who asks may see what stood in it. Then what its operator orders. As reconciler_verify()
 * otherwise.
 */
void reconciler_explain(
        Reconciler *reconciler, const char *name, bool for_root, VerifyDone *done, void *data
);
void reconciler_unlink(Reconciler *reconciler, const char *name, VerifyDone *done, void *data);
void reconciler_relink(Reconciler *reconciler, const char *name, VerifyDone *done, void *data);

/*
 * Orders about everything. by: who gives it ("root (process 4711)"); duration: as people write it
 * ("2h"), or NULL: until resume. As reconciler_verify() otherwise; the document is {"said",
 * "next"}.
 */
void reconciler_pause(
        Reconciler *reconciler, const char *by, const char *duration, VerifyDone *done, void *data
);
void reconciler_resume(Reconciler *reconciler, const char *by, VerifyDone *done, void *data);

/* Takes our own stack away, and keeps it away until resume; unlink: once every consumer has lost
 * its link. The document also has the "number" after which reconciler_story() tells how far it is.
 */
void reconciler_down(
        Reconciler *reconciler, const char *by, bool unlink, VerifyDone *done, void *data
);

/* How far the last thing is that takes a while, as soon as there is news since that number. The
 * document: see reconcile/story.h. */
void reconciler_story(Reconciler *reconciler, uint64_t after, VerifyDone *done, void *data);

/* Where Ollama's own command is to be run: see provider_ollama(). A new reference. */
json_t *reconciler_ollama(const Reconciler *reconciler);

/* Pulls a newer image for our own Ollama and re-creates it; as reconciler_down() otherwise. */
void reconciler_upgrade(Reconciler *reconciler, VerifyDone *done, void *data);

/*
 * Whatever container, resource of Coolify or compose project is called so, consumer or not
 * (reconcile/candidate.h): what there is to say of it before it is linked, and its link by order.
 */
void reconciler_candidate(Reconciler *reconciler, const char *name, VerifyDone *done, void *data);
void reconciler_link(Reconciler *reconciler, const char *name, VerifyDone *done, void *data);
/* Gives it what its labels ask for and only the operator can give, or takes that back. */
void reconciler_trust(
        Reconciler *reconciler, const char *name, bool revoke, VerifyDone *done, void *data
);

/* This Ollama is shared from now on: a container by any of its names, "managed" or "host". As
 * reconciler_verify() otherwise. */
void reconciler_provider_use(
        Reconciler *reconciler, const char *name, VerifyDone *done, void *data
);

/*
 * What to paste into the definition of whatever is called so, that it is linked without being
 * touched: {"name", "identity", "reach", "carrier", "variables": [{"name", "value"}],
 * "host_entry"}. Its key is in it, and made where there is none. As above otherwise.
 */
void reconciler_env(Reconciler *reconciler, const char *name, VerifyDone *done, void *data);
