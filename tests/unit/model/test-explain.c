/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/by-hand.h"
#include "model/explain.h"
#include "support/inspect.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static json_t *kept_with(const char *name, const char *before, const char *after) {
        return json_pack(
                "{s:s, s:i, s:s, s:s, s:s, s:[{s:s, s:s?, s:s}], s:b, s:{}, s:i, s:[{s:s, s:{s:n}}], "
                "s:[s, s, s, s]}",
                "what", "link", "when", 100, "old_id", "a", "id", "b0123456789abc", "name", "shop",
                "variables", "name", name, "before", before, "after", after, "host_entry", 1,
                "create", "api", 43, "connects", "network", "a b", "body", "Container", "files",
                "/it's", "/opt", "/opt/deep", "/etc/x"
        );
}

static char *explained(const json_t *kept, bool for_root) {
        static const char *const labels[] = { "coollama.env.LLM", "{url}?mine", NULL };
        cleanup(container_freep) Container *container =
                inspect_container(&(InspectSpec){ .labels = labels });
        const ExplainContainer one = { .container = container,
                                       .kept = kept,
                                       .document_path = "/state/x.json",
                                       .create_path = "/state/x.create" };
        const Identity identity = { .key = "shop/app", .human = "shop" };
        const ExplainInput input = {
                .identity = &identity,
                .state = LINK_LINKED,
                .containers = &one,
                .n_containers = 1,
                .socket = "/run/docker.sock",
                .for_root = for_root,
        };
        json_t *json = explain_document(&input);
        char *text = json_dumps(json, 0);

        json_decref(json);
        return text;
}

/* value: stood there before, or was set. */
static const struct {
        const char *name, *value;
        bool root_sees, others_see;
} secrets[] = {
        { "OLLAMA_BASE_URL", "http://own.example:1", true, false },
        { "OPENAI_API_KEY", "sk-mine", false, false },
        { "DB_PASSWORD", "hunter2", false, false },
        { "LLM_URL", "http://host/k/" KEY, false, false },
};

Test(explain, keys_are_for_nobody_and_old_values_for_root) {
        for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
                for (int before = 0; before < 2; before++) {
                        const char *value = secrets[i].value;
                        json_t *kept = kept_with(
                                secrets[i].name, before ? value : NULL, before ? "x" : value
                        );
                        cleanup(freep) char *root = explained(kept, true);
                        cleanup(freep) char *others = explained(kept, false);

                        cr_expect_eq(strstr(root, value) != NULL, secrets[i].root_sees, "%s", root);
                        cr_expect_eq(
                                strstr(others, value) != NULL, secrets[i].others_see, "%s", others
                        );
                        cr_expect_not_null(strstr(others, secrets[i].name));
                        json_decref(kept);
                }
        }
}

Test(explain, what_a_label_sets_is_as_secret_as_the_value) {
        cleanup(freep) char *root = explained(NULL, true);
        cleanup(freep) char *others = explained(NULL, false);

        cr_expect_not_null(strstr(root, "{url}?mine"));
        cr_expect_null(strstr(others, "{url}?mine"));
        cr_expect_not_null(strstr(others, "coollama.env.LLM"));
}

Test(explain, for_how_long_a_re_creation_takes_it_down_is_said_where_there_is_one) {
        cleanup(container_freep) Container *container = inspect_container(&(InspectSpec){ 0 });
        const ExplainContainer one = { .container = container };
        const Identity identity = { .key = "shop/app", .human = "shop" };
        ExplainInput input = { .identity = &identity,
                               .containers = &one,
                               .n_containers = 1,
                               .socket = "/run/docker.sock" };

        for (Rung rung = RUNG_NOTHING; rung <= RUNG_UNKNOWN; rung++) {
                input.rung = rung;
                json_t *json = explain_document(&input);
                const char *gap = json_string_value(json_object_get(json, "gap"));
                const char *why = json_string_value(json_object_get(json, "gap_why"));

                cr_expect_eq(gap != NULL && why != NULL, rung == RUNG_RECREATE, "%d", (int) rung);
                cr_expect(gap == NULL || strcmp(gap, "a moment") == 0);
                json_decref(json);
        }
}

Test(explain, the_commands_by_hand_are_quoted_for_a_shell_and_in_their_order) {
        static const char *const wanted[] = {
                "systemctl stop coollamad",
                "docker -H 'unix:///x y/docker.sock' stop b0123456789a",
                "docker -H 'unix:///x y/docker.sock' rename b0123456789a shop.replaced",
                "curl -fsS --unix-socket '/x y/docker.sock' -H 'Content-Type: application/json' "
                "--data-binary '@/state/x.create' "
                "'http://localhost/v1.43/containers/create?name=shop'",
                "curl -fsS --unix-socket '/x y/docker.sock' -H 'Content-Type: application/json' "
                "--data-binary '{\"Container\":\"shop\"}' "
                "'http://localhost/v1.43/networks/a%20b/connect'",
                "docker -H 'unix:///x y/docker.sock' cp -a 'b0123456789a:/it'\\''s' - | "
                "docker -H 'unix:///x y/docker.sock' cp -a - 'shop:/'",
                "docker -H 'unix:///x y/docker.sock' cp -a 'b0123456789a:/opt' - | "
                "docker -H 'unix:///x y/docker.sock' cp -a - 'shop:/'",
                "docker -H 'unix:///x y/docker.sock' cp -a 'b0123456789a:/etc/x' - | "
                "docker -H 'unix:///x y/docker.sock' cp -a - 'shop:/etc'",
                "docker -H 'unix:///x y/docker.sock' start shop",
                "docker -H 'unix:///x y/docker.sock' rm b0123456789a",
        };
        json_t *kept = kept_with("A", "old", "new");
        const ByHand input = { kept, "/state/x.create", "/x y/docker.sock" };
        json_t *lines = by_hand_commands(&input);

        cr_assert_eq(json_array_size(lines), ARRAY_LEN(wanted));
        for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
                cr_expect_str_eq(json_string_value(json_array_get(lines, i)), wanted[i]);
        json_decref(lines);
        json_object_del(kept, "create");
        cr_expect_null(by_hand_commands(&input), "nothing to make it from");
        json_decref(kept);
}
