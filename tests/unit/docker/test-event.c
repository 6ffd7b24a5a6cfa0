/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "docker/event.h"

typedef struct Row {
        const char *json;
        EventKind kind;
        const char *container_id;
        const char *name;
        const char *actor;
        const char *project; /* NULL: none */
} Row;

#define CONTAINER(action)                              \
        "{\"Type\":\"container\",\"Action\":\"" action \
        "\",\"Actor\":{\"ID\":\"c1\",\"Attributes\":{" \
        "\"com.docker.compose.project\":\"p\",\"image\":\"nginx\",\"name\":\"web\"}}}"
#define NETWORK(action)                                \
        "{\"Type\":\"network\",\"Action\":\"" action   \
        "\",\"Actor\":{\"ID\":\"n1\",\"Attributes\":{" \
        "\"container\":\"c1\",\"name\":\"p_default\",\"type\":\"bridge\"}}}"
#define VOLUME(action)                                                                             \
        "{\"Type\":\"volume\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"v1\",\"Attributes\":{" \
        "\"driver\":\"local\"}}}"

static const Row table[] = {
        { CONTAINER("create"), EVENT_CREATE, "c1", "web", "c1", "p" },
        { CONTAINER("start"), EVENT_START, "c1", "web", "c1", "p" },
        { CONTAINER("die"), EVENT_DIE, "c1", "web", "c1", "p" },
        { CONTAINER("destroy"), EVENT_DESTROY, "c1", "web", "c1", "p" },
        { CONTAINER("remove"), EVENT_DESTROY, "c1", "web", "c1", "p" },
        { CONTAINER("rename"), EVENT_RENAME, "c1", "web", "c1", "p" },
        { CONTAINER("pause"), EVENT_PAUSE, "c1", "web", "c1", "p" },
        { CONTAINER("unpause"), EVENT_UNPAUSE, "c1", "web", "c1", "p" },
        { CONTAINER("health_status: healthy"), EVENT_HEALTH, "c1", "web", "c1", "p" },
        { CONTAINER("health_status: unhealthy"), EVENT_HEALTH, "c1", "web", "c1", "p" },
        { CONTAINER("health_status"), EVENT_HEALTH, "c1", "web", "c1", "p" },
        { CONTAINER("exec_die"), EVENT_OTHER, "c1", "web", "c1", "p" },
        { CONTAINER("exec_start: sh -c true"), EVENT_OTHER, "c1", "web", "c1", "p" },
        { CONTAINER("starting"), EVENT_OTHER, "c1", "web", "c1", "p" },
        { CONTAINER("star"), EVENT_OTHER, "c1", "web", "c1", "p" },
        { CONTAINER("connect"), EVENT_OTHER, "c1", "web", "c1", "p" },
        { CONTAINER(""), EVENT_OTHER, "c1", "web", "c1", "p" },
        { "{\"Type\":\"container\",\"Action\":\"prune\",\"Actor\":{\"ID\":\"\",\"Attributes\":"
          "{\"reclaimed\":\"12\"}}}",
          EVENT_PRUNE, "", "", "", NULL },
        { NETWORK("prune"), EVENT_OTHER, "c1", "p_default", "n1", NULL },
        { NETWORK("connect"), EVENT_CONNECT, "c1", "p_default", "n1", NULL },
        { NETWORK("disconnect"), EVENT_DISCONNECT, "c1", "p_default", "n1", NULL },
        { NETWORK("create"), EVENT_OTHER, "c1", "p_default", "n1", NULL },
        { NETWORK("start"), EVENT_OTHER, "c1", "p_default", "n1", NULL },
        { "{\"Type\":\"network\",\"Action\":\"destroy\",\"Actor\":{\"ID\":\"n1\",\"Attributes\":"
          "{\"name\":\"net\",\"type\":\"bridge\"}}}",
          EVENT_NETWORK_GONE, "", "net", "n1", NULL },
        { VOLUME("destroy"), EVENT_VOLUME_GONE, "", "", "v1", NULL },
        { VOLUME("create"), EVENT_OTHER, "", "", "v1", NULL },
        { "{\"Type\":\"image\",\"Action\":\"pull\",\"Actor\":{\"ID\":\"nginx:alpine\"}}",
          EVENT_OTHER, "", "", "nginx:alpine", NULL },
        { "{\"Type\":\"daemon\",\"Action\":\"reload\",\"Actor\":{\"ID\":\"d\",\"Attributes\":null}}",
          EVENT_OTHER, "", "", "d", NULL },
        /* A label called "container" is no container id. */
        { "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"c1\",\"Attributes\":"
          "{\"container\":\"evil\",\"name\":\"web\"}}}",
          EVENT_START, "c1", "web", "c1", NULL },
        /* Attributes that are no strings are not there. */
        { "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"c1\",\"Attributes\":"
          "{\"name\":7,\"com.docker.compose.project\":[]}}}",
          EVENT_START, "c1", "", "c1", NULL },
};

