/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Swap: from any state that a crash, a fault or somebody else can leave, to a consumer that runs.
 *
 * The record says what we promised, the containers say what is. Each state has one decision: go on,
 * undo, give way to a successor, finish, or wait until whoever is at work has finished. Nothing
 * here remembers anything: the normal course of a swap and the recovery after a kill are the same
 * table.
 *
 * Going on never happens after a failure: the failed step may have been done, or not, and undoing
 * is the shorter way to a container that serves.
 *
 * "docker compose up" that finds nothing changed, but sees the old one and ours, removes one of
 * them and starts the other: which one depends on its version. So nobody's last container is
 * removed while that may be going on: ours goes once the old one runs again, the old one while ours
 * runs, and else only when it is quiet. What is left is a compose that listed both and removes ours
 * just after we removed the old one: it cannot be told from a user who removes his container.
 *
 * The record is dropped by a plan of its own, when there is nothing left to do and nobody, we
 * included, has done anything for a moment: whoever listed the containers before our last step may
 * be about to stumble over it, and only the record tells us to pick up what he leaves.
 *
 * What cannot be told apart, and is decided for the container that serves: that the old one was
 * stopped by its user instead of us, between the record "stopping" and our stop (it is replaced, or
 * started again); that its user stopped the new one while it proves itself, where no restart policy
 * would have brought it back (it looks as if it had failed: the old one is started). What a user
 * does to the half-made new one means nothing: stopping it changes nothing, removing it gives the
 * old one back. From its start on it is the consumer, and removing it means that one.
 */
#include "model/plan-swap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/members.h"

#define STAY_UP_USEC \
        (2 * USEC_PER_SEC) /* without a health check: a look whether it exits at once */
#define STAY_UP_DEADLINE_USEC \
        (30 * USEC_PER_SEC) /* with one: healthy by then, or at least not unhealthy */
#define START_TIMEOUT_USEC (120 * USEC_PER_SEC)
#define LOOK_AGAIN_USEC    (1 * USEC_PER_SEC)

static bool is_previous(const SwapRecord *record, const Container *old) {
        size_t length = strlen(record->name);

        return strncmp(old->name, record->name, length) == 0
               && strcmp(old->name + length, ".coollama-prev") == 0;
}

/* A sentence about the consumer for an action's "what". */
static void
call(Plan *plan, const char *verb, const SwapView *view, PlanCall request, const char *path) {
        cleanup(freep) char *what = text_format("%s %s", verb, view->record->name);

        request.what = what ? what : verb;
        plan_add_call(plan, request, "%s", path);
}

static char *container_path(const char *id, const char *rest) {
        return text_format("/containers/%s%s", id, rest);
}

static uint64_t stop_timeout_usec(const Container *container) {
        return (container_stop_timeout(container) + 30) * USEC_PER_SEC;
}

static void
add_stop(Plan *plan, const SwapView *view, const Container *container, const char *verb) {
        cleanup(freep) char *path = container_path(container->id, "/stop");

        call(plan, verb, view,
             (PlanCall){ .method = "POST",
                         .expect = EXPECT_DONE | EXPECT_ALREADY,
                         .timeout_usec = stop_timeout_usec(container) },
             path ? path : "");
}

/* Volumes are kept, also anonymous ones (v=0). */
static void
add_remove(Plan *plan, const SwapView *view, const Container *container, const char *verb) {
        cleanup(freep) char *path = container_path(container->id, "?v=0");

        call(plan, verb, view,
             (PlanCall){ .method = "DELETE", .expect = EXPECT_DONE | EXPECT_GONE },
             path ? path : "");
}

static void
add_rename(Plan *plan, const SwapView *view, const Container *container, const char *verb) {
        plan_add_call(
                plan, (PlanCall){ .method = "POST", .what = verb }, "/containers/%s/rename?name=%s",
                container->id, view->record->name
        );
}

