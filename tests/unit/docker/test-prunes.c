/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/prunes.h"
#include "scripted.h"

#define PRUNE(nano)                                                                           \
        "{\"Type\":\"container\",\"Action\":\"prune\",\"Actor\":{\"ID\":\"\",\"Attributes\":" \
        "{\"reclaimed\":\"0\"}},\"timeNano\":" nano "}\n"

static sd_event *event;
static Http *http;
static Engine *engine;
static Scripted *scripted;
static Prunes *prunes;
static unsigned n_done;
static uint64_t pruned_usec;

static void set_up(void) {
        cr_assert_geq(sd_event_new(&event), 0);
        scripted = scripted_new(event);
        cr_assert_geq(http_new(event, &http), 0);
        cr_assert_geq(engine_new(event, http, scripted->path, &engine), 0);
        n_done = 0;
        pruned_usec = 1;
}

static void tear_down(void) {
        prunes = prunes_free(prunes);
        engine = engine_free(engine);
        http = http_free(http);
        scripted_free(scripted);
        event = sd_event_unref(event);
}

static void on_done(uint64_t usec, void *data) {
        (void) data;
        n_done++;
        pruned_usec = usec;
        prunes = prunes_free(prunes);
}

TestSuite(prunes, .init = set_up, .fini = tear_down, .timeout = 60);

static void ask(int status, const char *body) {
        scripted_rule(scripted, "/events", status, body);
        cr_assert_eq(prunes_ask(engine, 1795824000000042, on_done, NULL, &prunes), 0);
        run_idle(event);
        cr_assert_eq(n_done, 1);
}

Test(prunes, the_newest_of_those_since_then_is_told) {
        ask(200,
            PRUNE("1795824000100000000") PRUNE("1795824000300000000") PRUNE("1795824000200000000"));
        cr_expect_eq(pruned_usec, 1795824000300000);
        cr_expect_eq(scripted_count(scripted, "%22event%22%3A%5B%22prune%22%5D"), 1);
        cr_expect_eq(scripted_count(scripted, "&since=1795824000.000042&until="), 1);
}

Test(prunes, none_is_nought) {
        ask(200, "");
        cr_expect_eq(pruned_usec, 0);
}

Test(prunes, an_engine_that_refuses_or_talks_nonsense_remembers_none) {
        ask(500, "{\"message\":\"no\"}");
        cr_expect_eq(pruned_usec, 0);
        n_done = 0;
        ask(200, "nonsense\n");
        cr_expect_eq(pruned_usec, 0);
}
