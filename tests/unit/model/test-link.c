/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/link.h"
#include "support/inspect.h"

#define URL   "http://host.docker.internal:11434"
#define ENTRY "host.docker.internal:host-gateway"

typedef struct Case {
        const char *what;
        const char *profile; /* coollama.profile, or NULL */
        const char *extra;   /* coollama.env.EXTRA, or NULL */
        const char *env[4];
        const char *image_env; /* NULL: none; "?": the image is not known */
        const char *host;      /* host entry that is there */
        const char *key;
        const char *adds; /* as link_describe() says it */
        const char *note; /* part of it; NULL: none */
        bool asks_for_image;
} Case;

/* clang-format off */
static const Case cases[] = {
        { "nothing is there", NULL, NULL, { NULL }, NULL, NULL, "k",
          "OLLAMA_BASE_URL, OLLAMA_API_KEY and the host entry host.docker.internal", NULL, false },
        { "without keys none is set", NULL, NULL, { NULL }, NULL, NULL, NULL,
          "OLLAMA_BASE_URL and the host entry host.docker.internal", NULL, false },
        { "written by hand", NULL, NULL, { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k" }, NULL, ENTRY, "k",
          "", NULL, false },
        { "another URL is replaced", NULL, NULL, { "OLLAMA_BASE_URL=http://old", "OLLAMA_API_KEY=k" }, NULL, ENTRY, "k",
          "OLLAMA_BASE_URL", NULL, false },
        { "a key of its user's is kept", NULL, NULL, { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=mine" }, "X=1", ENTRY, "k",
          "", "OLLAMA_API_KEY is kept", false },
        { "an empty key is set", NULL, NULL, { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=" }, "X=1", ENTRY, "k",
          "OLLAMA_API_KEY", NULL, false },
        { "the image's own key is replaced", NULL, NULL, { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=x" }, "OLLAMA_API_KEY=x", ENTRY, "k",
          "OLLAMA_API_KEY", NULL, false },
        { "whose key it is the image tells", NULL, NULL, { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=x" }, "?", ENTRY, "k",
          "", NULL, true },
        { "openai and no other", "openai", NULL, { NULL }, NULL, ENTRY, "k",
          "OPENAI_BASE_URL and OPENAI_API_KEY", NULL, false },
        { "OpenAI's own is kept", "openai", NULL, { "OPENAI_BASE_URL=https://api.openai.com/v1", "OPENAI_API_KEY=sk" }, "X=1", ENTRY, "k",
          "", "OPENAI_BASE_URL is kept as its user set it", false },
        { "no key of ours follows an app that its user sent elsewhere", "openai", NULL, { "OPENAI_BASE_URL=https://api.openai.com/v1" }, "X=1", ENTRY, "k",
          "", "OPENAI_BASE_URL is kept as its user set it", false },
        { "a client's OLLAMA_HOST is set", "host", NULL, { NULL }, "X=1", ENTRY, "k",
          "OLLAMA_HOST", NULL, false },
        { "a client's own OLLAMA_HOST is kept", "host", NULL, { "OLLAMA_HOST=http://mine" }, "X=1", ENTRY, "k",
          "", "OLLAMA_HOST is kept", false },
        { "a server's OLLAMA_HOST is not set", "host", NULL, { NULL }, "OLLAMA_HOST=0.0.0.0", ENTRY, "k",
          "", "OLLAMA_HOST is not set: its image carries a server", false },
        { "whether there is a server the image tells", "host", NULL, { NULL }, "?", ENTRY, "k",
          "", NULL, true },
        { "any other URL of a profile is replaced", "keyless", NULL, { "LLM_URL=http://old" }, "X=1", ENTRY, "k",
          "LLM_URL", NULL, false },
        { "both profiles", "ollama+openai", NULL, { NULL }, NULL, ENTRY, "k",
          "OLLAMA_BASE_URL, OLLAMA_API_KEY, OPENAI_BASE_URL and OPENAI_API_KEY", NULL, false },
        { "a variable by label", NULL, "{host}:{port}", { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k", "EXTRA=old" }, NULL, ENTRY, "k",
          "EXTRA", NULL, false },
        { "a variable by label that is right", NULL, "{url}/{key}", { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k", "EXTRA=" URL "/k" }, NULL, ENTRY, "k",
          "", NULL, false },
        { "a host entry of its user's is kept", NULL, NULL, { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k" }, NULL, "host.docker.internal:10.0.0.9", "k",
          "", "the host entry for host.docker.internal is kept", false },
};
/* clang-format on */

static json_t *image_of(const Case *c) {
        if (c->image_env == NULL)
                return inspect_image();
        return strcmp(c->image_env, "?") == 0
                       ? NULL
                       : json_pack("{s:{s:[s]}}", "Config", "Env", c->image_env);
}

static Container *container_of(const Case *c) {
        const char *hosts[] = { c->host, NULL };
        const char *labels[5] = { NULL };
        size_t n = 0;

        if (c->profile != NULL) {
                labels[n++] = "coollama.profile";
                labels[n++] = c->profile;
        }
        if (c->extra != NULL) {
                labels[n++] = "coollama.env.EXTRA";
                labels[n++] = c->extra;
        }
        return inspect_container(&(InspectSpec){ .env = c->env, .hosts = hosts, .labels = labels });
}

static int compute(const Case *c, Link *link, Error *err) {
        cleanup(container_freep) Container *container = container_of(c);
        cleanup(profile_set_freep) ProfileSet *profiles = inspect_profiles();
        cleanup(wish_freep) Wish *wish = NULL;
        json_t *image = image_of(c);
        const LinkTarget target = { .url = URL,
                                    .host = "host.docker.internal",
                                    .port = "11434",
                                    .key = c->key,
                                    .host_entry = true };

        cr_assert_eq(wish_parse(container->labels, profiles, &wish), 0);
        cr_assert_not(wish_has_problem(wish), "%s: %s", c->what, wish->problem);
        int r = link_compute(
                &(LinkInput){ .container = container,
                              .wish = wish,
                              .profiles = profiles,
                              .target = &target,
                              .image = image },
                link, err
        );
        json_decref(image);
        return r;
}

Test(link, in_another_containers_network_no_host_entry_is_added) {
        cleanup(container_freep) Container *container =
                inspect_container(&(InspectSpec){ .mode = "container:x" });
        cleanup(profile_set_freep) ProfileSet *profiles = inspect_profiles();
        cleanup(wish_freep) Wish *wish = NULL;
        const LinkTarget target = {
                .url = URL, .host = "host.docker.internal", .port = "11434", .host_entry = true
        };
        Link link;

        cr_assert_eq(wish_parse(container->labels, profiles, &wish), 0);
        const LinkInput input = {
                .container = container, .wish = wish, .profiles = profiles, .target = &target
        };
        cr_assert_eq(link_compute(&input, &link, NULL), 0);
        cleanup(freep) char *adds = link_describe(&link);
        cr_expect_str_eq(adds, "OLLAMA_BASE_URL");
        link_done(&link);
}

Test(link, what_is_there_decides_what_is_added) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Case *c = &cases[i];
                Link link;

                cr_assert_eq(compute(c, &link, NULL), 0, "%s", c->what);
                cleanup(freep) char *adds = link_describe(&link);
                cr_expect_str_eq(adds, c->adds, "%s: %s", c->what, adds);
                cr_expect_eq(link.needs_image, c->asks_for_image, "%s", c->what);
                cr_expect_eq(
                        link_is_in_place(&link), c->adds[0] == '\0' && !c->asks_for_image, "%s",
                        c->what
                );
                if (c->note == NULL)
                        cr_expect_str_empty(link.note, "%s: %s", c->what, link.note);
                else
                        cr_expect_not_null(
                                strstr(link.note, c->note), "%s: %s", c->what, link.note
                        );
                link_done(&link);
        }
}

Test(link, the_same_link_again_adds_nothing) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Case again = cases[i];
                char text[LINK_VARIABLES_MAX][128];
                const char *env[LINK_VARIABLES_MAX + 1];
                Link link;

                if (again.asks_for_image || again.note != NULL || again.profile != NULL)
                        continue;
                cr_assert_eq(compute(&again, &link, NULL), 0);
                size_t n = 0;
                for (; n < link.n_variables; n++) {
                        (void) snprintf(
                                text[n], sizeof text[n], "%s=%s", link.variables[n].name,
                                link.variables[n].value
                        );
                        env[n] = text[n];
                }
                for (size_t j = 0; j < 4 && cases[i].env[j] != NULL; j++) {
                        const char *name = cases[i].env[j];
                        bool set = false;

                        for (size_t k = 0; k < link.n_variables; k++)
                                set = set
                                      || strncmp(name, link.variables[k].name, strcspn(name, "="))
                                                 == 0;
                        if (!set)
                                env[n++] = name;
                }
                cr_assert_leq(n, 3, "%s", again.what);
                for (size_t j = 0; j <= 3; j++)
                        again.env[j] = j < n ? env[j] : NULL;
                again.host = ENTRY;
                link_done(&link);

                cr_assert_eq(compute(&again, &link, NULL), 0);
                cr_expect(link_is_in_place(&link), "%s", again.what);
                link_done(&link);
        }
}

Test(link, a_key_that_is_asked_for_where_there_is_none_is_said_by_its_label) {
        const Case c = { .what = "no key", .extra = "{key}", .env = { NULL } };
        Error err = { 0 };
        Link link;

        cr_expect_eq(compute(&c, &link, &err), -ENODATA);
        cr_expect_not_null(strstr(error_text(&err), "coollama.env.EXTRA"), "%s", error_text(&err));
        link_done(&link);
}
