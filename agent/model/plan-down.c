/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Down: the way back of plan_provider(). Containers go first, with what hangs on networks; then the
 * networks; volumes stay, since they hold the models.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/plan-provider.h"

static void add_removal(Plan *plan, const char *name, const char *id) {
        cleanup(freep) char *stop = text_format("stop container %s", name);
        cleanup(freep) char *rid = text_format("remove container %s", name);

        plan_say(plan, LINK_LINKING, "taking the containers away");
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST",
                            .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                            .timeout_usec = 60 * USEC_PER_SEC,
                            .what = stop ? stop : "stop" },
                "/containers/%s/stop?t=20", id
        );
        plan_add_call(
                plan,
                (PlanCall){ .method = "DELETE",
                            .expect = EXPECT_DONE | EXPECT_GONE,
                            .what = rid ? rid : "remove" },
                "/containers/%s?v=0", id
        );
}

static const char *id_of(const json_t *inspect) {
        return json_string_value(json_object_get(inspect, "Id"));
}

/* The last of the description first: the proxy before what it leads to. */
static void remove_containers(const ProviderView *view, Plan *plan) {
        for (size_t i = 0; i < view->n_extras; i++)
                add_removal(plan, view->extras[i].name, view->extras[i].id);
        for (size_t i = view->stack->n_objects; i-- > 0;) {
                const StackObject *object = &view->stack->objects[i];
                const json_t *seen = view->objects[i].inspect;

                if (object->kind == STACK_CONTAINER && id_of(seen) != NULL
                    && stack_is_ours(seen, object->kind))
                        add_removal(plan, object->name, id_of(seen));
        }
}

/* Somebody's running container on our network; NULL: none. */
static const char *guest_of(const json_t *network) {
        json_t *containers = json_object_get(network, "Containers");
        const char *id;
        json_t *endpoint;

        json_object_foreach(containers, id, endpoint) {
                const char *name = json_string_value(json_object_get(endpoint, "Name"));
                return name ? name : id;
        }
        return NULL;
}

static void remove_networks(const ProviderView *view, Plan *plan) {
        for (size_t i = 0; i < view->stack->n_objects; i++) {
                const StackObject *object = &view->stack->objects[i];
                const json_t *seen = view->objects[i].inspect;
                cleanup(freep) char *what = text_format("remove network %s", object->name);

                if (object->kind != STACK_NETWORK || id_of(seen) == NULL
                    || !stack_is_ours(seen, object->kind))
                        continue;
                const char *guest = guest_of(seen);
                if (guest != NULL) {
                        plan_say(
                                plan, LINK_REFUSED,
                                "all is taken away but the network %s: the container %s is on it",
                                object->name, guest
                        );
                        plan_next_step(plan, "stop %s, then coollama down again", guest);
                        continue;
                }
                plan_say(plan, LINK_LINKING, "taking the network %s away", object->name);
                plan_add_call(
                        plan,
                        (PlanCall){ .method = "DELETE",
                                    .expect = EXPECT_DONE | EXPECT_GONE,
                                    .what = what ? what : "remove" },
                        "/networks/%s", id_of(seen)
                );
        }
}

void plan_down(const ProviderView *view, Plan *plan) {
        plan_say(plan, LINK_STOPPED, "taken down; models and keys are kept");
        plan_next_step(plan, "coollama resume brings it back");
        remove_containers(view, plan);
        if (plan->n_actions == 0)
                remove_networks(view, plan);
}
