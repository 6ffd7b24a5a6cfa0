/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan-begin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/kept.h"
#include "model/recreate.h"
#include "model/rolls.h"

/* Networks to connect one by one (API < 1.44), which a plan has room for. */
#define CONNECTS_MAX (PLAN_ACTIONS_MAX / 2)

/* What the new one has and the old one has not, for the record: how ours is told after a crash. */
static int fill_link(SwapRecord *record, const Link *link) {
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

/* Of the same deployment as the newest failed attempt, and about the same link: one more of its
 * series. */
static int fill_attempt(SwapRecord *record, const ConsumerView *view, const Begin *begin) {
        free(record->tried);
        record->tried = begin->unlink ? strdup(SWAP_TRIED_UNLINK) : link_fingerprint(begin->link);
        if (record->tried == NULL)
                return -ENOMEM;
        bool same = view->tried == NULL || strcmp(view->tried, record->tried) == 0;
        record->attempt = same ? view->attempts + 1 : 1;
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
        size_t n_env = link ? link->n_variables : 0;

        for (size_t i = 0; i < n_env; i++)
                env[i] = (RecreateEnv){ link->variables[i].name, link->variables[i].value };

        const RecreateInput input = {
                .inspect = begin->unlink ? begin->unlink->inspect : begin->container->inspect,
                .image = begin->image,
                .image_name_is_current = view->observed.image_name_is_current,
                .api = context->api,
                .env = env,
                .n_env = n_env,
                .hosts = hosts,
                .n_hosts = link && link->host_entry ? 1 : 0,
                .empty_volumes = view->observed.empty_volumes,
                .n_empty_volumes = view->observed.n_empty_volumes,
        };
        return recreate_build(&input, ret, err);
}

/* What will be kept of the old one: among it the body that makes it again, as it is. */
static int fill_keep(
        SwapRecord *record,
        const ConsumerView *view,
        const ConsumerContext *context,
        const Begin *begin
) {
        const Begin as_it_is = { .container = begin->container, .image = begin->image };
        RecreateResult result = { 0 };
        Error err = { 0 };

        int r = build_body(view, context, &as_it_is, &result, &err);
        if (r == -ENOMEM)
                return r;
        const KeptCreate create = { result.body, result.connects, result.platform, context->api };
        json_t *keep = begin->unlink ? kept_begin_unlink(begin->container, begin->kept, &create)
                                     : kept_begin_link(begin->container, begin->link, &create);
        recreate_result_done(&result);
        if (keep == NULL)
                return -ENOMEM;
        json_decref(record->keep);
        record->keep = keep;
        return 0;
}

static int make_record(
        const ConsumerView *view,
        const ConsumerContext *context,
        const Begin *begin,
        json_t *connects,
        SwapRecord **ret
) {
        cleanup(swap_record_freep) SwapRecord *record = NULL;

        int r = swap_record_new(view->identity->key, begin->container, &record);
        if (r >= 0) {
                record->begun_usec = context->wall_usec;
                record->rolls = rolls_why_not(begin->container) == NULL;
        }
        if (r >= 0 && begin->link != NULL)
                r = fill_link(record, begin->link);
        if (r >= 0 && begin->unlink != NULL
            && (json_array_extend(record->link, begin->unlink->gained) < 0
                || json_array_extend(record->lost, begin->unlink->lost) < 0))
                r = -ENOMEM;
        if (r >= 0)
                r = fill_attempt(record, view, begin);
        if (r >= 0)
                r = fill_keep(record, view, context, begin);
        if (r >= 0 && json_array_size(connects) > 0)
                r = json_array_extend(record->connects, connects) < 0 ? -ENOMEM : 0;
        if (r >= 0 && view->observed.files != NULL)
                r = json_array_extend(record->files, view->observed.files) < 0 ? -ENOMEM : 0;
        if (r >= 0)
                *ret = take_ptr(record);
        return r;
}

static void
add_first_steps(Plan *plan, const SwapRecord *record, const Begin *begin, RecreateResult *result) {
        const Container *container = begin->container;
        const char *what = begin->unlink ? "create the new one without the link"
                                         : "create the new one with the link";
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
                plan, (PlanCall){ .method = "POST", .body = take_ptr(result->body), .what = what },
                "/containers/create?name=%s%s", container->name, result->platform ? platform : ""
        );
}

static void say_begin(const Begin *begin, Plan *plan) {
        cleanup(freep) char *missing = begin->link ? link_describe(begin->link) : NULL;

        plan_say(
                plan, LINK_LINKING, "re-creating it %s %s%s%s", begin->unlink ? "without" : "with",
                missing && !begin->unlink ? missing : "the link",
                begin->lost ? "; files that nothing else has are lost, as agreed: " : "",
                begin->lost ? begin->lost : ""
        );
}

void plan_begin_swap(
        const ConsumerView *view, const ConsumerContext *context, const Begin *begin, Plan *plan
) {
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
        r = make_record(view, context, begin, result.connects, &record);
        if (r < 0) {
                plan->error = r;
                recreate_result_done(&result);
                return;
        }

        say_begin(begin, plan);
        add_first_steps(plan, record, begin, &result);
        recreate_result_done(&result);
}
