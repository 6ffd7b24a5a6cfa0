/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reconcile/core.h"

/*
 * Candidate: whom an operator means by a name, whether it is a consumer or not.
 *
 * Asked of the engine: a container by that name or id; else, in lists that it filters, those of
 * Coolify's resource and of the compose project of that name; and consumers whose containers are
 * gone. model/seek.h has the names.
 */
typedef struct Candidate {
        Identity identity;
        const char *id;   /* of its newest container; NULL: it has none at the moment. Borrowed, as
                             all below */
        const char *name; /* the container's, or what people call it */
        const char *image;
        const json_t *labels;
} Candidate;

typedef struct CandidateSearch CandidateSearch;

/* candidate: borrowed during the call; NULL: with an HTTP status and what to say. */
typedef void
CandidateDone(const Candidate *candidate, unsigned status, const char *text, void *data);

/* As find_start() (reconcile/find.h): done comes once, maybe at once; *slot is NULL by then. */
void candidate_search(
        Reconciler *reconciler,
        const char *name,
        CandidateDone *done,
        void *data,
        CandidateSearch **slot
);
void candidate_cancel(CandidateSearch **slot);
