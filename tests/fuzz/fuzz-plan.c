/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world out of bytes: containers that are more or less of one identity, a swap record of any
 * phase, any observations. Whatever it is, there is a plan with a reason, the same one twice, and
 * it touches only what opted in, or what the record names.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "model/labels.h"
#include "model/plan-consumer.h"
#include "support/inspect.h"
#include "support/plan-text.h"

#define CONTAINERS_MAX 8
#define NOW            (7200 * USEC_PER_SEC)

typedef struct Bytes {
        const uint8_t *data;
        size_t size;
} Bytes;

/* The next byte, below n; 0 when there are no more. */
static unsigned pick(Bytes *bytes, unsigned n) {
        if (bytes->size == 0)
                return 0;
        bytes->size--;
        return *bytes->data++ % n;
}

#define PICK(bytes, list) (list)[pick(bytes, ARRAY_LEN(list))]

static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "1", "2" };
static const char *const envs[][3] = { { "VER=1" },
                                       { "OLLAMA_BASE_URL=http://x:1" },
                                       { "OLLAMA_BASE_URL=http://x:1", "OLLAMA_API_KEY=k" },
                                       { "OLLAMA_API_KEY=mine", "" } };

static Container *read_container(Bytes *bytes, const char *id) {
        static const char *const names[] = { "shop-app-1",
                                             "shop-app-1.coollama-prev",
                                             "a00000000000_shop-app-1",
                                             "b00000000000_shop-app-1",
                                             "shop-app-2",
                                             "x" };
        static const char *const numbers[] = { "1", "2", "10", "" };
        static const char *const times[] = { "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "",
                                             "2026-03-01T00:00:00Z" };
        static const char *const states[] = { "running", "created",  "exited",    "paused",
                                              "dead",    "removing", "restarting" };
        static const char *const healths[] = { NULL, "starting", "healthy", "unhealthy" };
        static const char *const policies[] = { "no", "always", "unless-stopped", "on-failure" };
        static const char *const projects[] = { "shop", "shop", "", "coollama" };
        static const char *const labels[][3] = { { NULL },
                                                 { "coollama.profile", "openai" },
                                                 { "coollama.profile", "odd" },
                                                 { "coollama.env.A", "{key}" } };

        static const char *const modes[] = { NULL, NULL, "host", "container:x" };

        return inspect_container(&(InspectSpec){
                .id = id,
                .name = PICK(bytes, names),
                .number = PICK(bytes, numbers),
                .hash = pick(bytes, 2) ? "h1" : "h2",
                .created = PICK(bytes, times),
                .state = PICK(bytes, states),
                .health = PICK(bytes, healths),
                .policy = PICK(bytes, policies),
                .project = PICK(bytes, projects),
                .env = PICK(bytes, envs),
                .labels = PICK(bytes, labels),
                .mode = PICK(bytes, modes),
                .not_enabled = pick(bytes, 4) == 1,
        });
}

/* NULL as often as not. */
static SwapRecord *read_record(Bytes *bytes, const Container *old) {
        SwapRecord *record = NULL;

        if (pick(bytes, 2) == 0)
                return NULL;
        int r = swap_record_new("shop/app", old, &record);
        assert(r == 0);
        record->phase = (SwapPhase) pick(bytes, SWAP_ROLLBACK + 1);
        record->was_running = pick(bytes, 2);
        record->counts = pick(bytes, 2);
        json_array_append_new(record->link, json_string("OLLAMA_BASE_URL=http://x:1"));
        if (pick(bytes, 2) == 0) {
                char id[65];

                memset(id, '0', sizeof id - 1);
                id[0] = PICK(bytes, ids)[0];
                id[64] = '\0';
                free(record->new_id);
                record->new_id = strdup(id);
        }
        if (pick(bytes, 4) == 0)
                json_array_append_new(
                        record->connects, json_pack("{s:s, s:{}}", "network", "n", "body")
                );
        record->rolls = record->phase == SWAP_BESIDE || pick(bytes, 4) == 1;
        return record;
}

static ConsumerObservations read_observations(
        Bytes *bytes, const json_t *image, const char *changes_id, const char *dependents_id
) {
        return (ConsumerObservations){
                .image = pick(bytes, 4) == 0 ? NULL : image,
                .image_name_is_current = pick(bytes, 2),
                .image_id = json_string_value(json_object_get(image, "Id")),
                .members_known = pick(bytes, 4) != 0,
                .busy_member = pick(bytes, 4) == 0 ? "db" : NULL,
                .changes_known = pick(bytes, 4) != 0,
                .changes_id = changes_id,
                .precious = pick(bytes, 2) == 0 ? "/data" : NULL,
                .files_problem = pick(bytes, 8) == 1 ? "too many" : NULL,
                .donors_known = pick(bytes, 2),
                .dependents_known = pick(bytes, 4) != 0,
                .dependents_id = dependents_id,
                .dependents = pick(bytes, 4) == 0 ? "x (network)" : NULL,
        };
}

