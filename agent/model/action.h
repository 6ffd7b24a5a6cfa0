/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macro.h"
#include "model/choice.h"
#include "model/outcome.h"

/*
 * Action: one step of a plan, as data.
 *
 * No value flows from one action to the next: what an action teaches is observed again. Whatever an
 * action ends in that it did not expect ends the plan, and the next plan is made from what is seen
 * then.
 */
typedef enum ActionKind {
        ACTION_RECORD,     /* write the swap record */
        ACTION_FORGET,     /* drop the swap record */
        ACTION_CALL,       /* a call on the engine */
        ACTION_STAY_UP,    /* wait until a container proved itself */
        ACTION_PULL,       /* bring an image */
        ACTION_KEY,        /* make (or take over) the key of an identity */
        ACTION_ACCESS,     /* change what the key of an identity may do */
        ACTION_KEEP,       /* keep what was replaced */
        ACTION_REMEMBER,   /* write down a failed attempt */
        ACTION_GENERATION, /* write, test, swing and prove the proxy's configuration */
        ACTION_COPY,       /* copy files from one container into another */
} ActionKind;

typedef enum Expect {
        EXPECT_DONE = 1U << OUTCOME_DONE,
        EXPECT_ALREADY = 1U << OUTCOME_ALREADY,
        EXPECT_GONE = 1U << OUTCOME_GONE,
} Expect;

typedef struct ActionCall {
        const char *method; /* static */
        char *path;         /* without the API version */
        json_t *body;       /* may be NULL */
        unsigned expect;    /* Expect flags: with any other outcome the plan ends */
        uint64_t timeout_usec;
} ActionCall;

typedef struct ActionStayUp {
        char *id;
        uint64_t stay_usec; /* where there is no health check: running for so long */
        uint64_t
                deadline_usec; /* where there is one: healthy, or at least not unhealthy, by then */
} ActionStayUp;

typedef struct ActionCopy {
        char *from; /* ids */
        char *to;
        json_t *paths; /* array, in this order; a directory goes without what is in it */
} ActionCopy;

typedef struct ActionKey {
        char *taken_over; /* from the container, or NULL: make one. Never shown */
        bool in_url;      /* it is to be accepted in URLs too */
} ActionKey;

typedef struct Action {
        ActionKind kind;
        bool optional; /* a record whose writing may fail: the plan goes on */
        char *what;    /* for people: "stop shop (shop-abc), which has 10 s to end" */
        union {
                json_t *record; /* also what is kept, and what is remembered */
                ActionCall call;
                ActionStayUp stay_up;
                ActionCopy copy;
                char *image; /* pull */
                ActionKey key;
                Access access;
        } u;
} Action;

const char *action_kind_to_string(ActionKind kind);

/* Frees what the action owns, not the action itself. */
void action_done(Action *action);
