/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/models.h"

Test(models, names_are_separated_by_blanks_and_taken_once) {
        ModelNames names;

        cr_assert_eq(
                model_names_parse(
                        "  llama3.2\tqwen3:8b hf.co/a/b:Q4_K_M llama3.2:latest ", &names, NULL
                ),
                0
        );
        cr_assert_eq(names.n, 3);
        cr_expect_str_eq(names.names[0], "llama3.2");
        cr_expect_str_eq(names.names[1], "qwen3:8b");
        cr_expect_str_eq(names.names[2], "hf.co/a/b:Q4_K_M");
        cr_assert_eq(model_names_parse("", &names, NULL), 0);
        cr_expect_eq(names.n, 0);
}

Test(models, what_is_no_name_is_refused) {
        static const char *const bad[] = { "a,b", "-x", "a\"b", "../x", "a b{", "/a" };
        char longest[MODEL_NAME_MAX_BYTE + 1];
        char many[(MODELS_MAX + 1) * 4 + 1];
        ModelNames names;

        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                cr_expect_lt(model_names_parse(bad[i], &names, NULL), 0, "%s", bad[i]);
        (void) memset(longest, 'a', sizeof longest - 1);
        longest[sizeof longest - 1] = '\0';
        cr_expect_lt(model_names_parse(longest, &names, NULL), 0);
        for (size_t i = 0; i <= MODELS_MAX; i++)
                (void) snprintf(many + 4 * i, 5, "m%02zu ", i);
        cr_expect_lt(model_names_parse(many, &names, NULL), 0);
}

static const struct {
        const char *a, *b;
        bool same;
} pairs[] = {
        { "llama3.2", "llama3.2:latest", true },   { "llama3.2:1b", "llama3.2", false },
        { "llama3", "llama3.2", false },           { "host:5000/m", "host:5000/m:latest", true },
        { "host:5000/m:x", "host:5000/m", false }, { "a/b:c", "a/b:c", true },
};

Test(models, a_name_without_a_tag_means_latest) {
        for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
                cr_expect_eq(model_name_is(pairs[i].a, pairs[i].b), pairs[i].same, "%zu", i);
                cr_expect_eq(model_name_is(pairs[i].b, pairs[i].a), pairs[i].same, "%zu", i);
        }
}

Test(models, what_is_there_is_found_in_ollamas_list) {
        json_t *tags = json_loads("{\"models\":[{\"name\":\"llama3.2:latest\"},{}]}", 0, NULL);

        cr_expect(model_is_listed("llama3.2", tags));
        cr_expect_not(model_is_listed("llama3.2:1b", tags));
        cr_expect_not(model_is_listed("llama3.2", NULL));
        json_decref(tags);
}

static bool read_line(ModelPull *pull, const char *line) {
        json_t *object = json_loads(line, 0, NULL);
        bool news = model_pull_read(pull, object);

        json_decref(object);
        return news;
}

Test(models, an_error_inside_the_stream_counts_whatever_comes_after_it) {
        ModelPull pull = { 0 };

        cr_expect_not(read_line(&pull, "{\"status\":\"pulling manifest\"}"));
        cr_expect(read_line(&pull, "{\"status\":\"pulling x\",\"total\":10,\"completed\":4}"));
        cr_expect_eq(pull.done_bytes, 4);
        cr_expect_eq(pull.total_bytes, 10);
        cr_expect_not(read_line(&pull, "{\"status\":\"x\",\"total\":10,\"completed\":11}"));
        cr_expect_not(read_line(&pull, "{\"error\":\"no space\"}"));
        cr_expect_not(read_line(&pull, "{\"error\":\"another\"}"));
        cr_expect_not(read_line(&pull, "{\"status\":\"success\"}"));
        cr_expect_str_eq(pull.error, "no space");
        cr_expect(pull.succeeded);
}
