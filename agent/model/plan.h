/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"
#include "model/action.h"
#include "model/carrier.h"
#include "model/choice.h"

/*
 * Plan: what is the matter with one key (a consumer, the provider), and what to do about it, as
 * data.
 *
 * Made by pure functions (plan_consumer(), plan_provider()): the same input gives the same plan. An
 * empty list of actions with no needs means: nothing to do until something changes or wake_usec
 * comes.
 */
typedef enum LinkState {
        LINK_LINKED,        /* the right values are in place, whoever put them there */
        LINK_ONE_STEP_LEFT, /* linked, and its user must do something once */
        LINK_WAITING,       /* settling, provider down, engine busy: goes on by itself */
        LINK_LINKING,       /* being linked right now */
        LINK_PENDING,       /* the operator must say */
        LINK_REFUSED,       /* cannot be done faithfully; the reason says what to change */
        LINK_FAILED,        /* given up until something changes */
        LINK_UNLINKED,      /* its operator took the link away */
        LINK_STOPPED,       /* not running: its user's business */
} LinkState;

/* Observations that the planner asks for before it can say more. */
typedef enum Need {
        NEED_IMAGE = 1U << 0,      /* the image's document, by id, and what its name means today */
        NEED_MEMBERS = 1U << 1,    /* the states of the containers of its project */
        NEED_CHANGES = 1U << 2,    /* the files that only the container has, and its
                                      empty volumes */
        NEED_REACH = 1U << 3,      /* does the gateway answer on its network? */
        NEED_DONORS = 1U << 4,     /* those whose namespaces or volumes its containers have */
        NEED_NETWORK = 1U << 8,    /* its network, and who is in it */
        NEED_DEPENDENTS = 1U << 5, /* those that live off this container */
        NEED_NAME = 1U << 6,       /* how the proxy is called in its network */
} Need;

#define PLAN_ACTIONS_MAX 48

typedef struct Plan {
        LinkState state;
        char *reason;    /* why, for people; never NULL in a finished plan */
        char *next;      /* the next step for a person, or NULL */
        char *note;      /* something worth saying that changes nothing, or NULL */
        Carrier carrier; /* how it shows its key */
        char *intent; /* what linking it would add ("OLLAMA_BASE_URL and the host entry"), or NULL
                       */
        const char *gap; /* where it is to be re-created: for how long it is down then ("none"),
                            and why (model/rolls.h); NULL */
        const char *gap_why;
        char *hint;         /* what its user must do once, as its profile says it, or NULL */
        char *subject;      /* id of the container that actions and needs are about, or NULL */
        unsigned replicas;  /* running containers of the newest deployment */
        unsigned linked;    /* how many of them are linked */
        unsigned needs;     /* Need flags: observe these and plan again */
        uint64_t wake_usec; /* look again then (monotonic); 0: when something changes */
        Recovery recovery;  /* what happens to it after an outage: so it says, or the
                               configuration */
        bool restarts;      /* the action restarts a consumer after an outage */
        bool undoes;        /* the actions undo or finish a swap, or give way: when one fails, they
                               are tried again after a while, for ever */
        bool lost;          /* an open swap's new container went right after its old one */
        bool bare;          /* its link was taken away, and nothing of it is left */
        Access granted;     /* what its key may do */
        Access asked;       /* what its label asks for */
        bool asks;          /* that is more, and waits for its operator's word */
        bool counts;        /* what is undone counts as a failed attempt */
        const char *way;    /* how it reaches the provider ("network"), or NULL */
        char *way_why;      /* for people; NULL where way is */
        json_t *joins; /* array of {"container", "network", "name"}: where the proxy is wanted for
                          it; NULL: nowhere */
        int error;     /* the first failure while the plan was made: such a plan is not executed */
        size_t n_actions;
        Action actions[PLAN_ACTIONS_MAX];
} Plan;

Plan *plan_new(void);
Plan *plan_free(Plan *plan);
DEFINE_CLEANUP(Plan, plan_free);

const char *link_state_to_string(LinkState state);

/* Its actions are about a key alone: no container is touched. */
bool plan_is_about_key(const Plan *plan);

/* Sets state and reason; a reason given earlier is replaced. */
void plan_say(Plan *plan, LinkState state, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Refused for this reason, with the usual next step. */
void plan_refuse(Plan *plan, const Error *err);
void plan_next_step(Plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
void plan_note(Plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* way is static. */
void plan_set_way(Plan *plan, const char *way, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* The proxy is wanted in this network, by its id, for as long as this container runs. */
/* as_host: by the name host.docker.internal too. */
void plan_add_join(
        Plan *plan, const char *container, const char *network, const char *name, bool as_host
);

/* The earlier of what is asked for already and this. */
void plan_wake_at(Plan *plan, uint64_t usec);

/*
 * Add an action. A failure (no memory, list full) sticks in plan->error, so a series is checked
 * once. JSON arguments are taken over, NULL included.
 */
void plan_add_record(Plan *plan, json_t *record, const char *what);
void plan_add_keep(Plan *plan, json_t *kept, const char *what);
void plan_add_remember(Plan *plan, json_t *attempt, const char *what);
void plan_add_forget(Plan *plan, const char *what);
void plan_add_stay_up(
        Plan *plan, const char *id, uint64_t stay_usec, uint64_t deadline_usec, const char *what
);
/* Takes a reference to paths. */
void plan_add_copy(Plan *plan, const char *from, const char *to, json_t *paths, const char *what);
void plan_add_pull(Plan *plan, const char *image, const char *what);
/* taken_over may be NULL; in_url: it is to be accepted in URLs too. */
void plan_add_key(Plan *plan, const char *taken_over, bool in_url, const char *what);
void plan_add_access(Plan *plan, Access access, const char *what);
void plan_add_generation(Plan *plan, const char *what);

typedef struct PlanCall {
        const char *method; /* static */
        json_t *body;       /* taken over */
        unsigned expect;    /* 0: EXPECT_DONE */
        uint64_t timeout_usec;
        const char *what;
} PlanCall;

/* path is a format: "/containers/%s/stop". */
void plan_add_call(Plan *plan, PlanCall call, const char *path, ...)
        __attribute__((format(printf, 3, 4)));
