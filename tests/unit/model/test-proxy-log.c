/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/proxy-log.h"

#define LINE(consumer, status)                                             \
        "{\"time\":\"2026-01-02T03:04:05+00:00\",\"consumer\":\"" consumer \
        "\",\"method\":\"POST\",\"path\":\"/api/chat\",\"status\":" status \
        ",\"in\":10,\"out\":20,\"seconds\":0.1,\"first_byte\":\"0.1\",\"upstream_status\":\"200\"}"

static const struct {
        const char *line;
        uint64_t number;
        bool answered, refused;
} requests[] = {
        { LINE("c17", "200"), 17, true, false },
        { LINE("c4294967296", "206"), 4294967296, true, false },
        { LINE("c17", "401"), 17, false, true },
        { LINE("c17", "403"), 17, false, true },
        { LINE("c17", "404"), 17, false, false },
        { LINE("c17", "503"), 17, false, false },
        { LINE("c17", "302"), 17, false, false },
        { LINE("c17", "199"), 17, false, false },
        { LINE("c17", "499"), 17, false, false },
};

Test(proxy_log, a_request_is_told_by_its_consumer_its_time_and_its_status) {
        for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
                ProxyRequest request;

                cr_assert(proxy_log_read(requests[i].line, strlen(requests[i].line), &request));
                cr_expect_eq(request.number, requests[i].number, "%s", requests[i].line);
                cr_expect_eq(request.when, 1767323045, "%s", requests[i].line);
                cr_expect_eq(request.answered, requests[i].answered, "%s", requests[i].line);
                cr_expect_eq(request.refused, requests[i].refused, "%s", requests[i].line);
        }
}

Test(proxy_log, what_is_no_line_of_a_consumer_is_no_request) {
        static const char *const lines[] = {
                LINE("c17", "\"200\""),
                "{\"consumer\":\"c17\",\"status\":200,\"by\":\"verify\"}",
                LINE("", "401"),
                LINE("c0", "200"),
                LINE("c", "200"),
                LINE("c1x", "200"),
                LINE("c99999999999999999999", "200"),
                LINE("x17", "200"),
                "{\"status\":200}",
                "{\"consumer\":17,\"status\":200}",
                "{\"consumer\":\"c17\"}",
                "[]",
                "",
                "{",
                "2026/01/02 03:04:05 [notice] 1#1: signal process started",
        };
        ProxyRequest request = { .number = 4711 };

        for (size_t i = 0; i < ARRAY_LEN(lines); i++)
                cr_assert_not(proxy_log_read(lines[i], strlen(lines[i]), &request), "%s", lines[i]);
        cr_assert_eq(request.number, 4711);
}

Test(proxy_log, a_line_is_read_no_further_than_its_size) {
        static const char line[] = LINE("c17", "200") "trailing";
        ProxyRequest request;

        cr_assert(proxy_log_read(line, strlen(LINE("c17", "200")), &request));
        cr_assert_not(proxy_log_read(line, sizeof line - 1, &request));
}
