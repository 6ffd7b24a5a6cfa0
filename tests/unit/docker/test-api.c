/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "docker/api.h"
#include "docker/engine.h"

Test(api, the_newest_that_both_speak_is_chosen) {
        static const struct {
                const char *max;
                const char *min;
                unsigned api;
        } table[] = {
                { "1.41", "1.12", 41 }, { "1.45", "1.24", 45 },     { "1.51", "1.24", 51 },
                { "1.52", "1.44", 51 }, { "1.99", "1.51", 51 },     { "1.44", NULL, 44 },
                { "1.44", "", 44 },     { "1.44", "nonsense", 44 },
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                ApiOffer offer = { .engine = "x", .max = table[i].max, .min = table[i].min };
                unsigned api = 0;

                cr_assert_eq(api_choose(&offer, &api, NULL), 0, "%s", table[i].max);
                cr_assert_eq(api, table[i].api, "%s: %u", table[i].max, api);
        }
}

Test(api, what_cannot_be_spoken_is_refused_with_what_to_do) {
        static const struct {
                ApiOffer offer;
                const char *text;
        } table[] = {
                { { "19.03.15", "1.40", "1.12" },
                  "Docker Engine 19.03.15 speaks API 1.40; coollama needs 1.41 or newer "
                  "(Docker 20.10): upgrade the engine" },
                { { "", "1.24", NULL },
                  "Docker Engine speaks API 1.24; coollama needs 1.41 or newer "
                  "(Docker 20.10): upgrade the engine" },
                { { "40.0", "1.80", "1.52" },
                  "Docker Engine 40.0 wants API 1.52 or newer; coollama speaks up to 1.51: "
                  "upgrade coollama" },
                { { "50", "2.0", "2.0" },
                  "Docker Engine 50 speaks API '2.0', which coollama does not know" },
                { { "50", "1.", "" },
                  "Docker Engine 50 speaks API '1.', which coollama does not know" },
                { { "50", "1.99999", "" },
                  "Docker Engine 50 speaks API '1.99999', which coollama does not know" },
                { { "50", "1.44x", "" },
                  "Docker Engine 50 speaks API '1.44x', which coollama does not know" },
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                Error err = { 0 };
                unsigned api = 7;

                cr_assert_eq(api_choose(&table[i].offer, &api, &err), -EPROTONOSUPPORT);
                cr_assert_str_eq(err.text, table[i].text);
                cr_assert_eq(api, 7, "not set on failure");
        }
}

Test(api, a_refusal_of_the_version_is_told_from_other_bad_requests) {
        cr_assert(api_is_version_refusal(
                400,
                "client version 1.41 is too old. Minimum supported API version is 1.44, please "
                "upgrade your client to a newer version"
        ));
        cr_assert(api_is_version_refusal(
                400, "client version 1.56 is too new. Maximum supported API version is 1.41"
        ));
        cr_assert_not(api_is_version_refusal(400, "invalid reference format"));
        cr_assert_not(api_is_version_refusal(400, NULL));
        cr_assert_not(api_is_version_refusal(500, "client version 1.41 is too old."));
}
