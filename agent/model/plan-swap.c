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
 */
#include "model/plan-swap.h"

#include <string.h>

#include "base/text.h"

#define STAY_UP_USEC \
        (2 * USEC_PER_SEC) /* without a health check: a look whether it exits at once */
#define STAY_UP_DEADLINE_USEC \
        (30 * USEC_PER_SEC) /* with one: healthy by then, or at least not unhealthy */
#define LOOK_AGAIN_USEC (1 * USEC_PER_SEC)

static bool is_previous(const SwapRecord *record, const Container *old) {
        size_t length = strlen(record->name);

        return strncmp(old->name, record->name, length) == 0
               && strcmp(old->name + length, ".coollama-prev") == 0;
}

static bool array_contains(const json_t *array, const char *text) {
        size_t i;
        json_t *item;

        json_array_foreach(array, i, item) {
                const char *value = json_string_value(item);
                if (value != NULL && strcmp(value, text) == 0)
                        return true;
        }
        return false;
}

/* Does it hold everything that the record says the new one has? */
static bool holds_link(const SwapRecord *record, const Container *container) {
        const json_t *env = json_object_get(json_object_get(container->inspect, "Config"), "Env");
        const json_t *hosts =
                json_object_get(json_object_get(container->inspect, "HostConfig"), "ExtraHosts");
        size_t i;
        json_t *item;

        if (json_array_size(record->link) == 0)
                return false;
        json_array_foreach(record->link, i, item) {
                const char *text = json_string_value(item);
                if (text == NULL || (!array_contains(env, text) && !array_contains(hosts, text)))
                        return false;
        }
        return true;
}

static const char *old_label(const SwapRecord *record, const char *name, const char *fallback) {
        const json_t *labels = json_object_get(json_object_get(record->old, "Config"), "Labels");
        const char *value = json_string_value(json_object_get(labels, name));
        return value ? value : fallback;
}

/*
 * Ours: the id that the record names; or, killed between the creation and the record, the container
 * of the consumer's name that was never started, is of the same deployment and holds the link
 * already.
 */
static bool is_made(const SwapRecord *record, const Container *container) {
        if (record->new_id[0] != '\0')
                return strcmp(container->id, record->new_id) == 0;

        return strcmp(container->name, record->name) == 0 && container->state == CONTAINER_CREATED
               && !container->ever_started
               && strcmp(container->config_hash,
                         old_label(record, "com.docker.compose.config-hash", ""))
                          == 0
               && holds_link(record, container);
}

static bool is_successor(const SwapRecord *record, const Container *container) {
        const char *created = json_string_value(json_object_get(record->old, "Created"));

        return created != NULL && container_compare_created(container->created, created) > 0
               && strcmp(container->number,
                         old_label(record, "com.docker.compose.container-number", "1"))
                          == 0;
}

/* Compose creates a replacement as "<12 hex digits>_NAME" and renames it when the old one is gone.
 */
static bool takes_name(const SwapRecord *record, const Container *container) {
        if (strcmp(container->name, record->name) == 0)
                return true;
        return strspn(container->name, "0123456789abcdef") == 12 && container->name[12] == '_'
               && strcmp(container->name + 13, record->name) == 0;
}

void swap_look(
        const SwapRecord *record, const Container *const *containers, size_t n, SwapView *ret
) {
        *ret = (SwapView){ .record = record };

        for (size_t i = 0; i < n; i++) {
                const Container *container = containers[i];

                if (strcmp(container->id, record->old_id) == 0)
                        ret->old = container;
                else if (ret->made == NULL && is_made(record, container))
                        ret->made = container;
                else if (is_successor(record, container)
                         && (ret->successor == NULL
                             || container_compare_created(container->created, ret->successor->created) > 0))
                        ret->successor = container;
        }
        ret->successor_takes_name = ret->successor != NULL && takes_name(record, ret->successor);
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
                         .timeout_usec = 120 * USEC_PER_SEC },
             path ? path : "");
}

static void add_policy(Plan *plan, const SwapView *view, json_t *policy, const char *verb) {
        cleanup(freep) char *path = container_path(view->record->old_id, "/update");

        call(plan, verb, view,
             (PlanCall){ .method = "POST", .body = json_pack("{s:o}", "RestartPolicy", policy) },
             path ? path : "");
}

