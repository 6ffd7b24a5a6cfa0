/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/executor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "model/container.h"
#include "model/stay-up.h"
#include "reconcile/copy-files.h"

struct Executor {
        ExecutorSetup setup;
        char *identity;
        Plan *plan;
        size_t at;
        EngineSlot *slot;
        CopyFiles *copy;
        sd_event_source *next;  /* goes on to the next action from the loop */
        sd_event_source *timer; /* of a watch over a container */
        uint64_t watch_since_usec;
        bool looking;    /* a watch's inspect is under way */
        bool look_again; /* an event came meanwhile */
};

static const Action *current(const Executor *executor) {
        return &executor->plan->actions[executor->at];
}

Executor *executor_free(Executor *executor) {
        if (executor == NULL)
                return NULL;
        (void) engine_slot_free(executor->slot);
        (void) copy_files_free(executor->copy);
        sd_event_source_disable_unref(executor->next);
        sd_event_source_disable_unref(executor->timer);
        (void) plan_free(executor->plan);
        free(executor->identity);
        free(executor);
        return NULL;
}

const Plan *executor_plan(const Executor *executor) {
        return executor->plan;
}

/* Ends the plan; the executor may not exist afterwards. */
static void fail(Executor *executor, int result, Outcome outcome, const Error *error) {
        const ExecutorResult failed = {
                .result = result,
                .at = executor->at,
                .outcome = outcome,
                .error = error,
        };
        executor->setup.done(&failed, executor->setup.data);
}

static void action_finished(Executor *executor, Outcome outcome) {
        executor->setup.tell(current(executor), outcome, executor->setup.data);
        executor->at++;
        (void) sd_event_source_set_enabled(executor->next, SD_EVENT_ONESHOT);
}

static void on_called(const EngineAnswer *answer, void *data) {
        Executor *executor = data;
        const ActionCall *wanted = &current(executor)->u.call;

        executor->slot = engine_slot_free(executor->slot);
        if (wanted->expect & (1U << answer->outcome))
                action_finished(executor, answer->outcome);
        else
                fail(executor, -EIO, answer->outcome, &answer->error);
}

static int perform_call(Executor *executor, const ActionCall *wanted) {
        const EngineCall request = {
                .method = wanted->method,
                .path = wanted->path,
                .body = wanted->body,
                .timeout_usec = wanted->timeout_usec,
        };
        return engine_call(executor->setup.engine, &request, on_called, executor, &executor->slot);
}

static void on_copied(int result, Outcome outcome, const Error *error, void *data) {
        Executor *executor = data;

        executor->copy = copy_files_free(executor->copy);
        if (result < 0)
                fail(executor, result, outcome, error);
        else
                action_finished(executor, OUTCOME_DONE);
}

static void look_at_watched(Executor *executor);

static int on_watch_timer(sd_event_source *source, uint64_t usec, void *data) {
        Executor *executor = data;

        (void) source;
        (void) usec;
        look_at_watched(executor);
        return 0;
}

static int arm_watch(Executor *executor, uint64_t after_usec) {
        uint64_t accuracy_usec = 1;

        if (executor->timer == NULL)
                return sd_event_add_time_relative(
                        executor->setup.event, &executor->timer, CLOCK_MONOTONIC, after_usec,
                        accuracy_usec, on_watch_timer, executor
                );

        int r = sd_event_source_set_time_relative(executor->timer, after_usec);
        return r < 0 ? r : sd_event_source_set_enabled(executor->timer, SD_EVENT_ONESHOT);
}

static void judge_watched(Executor *executor, const Container *container) {
        uint64_t elapsed_usec = clock_monotonic_usec() - executor->watch_since_usec;
        uint64_t again_usec = 0;
        Error why = { 0 };

        switch (stay_up_judge(
                container, &current(executor)->u.stay_up, elapsed_usec, &again_usec, &why
        )) {
        case STAY_UP_PROVEN:
                executor->timer = sd_event_source_disable_unref(executor->timer);
                action_finished(executor, OUTCOME_DONE);
                break;
        case STAY_UP_FAILED:
                fail(executor, -ECHILD, OUTCOME_DONE, &why);
                break;
        case STAY_UP_NOT_YET: {
                int r = executor->look_again ? 0 : arm_watch(executor, again_usec);
                if (r < 0)
                        fail(executor, r, OUTCOME_UNKNOWN, &why);
                else if (executor->look_again)
                        look_at_watched(executor);
                break;
        }
        }
}

static void on_watched(const EngineAnswer *answer, void *data) {
        Executor *executor = data;
        cleanup(container_freep) Container *container = NULL;
        Error err = { 0 };

        executor->slot = engine_slot_free(executor->slot);
        executor->looking = false;
        if (answer->outcome != OUTCOME_DONE) {
                fail(executor, -EIO, answer->outcome, &answer->error);
                return;
        }

        int r = container_new(answer->json, &container, &err);
        if (r < 0)
                fail(executor, r, OUTCOME_UNKNOWN, &err);
        else
                judge_watched(executor, container);
}

