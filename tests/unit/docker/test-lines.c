/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "docker/lines.h"

typedef struct Seen {
        char text[512];
        int fail_at; /* the object with this number is answered with -ECANCELED; 0 none */
        int count;
} Seen;

static int on_object(json_t *object, void *data) {
        Seen *seen = data;
        size_t used = strlen(seen->text);

        seen->count++;
        (void) snprintf(
                seen->text + used, sizeof seen->text - used, "%lld,",
                (long long) json_integer_value(json_object_get(object, "n"))
        );
        return seen->count == seen->fail_at ? -ECANCELED : 0;
}

static int feed(const char *text, size_t max, Seen *seen) {
        Lines *lines = NULL;

        cr_assert_eq(lines_new(max, on_object, seen, &lines), 0);
        int r = lines_feed(lines, text, strlen(text));
        (void) lines_free(lines);
        return r;
}

Test(lines, come_out_the_same_wherever_the_stream_is_split) {
        static const char stream[] =
                "{\"n\":1}\n\r\n\n{\"n\":2,\"s\":\"a\\nb\"}\r\n {\"n\":3}\n{\"n\":4}";
        size_t size = sizeof stream - 1;

        for (size_t first = 0; first <= size; first++) {
                for (size_t second = first; second <= size; second++) {
                        Lines *lines = NULL;
                        Seen seen = { 0 };

                        cr_assert_eq(lines_new(64, on_object, &seen, &lines), 0);
                        cr_assert_eq(lines_feed(lines, stream, first), 0);
                        cr_assert_eq(lines_feed(lines, stream + first, second - first), 0);
                        cr_assert_eq(lines_feed(lines, stream + second, size - second), 0);
                        cr_assert_str_eq(seen.text, "1,2,3,", "split at %zu, %zu", first, second);
                        cr_assert_eq(lines_feed(lines, "\n", 1), 0);
                        cr_assert_str_eq(seen.text, "1,2,3,4,");
                        (void) lines_free(lines);
                }
        }
}

Test(lines, come_out_the_same_byte_by_byte) {
        static const char stream[] = "{\"n\":1}\n{\"n\":2}\n";
        Lines *lines = NULL;
        Seen seen = { 0 };

        cr_assert_eq(lines_new(64, on_object, &seen, &lines), 0);
        for (size_t i = 0; i < sizeof stream - 1; i++)
                cr_assert_eq(lines_feed(lines, stream + i, 1), 0);
        (void) lines_free(lines);
        cr_assert_str_eq(seen.text, "1,2,");
}

Test(lines, of_the_greatest_length_pass_and_longer_ones_do_not) {
        /* 9 bytes without the newline */
        Seen seen = { 0 };
        cr_assert_eq(feed("{\"n\":123}\n", 9, &seen), 0);
        cr_assert_eq(seen.count, 1);

        Seen whole = { 0 };
        cr_assert_eq(feed("{\"n\":123}\n", 8, &whole), -EMSGSIZE);
        cr_assert_eq(whole.count, 0);

        /* Also while its end has not come: nothing is kept without bound. */
        Seen open = { 0 };
        cr_assert_eq(feed("{\"n\":1234", 8, &open), -EMSGSIZE);

        Lines *lines = NULL;
        Seen split = { 0 };
        cr_assert_eq(lines_new(8, on_object, &split, &lines), 0);
        cr_assert_eq(lines_feed(lines, "{\"n\":1", 6), 0);
        cr_assert_eq(lines_feed(lines, "23}\n", 4), -EMSGSIZE);
        (void) lines_free(lines);
}

Test(lines, that_are_no_objects_end_the_stream) {
        static const char *const table[] = {
                "no json\n", "[1]\n",        "1\n",
                "null\n",    "{\"n\":1\n",   "{\"n\":1} {\"n\":2}\n",
                "\"\n",      "{\"n\":1}x\n", "\x01\n",
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                Seen seen = { 0 };

                cr_assert_eq(feed(table[i], 64, &seen), -EBADMSG, "%s", table[i]);
                cr_assert_eq(seen.count, 0, "%s", table[i]);
        }
}

Test(lines, with_a_nul_in_a_string_are_objects) {
        Seen seen = { 0 };

        cr_assert_eq(feed("{\"n\":1,\"label\":\"a\\u0000b\"}\n", 64, &seen), 0);
        cr_assert_eq(seen.count, 1);
}

Test(lines, stay_failed_after_the_first_failure) {
        Lines *lines = NULL;
        Seen seen = { .fail_at = 2 };

        cr_assert_eq(lines_new(64, on_object, &seen, &lines), 0);
        cr_assert_eq(lines_feed(lines, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n", 24), -ECANCELED);
        cr_assert_str_eq(seen.text, "1,2,", "nothing after the failure");
        cr_assert_eq(lines_feed(lines, "{\"n\":4}\n", 8), -ECANCELED);
        cr_assert_str_eq(seen.text, "1,2,");
        (void) lines_free(lines);
}
