/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "docker/progress.h"

static bool tell(Progress *progress, const char *id, const char *status, const char *detail) {
        json_t *object = json_pack("{s:s,s:s}", "id", id, "status", status);

        cr_assert_eq(json_object_set_new(object, "progressDetail", json_loads(detail, 0, NULL)), 0);
        bool changed = progress_read(progress, object);
        json_decref(object);
        return changed;
}

static void expect(const Progress *progress, uint64_t done, uint64_t total) {
        PullProgress sum = progress_sum(progress);

        cr_assert_eq(sum.done_bytes, done, "%llu", (unsigned long long) sum.done_bytes);
        cr_assert_eq(sum.total_bytes, total, "%llu", (unsigned long long) sum.total_bytes);
}

Test(progress, of_nothing_is_nothing) {
        static Progress progress;

        expect(&progress, 0, 0);
        cr_assert_not(tell(&progress, "a", "Pulling fs layer", "{}"));
        cr_assert_not(tell(&progress, "a", "Already exists", "{}"));
        cr_assert_not(tell(&progress, "a", "Download complete", "{}"));
        cr_assert_not(tell(&progress, "a", "Downloading", "{\"current\":5}"));
        cr_assert_not(tell(&progress, "a", "Downloading", "{\"current\":5,\"total\":-1}"));
        expect(&progress, 0, 0);
}

Test(progress, counts_a_layer_that_is_extracted_as_whole_and_only_once) {
        static Progress progress;

        cr_assert(tell(&progress, "a", "Downloading", "{\"current\":5,\"total\":10}"));
        cr_assert_not(tell(&progress, "a", "Downloading", "{\"current\":5,\"total\":10}"));
        cr_assert(tell(&progress, "a", "Extracting", "{\"current\":1,\"total\":10}"));
        expect(&progress, 10, 10);
        cr_assert_not(tell(&progress, "a", "Extracting", "{\"current\":9,\"total\":10}"));
        cr_assert_not(tell(&progress, "a", "Pull complete", "{}"));
        expect(&progress, 10, 10);
}

Test(progress, cannot_be_made_to_overflow) {
        static Progress progress;

        for (int i = 0; i < 2 * PROGRESS_LAYERS_MAX; i++) {
                char id[32];

                (void) snprintf(id, sizeof id, "%d", i);
                (void
                ) tell(&progress, id, "Downloading",
                       "{\"current\":9223372036854775807,\"total\":9223372036854775807}");
        }
        cr_assert_eq(progress.count, PROGRESS_LAYERS_MAX);
        PullProgress sum = progress_sum(&progress);
        cr_assert_eq(sum.total_bytes, (uint64_t) PROGRESS_LAYERS_MAX << 50);
        cr_assert_eq(sum.done_bytes, sum.total_bytes);
}

Test(progress, ignores_what_is_no_layers_progress) {
        static const char *const table[] = {
                "{}",
                "{\"status\":\"Downloading\"}",
                "{\"id\":\"a\"}",
                "{\"id\":1,\"status\":\"Downloading\",\"progressDetail\":{\"total\":1}}",
                "{\"id\":\"a\",\"status\":\"Downloading\",\"progressDetail\":[1]}",
                "{\"id\":\"a\",\"status\":\"Downloading\",\"progressDetail\":{\"total\":\"1\"}}",
        };
        static Progress progress;

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                json_t *object = json_loads(table[i], 0, NULL);

                cr_assert_not(progress_read(&progress, object), "%s", table[i]);
                json_decref(object);
        }
        expect(&progress, 0, 0);
}