static SeenPlace read_place(Bytes *bytes) {
        static const char *const networks[] = { "n1", "n1", "n1", NULL };
        static const char *const names[] = { "net-a", "bridge", "0-a", "net-b" };

        return (SeenPlace){
                .network = PICK(bytes, networks),
                .name = PICK(bytes, names),
                .reach_known = pick(bytes, 2),
                .unreachable = pick(bytes, 3) == 0 ? "no way" : NULL,
                .joined = pick(bytes, 2),
                .join_failure = pick(bytes, 4) == 0 ? "full" : NULL,
        };
}

/* Is this the path of a container that may be touched? */
static bool may_touch(const ConsumerView *view, const char *path) {
        const char *id = path + strlen("/containers/");

        if (strncmp(path, "/networks/", 10) == 0 || strncmp(id, "create?", 7) == 0)
                return true;
        if (view->record != NULL
            && (strncmp(id, view->record->old_id, 64) == 0
                || strncmp(id, view->record->new_id, 64) == 0))
                return true;
        for (size_t i = 0; i < view->n_containers; i++) {
                const Container *container = view->containers[i].container;
                if (strncmp(id, container->id, 64) == 0)
                        return json_object_get(container->labels, LABEL_ENABLE) != NULL
                               || (view->record != NULL
                                   && strcmp(container->name, view->record->name) == 0);
        }
        return false;
}

static void check_plan(const ConsumerView *view, const Plan *plan) {
        assert(plan->error == 0 && plan->reason != NULL && plan->reason[0] != '\0');
        assert(plan->needs == 0 || (plan->subject != NULL && plan->n_actions == 0));
        for (size_t i = 0; i < plan->n_actions; i++)
                assert(plan->actions[i].kind != ACTION_CALL
                       || may_touch(view, plan->actions[i].u.call.path));
}

static void check_view(const ConsumerView *view, const ConsumerContext *context) {
        char *texts[2];

        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                cleanup(plan_freep) Plan *plan = NULL;
                int r = plan_consumer(view, context, NOW, &plan);

                assert(r == 0);
                check_plan(view, plan);
                texts[i] = plan_to_text(plan);
        }
        assert(strcmp(texts[0], texts[1]) == 0);
        free(texts[0]);
        free(texts[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Bytes bytes = { data, size };
        cleanup(profile_set_freep) ProfileSet *profiles = inspect_profiles();
        json_t *image = inspect_image();
        SeenContainer seen[CONTAINERS_MAX];
        const size_t n = 1 + pick(&bytes, CONTAINERS_MAX);

        for (size_t i = 0; i < n; i++)
                seen[i] = (SeenContainer){ .container = read_container(&bytes, ids[i]),
                                           .place = read_place(&bytes),
                                           .up_since_usec = pick(&bytes, 2) * 1000,
                                           .settled_since_usec = pick(&bytes, 2) * 1000,
                                           .age_usec = pick(&bytes, 2) * NOW };
        cleanup(swap_record_freep) SwapRecord *record = read_record(&bytes, seen[0].container);
        const ProviderFacts provider = {
                .up = pick(&bytes, 8) != 0,
                .why_down = "down",
                .secured = pick(&bytes, 2),
                .url = "http://x:1",
                .host = "x",
                .port = "1",
                .host_entry = pick(&bytes, 2),
                .probe_reach = pick(&bytes, 2),
                .joins = pick(&bytes, 2),
                .home = "0-coollama",
                .own_project = pick(&bytes, 2) ? "coollama" : NULL,
                .own_network = "net-a",
                .own_url = "http://y:1",
        };
        const ConsumerContext context = { .provider = &provider,
                                          .profiles = profiles,
                                          .api = 41 + pick(&bytes, 11),
                                          .reach = (Reach) pick(&bytes, REACH_NETWORK + 1),
                                          .settle_usec = pick(&bytes, 30) * USEC_PER_SEC,
                                          .settle_unchecked_usec = USEC_PER_SEC,
                                          .finishing = pick(&bytes, 8) == 1 };
        const Identity identity = { .project = "shop", .member = "app", .key = "shop/app" };
        const ConsumerView view = { .identity = &identity,
                                    .containers = seen,
                                    .n_containers = pick(&bytes, 8) == 1 ? 0 : n,
                                    .record = record,
                                    .name = pick(&bytes, 2) ? "ollama-proxy-1" : NULL,
                                    .key = pick(&bytes, 4) ? "k" : NULL,
                                    .key_accepted = pick(&bytes, 4) != 0,
                                    .activity_usec = pick(&bytes, 2) * (NOW - 1),
                                    .touched_usec = pick(&bytes, 2) * (NOW - 1),
                                    .attempts = pick(&bytes, 5),
                                    .failure = pick(&bytes, 2) ? "failed" : NULL,
                                    .retry_usec = pick(&bytes, 2) * (NOW + 1),
                                    .observed = read_observations(
                                            &bytes, image, seen[0].container->id,
                                            seen[0].container->id
                                    ) };

        check_view(&view, &context);
        for (size_t i = 0; i < n; i++)
                (void) container_free((Container *) (uintptr_t) seen[i].container);
        json_decref(image);
        return 0;
}
