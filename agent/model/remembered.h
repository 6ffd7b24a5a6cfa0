/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"

/*
 * Remembered: what an identity's story so far means for what is done next, and no look can tell:
 * failed attempts to link it, and what its operator said. Outlives the daemon.
 */
#define REMEMBERED_CONSENTS_MAX 64

/* What labels only ask for, until the operator says yes. */
typedef enum Trust {
        TRUST_ACCESS = 1U << 0,   /* coollama.access: more than the configuration gives to all */
        TRUST_PROVIDER = 1U << 1, /* coollama.role=provider */
} Trust;

typedef struct Remembered {
        char *identity;
        unsigned attempts; /* failed ones, in this series */
        char *attempts_of; /* id of the container that they were made with; NULL: none was made */
        char *tried;       /* fingerprint of the link that was tried (model/link.h) */
        char *failure;     /* the last one's reason, for people */
        uint64_t since;    /* seconds since 1970: when the series began; for people */
        bool unlinked;     /* the operator took its link away: it is not linked again */
        bool ordered;      /* the operator had it linked, whatever its labels say */
        char *human;       /* what people called it then; NULL: it was not ordered */
        unsigned trusted;  /* Trust flags */
        json_t *consents;  /* ids of containers that may be re-created though that loses files */
} Remembered;

/* One of this identity with nothing in it; -ENOMEM. */
int remembered_new(const char *identity, Remembered **ret);
Remembered *remembered_free(Remembered *remembered);
DEFINE_CLEANUP(Remembered, remembered_free);

/* Nothing in it matters: it need not be kept. */
bool remembered_is_empty(const Remembered *remembered);

/* -EBADMSG with what is wrong. */
int remembered_from_json(const json_t *json, Remembered **ret, Error *err);
json_t *remembered_to_json(const Remembered *remembered);

/* A failed attempt, as an action says it: {"attempt": N, "of": ID, "tried": TEXT, "failure": TEXT}.
 * Said again it counts once. */
int remembered_count(Remembered *remembered, const json_t *attempt, uint64_t now);

/* Linked by its operator's order from now on, and called so. */
int remembered_order(Remembered *remembered, const char *human);
/* The order has ended. */
void remembered_end_order(Remembered *remembered);

/* A new series of attempts begins. */
void remembered_begin_anew(Remembered *remembered);

/* The operator agrees to the re-creation of these (ids), and of no others. */
int remembered_consent(Remembered *remembered, const char *const *ids, size_t n);
/* Those that are among these ids stay; true when one went. */
bool remembered_keep_consents(Remembered *remembered, const char *const *ids, size_t n);
bool remembered_consents(const Remembered *remembered, const char *id);
