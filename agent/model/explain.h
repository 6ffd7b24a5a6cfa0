/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "model/container.h"
#include "model/identity.h"
#include "model/plan.h"
#include "model/remembered.h"
#include "model/rung.h"

/*
 * Explain: what was decided about a consumer, why, and what its link changed, as a document for
 * people and programs. Pure.
 *
 * Keys are never in it, nor what looks like one, nor a value of a variable whose name speaks of a
 * secret. Other values that stood in a container are there for root alone: they may be the secrets
 * of other services, which are root's to see.
 */
typedef struct ExplainContainer {
        const Container *container;
        const json_t *kept;        /* what its swap replaced; NULL: nothing is kept of it */
        const char *part;          /* in the swap that is open: "old" or "new"; NULL: none */
        const char *document_path; /* where that is */
        const char *create_path;
} ExplainContainer;

typedef struct ExplainInput {
        const Identity *identity;
        LinkState state;
        const char *reason;
        const char *way; /* how it reaches the provider; NULL: not decided yet */
        const char *way_why;
        const char *next; /* NULL: none; likewise */
        const char *note;
        const char *intent;
        Rung rung;
        const char *profile;          /* that counts; NULL: cannot be told */
        const Remembered *remembered; /* NULL: nothing */
        const ExplainContainer *containers;
        size_t n_containers;
        bool files_known;       /* what only the newest one holds was asked */
        const char *files;      /* the first such path; NULL: none */
        const char *swap_phase; /* of the swap that is open; NULL: none is */
        const char *swap_path;  /* of its record */
        const char *socket;
        bool for_root;
} ExplainInput;

json_t *explain_document(const ExplainInput *input);
