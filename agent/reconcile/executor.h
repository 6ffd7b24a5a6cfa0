/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <systemd/sd-event.h>

#include "docker/engine.h"
#include "model/plan.h"
#include "reconcile/store.h"

/*
 * Executor: performs the actions of one plan, one after another, on the event loop.
 *
 * The first action that ends in something else than it expects ends the plan. It decides nothing
 * and passes nothing from one action to the next.
 */
typedef struct Executor Executor;

typedef struct ExecutorResult {
        int result;         /* 0: all actions done; else negative errno */
        size_t at;          /* index of the action that failed */
        Outcome outcome;    /* of that action, when it was a call */
        const Error *error; /* why */
} ExecutorResult;

/* Comes from the loop, once; the executor may be freed in it. */
typedef void ExecutorDone(const ExecutorResult *result, void *data);

/* Told after each action that was done: for the journal. */
typedef void ExecutorTell(const Action *action, Outcome outcome, void *data);

/* Actions that other modules perform. Each begins the work and calls executor_resume() once, later
 * or at once. */
typedef struct ExecutorHelpers {
        void (*key)(Executor *executor, const char *identity, const ActionKey *key, void *data);
        void (*access)(Executor *executor, const char *identity, Access access, void *data);
        void (*generation)(Executor *executor, void *data);
        void (*pull)(Executor *executor, const char *image, void *data);
        void *data;
} ExecutorHelpers;

typedef struct ExecutorSetup {
        sd_event *event;
        Engine *engine;
        Store *store;
        const char *identity; /* whose record the record actions write; copied */
        /* Keeps what was replaced, remembers an attempt: at once; 0 or negative errno. */
        int (*note)(const Action *action, Error *err, void *data);
        const ExecutorHelpers *helpers; /* borrowed; may be NULL where no plan needs them */
        ExecutorDone *done;
        ExecutorTell *tell;
        void *data;
} ExecutorSetup;

/* Takes the plan over when it returns 0. */
int executor_start(const ExecutorSetup *setup, Plan *plan, Executor **ret);

/* Stops between two steps; a call that is under way is cancelled (the engine may do it all the
 * same). */
Executor *executor_free(Executor *executor);

/* An event named this container: a watch over it looks again. */
void executor_container_changed(Executor *executor, const char *container_id);

/* A helper has finished: 0, or negative errno with the text. */
void executor_resume(Executor *executor, int result, const Error *error);

const Plan *executor_plan(const Executor *executor);