static void forget(Plan *plan) {
        plan_add_forget(plan, "drop the swap record");
}

static void remove_made(Plan *plan, const SwapView *view) {
        if (view->made == NULL)
                return;
        if (view->made->state != CONTAINER_CREATED && view->made->state != CONTAINER_EXITED)
                add_stop(plan, view, view->made, "stop our new");
        add_remove(plan, view, view->made, "remove our new");
}

static const json_t *recorded_policy(const SwapRecord *record) {
        return json_object_get(json_object_get(record->old, "HostConfig"), "RestartPolicy");
}

static bool was_stopped_by_us(const SwapRecord *record) {
        return record->phase != SWAP_PREPARE && record->was_running;
}

/* Puts the old one back as it was: name, restart policy, running. Everything is by its id. */
static void restore_old(Plan *plan, const SwapView *view) {
        const Container *old = view->old;
        const json_t *policy = recorded_policy(view->record);

        if (is_previous(view->record, old))
                add_rename(plan, view, old, "give the old one its name back");
        if (json_is_object(policy) && !json_equal(policy, container_restart_policy(old)))
                add_policy(plan, view, json_deep_copy(policy), "restore the restart policy of");
        if (!container_is_up(old) && was_stopped_by_us(view->record))
                add_start(plan, view, old, "start the old");
}

