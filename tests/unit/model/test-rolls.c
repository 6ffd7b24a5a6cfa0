/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "model/rolls.h"
#include "support/inspect.h"

#define NAME "abc-142530123456"

static const char *const application[] = { "coolify.type", "application", "coolify.pullRequestId",
                                           "0", NULL };

/* What Coolify rolls, with these changes: HostConfig, Config and the rest of the document. */
static const char *
why_not(const InspectSpec *wanted, const char *host, const char *config, const char *rest) {
        static char reason[200];
        InspectSpec spec = *wanted;

        spec.project = spec.project ? spec.project : "abc";
        spec.name = spec.name ? spec.name : NAME;
        spec.service = spec.service ? spec.service : NAME;
        spec.labels = spec.labels ? spec.labels : application;
        json_t *document = inspect_new(&spec);
        json_t *changes[] = { json_loads(host ? host : "{}", 0, NULL),
                              json_loads(config ? config : "{}", 0, NULL),
                              json_loads(rest ? rest : "{}", 0, NULL) };
        cr_assert(changes[0] && changes[1] && changes[2]);
        json_object_update(json_object_get(document, "HostConfig"), changes[0]);
        json_object_update(json_object_get(document, "Config"), changes[1]);
        json_object_update(document, changes[2]);
        for (size_t i = 0; i < 3; i++)
                json_decref(changes[i]);
        cleanup(container_freep) Container *container = inspect_take(document);
        const char *why = rolls_why_not(container);
        cr_expect_str_eq(rolls_gap(container), why ? "a moment" : "none");
        cr_expect_not_null(rolls_gap_why(container));
        (void) snprintf(reason, sizeof reason, "%s", why ? why : "");
        return reason;
}

Test(rolls, what_coolify_itself_rolls_does) {
        static const char *const unnumbered[] = { "coolify.type", "application", NULL };
        static const struct {
                const char *what, *host, *config, *rest;
        } cases[] = {
                { "as it is", NULL, NULL, NULL },
                { "read-only", NULL, NULL, "{\"Mounts\":[{\"Type\":\"volume\",\"RW\":false}]}" },
                { "in memory", NULL, NULL, "{\"Mounts\":[{\"Type\":\"tmpfs\",\"RW\":true}]}" },
                { "exposed, not published", NULL, "{\"ExposedPorts\":{\"80/tcp\":{}}}", NULL },
                { "no devices", "{\"Devices\":[],\"DeviceRequests\":null,\"IpcMode\":\"private\"}",
                  NULL, NULL },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                cr_expect_str_empty(
                        why_not(&(InspectSpec){ 0 }, cases[i].host, cases[i].config, cases[i].rest),
                        "%s", cases[i].what
                );
        cr_expect_str_empty(why_not(&(InspectSpec){ .labels = unnumbered }, NULL, NULL, NULL));
}

Test(rolls, whatever_may_not_run_twice_does_not_and_says_why) {
        static const char *const service[] = { "coolify.type", "service", NULL };
        static const char *const preview[] = { "coolify.type", "application",
                                               "coolify.pullRequestId", "7", NULL };
        static const char *const none[] = { "shop.type", "application", NULL };
        static const struct {
                InspectSpec spec;
                const char *host, *config, *rest, *why;
        } cases[] = {
                { { .labels = none }, NULL, NULL, NULL, "no application of Coolify's" },
                { { .labels = service }, NULL, NULL, NULL, "no application of Coolify's" },
                { { .labels = preview }, NULL, NULL, NULL, "preview" },
                { { .name = "abc", .service = "abc" }, NULL, NULL, NULL, "keeps its name" },
                { { .name = "shop", .service = "shop" }, NULL, NULL, NULL, "keeps its name" },
                { { .name = "web-" NAME, .service = "web" }, NULL, NULL, NULL, "compose file" },
                { { .service = "abc" }, NULL, NULL, NULL, "keeps its name" },
                { { .name = "abc-1425301234567", .service = "abc-1425301234567" },
                  NULL,
                  NULL,
                  NULL,
                  "keeps" },
                { { .name = "abc-pr-7", .service = "abc-pr-7" },
                  NULL,
                  NULL,
                  NULL,
                  "keeps its name" },
                { { 0 },
                  "{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]}}",
                  NULL,
                  NULL,
                  "port" },
                { { 0 }, "{\"PublishAllPorts\":true}", NULL, NULL, "port" },
                { { 0 }, NULL, NULL, "{\"Mounts\":[{\"Type\":\"volume\",\"RW\":true}]}", "volume" },
                { { 0 }, NULL, NULL, "{\"Mounts\":[{\"Type\":\"bind\",\"RW\":true}]}", "volume" },
                { { 0 }, "{\"PidMode\":\"host\"}", NULL, NULL, "namespace" },
                { { 0 }, "{\"IpcMode\":\"container:x\"}", NULL, NULL, "namespace" },
                { { 0 }, NULL, "{\"MacAddress\":\"02:00:00:00:00:01\"}", NULL, "fixed address" },
                { { 0 },
                  NULL,
                  NULL,
                  "{\"NetworkSettings\":{\"Networks\":{\"n\":{\"IPAMConfig\":{\"IPv4Address\":\"10.0.0.5\"}}}}}",
                  "fixed address" },
                { { 0 },
                  NULL,
                  NULL,
                  "{\"NetworkSettings\":{\"Networks\":{\"m\":{},\"n\":{}}}}",
                  "several" },
                { { 0 }, "{\"DeviceRequests\":[{\"Count\":-1}]}", NULL, NULL, "device" },
                { { .health = "healthy" },
                  NULL,
                  "{\"Healthcheck\":{\"StartPeriod\":600000000000,\"Interval\":1000000000}}",
                  NULL,
                  "10 minutes" },
                { { .health = "healthy" },
                  NULL,
                  "{\"Healthcheck\":{\"Interval\":9000000000000000000,\"Retries\":9000000}}",
                  NULL,
                  "10 minutes" },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const char *why =
                        why_not(&cases[i].spec, cases[i].host, cases[i].config, cases[i].rest);

                cr_expect_not_null(strstr(why, cases[i].why), "%zu: '%s'", i, why);
        }
}

Test(rolls, a_new_one_has_as_long_as_its_health_check_needs) {
        static const struct {
                const char *health, *check;
                unsigned sec;
        } cases[] = {
                { NULL, "{}", 5 },
                { "starting", "{}", 3 * 60 },
                { "starting",
                  "{\"Interval\":5000000000,\"Timeout\":5000000000,\"Retries\":10,\"StartPeriod\":5000000000}",
                  105 },
                { "healthy", "{\"Interval\":1000000000,\"Timeout\":2000000000,\"Retries\":2}", 6 },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *document = inspect_new(&(InspectSpec){ .health = cases[i].health });

                json_object_set_new(
                        json_object_get(document, "Config"), "Healthcheck",
                        json_loads(cases[i].check, 0, NULL)
                );
                cleanup(container_freep) Container *container = inspect_take(document);
                cr_expect_eq(rolls_proof_usec(container), cases[i].sec * USEC_PER_SEC, "%zu", i);
        }
}
