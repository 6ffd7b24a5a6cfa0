/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/labels.h"
#include "model/template.h"

static ProfileSet *make_set(void) {
        static const char text[] =
                "{ \"about\": \"\", \"images\": [], \"carrier\": [ \"header\" ],"
                " \"reach\": \"auto\", \"recovery\": \"default\", \"settle\": \"0s\","
                " \"hint\": {}, \"sources\": [], \"variables\":"
                " [ { \"name\": \"A\", \"value\": \"{url}\", \"role\": \"url\" } ] }";
        static const char *const names[] = { "ollama", "openai" };
        ProfileSet *set;

        cr_assert_eq(profile_set_new(&set), 0);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                Profile *profile;

                cr_assert_eq(profile_parse(names[i], text, strlen(text), &profile, NULL), 0);
                cr_assert_eq(profile_set_adopt(set, profile, NULL), 0);
        }
        return set;
}

/* From name, value, name, value, ..., NULL. */
static Wish *wish_of(const char *const *pairs) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();
        json_t *labels = json_object();
        Wish *wish;

        for (; pairs[0]; pairs += 2)
                json_object_set_new(labels, pairs[0], json_string(pairs[1]));
        cr_assert_eq(wish_parse(labels, set, &wish), 0);
        json_decref(labels);
        return wish;
}

#define WISH(...) wish_of((const char *const[]){ __VA_ARGS__, NULL })

Test(labels, no_label_of_ours_is_no_wish) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();
        cleanup(wish_freep) Wish *none = NULL, *other = NULL;

        cr_assert_eq(wish_parse(NULL, set, &none), 0);
        cr_expect_not(none->enabled);
        cr_expect_not(wish_has_problem(none));

        other = WISH("coolify.managed", "true", "coollama", "x", "coollama-x", "y");
        cr_expect_not(other->enabled);
        cr_expect_not(wish_has_problem(other));
}

Test(labels, enable_alone_gives_the_defaults) {
        cleanup(wish_freep) Wish *wish = WISH(LABEL_ENABLE, "true");

        cr_expect(wish->enabled);
        cr_expect_not(wish->part);
        cr_expect_eq(wish->reach, REACH_AUTO);
        cr_expect_eq(wish->auth, AUTH_AUTO);
        cr_expect_eq(wish->recovery, RECOVERY_RESTART);
        cr_expect_eq(wish->access, ACCESS_PULL);
        cr_expect_eq(wish->scope, SCOPE_CONTAINER);
        cr_expect_not(wish->has_reach || wish->has_recovery || wish->has_access);
        cr_expect_eq(wish->settle_usec, 0);
        cr_expect_eq(wish->n_profiles, 0);
        cr_expect_eq(wish->n_variables, 0);
        cr_expect_str_eq(wish->problem, "");
}

Test(labels, all_that_is_supported_is_read) {
        cleanup(wish_freep) Wish *wish =
                WISH("coollama.enable", "true", "coollama.profile", "ollama+openai",
                     "coollama.env.Z", "{host}:{port}", "coollama.env.A_URL", "{url}/api",
                     "coollama.reach", "gateway", "coollama.auth", "header", "coollama.recovery",
                     "none", "coollama.access", "pull", "coollama.settle", "1m 30s",
                     "coollama.scope", "container");

        cr_expect_str_eq(wish->problem, "");
        cr_expect(wish->enabled);
        cr_expect(wish->has_reach && wish->has_recovery && wish->has_access);
        cr_expect_eq(wish->reach, REACH_GATEWAY);
        cr_expect_eq(wish->auth, AUTH_HEADER);
        cr_expect_eq(wish->recovery, RECOVERY_NONE);
        cr_expect_eq(wish->access, ACCESS_PULL);
        cr_expect_eq(wish->scope, SCOPE_CONTAINER);
        cr_expect_eq(wish->settle_usec, 90 * USEC_PER_SEC);
        cr_assert_eq(wish->n_profiles, 2);
        cr_expect_str_eq(wish->profiles[0], "ollama");
        cr_expect_str_eq(wish->profiles[1], "openai");
        cr_assert_eq(wish->n_variables, 2);
        cr_expect_str_eq(wish->variables[0].name, "A_URL");
        cr_expect_str_eq(wish->variables[0].template, "{url}/api");
        cr_expect_str_eq(wish->variables[1].name, "Z");
}