static void
add_start(Plan *plan, const SwapView *view, const Container *container, const char *verb) {
        cleanup(freep) char *path = container_path(container->id, "/start");

        call(plan, verb, view,
             (PlanCall){ .method = "POST",
                         .expect = EXPECT_DONE | EXPECT_ALREADY,
                         .timeout_usec = START_TIMEOUT_USEC },
             path ? path : "");
}

static void add_policy(Plan *plan, const SwapView *view, json_t *policy, const char *verb) {
        cleanup(freep) char *path = container_path(view->record->old_id, "/update");

        call(plan, verb, view,
             (PlanCall){ .method = "POST", .body = json_pack("{s:o}", "RestartPolicy", policy) },
             path ? path : "");
}

/* Is somebody at work, or may be about to stumble over what we did? Then it is waited for. */
static bool is_awaited(Plan *plan, const SwapView *view, uint64_t now_usec) {
        if (view->quiet && view->rested)
                return false;
        plan_wake_at(plan, now_usec + LOOK_AGAIN_USEC);
        return true;
}

static void ask_for_members(Plan *plan, const SwapView *view) {
        free(plan->subject);
        plan->subject = strdup(view->successor->id);
        plan->error = plan->subject ? plan->error : -ENOMEM;
        plan->needs |= NEED_MEMBERS;
}

/*
 * Compose makes all containers of a deployment before it starts the first: where it gave up because
 * it collided with us, others of the stack are left as well, also such that did not opt in. Tried
 * for ever.
 */
static void start_left(Plan *plan, const SwapView *view) {
        MemberLeft left[MEMBERS_LEFT_MAX];
        size_t n = members_find_left(view->members, view->successor->id, left);

        for (size_t i = 0; i < n; i++) {
                cleanup(freep) char *what =
                        text_format("start %s of the newer deployment", left[i].name);

                plan_add_call(
                        plan,
                        (PlanCall){ .method = "POST",
                                    .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                                    .timeout_usec = START_TIMEOUT_USEC,
                                    .what = what ? what : "start the newer deployment" },
                        "/containers/%s/start", left[i].id
                );
        }
}

/* Nothing is left to do: the record goes as soon as nobody can stumble over what we did. */
static void finish(Plan *plan, const SwapView *view, uint64_t now_usec) {
        if (is_awaited(plan, view, now_usec))
                return;
        if (view->successor != NULL && view->successor->project[0] != '\0') {
                if (view->members == NULL) {
                        ask_for_members(plan, view);
                        return;
                }
                start_left(plan, view);
        }
        plan_add_forget(plan, "drop the swap record");
}

static void stop_made(Plan *plan, const SwapView *view) {
        if (view->made->state != CONTAINER_CREATED && view->made->state != CONTAINER_EXITED)
                add_stop(plan, view, view->made, "stop our new");
}

static void remove_made(Plan *plan, const SwapView *view) {
        if (view->made == NULL)
                return;
        stop_made(plan, view);
        add_remove(plan, view, view->made, "remove our new");
}

static void take_old_away(Plan *plan, const SwapView *view) {
        if (view->old == NULL)
                return;
        if (view->old->state != CONTAINER_EXITED && view->old->state != CONTAINER_CREATED)
                add_stop(plan, view, view->old, "stop the old");
        add_remove(plan, view, view->old, "remove the old");
}

/* As far as we have to do with it. */
static bool is_serving(const Container *container) {
        return container != NULL
               && (container_is_up(container) || container->state == CONTAINER_PAUSED);
}

static const json_t *recorded_policy(const SwapRecord *record) {
        return json_object_get(json_object_get(record->old, "HostConfig"), "RestartPolicy");
}

/*
 * Undone already, as far as its start goes: it has run since, or was up all the time, and is down
 * by its own doing or its user's. Starting it again and again would be a loop.
 */
