/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "model/stay-up.h"
#include "support/inspect.h"

static const ActionStayUp wanted = { .stay_usec = 2000, .deadline_usec = 30000 };

Test(stay_up, verdicts) {
        static const struct {
                const char *state, *health;
                int restarts;
                uint64_t elapsed_usec;
                StayUp verdict;
                uint64_t again_usec;
        } cases[] = {
                { "running", NULL, 0, 0, STAY_UP_NOT_YET, 2000 },
                { "running", NULL, 0, 1999, STAY_UP_NOT_YET, 1 },
                { "running", NULL, 0, 2000, STAY_UP_PROVEN, 0 },
                { "running", NULL, 1, 2000, STAY_UP_FAILED, 0 },
                { "running", "starting", 0, 2000, STAY_UP_NOT_YET, 28000 },
                { "running", "starting", 0, 30000, STAY_UP_PROVEN, 0 },
                { "running", "healthy", 0, 0, STAY_UP_PROVEN, 0 },
                { "running", "healthy", 2, 0, STAY_UP_FAILED, 0 },
                { "running", "unhealthy", 0, 0, STAY_UP_FAILED, 0 },
                { "paused", NULL, 0, 0, STAY_UP_PROVEN, 0 },
                { "exited", NULL, 0, 5000, STAY_UP_FAILED, 0 },
                { "exited", "healthy", 0, 5000, STAY_UP_FAILED, 0 },
                { "restarting", NULL, 1, 0, STAY_UP_FAILED, 0 },
                { "created", NULL, 0, 0, STAY_UP_FAILED, 0 },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *document = inspect_new(&(InspectSpec){ .state = cases[i].state,
                                                               .health = cases[i].health });
                json_object_set_new(document, "RestartCount", json_integer(cases[i].restarts));
                cleanup(container_freep) Container *container = inspect_take(document);
                uint64_t again_usec = 0;
                Error why = { 0 };

                cr_expect_eq(
                        stay_up_judge(container, &wanted, cases[i].elapsed_usec, &again_usec, &why),
                        cases[i].verdict, "case %zu", i
                );
                cr_expect_eq(again_usec, cases[i].again_usec, "case %zu", i);
                cr_expect_eq(error_is_set(&why), cases[i].verdict == STAY_UP_FAILED, "case %zu", i);
        }
}

Test(stay_up, a_failure_says_state_and_exit_code) {
        cleanup(container_freep) Container *container =
                inspect_container(&(InspectSpec){ .state = "exited", .exit_code = 137 });
        uint64_t again_usec;
        Error why = { 0 };

        (void) stay_up_judge(container, &wanted, 0, &again_usec, &why);
        cr_expect_str_eq(
                error_text(&why), "the new container did not stay up (exited, exit code 137)"
        );
}

Test(stay_up, of_one_that_runs_again_no_exit_code_is_told) {
        json_t *document = inspect_new(&(InspectSpec){ .state = "running" });
        json_object_set_new(document, "RestartCount", json_integer(1));
        cleanup(container_freep) Container *container = inspect_take(document);
        uint64_t again_usec;
        Error why = { 0 };

        (void) stay_up_judge(container, &wanted, 0, &again_usec, &why);
        cr_expect_null(strstr(error_text(&why), "exit code"));
        cr_expect_not_null(strstr(error_text(&why), "its policy restarted it"));
}