static void look_at_watched(Executor *executor) {
        if (executor->looking) {
                executor->look_again = true;
                return;
        }
        executor->look_again = false;

        cleanup(freep) char *path =
                text_format("/containers/%s/json", current(executor)->u.stay_up.id);
        const EngineCall request = { .method = "GET", .path = path };
        int r = path ? engine_call(
                        executor->setup.engine, &request, on_watched, executor, &executor->slot
                )
                     : -ENOMEM;
        if (r < 0) {
                Error err = { 0 };
                (void
                ) error_set(&err, r, "cannot watch the new container: %s", strerrordesc_np(-r));
                fail(executor, r, OUTCOME_UNKNOWN, &err);
                return;
        }
        executor->looking = true;
}

void executor_container_changed(Executor *executor, const char *container_id) {
        if (executor->at >= executor->plan->n_actions || current(executor)->kind != ACTION_STAY_UP
            || executor->watch_since_usec == 0
            || strcmp(current(executor)->u.stay_up.id, container_id) != 0)
                return;
        look_at_watched(executor);
}

static void perform_watch(Executor *executor) {
        executor->watch_since_usec = clock_monotonic_usec();
        look_at_watched(executor);
}

void executor_resume(Executor *executor, int result, const Error *error) {
        if (result < 0)
                fail(executor, result, OUTCOME_UNKNOWN, error);
        else
                action_finished(executor, OUTCOME_DONE);
}

static int perform_record(Executor *executor, const Action *action, Error *err) {
        int r = action->kind == ACTION_RECORD
                        ? store_write_swap(executor->setup.store, action->u.record, err)
                        : store_forget_swap(executor->setup.store, executor->identity, err);
        if (r < 0 && !action->optional)
                return r;
        action_finished(executor, r < 0 ? OUTCOME_UNKNOWN : OUTCOME_DONE);
        return 0;
}

static int perform_note(Executor *executor, const Action *action, Error *err) {
        int r = executor->setup.note(action, err, executor->setup.data);

        if (r < 0 && !action->optional)
                return r;
        action_finished(executor, r < 0 ? OUTCOME_UNKNOWN : OUTCOME_DONE);
        return 0;
}

static int perform(Executor *executor, Error *err) {
        const Action *action = current(executor);
        const ExecutorHelpers *helpers = executor->setup.helpers;

        executor->watch_since_usec = 0;
        switch (action->kind) {
        case ACTION_RECORD:
        case ACTION_FORGET:
                return perform_record(executor, action, err);
        case ACTION_KEEP:
        case ACTION_REMEMBER:
                return perform_note(executor, action, err);
        case ACTION_CALL: {
                int r = perform_call(executor, &action->u.call);
                return r < 0 ? error_set(err, r, "cannot ask the engine: %s", strerrordesc_np(-r))
                             : 0;
        }
        case ACTION_COPY: {
                int r = copy_files_start(
                        executor->setup.engine, &action->u.copy, on_copied, executor,
                        &executor->copy
                );
                return r < 0 ? error_set(err, r, "cannot ask the engine: %s", strerrordesc_np(-r))
                             : 0;
        }
        case ACTION_STAY_UP:
                perform_watch(executor);
                return 0;
        case ACTION_KEY:
                helpers->key(executor, executor->identity, &action->u.key, helpers->data);
                return 0;
        case ACTION_ACCESS:
                helpers->access(executor, executor->identity, action->u.access, helpers->data);
                return 0;
        case ACTION_GENERATION:
                helpers->generation(executor, helpers->data);
                return 0;
        case ACTION_PULL:
                helpers->pull(executor, action->u.image, helpers->data);
                return 0;
        }
        return error_set(err, -EINVAL, "unknown action");
}

static int on_next(sd_event_source *source, void *data) {
        Executor *executor = data;
        Error err = { 0 };

        (void) source;
        if (executor->at == executor->plan->n_actions) {
                const ExecutorResult done = { .result = 0, .at = executor->at };
                executor->setup.done(&done, executor->setup.data);
                return 0;
        }

        int r = perform(executor, &err);
        if (r < 0)
                fail(executor, r, OUTCOME_UNKNOWN, &err);
        return 0;
}

int executor_start(const ExecutorSetup *setup, Plan *plan, Executor **ret) {
        Executor *executor = calloc(1, sizeof *executor);
        if (executor == NULL)
                return -ENOMEM;

        executor->setup = *setup;
        executor->identity = strdup(setup->identity);
        int r = executor->identity
                        ? sd_event_add_defer(setup->event, &executor->next, on_next, executor)
                        : -ENOMEM;
        if (r >= 0)
                r = sd_event_source_set_enabled(executor->next, SD_EVENT_ONESHOT);
        if (r < 0) {
                (void) executor_free(executor);
                return r;
        }
        executor->plan = plan;
        *ret = executor;
        return 0;
}
