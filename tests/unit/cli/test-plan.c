/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/plan.h"

static const struct {
        const char *document, *text;
} cases[] = {
        { "{\"provider\": [], \"consumers\": []}", "Nothing to do.\n" },
        { "{\"provider\": [\"pull nginx:alpine\", \"start the proxy\"], \"consumers\": ["
          "{\"name\": \"shop\", \"state\": \"waiting\", \"reason\": \"it settles\","
          " \"would_add\": \"OLLAMA_BASE_URL and the host entry\", \"reach\": \"gateway\","
          " \"gap\": \"a moment\", \"gap_why\": \"it publishes a port\", \"steps\": [\"rename it\"]}]}",
          "The shared Ollama:\n"
          "   1. pull nginx:alpine\n"
          "   2. start the proxy\n"
          "shop: waiting: it settles\n"
          "  would set OLLAMA_BASE_URL and the host entry\n"
          "  reach     gateway\n"
          "  gap       a moment: it publishes a port\n"
          "   1. rename it\n" },
};

Test(plan, names_who_why_and_each_step) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *json = json_loads(cases[i].document, 0, NULL);
                Text text = TEXT_INIT(65536);

                cr_assert_not_null(json);
                cr_assert_eq(plan_print(json, 0, &text), 0);
                cleanup(freep) char *string = text_take(&text);
                cr_expect_str_eq(string, cases[i].text);
                json_decref(json);
        }
}
