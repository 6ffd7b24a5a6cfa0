/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cli/table.h"

static const char *const heads[] = { "NAME", "N", "WHY" };

static char *printed(unsigned width) {
        static const char *const rows[][3] = {
                { "shop/web", "1/1", "nothing is left to do" },
                { "b\xc3\xa4r", "0/2", "it holds files that exist nowhere else: /data" },
                { "empty", NULL, NULL },
        };
        cleanup(table_freep) Table *table = NULL;
        Text text = TEXT_INIT(4096);

        cr_assert_eq(table_new(heads, 3, &table), 0);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                cr_assert_eq(table_add(table, rows[i]), 0);
        cr_assert_eq(table_print(table, width, &text), 0);
        return text_take(&text);
}

Test(table, columns_stand_below_each_other_and_nothing_is_broken_when_piped) {
        cleanup(freep) char *text = printed(0);

        cr_expect_str_eq(
                text, "NAME      N    WHY\n"
                      "shop/web  1/1  nothing is left to do\n"
                      "b\xc3\xa4r       0/2  it holds files that exist nowhere else: /data\n"
                      "empty\n"
        );
}

Test(table, the_last_column_goes_on_below_itself) {
        cleanup(freep) char *text = printed(40);

        cr_expect_str_eq(
                text, "NAME      N    WHY\n"
                      "shop/web  1/1  nothing is left to do\n"
                      "b\xc3\xa4r       0/2  it holds files that exist\n"
                      "               nowhere else: /data\n"
                      "empty\n"
        );
}

Test(table, a_terminal_too_narrow_breaks_nothing) {
        cleanup(freep) char *narrow = printed(30);
        cleanup(freep) char *plain = printed(0);

        cr_expect_str_eq(narrow, plain);
}

Test(table, a_long_word_stays_whole) {
        Text text = TEXT_INIT(4096);

        cr_assert_eq(
                text_add_wrapped(
                        &text, "run ufw-allow-proto-tcp-from-somewhere-to-any-port once", 2, 30
                ),
                0
        );
        cleanup(freep) char *string = text_take(&text);
        cr_expect_str_eq(string, "run\n  ufw-allow-proto-tcp-from-somewhere-to-any-port\n  once");
}

Test(table, control_characters_are_made_harmless) {
        Text text = TEXT_INIT(4096);

        cr_assert_eq(text_add_clean(&text, "a\x1b[31mb\nc\x7f\xc2\x9b d\xc3\xa4"), 0);
        cleanup(freep) char *string = text_take(&text);
        cr_expect_str_eq(string, "a?[31mb?c?? d\xc3\xa4");
}
