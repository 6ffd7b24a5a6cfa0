/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

/*
 * Pause: the operator's word that nothing is begun any more, and how far it goes. Outlives the
 * daemon. Pure.
 */
typedef enum PauseKind {
        PAUSE_NONE,
        PAUSE_BEGINS_NOTHING, /* coollama pause: what is there stays as it is */
        PAUSE_DOWN,           /* coollama down: and our own stack is taken away */
        PAUSE_UNLINK_DOWN,    /* down --unlink: once every consumer has lost its link */
} PauseKind;

const char *pause_kind_to_string(PauseKind kind);

#define PAUSE_BY_MAX       80
#define PAUSE_SENTENCE_MAX 240

typedef struct Pause {
        PauseKind kind;
        char by[PAUSE_BY_MAX]; /* who said so: "root (process 4711)" */
        uint64_t since;        /* seconds since 1970 */
        uint64_t until;        /* likewise; 0: until resume */
} Pause;

/* -EBADMSG with what is wrong. */
int pause_from_json(const json_t *json, Pause *ret, Error *err);
json_t *pause_to_json(const Pause *pause);

/* Is it over by this time (seconds since 1970)? */
bool pause_is_over(const Pause *pause, uint64_t now);

/* "paused by root (process 4711) until 2026-11-23 14:00 UTC", for people. Returns buffer; "" when
 * there is none. */
const char *pause_sentence(const Pause *pause, char buffer[static PAUSE_SENTENCE_MAX]);
