/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/opt-in.h"

static json_t *labels_of(const char *text) {
        json_t *labels = json_loads(text, 0, NULL);

        cr_assert_not_null(labels, "%s", text);
        return labels;
}

#define SPEAKS "\"coollama.enable\":\"true\",\"coollama.scope\":\"stack\""

static const struct {
        const char *labels, *image;
        bool spoken, ordered;
        OptIn is;
} cases[] = {
        { "{}", "acme/app", false, false, OPT_IN_NOT },
        { "{\"coollama.enable\":\"true\"}", "acme/app", false, false, OPT_IN_LABEL },
        { "{\"coollama.enable\":\"yes\"}", "acme/app", false, false, OPT_IN_LABEL },
        { "{\"coollama.enable\":\"true\"}", "postgres", true, true, OPT_IN_LABEL },
        { "{}", "acme/app", false, true, OPT_IN_ORDER },
        { "{}", "acme/app", true, false, OPT_IN_STACK },
        { "{}", "acme/app", true, true, OPT_IN_STACK },
        { "{}", "postgres:16", true, false, OPT_IN_NOT },
        { "{\"coolify.type\":\"database\"}", "acme/app", true, false, OPT_IN_NOT },
        { "{\"coolify.service.subType\":\"database\"}", "acme/app", true, false, OPT_IN_NOT },
        { "{}", "postgres:16", true, true, OPT_IN_ORDER },
        { "{\"coollama.enable\":\"false\"}", "acme/app", true, true, OPT_IN_NOT },
        { "{\"coollama.part\":\"api\"}", "ollama/ollama", true, true, OPT_IN_NOT },
        { "{\"coollama.settle\":\"2m\"}", "acme/app", false, true, OPT_IN_ORDER },
};

Test(opt_in, a_label_a_stack_and_an_order_opt_in_but_no_database_by_its_stack) {
        json_t *speech = json_object();

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const OptInSources sources = { .speech = cases[i].spoken ? speech : NULL,
                                               .ordered = cases[i].ordered };
                json_t *labels = labels_of(cases[i].labels);

                cr_expect_eq(
                        opt_in_of(labels, cases[i].image, &sources), cases[i].is, "%zu: %s", i,
                        cases[i].labels
                );
                json_decref(labels);
        }
        const OptInSources nobody = { 0 };
        cr_expect_eq(opt_in_of(NULL, NULL, &nobody), OPT_IN_NOT);
        json_decref(speech);
}

Test(opt_in, who_speaks_for_a_stack_speaks_of_all_but_what_is_its_own) {
        static const char *const silent[] = {
                "{}",
                "{\"coollama.enable\":\"true\"}",
                "{\"coollama.scope\":\"stack\"}",
                "{\"coollama.enable\":\"false\",\"coollama.scope\":\"stack\"}",
                "{\"coollama.enable\":\"true\",\"coollama.scope\":\"container\"}",
                "{\"coollama.part\":\"api\"," SPEAKS "}",
        };
        json_t *labels = labels_of(
                "{" SPEAKS ",\"coollama.profile\":\"openai\",\"coollama.role\":\"provider\","
                "\"coollama.recovery\":\"none\",\"coollama.env.A\":\"{url}\",\"other\":\"x\"}"
        );
        json_t *speech = opt_in_speech(labels);
        json_t *expected =
                labels_of("{\"coollama.recovery\":\"none\",\"coollama.env.A\":\"{url}\"}");

        cr_expect(json_equal(speech, expected));
        json_decref(expected);
        json_decref(speech);
        json_decref(labels);
        for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
                labels = labels_of(silent[i]);
                cr_expect_null(opt_in_speech(labels), "%s", silent[i]);
                json_decref(labels);
        }
        cr_expect_null(opt_in_speech(NULL));
}

Test(opt_in, a_members_own_labels_go_over_those_of_who_speaks_for_it) {
        ProfileSet profiles = { 0 };
        json_t *speech = labels_of("{\"coollama.recovery\":\"none\",\"coollama.settle\":\"1m\"}");
        json_t *labels = labels_of("{\"coollama.settle\":\"2m\"}");
        const OptInSources spoken = { .speech = speech };
        const OptInSources ordered = { .speech = speech, .ordered = true };
        Wish *wish = NULL;

        cr_assert_eq(opt_in_wish(labels, "acme/app", &spoken, &profiles, &wish), 0);
        cr_expect_eq(wish->recovery, RECOVERY_NONE);
        cr_expect_eq(wish->settle_usec, UINT64_C(120000000));
        cr_expect_not(wish_has_problem(wish));
        wish = wish_free(wish);

        /* A database is in by the order alone: nobody speaks for it. */
        cr_assert_eq(opt_in_wish(labels, "postgres", &ordered, &profiles, &wish), 0);
        cr_expect_not(wish->has_recovery);
        cr_expect_eq(wish->settle_usec, UINT64_C(120000000));
        wish = wish_free(wish);
        json_decref(speech);
        json_decref(labels);
}

static const struct {
        const char *labels, *name, *said; /* NULL: it may be ordered */
} orders[] = {
        { "{}", "shop", NULL },
        { "{}", "postgres", NULL },
        { "{}", "coolify-helper-app", NULL },
        { "{\"coollama.enable\":\"true\"}", "shop", NULL },
        { "{\"coollama.part\":\"proxy\"}", "coollama-proxy", "a part of coollama itself" },
        { "{}", "coolify", "a part of Coolify itself" },
        { "{}", "coolify-db", "a part of Coolify itself" },
        { "{}", "coolify-sentinel", "a part of Coolify itself" },
        { "{\"coolify.proxy\":\"true\"}", "traefik", "a part of Coolify itself" },
        { "{\"coollama.enable\":\"false\"}", "shop", "take that away and deploy it again" },
};

Test(opt_in, what_no_order_may_link_is_refused_with_the_reason) {
        for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
                json_t *labels = labels_of(orders[i].labels);
                Error err = { 0 };

                int r = opt_in_refusal(labels, orders[i].name, &err);
                json_decref(labels);
                cr_expect_eq(r, orders[i].said ? -EPERM : 0, "%s", orders[i].name);
                if (orders[i].said != NULL)
                        cr_expect_not_null(
                                strstr(error_text(&err), orders[i].said), "%s", error_text(&err)
                        );
        }
}