static bool has_ended_again(const SwapView *view) {
        const SwapRecord *record = view->record;

        return record->phase == SWAP_ROLLBACK && record->last_run[0] != '\0'
               && strcmp(record->last_run, view->old->started_at) != 0
               && json_equal(recorded_policy(record), container_restart_policy(view->old));
}

/* How a swap is undone. */
typedef struct Undo {
        const char *reason;
        bool runs;   /* the old one is to run afterwards */
        bool counts; /* it counts against the limit of attempts */
} Undo;

static void add_rollback(Plan *plan, const SwapView *view, const Undo *how) {
        const Container *old = view->old;
        const char *last_run = old == NULL ? "" : is_serving(old) ? SWAP_RUN_NONE : old->started_at;
        json_t *json = swap_record_json_in_phase(
                view->record, SWAP_ROLLBACK, view->made ? view->made->id : NULL, how->reason
        );

        if (json != NULL
            && (json_object_set_new(json, "was_running", json_boolean(how->runs)) < 0
                || json_object_set_new(json, "counts", json_boolean(how->counts)) < 0
                || json_object_set_new(json, "last_run", json_string(last_run)) < 0)) {
                json_decref(json);
                json = NULL;
        }
        plan_add_record(plan, json, "note that the swap is undone");
        if (plan->n_actions > 0)
                plan->actions[plan->n_actions - 1].optional = true;
}

/* What must be done has failed, and is tried for ever: people see what is in its way. */
static void say_stuck(Plan *plan, const SwapView *view, const char *what) {
        plan_say(plan, LINK_FAILED, "%s: %s", what, view->failure);
        plan_next_step(plan, "take away what is in its way: it is tried again and again by itself");
}

/*
 * Puts the old one back as it was: restart policy, running, name. Everything is by its id. Ours
 * goes only once the old one runs: somebody may be removing that at this very moment, because he
 * sees ours. The name comes last, as somebody may have taken it for good.
 */
static void restore_old(Plan *plan, const SwapView *view, bool runs) {
        const Container *old = view->old;
        const json_t *policy = recorded_policy(view->record);

        runs = runs && !has_ended_again(view);
        if (view->made != NULL)
                stop_made(plan, view);
        if (json_is_object(policy) && !json_equal(policy, container_restart_policy(old)))
                add_policy(plan, view, json_deep_copy(policy), "restore the restart policy of");
        if (runs && !is_serving(old))
                add_start(plan, view, old, "start the old");
        if (view->made != NULL)
                add_remove(plan, view, view->made, "remove our new");
        if (is_previous(view->record, old))
                add_rename(plan, view, old, "give the old one its name back");
}

/*
 * Nothing would run once ours is removed. Right where its user wanted that; but compose, which saw
 * both and keeps ours, also stops and removes the old one first, and starts ours then.
 */
static bool leaves_nothing(const SwapView *view, const Undo *how) {
        return view->made != NULL && view->successor == NULL && !is_serving(view->old)
               && (view->old == NULL || !how->runs);
}

static void undo(Plan *plan, const SwapView *view, uint64_t now_usec, Undo how) {
        const SwapRecord *record = view->record;
        /* The old one is gone, and ours has run: that is the consumer now, and the last of it. */
        bool made_stays = view->old == NULL && view->made != NULL && view->made->ever_started;
        size_t before = plan->n_actions;

        plan_say(plan, LINK_LINKING, "undoing the re-creation: %s", how.reason);
        plan->undoes = true;
        plan->counts = how.counts;
        if (!made_stays && leaves_nothing(view, &how) && is_awaited(plan, view, now_usec))
                return;
        if (record->phase != SWAP_ROLLBACK && (view->old != NULL || view->made != NULL))
                add_rollback(plan, view, &how);
        if (view->old != NULL)
                restore_old(plan, view, how.runs);
        else if (!made_stays)
                remove_made(plan, view);
        if (plan->n_actions == before)
                finish(plan, view, now_usec);
        else if (record->phase == SWAP_ROLLBACK && view->failure != NULL)
                say_stuck(plan, view, "its old container could not be put back yet");
}