static const struct {
        const char *label, *value, *problem; /* NULL: none */
} cases[] = {
        { "coollama.enable", "false", NULL },
        { "coollama.profile", "auto", NULL },
        { "coollama.profile", "openai", NULL },
        { "coollama.reach", "auto", NULL },
        { "coollama.auth", "auto", NULL },
        { "coollama.recovery", "restart", NULL },
        { "coollama.recovery", "auto", NULL },
        { "coollama.settle", "0", NULL },
        { "coollama.settle", "300ms", NULL },
        { "coollama.settle", "1h", NULL },
        { "coollama.env.X", "", NULL },

        { "coollama.profil", "auto",
          "unknown label coollama.profil; did you mean coollama.profile?" },
        { "coollama.Enable", "true",
          "unknown label coollama.Enable; did you mean coollama.enable?" },
        { "coollama.evn.FOO", "x",
          "unknown label coollama.evn.FOO; did you mean coollama.env.FOO?" },
        { "coollama.env", "x", "unknown label coollama.env" },
        { "coollama.", "x", "unknown label coollama." },
        { "coollama.something-else", "x", "unknown label coollama.something-else" },
        { "coollama.a\nb\x1b", "x", "unknown label coollama.a?b?" },

        { "coollama.enable", "yes",
          "unknown value 'yes' of coollama.enable; it may be true or false" },
        { "coollama.enable", "", "unknown value '' of coollama.enable; it may be true or false" },
        { "coollama.reach", "gatway",
          "unknown value 'gatway' of coollama.reach; did you mean 'gateway'?" },
        { "coollama.reach", "x",
          "unknown value 'x' of coollama.reach; it may be auto, gateway or network" },
        { "coollama.settle", "10",
          "unknown value '10' of coollama.settle; it may be a duration up to 1h, as in 30s or 5m" },
        { "coollama.settle", "61m",
          "unknown value '61m' of coollama.settle; it may be a duration up to 1h, as in 30s or 5m" },
        { "coollama.role", "proxy", "unknown value 'proxy' of coollama.role; it may be provider" },
        { "coollama.profile", "openaai",
          "unknown value 'openaai' of coollama.profile; did you mean 'openai'?" },
        { "coollama.profile", "",
          "unknown value '' of coollama.profile; it may be auto, or names of profiles joined by '+'" },
        { "coollama.profile", "ollama+",
          "unknown value '' of coollama.profile; it may be auto, or names of profiles joined by '+'" },
        { "coollama.profile", "ollama+auto",
          "coollama.profile: auto cannot be joined with other profiles" },
        { "coollama.profile", "ollama+ollama", "coollama.profile names ollama twice" },
        { "coollama.env.", "x", "label coollama.env.: '' is no name of a variable" },
        { "coollama.env.1X", "x", "label coollama.env.1X: '1X' is no name of a variable" },
        { "coollama.env.X", "s3cret {ulr}",
          "label coollama.env.X: unknown placeholder {ulr}; there are {url}, {key}, {host} and {port}" },
};

Test(labels, unknown_or_unsupported_is_reported_with_the_nearest_known_one) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                cleanup(wish_freep) Wish *wish = WISH(cases[i].label, cases[i].value);

                cr_expect_str_eq(
                        wish->problem, cases[i].problem ? cases[i].problem : "", "%s=%s",
                        cases[i].label, cases[i].value
                );
        }
}

Test(labels, the_same_problem_is_reported_in_whatever_order_they_come) {
        cleanup(wish_freep) Wish *one =
                WISH("coollama.zzz", "1", "coollama.enable", "true", "coollama.reach", "network",
                     "coollama.aaa", "1");
        cleanup(wish_freep) Wish *two =
                WISH("coollama.aaa", "1", "coollama.reach", "network", "coollama.enable", "true",
                     "coollama.zzz", "1");

        cr_expect_str_eq(one->problem, "unknown label coollama.aaa");
        cr_expect_str_eq(two->problem, one->problem);
        cr_expect(one->enabled && two->enabled);
}

Test(labels, our_own_stack_is_never_a_consumer) {
        cleanup(wish_freep) Wish *wish = WISH("coollama.enable", "true", LABEL_PART, "proxy");

        cr_expect(wish->part);
        cr_expect_not(wish->enabled);
        cr_expect_str_eq(wish->problem, "");
}

Test(labels, a_value_that_may_be_a_secret_is_never_in_a_problem) {
        char secret[TEMPLATE_MAX + 64];

        memset(secret, 's', sizeof secret - 1);
        secret[sizeof secret - 1] = '\0';
        cleanup(wish_freep) Wish *wish = WISH("coollama.env.TOKEN", secret);

        cr_expect_str_eq(wish->problem, "label coollama.env.TOKEN: longer than 1024 bytes");
}

