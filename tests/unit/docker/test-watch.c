/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "docker/watch.h"
#include "scripted.h"

#define CONSUMERS "coollama.enable"
#define STACK     "coollama.part"
#define ALL       "volume"
#define FOLLOWED  "%22container%22%3A%5B%22"

typedef struct Heard {
        unsigned standing;
        unsigned events;
        unsigned followed;
        unsigned lost;
        char log[1024]; /* s, l, and the kinds of events */
        int code;
        char text[480];
        Watch **free_when_lost;
} Heard;

static sd_event *event;
static Http *http;
static Engine *engine;
static Scripted *scripted;
static Watch *watch;
static Heard heard;

static void set_up(void) {
        cr_assert_geq(sd_event_new(&event), 0);
        scripted = scripted_new(event);
        cr_assert_geq(http_new(event, &http), 0);
        cr_assert_geq(engine_new(event, http, scripted->path, &engine), 0);
        heard = (Heard){ 0 };
}

static void tear_down(void) {
        watch = watch_free(watch);
        engine = engine_free(engine);
        http = http_free(http);
        scripted_free(scripted);
        event = sd_event_unref(event);
}

static void note(const char *word) {
        size_t used = strlen(heard.log);

        (void) snprintf(heard.log + used, sizeof heard.log - used, "%s ", word);
}

static void on_standing(void *data) {
        (void) data;
        heard.standing++;
        note("standing");
}

static void on_event(const EngineEvent *engine_event, void *data) {
        (void) data;
        heard.events++;
        note(event_kind_to_string(engine_event->kind));
}

static void on_followed(void *data) {
        (void) data;
        heard.followed++;
        note("followed");
}

static void on_lost(const Error *error, void *data) {
        (void) data;
        heard.lost++;
        heard.code = error->code;
        (void) snprintf(heard.text, sizeof heard.text, "%s", error->text);
        note("lost");
        if (heard.free_when_lost)
                *heard.free_when_lost = watch_free(*heard.free_when_lost);
}

/* Pings are an hour away unless a test wants them. */
static void start(uint64_t ping_usec, uint64_t ping_timeout_usec) {
        const WatchHandler handler = {
                .standing = on_standing, .event = on_event, .followed = on_followed, .lost = on_lost
        };
        const WatchTimes times = {
                .ping_usec = ping_usec ? ping_usec : 3600 * (uint64_t) 1000000,
                .ping_timeout_usec = ping_timeout_usec,
                .retry_min_usec = 5000,
                .retry_max_usec = 20000,
        };

        cr_assert_geq(watch_new(event, engine, &times, &handler, &watch), 0);
}

static void start_standing(void) {
        scripted_rule(scripted, "/events?", 0, "");
        start(0, 0);
        run_until(event, &heard.standing, 1);
}

static const char *event_line(const char *action) {
        static char line[256];

        (void) snprintf(
                line, sizeof line,
                "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"c\"}}\n", action
        );
        return line;
}

TestSuite(watch, .init = set_up, .fini = tear_down, .timeout = 60);

Test(watch, opens_each_stream_once_with_its_filter) {
        start_standing();
        cr_assert_eq(scripted_count(scripted, "GET /v1.41/events?filters=%7B%22type%22"), 3);
        cr_assert_eq(scripted_count(scripted, "%22label%22%3A%5B%22coollama.enable%22%5D"), 1);
        cr_assert_eq(scripted_count(scripted, "%22label%22%3A%5B%22coollama.part%22%5D"), 1);
        cr_assert_eq(scripted_count(scripted, "%22disconnect%22"), 1);
        cr_assert_eq(scripted_count(scripted, "%22prune%22"), 1);
        cr_assert_eq(scripted_count(scripted, "since="), 0);
        cr_assert_eq(heard.lost, 0);
}

Test(watch, stands_only_when_every_stream_does) {
        scripted_rule(scripted, CONSUMERS, 0, "");
        scripted_rule(scripted, ALL, 0, "");
        start(0, 0);
        run_idle(event);
        cr_assert_eq(scripted_count(scripted, "/events?"), 3);
        cr_assert_eq(heard.standing, 0);

        /* What comes before is not told: everything will be looked at anyway. */
        (void) scripted_push(scripted, ALL, event_line("start"));
        run_idle(event);
        cr_assert_eq(heard.events, 0);

        /* The third one ends without an answer; the next try has all three. */
        scripted_rule(scripted, "/events?", 0, "");
        scripted_cut(scripted, STACK);
        run_until(event, &heard.standing, 1);
        cr_assert_str_eq(heard.log, "lost standing ");
}

