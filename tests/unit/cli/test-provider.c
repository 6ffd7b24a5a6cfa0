/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/provider.h"

Test(provider, use_and_a_name_is_all_it_understands) {
        static const Options bad[] = {
                { .arguments = { "use" }, .n_arguments = 1 },
                { .arguments = { "my-ollama" }, .n_arguments = 1 },
                { .arguments = { "forget", "my-ollama" }, .n_arguments = 2 },
        };
        const Options good = { .arguments = { "use", "my-ollama" }, .n_arguments = 2 };
        const char *name = NULL;

        cr_assert_eq(provider_arguments(&good, &name, NULL), 0);
        cr_expect_str_eq(name, "my-ollama");
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                Error err = { 0 };

                cr_expect_eq(provider_arguments(&bad[i], &name, &err), -EINVAL, "%zu", i);
                cr_expect(strstr(error_text(&err), "coollama provider use NAME"), "%zu", i);
        }
}
