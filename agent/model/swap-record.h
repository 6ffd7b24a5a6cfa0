/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"
#include "model/container.h"

/*
 * SwapRecord: what a swap has promised to put right, whatever happens to us.
 *
 * One per identity, written before the first step and replaced at each phase; names and states of
 * containers alone cannot tell "we stopped it" from "its user stopped it".
 */
typedef enum SwapPhase {
        SWAP_PREPARE,  /* the old one is (being) renamed, the new one (being) created; nothing was
                          stopped */
        SWAP_BESIDE,   /* rolling: the new one, whose id is known, is (being) started beside the old
                          one, and proves itself; nothing was stopped */
        SWAP_STOPPING, /* from here on it is us who stop the old one; the new one's id is known */
        SWAP_STARTED,  /* the new one proved itself; what is left is taking the old one away */
        SWAP_ROLLBACK, /* undoing */
} SwapPhase;

#define SWAP_RUN_NONE "-"

/* SwapRecord.tried of a swap that takes a link away. */
#define SWAP_TRIED_UNLINK "unlink"

typedef struct SwapRecord {
        SwapPhase phase;
        char *identity; /* key text of the identity */
        char *name;     /* the consumer's container name */
        char *old_id;
        char *new_id; /* "" until known */
        bool was_running;
        bool was_healthy;
        bool counts;    /* rolled back, and it counts as a failed attempt */
        bool rolls;     /* the new one proves itself beside the old one (model/rolls.h) */
        bool again;     /* nobody wanted both to go: the old one is made again from this record */
        char *last_run; /* rolled back: StartedAt of the run of the old one that our stop has ended
                           or may end still, SWAP_RUN_NONE when it was up and never stopped by us;
                           "" otherwise */
        json_t *old;    /* the old one's inspect document */
        json_t *connects; /* API < 1.44: networks to connect the new one to before its start
                             (model/recreate.h) */
        json_t *files;    /* array of paths to copy into the new one before its start
                             (model/injected.h) */
        json_t *link; /* array of "NAME=value" and hosts that the new one has and the old one has
                         not */
        json_t *lost; /* likewise, that the old one has and the new one has not */
        json_t *keep; /* what is kept of the old one when the new one stays (model/kept.h); null:
                         nothing */
        uint64_t begun_usec; /* when, since 1970; 0: of an earlier version */
        unsigned attempt;    /* the how-manieth of its series it is, counted from 1 */
        char *tried;         /* fingerprint of the link (model/link.h), SWAP_TRIED_UNLINK; "" */
        char *reason;        /* why it is rolled back, for people; "" */
} SwapRecord;

/* A record for swapping this container, in phase prepare; takes a reference to its inspect
 * document. */
int swap_record_new(const char *identity, const Container *old, SwapRecord **ret);
SwapRecord *swap_record_free(SwapRecord *record);
DEFINE_CLEANUP(SwapRecord, swap_record_free);

/* The record as JSON (new reference, NULL without memory), and back: -EBADMSG with what is wrong
 * with it. */
json_t *swap_record_to_json(const SwapRecord *record);
int swap_record_from_json(const json_t *json, SwapRecord **ret, Error *err);

/* The record's JSON with another phase (and new id, or reason; NULL keeps them): what an action
 * writes. */
json_t *swap_record_json_in_phase(
        const SwapRecord *record, SwapPhase phase, const char *new_id, const char *reason
);

const char *swap_phase_to_string(SwapPhase phase);

/* The name of the old one while both exist. Freed by the caller. */
char *swap_previous_name(const char *name);
