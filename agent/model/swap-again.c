/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made again: the one case in which a container that somebody removed comes back.
 *
 * A "docker compose up" that finds nothing changed, but listed the old one and ours, takes ours
 * away to go on with the old one, which we had removed by then: nothing is left of a consumer that
 * nobody wanted to remove. The record has all that it takes to make the old one again. It is done
 * once it is quiet, so that whoever did mean to take the stack down has removed its networks by
 * then, and only where the creation alone gives the whole of it. From then on it is as if compose
 * had left it created: it is started, and linked again in its time.
 */
#include <errno.h>

#include "base/text.h"
#include "model/swap-steps.h"

#define NETWORK_NAME_MAX 1024

static const json_t *body_of(const SwapRecord *record) {
        return json_object_get(record->keep, "create");
}

bool swap_may_be_made_again(const SwapView *view) {
        const SwapRecord *record = view->record;
        const json_t *config = json_object_get(record->old, "Config");
        const json_t *labels = json_object_get(config, "Labels");

        return view->lost && view->failure == NULL && view->old == NULL && view->made == NULL
               && view->successor == NULL && record->was_running && json_is_object(body_of(record))
               && json_object_get(labels, "com.docker.compose.project") != NULL
               && json_array_size(record->connects) == 0 && json_array_size(record->files) == 0;
}

/* One of a stack that was taken down is gone: that ends the plan. */
static void add_network_check(Plan *plan, const char *network) {
        Text name = TEXT_INIT(NETWORK_NAME_MAX);

        (void) text_add_escaped(&name, network);
        cleanup(freep) char *escaped = text_take(&name);
        if (escaped == NULL) {
                plan->error = -ENOMEM;
                return;
        }
        plan_add_call(
                plan, (PlanCall){ .method = "GET", .what = "see whether its network is there" },
                "/networks/%s", escaped
        );
}

void swap_make_again(Plan *plan, const SwapView *view, uint64_t now_usec) {
        const SwapRecord *record = view->record;
        const char *platform = json_string_value(json_object_get(record->keep, "platform"));
        json_t *body = json_deep_copy(body_of(record));
        json_t *endpoints =
                json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");
        const char *network;
        json_t *endpoint;

        plan->undoes = true;
        plan_say(
                plan, LINK_LINKING,
                "its container was removed just as its old one was: it is made again"
        );
        if (swap_is_awaited(plan, view, now_usec)) {
                json_decref(body);
                return;
        }
        json_object_foreach(endpoints, network, endpoint)
                add_network_check(plan, network);
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST", .body = body, .what = "make the old one again" },
                "/containers/create?name=%s%s%s", record->name, platform ? "&platform=" : "",
                platform ? platform : ""
        );
}
