/* SPDX-License-Identifier: Apache-2.0 */
/* The refusals themselves are cases of test-recreate.c; here is what goes with them. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/recreate.h"
#include "support/inspect.h"

static void set(json_t *document, const char *section, const char *key, json_t *value) {
        json_object_set_new(json_object_get(document, section), key, value);
}

Test(recreate_refuse, a_mend_is_given_where_there_is_one) {
        static const struct {
                const char *section, *key;
                bool yes;
                const char *text;
                const char *mend; /* NULL: none */
        } cases[] = {
                { "HostConfig", "AutoRemove", true, NULL, "start it without --rm" },
                { "Config", "AttachStdin", true, NULL, "start it with 'docker run -d'" },
                { "HostConfig", "NetworkMode", false, "host", NULL },
                { "HostConfig", "NetworkMode", false, "none", "give it a network" },
                { "NetworkSettings", "Networks", false, NULL,
                  "connect it again (docker network connect)" },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *document = inspect_new(&(InspectSpec){ 0 });
                json_t *value = cases[i].text  ? json_string(cases[i].text)
                                : cases[i].yes ? json_true()
                                               : json_object();

                set(document, cases[i].section, cases[i].key, value);
                cr_expect_eq(recreate_refusal(document, NULL), -EOPNOTSUPP, "%zu", i);
                const char *mend = recreate_mend(document);
                cr_expect_eq(mend == NULL, cases[i].mend == NULL, "%zu", i);
                if (mend != NULL && cases[i].mend != NULL)
                        cr_expect_str_eq(mend, cases[i].mend);
                json_decref(document);
        }
}

Test(recreate_refuse, orchestrators_are_known_by_their_labels) {
        static const struct {
                const char *label, *word;
        } cases[] = { { "com.docker.swarm.task.id", "Swarm" },
                      { "io.kubernetes.pod.name", "Kubernetes" },
                      { "com.hashicorp.nomad.alloc_id", "Nomad" },
                      { "com.amazonaws.ecs.task-arn", "ECS" } };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const char *const labels[] = { cases[i].label, "x", NULL };
                json_t *document = inspect_new(&(InspectSpec){ .labels = labels });
                Error err = { 0 };

                cr_expect_eq(recreate_refusal(document, &err), -EOPNOTSUPP);
                cr_expect_not_null(strstr(err.text, cases[i].word), "%s", err.text);
                json_decref(document);
        }
}

Test(recreate_refuse, what_can_be_re_created_needs_no_mend) {
        static const char *const modes[] = { NULL, "bridge", "container:x" };

        for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
                json_t *document = inspect_new(&(InspectSpec){ .mode = modes[i] });

                cr_expect_eq(recreate_refusal(document, NULL), 0);
                cr_expect_null(recreate_mend(document));
                json_decref(document);
        }
}

Test(recreate_refuse, a_document_that_is_none_has_no_mend) {
        json_t *document = json_pack("{s:s}", "Id", "x");

        cr_expect_eq(recreate_refusal(document, NULL), -EBADMSG);
        cr_expect_null(recreate_mend(document));
        json_decref(document);
}
