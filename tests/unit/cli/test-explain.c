/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/ask.h"
#include "cli/explain.h"
#include "cli/order.h"

static json_t *parse(const char *text) {
        json_t *json = json_loads(text, 0, NULL);

        cr_assert_not_null(json);
        return json;
}

Test(explain, tells_the_state_the_difference_and_the_way_back) {
        json_t *json = parse(
                "{\"name\": \"shop\", \"identity\": \"shop/app\", \"state\": \"linked\", \"rung\": 2,"
                " \"gap\": \"none\", \"gap_why\": \"both run\","
                " \"reason\": \"in place\", \"next\": null, \"labels\": {\"coollama.enable\": \"true\"},"
                " \"profile\": \"ollama\", \"would_add\": \"nothing\","
                " \"attempts\": {\"failed\": 0}, \"files\": [\"/data/x\", \"/data/y\"],"
                " \"containers\": ["
                "  {\"id\": \"0123456789abcdef\", \"name\": \"shop-1\", \"state\": \"running\","
                "   \"image\": \"shop:1\", \"replaced\": {\"what\": \"link\", \"when\": -1,"
                "    \"old_id\": \"fedcba9876543210\", \"host_entry\": \"h:g\", \"document\": \"/s/x.json\","
                "    \"variables\": [{\"name\": \"A\", \"before\": null, \"after\": \"1\"},"
                "                    {\"name\": \"BB\", \"before\": \"\", \"after\": \"2\"}],"
                "    \"by_hand\": [\"docker stop x\"]}},"
                "  {\"id\": \"1123456789abcdef\", \"name\": \"shop-2\", \"state\": \"exited\","
                "   \"image\": \"shop:1\", \"replaced\": null}]}"
        );
        Text text = TEXT_INIT(65536);

        cr_assert_eq(setenv("TZ", "UTC", 1), 0);
        cr_assert_eq(explain_print(json, 0, &text), 0);
        cleanup(freep) char *printed = text_take(&text);
        cr_expect_str_eq(
                printed, "shop\n"
                         "  state     linked\n"
                         "  reason    in place\n"
                         "  rung      2: re-created to be linked, so each deployment starts twice. "
                         "What coollama env shop prints, pasted, ends that\n"
                         "  gap       none: both run\n"
                         "  identity  shop/app\n"
                         "  labels    coollama.enable=true\n"
                         "  profile   ollama\n"
                         "  files     only this container has them, a re-creation loses them: "
                         "/data/x, /data/y\n"
                         "\n"
                         "shop-1 (0123456789ab, running, image shop:1)\n"
                         "  It replaced fedcba987654, 1969-12-31 23:59:59 UTC:\n"
                         "   CHANGED     BEFORE  NOW\n"
                         "   A           absent  1\n"
                         "   BB          empty   2\n"
                         "   host entry  absent  h:g\n"
                         "  The old one's document: /s/x.json\n"
                         "  To put that back: coollama unlink shop\n"
                         "  By hand, as root (coollamad links it again when it is started, unless "
                         "it is unlinked):\n"
                         "    docker stop x\n"
                         "\n"
                         "shop-2 (1123456789ab, exited, image shop:1)\n"
                         "  coollama changed nothing in it: what it holds its user wrote.\n"
        );
        json_decref(json);
}

/* What it holds then, its user did not write. */
Test(explain, of_the_two_of_an_open_swap_it_tells_which_is_which) {
        json_t *json = parse(
                "{\"name\": \"shop\", \"identity\": \"shop\", \"state\": \"linking\","
                " \"swap\": {\"phase\": \"stopping\", \"record\": \"/s/shop.json\"},"
                " \"containers\": ["
                "  {\"id\": \"a\", \"name\": \"new\", \"part\": \"new\", \"replaced\": null},"
                "  {\"id\": \"b\", \"name\": \"old\", \"part\": \"old\", \"replaced\": null}]}"
        );
        Text text = TEXT_INIT(65536);

        cr_assert_eq(explain_print(json, 0, &text), 0);
        cleanup(freep) char *printed = text_take(&text);
        cr_expect_not_null(
                strstr(printed, "  swap      under way (stopping); its record is /s/shop.json\n")
        );
        cr_expect_not_null(strstr(printed, "  coollama has made it, to take the other one's place")
        );
        cr_expect_not_null(strstr(printed, "  It is being re-created: this is the one that was"));
        cr_expect_null(strstr(printed, "its user wrote"));
        json_decref(json);
}

Test(explain, before_an_order_lost_files_are_named) {
        json_t *json = parse(
                "{\"name\": \"shop\", \"state\": \"pending\", \"files\": [\"/data/x\", \"/y\"]}"
        );
        Text text = TEXT_INIT(65536);

        cr_assert_eq(order_print_question("relink", json, 0, &text), 0);
        cleanup(freep) char *printed = text_take(&text);
        cr_expect_str_eq(
                printed, "shop is pending. It is re-created with its link: it is down for a "
                         "moment. These files only its container has, and they are LOST: /data/x, "
                         "/y\nGo on? [y/N] "
        );
        json_decref(json);
}

Test(explain, only_a_yes_is_a_yes) {
        static const struct {
                const char *line;
                bool yes;
        } lines[] = { { "y\n", true },   { "Y\r\n", true },
                      { "yes\n", true }, { "YES", true },
                      { "", false },     { "\n", false },
                      { "n\n", false },  { "yesterday\n", false },
                      { " y\n", false } };

        for (size_t i = 0; i < ARRAY_LEN(lines); i++)
                cr_expect_eq(ask_is_yes(lines[i].line), lines[i].yes, "'%s'", lines[i].line);
}