/* Nobody's fault: the old one goes on as it did before. In phase prepare we have stopped nothing,
 * so that one that is down was stopped by its user. */
static Undo undo_for(const SwapView *view, const char *reason) {
        return (Undo){
                .reason = reason,
                .runs = view->record->phase == SWAP_PREPARE
                                ? view->old != NULL && container_is_up(view->old)
                                : view->record->was_running,
        };
}

/* A failure that is the consumer's or the engine's. */
static Undo undo_after(const SwapView *view, const char *reason) {
        Undo how = undo_for(view, reason);

        how.counts = true;
        return how;
}

/* Connects (API < 1.44) come with the new one's id known; each is a network and a body. */
static void add_connects(Plan *plan, const SwapView *view) {
        size_t i;
        json_t *item;

        json_array_foreach(view->record->connects, i, item) {
                const char *network = json_string_value(json_object_get(item, "network"));
                json_t *body = json_deep_copy(json_object_get(item, "body"));

                if (network == NULL || body == NULL) {
                        json_decref(body);
                        continue;
                }
                (void) json_object_set_new(body, "Container", json_string(view->made->id));
                plan_add_call(
                        plan,
                        (PlanCall){ .method = "POST",
                                    .body = body,
                                    .what = "connect the new one to its network" },
                        "/networks/%s/connect", network
                );
        }
}

/* Files that were put into the old one before its start; done twice is done once. */
static void add_copy(Plan *plan, const SwapView *view) {
        const SwapRecord *record = view->record;

        if (json_array_size(record->files) > 0)
                plan_add_copy(
                        plan, record->old_id, view->made->id, record->files,
                        "copy the files that were put into the old one before its start"
                );
}

static void add_phase(Plan *plan, const SwapView *view, SwapPhase phase, const char *what) {
        plan_add_record(
                plan, swap_record_json_in_phase(view->record, phase, view->made->id, NULL), what
        );
}

/* The old one is out of service: watch the new one, then finish. */
static void prove(Plan *plan, const SwapView *view) {
        plan_say(plan, LINK_LINKING, "being re-created with the link");
        plan_add_stay_up(
                plan, view->made->id, STAY_UP_USEC, STAY_UP_DEADLINE_USEC,
                "watch that the new one stays up"
        );
        add_phase(plan, view, SWAP_STARTED, "note that the new one proved itself");
}

static void go_on(Plan *plan, const SwapView *view) {
        json_t *no = json_pack("{s:s, s:i}", "Name", "no", "MaximumRetryCount", 0);

        if (view->record->phase == SWAP_PREPARE) {
                add_copy(plan, view);
                add_connects(plan, view);
        }
        add_phase(plan, view, SWAP_STOPPING, "note that we stop the old one");
        add_stop(plan, view, view->old, "stop the old");
        add_policy(plan, view, no, "switch off the restart policy of the old");
        add_start(plan, view, view->made, "start the new");
        prove(plan, view);
}

/* Is it the one that compose replaces by this successor? It removes that one itself. */
static bool is_replaced_by(const Container *successor, const Container *container) {
        return container != NULL && strncmp(successor->name, container->id, 12) == 0;
}

/* Ours is about to keep the successor from its name. */
static void take_made_away(Plan *plan, const SwapView *view) {
        if (view->record->phase != SWAP_ROLLBACK) {
                const Undo how = undo_for(view, "a newer deployment is being made");
                add_rollback(plan, view, &how);
        }
        remove_made(plan, view);
}

/*
 * Somebody made a newer container for the same name (compose, re-creating). Theirs is the
 * deployment that counts. While they are at it we only get out of the way; what they left "created"
 * because it collided with us is started once it is quiet, and tried for ever: nothing else of this
 * consumer is left by then.
 */
