/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/pause.h"

Test(pause, what_is_written_down_is_read_again) {
        for (PauseKind kind = PAUSE_NONE; kind <= PAUSE_UNLINK_DOWN; kind++) {
                const Pause pause = { .kind = kind, .by = "root (process 1)", 1700000000, 42 };
                json_t *json = pause_to_json(&pause);
                Pause read = { 0 };

                cr_assert_eq(pause_from_json(json, &read, NULL), 0);
                cr_expect_eq(read.kind, kind);
                cr_expect_str_eq(read.by, pause.by);
                cr_expect_eq(read.since, pause.since);
                cr_expect_eq(read.until, pause.until);
                json_decref(json);
        }
}

Test(pause, what_coollamad_did_not_write_is_an_error) {
        static const char *const bad[] = {
                "{}",
                "{\"kind\":\"nap\",\"by\":\"x\",\"since\":1,\"until\":2}",
                "{\"kind\":\"paused\",\"since\":1,\"until\":2}",
                "{\"kind\":\"paused\",\"by\":\"x\",\"since\":-1,\"until\":2}",
        };

        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                json_t *json = json_loads(bad[i], 0, NULL);
                Pause pause;
                Error err = { 0 };

                cr_expect_lt(pause_from_json(json, &pause, &err), 0, "%s", bad[i]);
                json_decref(json);
        }
        cr_expect_lt(pause_from_json(NULL, &(Pause){ 0 }, NULL), 0);
}

Test(pause, it_ends_at_its_time_or_never) {
        cr_expect(pause_is_over(&(Pause){ .until = 100 }, 100));
        cr_expect_not(pause_is_over(&(Pause){ .until = 100 }, 99));
        cr_expect_not(pause_is_over(&(Pause){ .until = 0 }, 100));
}

Test(pause, the_sentence_says_who_since_when_and_until_when) {
        static const struct {
                Pause pause;
                const char *said;
        } cases[] = {
                { { PAUSE_NONE, "root", 0, 0 }, "" },
                { { PAUSE_BEGINS_NOTHING, "root", 0, 60 },
                  "paused by root since 1970-01-01 00:00:00 UTC, until 1970-01-01 00:01:00 UTC" },
                { { PAUSE_BEGINS_NOTHING, "root", 0, 0 },
                  "paused by root since 1970-01-01 00:00:00 UTC" },
                { { PAUSE_DOWN, "root", 0, 0 },
                  "taken down by root since 1970-01-01 00:00:00 UTC" },
        };
        char sentence[PAUSE_SENTENCE_MAX];

        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                cr_expect_str_eq(pause_sentence(&cases[i].pause, sentence), cases[i].said);
}