Test(watch, tells_events_of_all_streams) {
        start_standing();
        (void) scripted_push(scripted, ALL, event_line("start"));
        run_until(event, &heard.events, 1);
        (void) scripted_push(scripted, CONSUMERS, event_line("health_status: healthy"));
        run_until(event, &heard.events, 2);
        (void) scripted_push(scripted, STACK, "{\"Type\":\"container\",\"Action\":\"pa");
        run_idle(event);
        (void) scripted_push(scripted, STACK, "use\",\"Actor\":{\"ID\":\"c\"}}\n");
        run_until(event, &heard.events, 3);
        (void) scripted_push(scripted, ALL, event_line("exec_die"));
        (void) scripted_push(scripted, ALL, event_line("die"));
        run_until(event, &heard.events, 4);
        cr_assert_str_eq(heard.log, "standing start health pause die ");
}

Test(watch, a_loss_is_told_once_and_all_streams_are_opened_again) {
        start_standing();
        scripted_cut(scripted, ALL);
        run_until(event, &heard.standing, 2);
        cr_assert_str_eq(heard.log, "standing lost standing ");
        cr_assert_eq(scripted_count(scripted, "/events?"), 6);
        cr_assert_eq(http_in_flight(http), 3, "the old ones are closed");
        cr_assert_eq(scripted_count(scripted, "GET /_ping "), 2, "the version is settled again");
}

Test(watch, a_stream_that_ends_in_good_order_is_a_loss) {
        start_standing();
        scripted_end(scripted, STACK);
        run_until(event, &heard.lost, 1);
        cr_assert_eq(heard.code, -ECONNRESET);
        cr_assert_str_eq(heard.text, "the Docker Engine ended the event stream 'stack'");
        run_until(event, &heard.standing, 2);
}

Test(watch, a_line_that_is_no_event_is_a_loss_with_a_reason) {
        static const char *const lines[] = { "no json\n", "{\"message\":\"x\"}\n", "[]\n" };

        start_standing();
        for (unsigned i = 0; i < 3; i++) {
                (void) scripted_push(scripted, CONSUMERS, lines[i]);
                run_until(event, &heard.lost, i + 1);
                cr_assert_eq(heard.code, -EBADMSG, "%s", lines[i]);
                cr_assert_str_eq(
                        heard.text, "the event stream 'consumers' has a line that is no event"
                );
                run_until(event, &heard.standing, i + 2);
        }
}

Test(watch, an_engine_that_stays_away_is_one_loss_however_often_it_is_tried) {
        start_standing();
        scripted_down(scripted);
        run_until(event, &heard.lost, 1);
        for (int i = 0; i < 50; i++)
                cr_assert_geq(sd_event_run(event, 2000), 0);
        cr_assert_eq(heard.lost, 1);
        cr_assert_eq(engine_api(engine), 0);

        scripted_listen(scripted);
        run_until(event, &heard.standing, 2);
        cr_assert_str_eq(heard.log, "standing lost standing ");
}

Test(watch, an_engine_that_never_was_there_is_told) {
        scripted_down(scripted);
        start(0, 0);
        run_until(event, &heard.lost, 1);
        cr_assert_not_null(strstr(heard.text, scripted->path), "%s", heard.text);
}

Test(watch, an_engine_that_came_back_too_old_is_told_and_noticed_when_replaced) {
        start_standing();
        scripted_down(scripted);
        run_until(event, &heard.lost, 1);
        scripted->api = "1.40";
        scripted_listen(scripted);
        run_until(event, &heard.lost, 2);
        cr_assert_eq(heard.code, -EPROTONOSUPPORT);
        cr_assert_not_null(strstr(heard.text, "upgrade the engine"), "%s", heard.text);

        scripted->api = "1.45";
        run_until(event, &heard.standing, 2);
        cr_assert_str_eq(heard.log, "standing lost lost standing ");
        cr_assert_eq(engine_api(engine), 45);
}

Test(watch, pings_while_it_stands) {
        scripted_rule(scripted, "/events?", 0, "");
        start(2000, 0);
        while (scripted_count(scripted, "GET /v1.41/_ping ") < 5)
                cr_assert_geq(sd_event_run(event, 100 * 1000), 0);
        cr_assert_str_eq(heard.log, "standing ");
}

