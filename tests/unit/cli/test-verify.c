/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/verify.h"

static const struct {
        const char *document, *text;
} cases[] = {
        { "{\"name\": \"shop\", \"passed\": true, \"checks\": ["
          "{\"what\": \"reachable\", \"passed\": true, \"detail\": \"it answers\"}]}",
          "ok      reachable: it answers\n"
          "shop reaches the models.\n" },
        { "{\"name\": \"shop\", \"passed\": false, \"checks\": ["
          "{\"what\": \"reachable\", \"passed\": false, \"detail\": \"\", \"mend\": \"ufw allow\"},"
          "{\"what\": \"models\", \"passed\": true, \"detail\": \"2\", \"mend\": \"never shown\"}]}",
          "FAILED  reachable\n"
          "        next: ufw allow\n"
          "ok      models: 2\n"
          "shop does not pass.\n" },
};

Test(verify, a_line_for_each_check_and_what_mends_a_failed_one) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *json = json_loads(cases[i].document, 0, NULL);
                Text text = TEXT_INIT(65536);

                cr_assert_not_null(json);
                cr_assert_eq(verify_print(json, 0, &text), 0);
                cleanup(freep) char *string = text_take(&text);
                cr_expect_str_eq(string, cases[i].text);
                json_decref(json);
        }
}
