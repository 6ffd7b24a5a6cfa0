/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/proxy-log.h"

#define LINE(consumer, status)                                             \
        "{\"time\":\"2026-01-02T03:04:05+00:00\",\"consumer\":\"" consumer \
        "\",\"method\":\"POST\",\"path\":\"/api/chat\",\"status\":" status \
        ",\"in\":10,\"out\":20,\"seconds\":0.1,\"first_byte\":\"0.1\",\"upstream_status\":\"200\"}"

static bool answered(const char *line, char *consumer, size_t size) {
        return proxy_log_answered(line, strlen(line), consumer, size);
}

Test(proxy_log, an_answered_request_names_its_consumer) {
        char consumer[32] = "";
        cr_assert(answered(LINE("c17", "200"), consumer, sizeof consumer));
        cr_assert_str_eq(consumer, "c17");
        cr_assert(answered(LINE("c4294967296", "206"), consumer, sizeof consumer));
        cr_assert_str_eq(consumer, "c4294967296");
}

Test(proxy_log, what_was_not_answered_or_is_no_line_of_ours_is_no_request) {
        static const char *const lines[] = {
                LINE("c17", "401"),
                LINE("c17", "503"),
                LINE("c17", "302"),
                LINE("c17", "199"),
                LINE("c17", "499"),
                LINE("c17", "\"200\""),
                LINE("", "200"),
                LINE("x17", "200"),
                "{\"status\":200}",
                "{\"consumer\":17,\"status\":200}",
                "{\"consumer\":\"c17\"}",
                "[]",
                "",
                "{",
                "2026/01/02 03:04:05 [notice] 1#1: signal process started",
        };
        char consumer[32] = "untouched";

        for (size_t i = 0; i < ARRAY_LEN(lines); i++)
                cr_assert_not(answered(lines[i], consumer, sizeof consumer), "%s", lines[i]);
        cr_assert_str_eq(consumer, "untouched");
}

Test(proxy_log, a_name_that_does_not_fit_is_no_request) {
        char consumer[4] = "abc";

        cr_assert(answered(LINE("c12", "200"), consumer, sizeof consumer));
        cr_assert_not(answered(LINE("c123", "200"), consumer, sizeof consumer));
        cr_assert_str_eq(consumer, "c12");
}

Test(proxy_log, a_line_is_read_no_further_than_its_size) {
        static const char line[] = LINE("c17", "200") "trailing";
        char consumer[32];

        cr_assert(proxy_log_answered(line, strlen(LINE("c17", "200")), consumer, sizeof consumer));
        cr_assert_not(proxy_log_answered(line, sizeof line - 1, consumer, sizeof consumer));
}
