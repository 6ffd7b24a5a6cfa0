/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/template.h"

static const TemplateValues values = {
        .url = "http://host.docker.internal:11434",
        .key = "s3cret",
        .host = "host.docker.internal",
        .port = "11434",
};

static const struct {
        const char *template, *expanded;
} cases[] = {
        { "", "" },
        { "plain", "plain" },
        { "{url}", "http://host.docker.internal:11434" },
        { "{url}/v1", "http://host.docker.internal:11434/v1" },
        { "{host}:{port}", "host.docker.internal:11434" },
        { "{key}{key}", "s3crets3cret" },
        { "{\"url\":\"{url}\",\"a\":{}}",
          "{\"url\":\"http://host.docker.internal:11434\",\"a\":{}}" },
        { "{{port}}", "{11434}" },
        { "{", "{" },
        { "{url", "{url" },
        { "{ url }", "{ url }" },
        { "{URL}", "{URL}" },
        { "$${port}", "$$11434" },
};

Test(template, placeholders_are_replaced_and_other_braces_stay) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                cleanup(freep) char *expanded = NULL;

                cr_expect_eq(template_check(cases[i].template, NULL), 0, "%s", cases[i].template);
                cr_assert_eq(template_expand(cases[i].template, &values, &expanded, NULL), 0);
                cr_expect_str_eq(expanded, cases[i].expanded, "%s", cases[i].template);
        }
}

Test(template, an_unknown_placeholder_is_named) {
        Error checked = { 0 }, expanded = { 0 };
        char *ret = NULL;

        cr_expect_eq(template_check("a {url} {ulr}", &checked), -EINVAL);
        cr_expect_eq(template_expand("a {url} {ulr}", &values, &ret, &expanded), -EINVAL);
        cr_expect(strstr(error_text(&checked), "{ulr}"), "%s", error_text(&checked));
        cr_expect_str_eq(error_text(&expanded), error_text(&checked));
        cr_expect_null(ret);
}

Test(template, a_placeholder_without_a_value_is_named) {
        TemplateValues without_key = values;
        Error err = { 0 };
        char *ret = NULL;

        without_key.key = NULL;
        cr_expect_eq(template_expand("{url} {key}", &without_key, &ret, &err), -ENODATA);
        cr_expect(strstr(error_text(&err), "{key}"), "%s", error_text(&err));
}

Test(template, a_value_is_never_read_for_placeholders) {
        TemplateValues nested = { .url = "{key}", .key = "s3cret", .host = "{url}", .port = "1" };
        cleanup(freep) char *expanded = NULL;

        cr_assert_eq(template_expand("{url} {host}", &nested, &expanded, NULL), 0);
        cr_expect_str_eq(expanded, "{key} {url}");
}

Test(template, both_lengths_are_bounded) {
        char template[TEMPLATE_MAX + 2];
        Error err = { 0 };
        char *ret = NULL;

        memset(template, 'a', sizeof template - 1);
        template[sizeof template - 1] = '\0';
        cr_expect_eq(template_check(template, NULL), -E2BIG);
        template[TEMPLATE_MAX] = '\0';
        cr_expect_eq(template_check(template, NULL), 0);

        for (size_t i = 0; i + 5 <= TEMPLATE_MAX; i += 5)
                memcpy(template + i, "{url}", 5);
        cr_expect_eq(template_expand(template, &values, &ret, &err), -E2BIG);
        cr_expect(error_is_set(&err));
}

Test(template, uses_tells_which_placeholders_are_there) {
        cr_expect(template_uses("Bearer {key}", PLACEHOLDER_KEY));
        cr_expect_not(template_uses("Bearer {key}", PLACEHOLDER_URL));
        cr_expect_not(template_uses("{ key }", PLACEHOLDER_KEY));
        cr_expect(template_uses("{{port}", PLACEHOLDER_PORT));
        cr_expect_not(template_uses("", PLACEHOLDER_HOST));
}

Test(template, placeholders_have_the_names_that_stand_in_the_braces) {
        cr_expect_str_eq(placeholder_to_string(PLACEHOLDER_URL), "url");
        cr_expect_str_eq(placeholder_to_string(PLACEHOLDER_KEY), "key");
        cr_expect_str_eq(placeholder_to_string(PLACEHOLDER_HOST), "host");
        cr_expect_str_eq(placeholder_to_string(PLACEHOLDER_PORT), "port");
}

Test(template, variable_names_are_those_of_the_shell) {
        static const char *const good[] = { "A", "_", "OLLAMA_BASE_URL", "a1", "__x9" };
        static const char *const bad[] = {
                "", "1A", "A-B", "A B", "A=B", "A.B", "\xc3\xa4", "A\n"
        };
        char name[VARIABLE_NAME_MAX + 2];

        for (size_t i = 0; i < ARRAY_LEN(good); i++)
                cr_expect(variable_name_is_valid(good[i]), "%s", good[i]);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                cr_expect_not(variable_name_is_valid(bad[i]), "%s", bad[i]);

        memset(name, 'A', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        cr_expect_not(variable_name_is_valid(name));
        name[VARIABLE_NAME_MAX] = '\0';
        cr_expect(variable_name_is_valid(name));
}
