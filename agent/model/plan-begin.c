/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan-begin.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "model/recreate.h"

/* Networks to connect one by one (API < 1.44), which a plan has room for. */
#define CONNECTS_MAX (PLAN_ACTIONS_MAX / 2)

/* What the new one has and the old one has not, for the record: how ours is told after a crash. */
static int fill_record(SwapRecord *record, const Link *link) {
        for (size_t i = 0; i < link->n_variables; i++) {
                cleanup(freep) char *entry =
                        text_format("%s=%s", link->variables[i].name, link->variables[i].value);
                if (entry == NULL || json_array_append_new(record->link, json_string(entry)) < 0)
                        return -ENOMEM;
        }
        if (link->host_entry
            && json_array_append_new(record->link, json_string(LINK_HOST_ENTRY)) < 0)
                return -ENOMEM;
        return 0;
}

static int build_body(
        const ConsumerView *view,
        const ConsumerContext *context,
        const Begin *begin,
        RecreateResult *ret,
        Error *err
) {
        const Link *link = begin->link;
        static const char *const hosts[] = { LINK_HOST_ENTRY };
        RecreateEnv env[LINK_VARIABLES_MAX];

        for (size_t i = 0; i < link->n_variables; i++)
                env[i] = (RecreateEnv){ link->variables[i].name, link->variables[i].value };

        const RecreateInput input = {
                .inspect = begin->container->inspect,
                .image = begin->image,
                .image_name_is_current = view->observed.image_name_is_current,
                .api = context->api,
                .env = env,
                .n_env = link->n_variables,
                .hosts = hosts,
                .n_hosts = link->host_entry ? 1 : 0,
                .empty_volumes = view->observed.empty_volumes,
                .n_empty_volumes = view->observed.n_empty_volumes,
        };
        return recreate_build(&input, ret, err);
}

static void add_first_steps(
        Plan *plan, const SwapRecord *record, const Container *container, RecreateResult *result
) {
        cleanup(freep) char *previous = swap_previous_name(container->name);
        cleanup(freep) char *platform =
                text_format("&platform=%s", result->platform ? result->platform : "");
        if (previous == NULL || platform == NULL) {
                plan->error = -ENOMEM;
                return;
        }

        plan_add_record(plan, swap_record_to_json(record), "note that a swap begins");
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST", .what = "rename the old one, which goes on running" },
                "/containers/%s/rename?name=%s", container->id, previous
        );
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST",
                            .body = take_ptr(result->body),
                            .what = "create the new one with the link" },
                "/containers/create?name=%s%s", container->name, result->platform ? platform : ""
        );
}

void plan_begin_swap(
        const ConsumerView *view, const ConsumerContext *context, const Begin *begin, Plan *plan
) {
        const Container *container = begin->container;
        RecreateResult result = { 0 };
        Error err = { 0 };

        int r = build_body(view, context, begin, &result, &err);
        if (r == -ENOMEM) {
                plan->error = r;
                return;
        }
        if (r < 0) {
                plan_refuse(plan, &err);
                return;
        }

        if (json_array_size(result.connects) > CONNECTS_MAX) {
                plan_say(
                        plan, LINK_REFUSED,
                        "it is in more than %d networks, which an engine before 25.0 "
                        "connects one by one",
                        CONNECTS_MAX
                );
                recreate_result_done(&result);
                return;
        }

        cleanup(swap_record_freep) SwapRecord *record = NULL;
        r = swap_record_new(view->identity->key, container, &record);
        if (r >= 0)
                r = fill_record(record, begin->link);
        if (r >= 0 && json_array_size(result.connects) > 0)
                r = json_array_extend(record->connects, result.connects) < 0 ? -ENOMEM : 0;
        if (r >= 0 && view->observed.files != NULL)
                r = json_array_extend(record->files, view->observed.files) < 0 ? -ENOMEM : 0;
        if (r < 0) {
                plan->error = r;
                recreate_result_done(&result);
                return;
        }

        cleanup(freep) char *missing = link_describe(begin->link);
        plan_say(plan, LINK_LINKING, "re-creating it with %s", missing ? missing : "the link");
        add_first_steps(plan, record, container, &result);
        recreate_result_done(&result);
}