static void give_way(Plan *plan, const SwapView *view, uint64_t now_usec) {
        const Container *successor = view->successor;
        bool has_name = strcmp(successor->name, view->record->name) == 0;

        plan->undoes = true;
        if (successor->ever_started) {
                plan_say(plan, LINK_LINKING, "a newer deployment runs: taking ours away");
                remove_made(plan, view);
                take_old_away(plan, view);
                if (plan->n_actions == 0)
                        finish(plan, view, now_usec);
                return;
        }

        plan_say(plan, LINK_WAITING, "a newer deployment is being made");
        plan_wake_at(plan, now_usec + LOOK_AGAIN_USEC);
        if (view->made != NULL && (view->quiet || !is_replaced_by(successor, view->made))) {
                take_made_away(plan, view);
                return;
        }
        if (!view->quiet)
                return;

        take_old_away(plan, view);
        if (!has_name)
                add_rename(plan, view, successor, "give the newer deployment its name");
        add_start(plan, view, successor, "start the newer deployment of");
        if (view->failure != NULL)
                say_stuck(plan, view, "a newer deployment could not be started yet");
}

static void plan_prepare(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const Container *old = view->old;
        const Container *made = view->made;

        if (old == NULL)
                undo(plan, view, now_usec, undo_for(view, "the container was removed meanwhile"));
        else if (view->failure != NULL)
                undo(plan, view, now_usec, undo_after(view, view->failure));
        else if (made != NULL && container_is_up(made)) {
                /* Compose found it and started it: the sooner the old one goes, the better. */
                plan_say(plan, LINK_LINKING, "being re-created with the link");
                go_on(plan, view);
        } else if (!container_is_up(old))
                undo(plan, view, now_usec, undo_for(view, "the container was stopped meanwhile"));
        else if (made == NULL || !is_previous(view->record, old))
                undo(plan, view, now_usec, undo_for(view, "it was interrupted"));
        else if (!view->quiet)
                undo(plan, view, now_usec, undo_for(view, "somebody else is working on its stack"));
        else
                go_on(plan, view);
}

static void undo_because_it_exited(const SwapView *view, uint64_t now_usec, Plan *plan) {
        cleanup(freep) char *reason = text_format(
                "the new container did not stay up (%s, exit code %d)",
                container_state_to_string(view->made->state), view->made->exit_code
        );
        undo(plan, view, now_usec,
             undo_after(view, reason ? reason : "the new container did not stay up"));
}

/*
 * With such a policy the engine starts again what ends by itself: one that is down was stopped by
 * its user (or the engine is going down, and will start it again).
 */
static bool was_stopped_by_its_user(const Container *made) {
        const char *policy =
                json_string_value(json_object_get(container_restart_policy(made), "Name"));

        return made->ever_started && made->state == CONTAINER_EXITED && policy != NULL
               && (strcmp(policy, "always") == 0 || strcmp(policy, "unless-stopped") == 0);
}

/* Ours is gone, and it was not us: that is written down before we remove it. */
static void plan_without_made(const SwapView *view, uint64_t now_usec, Plan *plan) {
        Undo how = undo_for(view, "the new container was removed meanwhile");

        if (view->failure != NULL && !view->removed)
                how = undo_after(view, view->failure);
        else if (view->old != NULL && !container_is_up(view->old))
                how.runs = false; /* by its user: not brought back, but not lost either */
        undo(plan, view, now_usec, how);
}

/*
 * Somebody removed the old one, although it is out of service: he has seen the new one, or not.
 * Compose, which keeps the new one, starts it itself; nobody else does.
 */
static void plan_without_old(const SwapView *view, uint64_t now_usec, Plan *plan) {
        plan->undoes = true;
        plan_say(plan, LINK_LINKING, "its old container was removed meanwhile");
        if (view->record->phase == SWAP_STOPPING && view->made->ever_started)
                finish(plan, view, now_usec);
        else if (!is_awaited(plan, view, now_usec)) {
                add_phase(plan, view, SWAP_STARTED, "note that there is no way back");
                add_start(plan, view, view->made, "start the new");
        }
}

