/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access: what a consumer's key may do.
 *
 * A label may always ask for less than the configuration gives to all. More is the operator's to
 * give: until then the consumer is linked with what everybody has, and it is said that he is waited
 * for.
 */
#include "model/deciding.h"
#include "model/remembered.h"

bool deciding_changes_access(const Deciding *deciding) {
        const ConsumerView *view = deciding->view;
        const Wish *wish = deciding->wish;
        Access given = deciding->context->access;
        Plan *plan = deciding->plan;
        bool more = wish->has_access && access_is_more(wish->access, given);

        plan->asks =
                more && deciding->context->provider->secured && (view->trusted & TRUST_ACCESS) == 0;
        plan->asked = wish->access;
        plan->granted = wish->has_access && !plan->asks ? wish->access : given;
        if (!deciding->context->provider->secured || view->key == NULL
            || view->access == plan->granted || deciding->context->finishing)
                return false;
        plan_say(plan, LINK_LINKING, "what its key may do is being changed");
        plan_add_access(plan, plan->granted, "change what its key may do");
        return true;
}

bool deciding_says_that_it_asks(const Deciding *deciding) {
        Plan *plan = deciding->plan;

        if (!plan->asks)
                return false;
        plan_say(
                plan, LINK_ONE_STEP_LEFT, "asks for %s, waiting for you",
                access_to_string(plan->asked)
        );
        plan_next_step(plan, "coollama trust %s", deciding->view->identity->human);
        return true;
}
