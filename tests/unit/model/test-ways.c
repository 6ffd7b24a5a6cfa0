/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/ways.h"

typedef struct Spec {
        const char *name, *image, *carrier, *rest;
} Spec;

static const Spec specs[] = {
        { "ollama", "", "\"header\"",
          "\"reach\": \"auto\", \"recovery\": \"default\", \"settle\": \"0s\", \"hint\": {}" },
        { "chat", "\"acme/chat\"", "\"stack\", \"header\"",
          "\"reach\": \"auto\", \"recovery\": \"none\", \"settle\": \"1m\","
          " \"hint\": { \"stack\": \"a\", \"header\": \"b\" }" },
        { "keyless", "", "\"url\"",
          "\"reach\": \"network\", \"recovery\": \"auto\", \"settle\": \"5s\", \"hint\": { \"url\": \"c\" }" },
        { "flow", "", "\"stack\", \"url\"",
          "\"reach\": \"auto\", \"recovery\": \"none\", \"settle\": \"0s\", \"hint\": {}" },
};

static ProfileSet *make_set(void) {
        ProfileSet *set = NULL;

        cr_assert_eq(profile_set_new(&set), 0);
        for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
                char text[800];
                Profile *profile = NULL;
                Error err = { 0 };

                (void) snprintf(
                        text, sizeof text,
                        "{ \"about\": \"\", \"images\": [ %s ], \"carrier\": [ %s ], %s, \"sources\": [],"
                        " \"variables\": [ { \"name\": \"A\", \"value\": \"{url}\", \"role\": \"url\" } ] }",
                        specs[i].image, specs[i].carrier, specs[i].rest
                );
                int r = profile_parse(specs[i].name, text, strlen(text), &profile, &err);
                cr_assert_eq(r, 0, "%s: %s", specs[i].name, error_text(&err));
                cr_assert_eq(profile_set_adopt(set, profile, NULL), 0);
        }
        return set;
}

/* "name=value" pairs of labels without their prefix. */
static void find(const ProfileSet *set, const char *const labels[4], const char *image, Ways *ret) {
        cleanup(wish_freep) Wish *wish = NULL;
        json_t *object = json_pack("{s:s}", "coollama.enable", "true");
        Error err = { 0 };

        for (size_t i = 0; i < 4 && labels[i] != NULL; i += 2)
                (void) json_object_set_new(object, labels[i], json_string(labels[i + 1]));
        cr_assert_eq(wish_parse(object, set, &wish), 0);
        cr_assert_not(wish_has_problem(wish), "%s", wish->problem);
        cr_assert_eq(ways_find(wish, set, image, ret, &err), 0, "%s", error_text(&err));
        json_decref(object);
}

static const struct {
        const char *what;
        const char *labels[4];
        const char *image;
        Auth carriers[3]; /* AUTH_AUTO ends it */
        unsigned settle_sec;
        int recovery; /* -1: the configuration's */
        Reach reach;
} cases[] = {
        { "an image that nobody knows", { NULL }, "nginx", { AUTH_HEADER }, 0, -1, REACH_AUTO },
        { "an image that is known",
          { NULL },
          "acme/chat:1",
          { AUTH_STACK, AUTH_HEADER },
          60,
          RECOVERY_NONE,
          REACH_AUTO },
        { "labels before the profile",
          { "coollama.settle", "3s", "coollama.recovery", "restart" },
          "acme/chat",
          { AUTH_STACK, AUTH_HEADER },
          3,
          RECOVERY_RESTART,
          REACH_AUTO },
        { "one carrier alone",
          { "coollama.auth", "header" },
          "acme/chat",
          { AUTH_HEADER },
          60,
          RECOVERY_NONE,
          REACH_AUTO },
        { "a profile by its name",
          { "coollama.profile", "keyless" },
          "acme/chat",
          { AUTH_URL },
          5,
          RECOVERY_AUTO,
          REACH_NETWORK },
        { "what both can do",
          { "coollama.profile", "ollama+chat" },
          "x",
          { AUTH_HEADER },
          60,
          RECOVERY_NONE,
          REACH_AUTO },
        { "in the order of the first",
          { "coollama.profile", "chat+flow" },
          "x",
          { AUTH_STACK },
          60,
          RECOVERY_NONE,
          REACH_AUTO },
        { "the address alone serves both",
          { "coollama.profile", "ollama+keyless" },
          "x",
          { AUTH_URL },
          5,
          RECOVERY_AUTO,
          REACH_NETWORK },
};

Test(ways, labels_count_before_profiles_and_these_before_the_configuration) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Ways ways;

                find(set, cases[i].labels, cases[i].image, &ways);
                size_t n = 0;
                while (n < 3 && cases[i].carriers[n] != AUTH_AUTO)
                        n++;
                cr_expect_eq(ways.n_carriers, n, "%s", cases[i].what);
                for (size_t j = 0; j < n && j < ways.n_carriers; j++)
                        cr_expect_eq(ways.carriers[j], cases[i].carriers[j], "%s", cases[i].what);
                cr_expect_eq(
                        ways.settle_usec, cases[i].settle_sec * USEC_PER_SEC, "%s", cases[i].what
                );
                cr_expect_eq(ways.has_recovery, cases[i].recovery >= 0, "%s", cases[i].what);
                if (cases[i].recovery >= 0)
                        cr_expect_eq((int) ways.recovery, cases[i].recovery, "%s", cases[i].what);
                cr_expect_eq(ways.reach, cases[i].reach, "%s", cases[i].what);
        }
}

Test(ways, a_hint_belongs_to_a_carrier_that_can_still_be_chosen) {
        cleanup(profile_set_freep) ProfileSet *set = make_set();
        Ways ways;

        find(set, (const char *const[4]){ NULL }, "acme/chat", &ways);
        cr_expect_str_eq(ways.hints[AUTH_STACK], "a");
        cr_expect_str_eq(ways.hints[AUTH_HEADER], "b");
        find(set, (const char *const[4]){ "coollama.auth", "header" }, "acme/chat", &ways);
        cr_expect_null(ways.hints[AUTH_STACK]);
        cr_expect_str_eq(ways.hints[AUTH_HEADER], "b");
}