static void plan_stopping(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const Container *old = view->old;
        const Container *made = view->made;

        if (made == NULL)
                plan_without_made(view, now_usec, plan);
        else if (old == NULL)
                plan_without_old(view, now_usec, plan);
        else if (was_stopped_by_its_user(made) && !container_is_up(old)) {
                plan_say(plan, LINK_LINKING, "it was stopped meanwhile");
                if (!is_awaited(plan, view, now_usec))
                        add_phase(
                                plan, view, SWAP_STARTED,
                                "note that the new one replaces the old one"
                        );
        } else if (view->failure != NULL)
                undo(plan, view, now_usec, undo_after(view, view->failure));
        else if (made->ever_started && made->state != CONTAINER_RUNNING && made->state != CONTAINER_PAUSED)
                undo_because_it_exited(view, now_usec, plan);
        else if (container_is_up(old) || !made->ever_started)
                go_on(plan, view);
        else
                prove(plan, view);
}

/* Compose, which saw both and keeps the old one, stops and removes the new one, and starts the old
 * one then. */
static void plan_started(const SwapView *view, uint64_t now_usec, Plan *plan) {
        if (!is_serving(view->made) && is_serving(view->old)) {
                undo(plan, view, now_usec,
                     undo_for(view, "the new container was taken away, the old one kept"));
                return;
        }
        plan_say(plan, LINK_LINKING, "taking the old container away");
        plan->undoes = true;
        if (!is_serving(view->made) && view->successor == NULL && is_awaited(plan, view, now_usec))
                return;
        take_old_away(plan, view);
        if (plan->n_actions == 0)
                finish(plan, view, now_usec);
}

/*
 * A newer deployment under another name: a rolling one, which keeps the old one until the newer is
 * healthy, and then removes what is called as the consumer is. Until our new one was that, undoing
 * gives the platform back what it knows. Once ours is gone, or the old one, it has done its work.
 * (In phase prepare it cannot be told whether ours was there: the old one goes on then.)
 */
static void give_way_to_other_name(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const SwapRecord *record = view->record;
        bool replaced = record->phase == SWAP_STOPPING && view->failure == NULL
                        && view->successor->ever_started
                        && (view->made == NULL || view->old == NULL);

        if (!replaced) {
                undo(plan, view, now_usec, undo_for(view, "a newer deployment appeared"));
                return;
        }
        plan_say(plan, LINK_LINKING, "a newer deployment runs: taking ours away");
        plan->undoes = true;
        remove_made(plan, view);
        take_old_away(plan, view);
        if (plan->n_actions == 0)
                finish(plan, view, now_usec);
}

static void plan_rollback(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const SwapRecord *record = view->record;
        const Undo how = {
                .reason = record->reason[0] != '\0' ? record->reason : "interrupted",
                .runs = record->was_running,
                .counts = record->counts,
        };

        if (how.runs && view->old == NULL && view->made != NULL && !view->made->ever_started
            && view->successor == NULL)
                plan_without_old(view, now_usec, plan);
        else
                undo(plan, view, now_usec, how);
}

void plan_swap(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const SwapRecord *record = view->record;

        if (view->successor != NULL && view->successor_takes_name) {
                give_way(plan, view, now_usec);
                return;
        }
        if (view->successor != NULL
            && (record->phase == SWAP_PREPARE || record->phase == SWAP_STOPPING)) {
                give_way_to_other_name(view, now_usec, plan);
                return;
        }

        switch (record->phase) {
        case SWAP_PREPARE:
                plan_prepare(view, now_usec, plan);
                break;
        case SWAP_STOPPING:
                plan_stopping(view, now_usec, plan);
                break;
        case SWAP_STARTED:
                plan_started(view, now_usec, plan);
                break;
        case SWAP_ROLLBACK:
                plan_rollback(view, now_usec, plan);
                break;
        }
}