Test(watch, an_engine_that_does_not_answer_its_ping_is_lost) {
        scripted_rule(scripted, "/events?", 0, "");
        scripted_rule(scripted, "/v1.41/_ping", 200, "OK");
        start(2000, 20000);
        run_until(event, &heard.standing, 1);

        /* It accepts and is silent, as an engine does that hangs. */
        ScriptedRule *rule = &scripted->rules[scripted->rule_count - 1];
        (void) snprintf(rule->word, sizeof rule->word, "never");
        scripted->rules[0].word[0] = '!'; /* nor the one that settles */
        run_until(event, &heard.lost, 1);
        cr_assert_eq(heard.code, -ETIMEDOUT);
        cr_assert_str_eq(heard.text, "the Docker Engine did not answer a ping within 20ms");
        cr_assert_eq(scripted_count(scripted, "/v1.41/_ping") > 0, 1);
}

Test(watch, a_ping_that_is_answered_with_an_error_is_a_loss) {
        scripted_rule(scripted, "/events?", 0, "");
        scripted_rule(scripted, "/v1.41/_ping", 500, "{\"message\":\"sick\"}");
        start(2000, 0);
        run_until(event, &heard.lost, 1);
        cr_assert_str_eq(heard.text, "sick");
}

Test(watch, containers_without_a_label_are_followed_by_their_ids) {
        static const char *const one[] = { "aaaa" };
        static const char *const two[] = { "aaaa", "bbbb" };

        start_standing();
        cr_assert_eq(scripted_count(scripted, FOLLOWED), 0);
        cr_assert_eq(watch_follow(watch, one, 1), 0);
        run_until(event, &heard.followed, 1);
        cr_assert_eq(scripted_count(scripted, "aaaa%22%5D"), 1);
        (void) scripted_push(scripted, FOLLOWED, event_line("health_status: healthy"));
        run_until(event, &heard.events, 1);

        /* Others: a new stream, which the old one makes room for once it stands. */
        cr_assert_eq(watch_follow(watch, two, 2), 0);
        run_until(event, &heard.followed, 2);
        cr_assert_eq(scripted_count(scripted, "aaaa%22%2C%22bbbb%22%5D"), 1);
        cr_assert_eq(http_in_flight(http), 4);
        cr_assert_str_eq(heard.log, "standing followed health followed ");

        /* It stands and falls with the others, and is opened with them again. */
        scripted_cut(scripted, ALL);
        run_until(event, &heard.standing, 2);
        cr_assert_eq(scripted_count(scripted, "aaaa%22%2C%22bbbb%22%5D"), 2);
        cr_assert_eq(http_in_flight(http), 4);
        cr_assert_eq(watch_follow(watch, NULL, 0), 0);
        run_idle(event);
        cr_assert_eq(http_in_flight(http), 3);
        cr_assert_eq(heard.lost, 1);
}

Test(watch, what_is_followed_before_it_stands_is_opened_with_the_rest) {
        static const char *const one[] = { "aaaa" };
        static const char *const other[] = { "bbbb" };

        start(0, 0);
        cr_assert_eq(watch_follow(watch, one, 1), 0);
        run_idle(event); /* opening: no rule for the streams */
        cr_assert_eq(http_in_flight(http), 4);
        cr_assert_eq(watch_follow(watch, other, 1), 0);
        run_idle(event);
        cr_assert_eq(http_in_flight(http), 4);
        cr_assert_eq(scripted_count(scripted, "bbbb"), 1);
        cr_assert_eq(watch_follow(watch, NULL, 0), 0);
        run_idle(event);
        cr_assert_eq(http_in_flight(http), 3);
}

Test(watch, a_replacement_that_is_replaced_is_never_told) {
        static const char *const ids[] = { "aaaa", "bbbb", "cccc" };

        start_standing();
        for (size_t i = 0; i < 3; i++)
                cr_assert_eq(watch_follow(watch, &ids[i], 1), 0);
        run_until(event, &heard.followed, 1);
        run_idle(event);
        cr_assert_eq(heard.followed, 1);
        cr_assert_eq(http_in_flight(http), 4);
        cr_assert_eq(heard.lost, 0);
}

Test(watch, may_be_freed_when_it_is_lost) {
        heard.free_when_lost = &watch;
        start_standing();
        scripted_cut(scripted, ALL);
        run_until(event, &heard.lost, 1);
        run_idle(event);
        cr_assert_null(watch);
        cr_assert_eq(http_in_flight(http), 0);
}

Test(watch, freed_in_any_state_leaves_nothing_behind) {
        start(0, 0);
        watch = watch_free(watch);
        start(0, 0);
        run_idle(event); /* opening: no rule for the streams */
        cr_assert_eq(http_in_flight(http), 3);
        watch = watch_free(watch);
        cr_assert_eq(http_in_flight(http), 0);
        start_standing();
        watch = watch_free(watch);
        run_idle(event);
        cr_assert_eq(http_in_flight(http), 0);
        cr_assert_null(watch_free(NULL));
}