static Wish *wish_with_many(size_t n, const char *format) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();
        json_t *labels = json_pack("{s:s}", LABEL_ENABLE, "true");
        Wish *wish;

        for (size_t i = 0; i < n; i++) {
                char name[64];

                (void) snprintf(name, sizeof name, "%s%zu", format, i);
                json_object_set_new(labels, name, json_string(""));
        }
        cr_assert_eq(wish_parse(labels, set, &wish), 0);
        json_decref(labels);
        return wish;
}

Test(labels, there_is_a_most_of_everything) {
        cleanup(wish_freep) Wish *full = wish_with_many(WISH_VARIABLES_MAX, "coollama.env.V");
        cleanup(wish_freep) Wish *more = wish_with_many(WISH_VARIABLES_MAX + 1, "coollama.env.V");
        cleanup(wish_freep) Wish *flood = wish_with_many(5000, "coollama.x");
        char long_name[2000] = "coollama.";

        cr_expect_str_eq(full->problem, "");
        cr_expect_eq(full->n_variables, WISH_VARIABLES_MAX);
        cr_expect_str_eq(more->problem, "more than 32 labels coollama.env.*");
        cr_expect_str_eq(flood->problem, "more than 64 labels coollama.*");
        cr_expect(flood->enabled);

        memset(long_name + strlen(long_name), 'x', sizeof long_name - strlen(long_name) - 1);
        cleanup(wish_freep) Wish *long_label = WISH(long_name, long_name);
        cr_expect(wish_has_problem(long_label));

        cleanup(wish_freep) Wish *long_profile = WISH("coollama.profile", long_name);
        cr_expect(wish_has_problem(long_profile));
}

Test(labels, a_flood_on_our_own_stack_is_still_ours) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();
        json_t *labels = json_pack("{s:s, s:s}", LABEL_ENABLE, "true", LABEL_PART, "proxy");
        cleanup(wish_freep) Wish *wish = NULL;

        for (int i = 0; i < 100; i++) {
                char name[64];

                (void) snprintf(name, sizeof name, "coollama.x%d", i);
                json_object_set_new(labels, name, json_string(""));
        }
        cr_assert_eq(wish_parse(labels, set, &wish), 0);
        json_decref(labels);
        cr_expect(wish->part);
        cr_expect_not(wish->enabled);
}

Test(labels, a_value_that_is_no_text_is_an_empty_one) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();
        json_t *labels = json_pack("{s:i}", LABEL_ENABLE, 1);
        cleanup(wish_freep) Wish *wish = NULL;

        cr_assert_eq(wish_parse(labels, set, &wish), 0);
        json_decref(labels);
        cr_expect_not(wish->enabled);
        cr_expect(wish_has_problem(wish));
}

Test(labels, who_says_false_or_is_of_our_own_stack_has_not_opted_in) {
        static const struct {
                const char *labels;
                bool opts_in;
        } table[] = {
                { "{}", false },
                { "{\"coollama.enable\": \"true\"}", true },
                { "{\"coollama.enable\": \"false\"}", false },
                /* Something is meant, and what is wrong with it is said. */
                { "{\"coollama.enable\": \"yes\"}", true },
                { "{\"coollama.enable\": \"true\", \"coollama.part\": \"api\"}", false },
                { "{\"coollama.profile\": \"ollama\"}", false },
        };

        cr_expect_not(labels_opt_in(NULL));
        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
                json_t *labels = json_loads(table[i].labels, 0, NULL);
                cr_expect_eq(labels_opt_in(labels), table[i].opts_in, "%s", table[i].labels);
                json_decref(labels);
        }
}

Test(labels, a_variable_without_which_no_program_starts_is_a_problem) {
        static const char *const names[] = { "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH" };

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                json_t *labels = json_pack("{s:s}", "coollama.enable", "true");
                char label[64];
                Wish *wish = NULL;

                (void) snprintf(label, sizeof label, "coollama.env.%s", names[i]);
                (void) json_object_set_new(labels, label, json_string("{url}"));
                cr_assert_eq(wish_parse(labels, NULL, &wish), 0);
                cr_expect(wish_has_problem(wish), "%s", names[i]);
                cr_expect_not_null(strstr(wish->problem, names[i]));
                (void) wish_free(wish);
                json_decref(labels);
        }
}
