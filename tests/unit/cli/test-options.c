/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/options.h"

#define WORDS_MAX 10

/* The options borrow from argv: it stays until the next call. */
static int parse(const char *const *words, Options *options, Error *err) {
        static char storage[WORDS_MAX + 1][80];
        static char *argv[WORDS_MAX + 1] = { storage[0] };
        int argc = 1;

        for (; words[argc - 1] != NULL; argc++) {
                (void) snprintf(storage[argc], sizeof storage[argc], "%s", words[argc - 1]);
                argv[argc] = storage[argc];
        }
        return options_parse(argc, argv, options, err);
}

static const struct {
        const char *words[WORDS_MAX];
        const char *command, *argument, *runtime;
        bool json;
} good[] = {
        { { NULL }, NULL, NULL, "/run/coollama", false },
        { { "status" }, "status", NULL, "/run/coollama", false },
        { { "--json", "status" }, "status", NULL, "/run/coollama", true },
        { { "status", "--json" }, "status", NULL, "/run/coollama", true },
        { { "--runtime", "/tmp/x", "plan" }, "plan", NULL, "/tmp/x", false },
        { { "plan", "--runtime=/tmp/x" }, "plan", NULL, "/tmp/x", false },
        { { "verify", "shop/web" }, "verify", "shop/web", "/run/coollama", false },
        { { "verify", "--", "--json" }, "verify", "--json", "/run/coollama", false },
};

Test(options, stand_before_and_after_the_command) {
        for (size_t i = 0; i < ARRAY_LEN(good); i++) {
                Options options;
                Error err = { 0 };

                cr_assert_eq(
                        parse(good[i].words, &options, &err), 0, "%zu: %s", i, error_text(&err)
                );
                cr_expect_str_eq(options.runtime, good[i].runtime, "%zu", i);
                cr_expect_eq(options.json, good[i].json, "%zu", i);
                cr_expect_str_eq(
                        options.command ? options.command : "-",
                        good[i].command ? good[i].command : "-", "%zu", i
                );
                cr_expect_eq(options.n_arguments, good[i].argument ? 1 : 0, "%zu", i);
                if (good[i].argument)
                        cr_expect_str_eq(options.arguments[0], good[i].argument, "%zu", i);
        }
}

static const struct {
        const char *words[WORDS_MAX];
        const char *said;
} bad[] = {
        { { "--jsn" }, "no option '--jsn'; did you mean --json?" },
        { { "--run=x" }, "no option '--run'" },
        { { "--something-else-entirely" }, "no option '--something-else-entirely'" },
        { { "--json=yes" }, "--json takes no value" },
        { { "--runtime" }, "--runtime wants a value: --runtime DIR" },
        { { "provider", "use", "b", "c" }, "unexpected 'c' after the others" },
        { { "-" }, "no option '-'; did you mean -h?" },
};

Test(options, what_follows_the_command_ollama_is_ollamas) {
        static const char *const words[WORDS_MAX] = { "--runtime", "/tmp/x", "ollama", "run",
                                                      "--json",    "--help", "--",     NULL };
        Options options;

        cr_assert_eq(parse(words, &options, NULL), 0);
        cr_expect_str_eq(options.runtime, "/tmp/x");
        cr_expect_not(options.json);
        cr_expect_not(options.help);
        cr_assert_eq(options.n_rest, 4);
        cr_expect_str_eq(options.rest[1], "--json");
        cr_expect_str_eq(options.rest[3], "--");
}

Test(options, what_is_wrong_is_said_with_the_nearest_known_one) {
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                Options options;
                Error err = { 0 };

                cr_expect_lt(parse(bad[i].words, &options, &err), 0, "%zu", i);
                cr_expect_str_eq(error_text(&err), bad[i].said, "%zu", i);
        }
}
