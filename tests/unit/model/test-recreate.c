/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recreate's golden cases: recreate/<case>/ holds inspect.json, image.json, input.json (the rest of
 * the input), and either body.json and, when there are any, connects.json, or error, the text.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "base/text.h"
#include "model/recreate.h"
#include "support/recreate-input.h"

static void json_freep(json_t **json) {
        json_decref(*json);
}

/* NULL when the file is not there. */
static json_t *load(const char *name, const char *file) {
        cleanup(freep) char *path = text_format("%s/recreate/%s/%s", TEST_DATA, name, file);
        json_error_t bad = { 0 };

        FILE *f = fopen(path, "re");
        if (f == NULL)
                return NULL;

        json_t *json = json_loadf(f, 0, &bad);
        (void) fclose(f); /* only read */
        cr_assert_not_null(json, "%s/%s: line %d: %s", name, file, bad.line, bad.text);
        return json;
}

/* The first line of the file "error"; NULL when there is none. */
static char *load_error(const char *name) {
        cleanup(freep) char *path = text_format("%s/recreate/%s/error", TEST_DATA, name);
        char *line = NULL;
        size_t allocated = 0;

        FILE *f = fopen(path, "re");
        if (f == NULL)
                return NULL;

        cr_assert(getline(&line, &allocated, f) > 0, "%s: error is empty", name);
        line[strcspn(line, "\n")] = '\0';
        (void) fclose(f); /* only read */
        return line;
}

static json_t *load_input(const char *name) {
        json_t *document = load(name, "input.json");

        cr_assert_not_null(document, "%s has no input.json", name);
        json_object_set_new(document, "inspect", load(name, "inspect.json"));
        json_object_set_new(document, "image", load(name, "image.json"));
        return document;
}

static void expect_equal(const char *name, const char *what, const json_t *is, json_t *wanted) {
        cleanup(freep) char *is_text = json_dumps(is, JSON_INDENT(1) | JSON_SORT_KEYS);
        cleanup(freep) char *wanted_text = json_dumps(wanted, JSON_INDENT(1) | JSON_SORT_KEYS);

        cr_expect(
                json_equal(is, wanted), "%s: %s is\n%s\nand should be\n%s", name, what, is_text,
                wanted_text
        );
}

static void expect_result(const char *name, const json_t *document, const RecreateResult *result) {
        cleanup(json_freep) json_t *body = load(name, "body.json");
        cleanup(json_freep) json_t *connects = load(name, "connects.json");
        const char *platform = json_string_value(json_object_get(document, "expect_platform"));

        if (connects == NULL)
                connects = json_array();
        expect_equal(name, "body", result->body, body);
        expect_equal(name, "connects", result->connects, connects);
        if (platform)
                cr_expect_str_eq(result->platform, platform, "%s", name);
        else
                cr_expect_null(result->platform, "%s: platform %s", name, result->platform);
}

static void run_case(const char *name) {
        cleanup(json_freep) json_t *document = load_input(name);
        cleanup(json_freep) json_t *untouched = json_deep_copy(document);
        cleanup(freep) char *error = load_error(name);
        TestInput input;
        Error err = { 0 };
        RecreateResult result = { 0 };

        test_input_read(&input, document);
        int r = recreate_build(&input.input, &result, &err);

        if (error) {
                cr_expect_lt(r, 0, "%s: was not refused", name);
                cr_expect_str_eq(error_text(&err), error, "%s: %s", name, error_text(&err));
                cr_expect_null(result.body, "%s: a result beside an error", name);
        } else {
                cr_expect_eq(r, 0, "%s: %s", name, error_text(&err));
                if (r == 0)
                        expect_result(name, document, &result);
        }
        expect_equal(name, "the observed document", document, untouched);

        recreate_result_done(&result);
        test_input_done(&input);
}

static long allocations_left;
static long allocations_held;

static void *scarce_malloc(size_t size) {
        if (allocations_left == 0)
                return NULL;
        allocations_left--;
        allocations_held++;
        return malloc(size);
}

static void counted_free(void *p) {
        if (p)
                allocations_held--;
        free(p);
}

/* jansson gets n allocations and then no more. */
static int build_with(const RecreateInput *input, long n) {
        RecreateResult result = { 0 };

        allocations_left = n;
        allocations_held = 0;
        json_set_alloc_funcs(scarce_malloc, counted_free);
        int r = recreate_build(input, &result, NULL);
        cr_expect(r == 0 || result.body == NULL, "after %ld allocations", n);
        recreate_result_done(&result);
        json_set_alloc_funcs(malloc, free);

        cr_expect_eq(allocations_held, 0, "%ld leaked after %ld", allocations_held, n);
        return r;
}

Test(recreate, running_out_of_memory_at_any_point_is_an_error_that_leaks_nothing) {
        cleanup(json_freep) json_t *document = load_input("memory-runs-out");
        TestInput input;
        int r = -ENOMEM;

        test_input_read(&input, document);
        for (long n = 0; r == -ENOMEM; n++) {
                cr_assert_lt(n, 10000);
                r = build_with(&input.input, n);
        }
        cr_expect_eq(r, 0, "%d", r);
        test_input_done(&input);
}

Test(recreate, every_golden_case_gives_its_body_or_its_reason) {
        cleanup(freep) char *path = text_format("%s/recreate", TEST_DATA);
        struct dirent **entries = NULL;
        unsigned n_cases = 0;

        int n = scandir(path, &entries, NULL, alphasort);
        cr_assert_geq(n, 0, "%s: %s", path, strerror(errno));

        for (int i = 0; i < n; i++) {
                if (entries[i]->d_name[0] != '.') {
                        run_case(entries[i]->d_name);
                        n_cases++;
                }
                free(entries[i]);
        }
        free(entries);
        cr_expect_geq(n_cases, 25, "only %u cases", n_cases);
}
