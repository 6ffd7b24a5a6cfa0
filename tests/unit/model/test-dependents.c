/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/dependents.h"
#include "support/inspect.h"

#define ID "a000000000000000000000000000000000000000000000000000000000000000"

static json_t *parse(const char *text) {
        json_t *json = json_loads(text, 0, NULL);

        cr_assert_not_null(json, "%s", text);
        return json;
}

Test(dependents, are_told_by_id_in_each_namespace_and_by_name_in_links) {
        static const struct {
                const char *host;
                DependentKind in_inspect, in_list;
        } cases[] = {
                { "{\"NetworkMode\": \"container:" ID "\"}", DEPENDENT_NETWORK, DEPENDENT_NETWORK },
                { "{\"NetworkMode\": \"container:shop-app-1\"}", DEPENDENT_NETWORK,
                  DEPENDENT_NETWORK },
                { "{\"PidMode\": \"container:" ID "\"}", DEPENDENT_PID, DEPENDENT_PID },
                { "{\"IpcMode\": \"container:" ID "\"}", DEPENDENT_IPC, DEPENDENT_IPC },
                { "{\"Links\": [\"/x:/y/z\", \"/shop-app-1:/y/alias\"]}", DEPENDENT_LINK,
                  DEPENDENT_NONE },
                { "{\"Links\": [\"/shop-app-10:/y/shop-app-1\"]}", DEPENDENT_NONE, DEPENDENT_NONE },
                { "{\"Links\": [\"/x:/y/shop-app-1\", 1]}", DEPENDENT_NONE, DEPENDENT_NONE },
                { "{\"NetworkMode\": \"container:a1\"}", DEPENDENT_NONE, DEPENDENT_NONE },
                { "{\"NetworkMode\": \"container:" ID "0\"}", DEPENDENT_NONE, DEPENDENT_NONE },
                { "{\"NetworkMode\": \"" ID "\"}", DEPENDENT_NONE, DEPENDENT_NONE },
                { "{\"VolumesFrom\": [\"shop-app-1\"]}", DEPENDENT_NONE, DEPENDENT_NONE },
                { "{}", DEPENDENT_NONE, DEPENDENT_NONE },
        };
        Container *donor = inspect_container(&(InspectSpec){ .id = "a" });

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *document = json_pack("{s:o}", "HostConfig", parse(cases[i].host));

                cr_expect_eq(
                        dependent_in_inspect(document, donor), cases[i].in_inspect, "%s",
                        cases[i].host
                );
                cr_expect_eq(
                        dependent_in_list(document, donor), cases[i].in_list, "%s", cases[i].host
                );
                json_decref(document);
        }
        (void) container_free(donor);
}

Test(dependents, our_own_probes_are_known_by_label_and_name) {
        static const struct {
                const char *item;
                bool probe;
        } cases[] = {
                { "{\"Names\": [\"/coollama-verify-0123abcd\"], "
                  "\"Labels\": {\"coollama.part\": \"probe\"}}",
                  true },
                { "{\"Names\": [\"/mine\"], \"Labels\": {\"coollama.part\": \"probe\"}}", false },
                { "{\"Names\": [\"/coollama-verify-0123abcde\"], "
                  "\"Labels\": {\"coollama.part\": \"probe\"}}",
                  false },
                { "{\"Names\": [\"/coollama-verify-0123abcd\"], \"Labels\": {}}", false },
                { "{\"Names\": [\"/coollama-verify-0123abcd\"], "
                  "\"Labels\": {\"coollama.part\": \"api\"}}",
                  false },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *item = parse(cases[i].item);

                cr_expect_eq(dependent_is_probe(item), cases[i].probe, "%s", cases[i].item);
                json_decref(item);
        }
}

Test(dependents, three_are_named_and_the_rest_are_others) {
        Dependents dependents = { 0 };

        cr_expect(dependents_add(&dependents, "a", DEPENDENT_NETWORK));
        cr_expect_str_eq(dependents.text, "a (network)");
        cr_expect(dependents_add(&dependents, "b", DEPENDENT_PID));
        cr_expect(dependents_add(&dependents, "c", DEPENDENT_LINK));
        cr_expect_not(dependents_add(&dependents, "d", DEPENDENT_IPC));
        cr_expect_not(dependents_add(&dependents, "e", DEPENDENT_IPC));
        cr_expect_str_eq(dependents.text, "a (network), b (process ids), c (link) and others");
}

Test(dependents, long_names_find_room) {
        Dependents dependents = { 0 };
        char name[500];

        memset(name, 'x', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        while (dependents_add(&dependents, name, DEPENDENT_PID))
                ;
        cr_expect_not_null(strstr(dependents.text, " and others"));
}