static void undo(Plan *plan, const SwapView *view, const char *reason) {
        const SwapRecord *record = view->record;

        plan_say(plan, LINK_LINKING, "undoing the re-creation: %s", reason);
        plan->undoes = true;

        if (record->phase != SWAP_ROLLBACK && (view->old != NULL || view->made != NULL)) {
                json_t *json = swap_record_json_in_phase(
                        record, SWAP_ROLLBACK, view->made ? view->made->id : NULL, reason
                );
                /* In phase prepare we have stopped nothing: one that is down now was stopped by its
                 * user. */
                if (json != NULL && record->phase == SWAP_PREPARE)
                        (void) json_object_set_new(
                                json, "was_running",
                                json_boolean(view->old != NULL && container_is_up(view->old))
                        );
                plan_add_record(plan, json, "note that the swap is undone");
        }
        remove_made(plan, view);
        if (view->old != NULL)
                restore_old(plan, view);
        forget(plan);
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

static void go_on(Plan *plan, const SwapView *view) {
        const SwapRecord *record = view->record;
        json_t *no = json_pack("{s:s, s:i}", "Name", "no", "MaximumRetryCount", 0);

        plan_say(plan, LINK_LINKING, "being re-created with the link");
        if (record->phase == SWAP_PREPARE)
                add_connects(plan, view);
        plan_add_record(
                plan, swap_record_json_in_phase(record, SWAP_STOPPING, view->made->id, NULL),
                "note that we stop the old one"
        );
        add_stop(plan, view, view->old, "stop the old");
        add_policy(plan, view, no, "switch off the restart policy of the old");
        add_start(plan, view, view->made, "start the new");
        plan_add_stay_up(
                plan, view->made->id, STAY_UP_USEC, STAY_UP_DEADLINE_USEC,
                "watch that the new one stays up"
        );
        plan_add_record(
                plan, swap_record_json_in_phase(record, SWAP_STARTED, view->made->id, NULL),
                "note that the new one proved itself"
        );
}

/* The old one is out of service already (or gone): prove the new one, then finish. */
static void prove(Plan *plan, const SwapView *view) {
        plan_say(plan, LINK_LINKING, "being re-created with the link");
        plan_add_stay_up(
                plan, view->made->id, STAY_UP_USEC, STAY_UP_DEADLINE_USEC,
                "watch that the new one stays up"
        );
        plan_add_record(
                plan, swap_record_json_in_phase(view->record, SWAP_STARTED, view->made->id, NULL),
                "note that the new one proved itself"
        );
}

static void take_old_away(Plan *plan, const SwapView *view) {
        if (view->old == NULL)
                return;
        if (view->old->state != CONTAINER_EXITED && view->old->state != CONTAINER_CREATED)
                add_stop(plan, view, view->old, "stop the old");
        add_remove(plan, view, view->old, "remove the old");
}

/*
 * Somebody made a newer container for the same name (compose, re-creating). Theirs is the
 * deployment that counts. While they are at it we only get out of the way; what they left "created"
 * because it collided with us is started once it is quiet.
 */
static void give_way(Plan *plan, const SwapView *view, uint64_t now_usec) {
        const Container *successor = view->successor;

        if (successor->ever_started) {
                plan_say(plan, LINK_LINKING, "a newer deployment runs: taking ours away");
                remove_made(plan, view);
                take_old_away(plan, view);
                forget(plan);
                return;
        }

        plan_say(plan, LINK_WAITING, "a newer deployment is being made");
        plan_wake_at(plan, now_usec + LOOK_AGAIN_USEC);
        bool name_is_free = strcmp(successor->name, view->record->name) != 0;
        if (view->made != NULL
            || (!view->quiet && view->old != NULL && name_is_free
                && is_previous(view->record, view->old))) {
                remove_made(plan, view);
                if (view->old != NULL && name_is_free && is_previous(view->record, view->old))
                        add_rename(plan, view, view->old, "give the old one its name back");
                return;
        }
        if (!view->quiet)
                return;

        if (name_is_free) {
                if (view->old != NULL && !is_previous(view->record, view->old)) {
                        take_old_away(plan, view);
                        return;
                }
                add_rename(plan, view, successor, "give the newer deployment its name");
        }
        add_start(plan, view, successor, "start the newer deployment of");
}

/* For a failure that is the consumer's or the engine's: it counts against the limit of attempts. */
static void undo_failure(Plan *plan, const SwapView *view, const char *reason) {
        plan->counts = true;
        undo(plan, view, reason);
}

static void plan_prepare(const SwapView *view, Plan *plan) {
        const Container *old = view->old;

        if (old == NULL)
                undo(plan, view, "the container was removed meanwhile");
        else if (view->failure != NULL)
                undo_failure(plan, view, view->failure);
        else if (!container_is_up(old))
                undo(plan, view, "the container was stopped meanwhile");
        else if (view->made == NULL || !is_previous(view->record, old))
                undo(plan, view, "it was interrupted");
        else if (!view->quiet)
                undo(plan, view, "somebody else is working on its stack");
        else
                go_on(plan, view);
}

static void undo_because_it_exited(Plan *plan, const SwapView *view) {
        cleanup(freep) char *reason = text_format(
                "the new container did not stay up (%s, exit code %d)",
                container_state_to_string(view->made->state), view->made->exit_code
        );
        undo_failure(plan, view, reason ? reason : "the new container did not stay up");
}

static void plan_stopping(const SwapView *view, Plan *plan) {
        const Container *old = view->old;
        const Container *made = view->made;

        if (made == NULL)
                undo_failure(
                        plan, view, view->failure ? view->failure : "the new container is gone"
                );
        else if (old == NULL && !made->ever_started)
                undo(plan, view, "the container was removed meanwhile");
        else if (view->failure != NULL && old != NULL)
                undo_failure(plan, view, view->failure);
        else if (made->ever_started && made->state != CONTAINER_RUNNING && made->state != CONTAINER_PAUSED && old != NULL)
                undo_because_it_exited(plan, view);
        else if (old != NULL && (container_is_up(old) || !made->ever_started))
                go_on(plan, view);
        else
                prove(plan, view);
}

static void plan_started(const SwapView *view, Plan *plan) {
        if (view->made == NULL && view->old != NULL && container_is_up(view->old)) {
                undo(plan, view, "the new container was removed, the old one kept");
                return;
        }
        plan_say(plan, LINK_LINKING, "taking the old container away");
        take_old_away(plan, view);
        forget(plan);
}

void plan_swap(const SwapView *view, uint64_t now_usec, Plan *plan) {
        if (view->successor != NULL && view->successor_takes_name) {
                give_way(plan, view, now_usec);
                return;
        }

        switch (view->record->phase) {
        case SWAP_PREPARE:
                if (view->successor != NULL)
                        undo(plan, view, "a newer deployment appeared");
                else
                        plan_prepare(view, plan);
                break;
        case SWAP_STOPPING:
                if (view->successor != NULL && view->old != NULL)
                        undo(plan, view, "a newer deployment appeared");
                else
                        plan_stopping(view, plan);
                break;
        case SWAP_STARTED:
                plan_started(view, plan);
                break;
        case SWAP_ROLLBACK:
                undo(plan, view,
                     view->record->reason[0] != '\0' ? view->record->reason : "it was interrupted");
                break;
        }
}
