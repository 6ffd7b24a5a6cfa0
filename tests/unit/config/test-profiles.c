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

#define GOOD                                                                                   \
        "{ \"about\": \"\", \"images\": [], \"carrier\": [ \"header\" ], \"reach\": \"auto\"," \
        " \"recovery\": \"default\", \"settle\": \"0s\", \"hint\": {}, \"sources\": [],"       \
        " \"variables\": [ {"                                                                  \
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

/* What would open an app to strangers, take its administrator's settings away, or switch checks
 * off; a '*' at its end: every name that begins so. */
static const char *const weakening[] = {
        "ENABLE_PERSISTENT_CONFIG", /* Open WebUI: hides the administrator's settings */
        "RESET_CONFIG_ON_START",    /* and forgets them, which opens sign-up */
        "WEBUI_AUTH*",              /* no log-in, or by a header that anybody may send */
        "WEBUI_ADMIN_*",
        "WEBUI_SECRET_KEY",
        "ENABLE_SIGNUP*",
        "ENABLE_LOGIN_FORM",
        "ENABLE_OAUTH*",
        "ENABLE_API_KEY*",
        "ENABLE_FORWARD_USER_INFO_HEADERS",
        "DEFAULT_USER_ROLE",
        "BYPASS_*",
        "CORS_*",
        "N8N_*", /* user management, secure cookies, file access, blocked nodes */
        "CREDENTIALS_OVERWRITE_*",
        "FLOWISE_*",
        "DISABLE_*",
        "LANGFLOW_*", /* automatic log-in as superuser */
        "AUTH_*",
        "JWT_*",
        "ALLOW_*", /* LibreChat: registration */
        "ACCESS_CODE",
        "LITELLM_*", /* the master key */
        "NEXTAUTH_*",
        "NEXT_AUTH_*",
        "SECRET_KEY",
        "INIT_PASSWORD",
        "OLLAMA_ORIGINS",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "NODE_OPTIONS",
        "PYTHONHTTPSVERIFY",
        "SSL_*",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "LD_*",
        "PATH",
};

static bool is_weakening(const char *name) {
        for (size_t i = 0; i < ARRAY_LEN(weakening); i++) {
                size_t size = strcspn(weakening[i], "*");
                bool begins = strncmp(name, weakening[i], size) == 0;

                if (begins && (weakening[i][size] == '*' || name[size] == '\0'))
                        return true;
        }
        return false;
}

Test(profiles, none_of_the_project_sets_what_weakens_an_app) {
        cleanup(profile_set_freep) ProfileSet *set = NULL;

        cr_assert(is_weakening("N8N_USER_MANAGEMENT_DISABLED"));
        cr_assert_not(is_weakening("OLLAMA_API_KEY"));
        cr_assert_eq(profiles_load(PROJECT_SOURCE "/templates/profiles", &set, NULL), 0);
        for (size_t i = 0; i < set->n; i++)
                for (size_t j = 0; j < set->profiles[i]->n_variables; j++)
                        cr_expect_not(
                                is_weakening(set->profiles[i]->variables[j].name), "%s sets %s",
                                set->profiles[i]->name, set->profiles[i]->variables[j].name
                        );
}

Test(profiles, each_of_the_project_tells_its_sources_and_is_found_by_its_images) {
        static const char *const without_image[] = { "anthropic", "ollama", "openai" };
        cleanup(profile_set_freep) ProfileSet *set = NULL;

        cr_assert_eq(profiles_load(PROJECT_SOURCE "/templates/profiles", &set, NULL), 0);
        for (size_t i = 0; i < set->n; i++) {
                const Profile *profile = set->profiles[i];
                bool general = false;

                for (size_t j = 0; j < ARRAY_LEN(without_image); j++)
                        general = general || strcmp(profile->name, without_image[j]) == 0;
                cr_expect_gt(profile->n_sources, 0, "%s", profile->name);
                cr_expect_eq(profile->n_images == 0, general, "%s", profile->name);
                for (size_t j = 0; j < profile->n_images; j++)
                        cr_expect_eq(profile_set_for_image(set, profile->images[j]), profile);
        }
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
