/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/text.h"
#include "config/profiles.h"

static char directory[64];

static void make_directory(void) {
        (void) snprintf(directory, sizeof directory, "/tmp/coollama-profiles-XXXXXX");
        cr_assert_not_null(mkdtemp(directory));
}

static void remove_directory(void) {
        (void) file_remove_tree(directory, NULL);
}

static void put(const char *name, const char *text) {
        cleanup(freep) char *path = text_format("%s/%s", directory, name);

        cr_assert_eq(file_replace(path, text, strlen(text), 0644, NULL), 0);
}

#define GOOD                                                    \
        "{ \"about\": \"\", \"images\": [], \"variables\": [ {" \
        " \"name\": \"A\", \"value\": \"{url}\", \"role\": \"url\" } ] }"

static void expect_variable(const Profile *profile, size_t i, const char *name, const char *value) {
        cr_assert_gt(profile->n_variables, i);
        cr_expect_str_eq(profile->variables[i].name, name);
        cr_expect_str_eq(profile->variables[i].template, value);
}

Test(profiles, those_of_the_project_are_good) {
        cleanup(profile_set_freep) ProfileSet *set = NULL;
        Error err = { 0 };

        int r = profiles_load(PROJECT_SOURCE "/templates/profiles", &set, &err);
        cr_assert_eq(r, 0, "%s", error_text(&err));

        const Profile *ollama = profile_set_find(set, "ollama");
        cr_assert_not_null(ollama);
        cr_expect_eq(ollama->n_variables, 2);
        expect_variable(ollama, 0, "OLLAMA_BASE_URL", "{url}");
        expect_variable(ollama, 1, "OLLAMA_API_KEY", "{key}");

        const Profile *openai = profile_set_find(set, "openai");
        cr_assert_not_null(openai);
        cr_expect_eq(openai->n_variables, 2);
        expect_variable(openai, 0, "OPENAI_BASE_URL", "{url}/v1");
        expect_variable(openai, 1, "OPENAI_API_KEY", "{key}");
}

Test(profiles, other_files_are_ignored, .init = make_directory, .fini = remove_directory) {
        cleanup(profile_set_freep) ProfileSet *set = NULL;
        Error err = { 0 };

        put("ollama.json", GOOD);
        put("b.json", GOOD);
        put("README.md", "x");
        put(".c.json", "x");
        put("d.json~", "x");
        cr_assert_eq(profiles_load(directory, &set, &err), 0, "%s", error_text(&err));
        cr_assert_eq(set->n, 2);
        cr_expect_str_eq(set->profiles[0]->name, "b");
}

Test(profiles, a_file_that_is_none_is_named, .init = make_directory, .fini = remove_directory) {
        cleanup(freep) char *expected = text_format("%s/b.json: is no object", directory);
        ProfileSet *set = NULL;
        Error err = { 0 };

        put("ollama.json", GOOD);
        put("b.json", "[]");
        cr_expect_eq(profiles_load(directory, &set, &err), -EBADMSG);
        cr_expect_str_eq(error_text(&err), expected);
        cr_expect_null(set);
}

Test(profiles, there_is_always_one_called_ollama, .init = make_directory, .fini = remove_directory
) {
        ProfileSet *set = NULL;
        Error err = { 0 };

        put("b.json", GOOD);
        cr_expect_eq(profiles_load(directory, &set, &err), -ENOENT);
        cr_expect(strstr(error_text(&err), "ollama.json"), "%s", error_text(&err));
}

Test(profiles, a_directory_that_is_not_there_is_an_error) {
        ProfileSet *set = NULL;
        Error err = { 0 };

        cr_expect_eq(profiles_load("/nonexistent/profiles", &set, &err), -ENOENT);
        cr_expect(strstr(error_text(&err), "/nonexistent/profiles"), "%s", error_text(&err));
}
