/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/command.h"

Test(command, without_one_it_is_status) {
        const Options options = { 0 };
        const Command *command = NULL;

        cr_assert_eq(command_find(&options, &command, NULL), 0);
        cr_expect_str_eq(command->name, "status");
}

static const struct {
        Options options;
        const char *said;
} bad[] = {
        { { .command = "statsu" }, "no command 'statsu'; did you mean status?" },
        { { .command = "frobnicate" }, "no command 'frobnicate'" },
        { { .command = "verify" }, "verify wants to know which: coollama verify NAME" },
        { { .command = "link", .arguments = { "" }, .n_arguments = 1 },
          "link wants to know which: coollama link NAME" },
        { { .command = "provider", .arguments = { "use", "" }, .n_arguments = 2 },
          "provider wants to know which: coollama provider use NAME" },
        { { .command = "plan", .arguments = { "web" }, .n_arguments = 1 },
          "unexpected 'web' after plan" },
        { { .command = "status", .yes = true }, "status asks nothing that --yes could answer" },
        { { .command = "resume", .duration = "2h" }, "resume does not take --for" },
        { { .command = "pause", .unlink = true }, "pause does not take --unlink" },
        { { .command = "verify", .arguments = { "web", "shop" }, .n_arguments = 2 },
          "unexpected 'shop' after verify" },
};

Test(command, what_is_wrong_is_said_with_the_nearest_known_one) {
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                const Command *command = NULL;
                Error err = { 0 };

                cr_expect_lt(command_find(&bad[i].options, &command, &err), 0, "%zu", i);
                cr_expect_str_eq(error_text(&err), bad[i].said, "%zu", i);
                cr_expect_null(command);
        }
}