Test(event, decodes_what_engines_send) {
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                const Row *row = &table[i];
                json_t *object = json_loads(row->json, 0, NULL);
                EngineEvent event;

                cr_assert_not_null(object, "%s", row->json);
                cr_assert_eq(event_decode(object, &event), 0, "%s", row->json);
                cr_assert_str_eq(
                        event_kind_to_string(event.kind), event_kind_to_string(row->kind), "%s",
                        row->json
                );
                cr_assert_str_eq(event.container_id, row->container_id, "%s", row->json);
                cr_assert_str_eq(event.name, row->name, "%s", row->json);
                cr_assert_str_eq(event.actor, row->actor, "%s", row->json);
                if (row->project)
                        cr_assert_str_eq(event.project, row->project, "%s", row->json);
                else
                        cr_assert_null(event.project, "%s", row->json);
                json_decref(object);
        }
}

Test(event, refuses_what_is_no_event) {
        static const char *const bad[] = {
                "{}",
                "{\"message\":\"page not found\"}",
                "{\"Type\":\"container\",\"Action\":\"start\"}",
                "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{}}",
                "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":\"c1\"}",
                "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":1}}",
                "{\"Type\":\"container\",\"Actor\":{\"ID\":\"c1\"}}",
                "{\"Type\":3,\"Action\":\"start\",\"Actor\":{\"ID\":\"c1\"}}",
                "[]",
        };

        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                json_t *object = json_loads(bad[i], 0, NULL);
                EngineEvent event;

                cr_assert_not_null(object);
                cr_assert_eq(event_decode(object, &event), -EBADMSG, "%s", bad[i]);
                json_decref(object);
        }
        EngineEvent event;
        cr_assert_eq(event_decode(NULL, &event), -EBADMSG);
}

Test(event, labels_are_the_attributes) {
        json_t *object = json_loads(CONTAINER("start"), 0, NULL);
        EngineEvent event;

        cr_assert_eq(event_decode(object, &event), 0);
        cr_assert_str_eq(json_string_value(json_object_get(event.labels, "image")), "nginx");
        json_decref(object);
}

Test(event, its_time_is_the_engines_in_microseconds) {
        static const struct {
                const char *json;
                uint64_t usec;
        } cases[] = {
                { "{\"Type\":\"t\",\"Action\":\"a\",\"Actor\":{\"ID\":\"\"},"
                  "\"timeNano\":1795824000123456789}",
                  1795824000123456 },
                { "{\"Type\":\"t\",\"Action\":\"a\",\"Actor\":{\"ID\":\"\"},\"timeNano\":-1}", 0 },
                { "{\"Type\":\"t\",\"Action\":\"a\",\"Actor\":{\"ID\":\"\"}}", 0 },
        };

        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                json_t *object = json_loads(cases[i].json, 0, NULL);
                EngineEvent event;

                cr_assert_eq(event_decode(object, &event), 0);
                cr_expect_eq(event.time_usec, cases[i].usec, "%zu", i);
                json_decref(object);
        }
}
