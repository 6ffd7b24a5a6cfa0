/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/nearest.h"

static const struct {
        const char *a, *b;
        unsigned distance;
} distances[] = {
        { "", "", 0 },         { "a", "", 1 },
        { "", "abc", 3 },      { "port", "port", 0 },
        { "prot", "port", 1 }, { "profil", "profile", 1 },
        { "Port", "pORT", 0 }, { "kitten", "sitting", 3 },
        { "abcd", "badc", 2 }, { "gatway", "gateway", 1 },
};

Test(nearest, distance_counts_edits_and_swapped_neighbours) {
        for (size_t i = 0; i < ARRAY_LEN(distances); i++) {
                const char *a = distances[i].a, *b = distances[i].b;

                cr_expect_eq(nearest_distance(a, b), distances[i].distance, "%s / %s", a, b);
                cr_expect_eq(nearest_distance(b, a), distances[i].distance, "%s / %s", b, a);
        }
}

static const char *const words[] = { "port", "bind", "image", "secured", "shared-key-file", "x" };

static const struct {
        const char *word, *near;
} cases[] = {
        { "prot", "port" },
        { "PORT", "port" },
        { "secure", "secured" },
        { "shared-keyfile", "shared-key-file" },
        { "sharedkeyfile", "shared-key-file" },
        { "gpu", NULL },
        { "", NULL },
        { "y", NULL },
        { "completely-different", NULL },
};

Test(nearest, word_is_found_only_when_it_is_near) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const char *near = nearest_word(cases[i].word, words, ARRAY_LEN(words));

                if (cases[i].near)
                        cr_expect_str_eq(
                                near ? near : "(none)", cases[i].near, "%s", cases[i].word
                        );
                else
                        cr_expect_null(near, "%s is near to %s", cases[i].word, near);
        }
}

Test(nearest, long_words_are_near_to_nothing) {
        char word[NEAREST_WORD_MAX + 2];
        const char *other = word;

        memset(word, 'a', sizeof word - 1);
        word[sizeof word - 1] = '\0';
        cr_expect_null(nearest_word(word, &other, 1));
        cr_expect_eq(nearest_distance(word, word), NEAREST_WORD_MAX);
}
