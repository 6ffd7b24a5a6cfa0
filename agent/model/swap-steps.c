/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps that the decisions about a swap are made of. What is done to a container is done by its
 * id; nothing here decides.
 */
#include "model/swap-steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/members.h"
#include "model/plan-note.h"

#define START_TIMEOUT_USEC (120 * USEC_PER_SEC)
#define CONNECT_NAME_MAX   4096

bool swap_is_of_coolify(const SwapRecord *record) {
        const json_t *labels = json_object_get(json_object_get(record->old, "Config"), "Labels");

        return json_object_get(labels, "coolify.managed") != NULL;
}

bool swap_is_previous(const SwapRecord *record, const Container *old) {
        size_t length = strlen(record->name);

        return strncmp(old->name, record->name, length) == 0
               && strcmp(old->name + length, ".coollama-prev") == 0;
}

bool swap_has_stopped_nothing(const SwapRecord *record) {
        return record->phase == SWAP_PREPARE || record->phase == SWAP_BESIDE;
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

void swap_add_stop(Plan *plan, const SwapView *view, const Container *container, const char *verb) {
        cleanup(freep) char *path = container_path(container->id, "/stop");

        call(plan, verb, view,
             (PlanCall){ .method = "POST",
                         .expect = EXPECT_DONE | EXPECT_ALREADY,
                         .timeout_usec = stop_timeout_usec(container) },
             path ? path : "");
}

/* Volumes are kept, also anonymous ones (v=0). */
void swap_add_remove(
        Plan *plan, const SwapView *view, const Container *container, const char *verb
) {
        cleanup(freep) char *path = container_path(container->id, "?v=0");

        call(plan, verb, view,
             (PlanCall){ .method = "DELETE", .expect = EXPECT_DONE | EXPECT_GONE },
             path ? path : "");
}

void swap_add_rename(
        Plan *plan, const SwapView *view, const Container *container, const char *verb
) {
        plan_add_call(
                plan, (PlanCall){ .method = "POST", .what = verb }, "/containers/%s/rename?name=%s",
                container->id, view->record->name
        );
}

void swap_add_start(
        Plan *plan, const SwapView *view, const Container *container, const char *verb
) {
        cleanup(freep) char *path = container_path(container->id, "/start");

        call(plan, verb, view,
             (PlanCall){ .method = "POST",
                         .expect = EXPECT_DONE | EXPECT_ALREADY,
                         .timeout_usec = START_TIMEOUT_USEC },
             path ? path : "");
}

void swap_add_policy(Plan *plan, const SwapView *view, json_t *policy, const char *verb) {
        cleanup(freep) char *path = container_path(view->record->old_id, "/update");

        call(plan, verb, view,
             (PlanCall){ .method = "POST", .body = json_pack("{s:o}", "RestartPolicy", policy) },
             path ? path : "");
}

/* Is somebody at work, or may be about to stumble over what we did? Then it is waited for. */
bool swap_is_awaited(Plan *plan, const SwapView *view, uint64_t now_usec) {
        if (view->quiet && view->rested)
                return false;
        plan_wake_at(plan, now_usec + SWAP_LOOK_AGAIN_USEC);
        return true;
}

static void ask_for_members(Plan *plan, const SwapView *view) {
        free(plan->subject);
        plan->subject = strdup(view->successor->id);
        plan->error = plan->subject ? plan->error : -ENOMEM;
        plan->needs |= NEED_MEMBERS;
}

/* What compose does itself, had it come so far. */
static void start_one(Plan *plan, const MemberLeft *left) {
        PlanCall remove = { .method = "DELETE", .expect = EXPECT_DONE | EXPECT_GONE };
        PlanCall rename = { .method = "POST", .expect = EXPECT_DONE | EXPECT_GONE };
        PlanCall start = { .method = "POST",
                           .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                           .timeout_usec = START_TIMEOUT_USEC };
        cleanup(freep) char *what = text_format("start %s of the newer deployment", left->name);

        if (left->replaced != NULL) {
                remove.what = "remove what the newer deployment replaces";
                plan_add_call(plan, remove, "/containers/%s", left->replaced);
        }
        if (left->renamed) {
                rename.what = "give the newer deployment its name";
                plan_add_call(plan, rename, "/containers/%s/rename?name=%s", left->id, left->name);
        }
        start.what = what ? what : "start the newer deployment";
        plan_add_call(plan, start, "/containers/%s/start", left->id);
}

/*
 * Compose makes all containers of a deployment before it starts the first: where it gave up because
 * it collided with us, others of the stack are left as well, also such that did not opt in; and the
 * newer one itself, under another name, where compose was about to replace ours, which is gone. One
 * that it was replacing may be down already, and its replacement waits under another name. Tried
 * for ever.
 */
static void start_left(Plan *plan, const SwapView *view) {
        MemberLeft left[MEMBERS_LEFT_MAX];
        size_t n = members_find_left(view->members, view->successor->id, left);
        bool nothing_else = view->old == NULL && view->made == NULL;

        for (size_t i = 0; i < n; i++)
                if (nothing_else || strcmp(left[i].id, view->successor->id) != 0)
                        start_one(plan, &left[i]);
}

/* Nothing is left to do: the record goes as soon as nobody can stumble over what we did. */
void swap_finish(Plan *plan, const SwapView *view, uint64_t now_usec) {
        if (swap_is_awaited(plan, view, now_usec))
                return;
        if (view->successor != NULL && view->successor->project[0] != '\0') {
                if (view->members == NULL) {
                        ask_for_members(plan, view);
                        return;
                }
                start_left(plan, view);
        }
        plan_note_swap(view->record, view->made, plan);
        plan_add_forget(plan, "drop the swap record");
}

void swap_stop_made(Plan *plan, const SwapView *view) {
        if (view->made->state != CONTAINER_CREATED && view->made->state != CONTAINER_EXITED)
                swap_add_stop(plan, view, view->made, "stop our new");
}

void swap_remove_made(Plan *plan, const SwapView *view) {
        if (view->made == NULL)
                return;
        swap_stop_made(plan, view);
        swap_add_remove(plan, view, view->made, "remove our new");
}

void swap_take_old_away(Plan *plan, const SwapView *view) {
        if (view->old == NULL)
                return;
        if (view->old->state != CONTAINER_EXITED && view->old->state != CONTAINER_CREATED)
                swap_add_stop(plan, view, view->old, "stop the old");
        swap_add_remove(plan, view, view->old, "remove the old");
}

/* As far as we have to do with it. */
bool swap_is_serving(const Container *container) {
        return container != NULL
               && (container_is_up(container) || container->state == CONTAINER_PAUSED);
}

/* What must be done has failed, and is tried for ever: people see what is in its way. */
void swap_say_stuck(Plan *plan, const SwapView *view, const char *what) {
        plan_say(plan, LINK_FAILED, "%s: %s", what, view->failure);
        plan_next_step(plan, "take away what is in its way: it is tried again and again by itself");
}

/* Takes the body over. The engine lets a network have any name: blanks, slashes, question marks. */
static void add_connect(Plan *plan, const char *network, json_t *body) {
        Text name = TEXT_INIT(CONNECT_NAME_MAX);

        (void) text_add_escaped(&name, network);
        cleanup(freep) char *escaped = text_take(&name);
        if (escaped == NULL)
                plan->error = -ENOMEM;
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST", .body = body, .what = "connect it to its network" },
                "/networks/%s/connect", escaped ? escaped : ""
        );
}

/* Connects (API < 1.44) come with the container's id known; each is a network and a body. */
void swap_add_connects(Plan *plan, const json_t *connects, const Container *container) {
        size_t i;
        json_t *item;

        json_array_foreach(connects, i, item) {
                const char *network = json_string_value(json_object_get(item, "network"));
                json_t *body = json_deep_copy(json_object_get(item, "body"));

                /* Killed after a connect: doing it again would count as a failure. */
                if (network == NULL || body == NULL || container_has_network(container, network)) {
                        json_decref(body);
                        continue;
                }
                (void) json_object_set_new(body, "Container", json_string(container->id));
                add_connect(plan, network, body);
        }
}

/* Files that were put into the old one before its start; done twice is done once. */
void swap_add_copy(Plan *plan, const SwapView *view) {
        const SwapRecord *record = view->record;

        if (json_array_size(record->files) > 0)
                plan_add_copy(
                        plan, record->old_id, view->made->id, record->files,
                        "copy the files that were put into the old one before its start"
                );
}

void swap_add_phase(Plan *plan, const SwapView *view, SwapPhase phase, const char *what) {
        plan_add_record(
                plan, swap_record_json_in_phase(view->record, phase, view->made->id, NULL), what
        );
}
