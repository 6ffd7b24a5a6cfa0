/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "docker/engine.h"
#include "scripted.h"

typedef struct Asked {
        unsigned count;
        Outcome outcome;
        long status;
        int code;
        char text[480];
        char json[1024];
        EngineSlot *slot;
        EngineSlot **also; /* freed in the callback */
} Asked;

static sd_event *event;
static Http *http;
static Engine *engine;
static Scripted *scripted;

static void set_up(void) {
        cr_assert_geq(sd_event_new(&event), 0);
        scripted = scripted_new(event);
        cr_assert_geq(http_new(event, &http), 0);
        cr_assert_geq(engine_new(event, http, scripted->path, &engine), 0);
}

static void tear_down(void) {
        engine = engine_free(engine);
        http = http_free(http);
        scripted_free(scripted);
        event = sd_event_unref(event);
}

static void on_done(const EngineAnswer *answer, void *data) {
        Asked *asked = data;
        char *json = json_dumps(answer->json, JSON_COMPACT | JSON_ENCODE_ANY);

        asked->count++;
        asked->outcome = answer->outcome;
        asked->status = answer->status;
        asked->code = answer->error.code;
        (void) snprintf(asked->text, sizeof asked->text, "%s", answer->error.text);
        (void) snprintf(asked->json, sizeof asked->json, "%s", json ? json : "");
        free(json);
        asked->slot = engine_slot_free(asked->slot);
        if (asked->also)
                *asked->also = engine_slot_free(*asked->also);
}

static void ask(const char *method, const char *path, const json_t *body, Asked *asked) {
        EngineCall call = { .method = method, .path = path, .body = body };

        cr_assert_eq(engine_call(engine, &call, on_done, asked, &asked->slot), 0);
        cr_assert_eq(asked->count, 0, "never from engine_call()");
}

static Asked ask_now(const char *path) {
        static Asked asked;

        asked = (Asked){ 0 };
        ask("GET", path, NULL, &asked);
        run_until(event, &asked.count, 1);
        return asked;
}

TestSuite(engine, .init = set_up, .fini = tear_down, .timeout = 60);

Test(engine, settles_a_version_once_and_prefixes_every_call) {
        scripted_rule(scripted, "/info", 200, "{\"a\":1}");
        cr_assert_eq(engine_api(engine), 0);
        cr_assert_str_eq(engine_version(engine), "");

        Asked first = { 0 };
        Asked second = { 0 };
        ask("GET", "/info", NULL, &first);
        ask("GET", "/info?x=1", NULL, &second);
        run_until(event, &first.count, 1);
        run_until(event, &second.count, 1);

        cr_assert_eq(first.outcome, OUTCOME_DONE);
        cr_assert_eq(first.status, 200);
        cr_assert_eq(first.code, 0);
        cr_assert_str_eq(first.json, "{\"a\":1}");
        cr_assert_eq(scripted_count(scripted, "GET /_ping "), 1);
        cr_assert_eq(scripted_count(scripted, "GET /version "), 1);
        cr_assert_eq(scripted_count(scripted, "GET /v1.41/info HTTP"), 1);
        cr_assert_eq(scripted_count(scripted, "GET /v1.41/info?x=1 HTTP"), 1);
        cr_assert_eq(engine_api(engine), 41);
        cr_assert_str_eq(engine_version(engine), "20.10.24");
}

Test(engine, sends_the_body_as_json) {
        json_t *body = json_pack("{s:s}", "Image", "nginx");
        Asked asked = { 0 };

        scripted_rule(scripted, "POST /v1.41/containers/create?name=a ", 201, "{\"Id\":\"x\"}");
        ask("POST", "/containers/create?name=a", body, &asked);
        json_decref(body); /* borrowed for the call alone */
        run_until(event, &asked.count, 1);
        cr_assert_eq(asked.outcome, OUTCOME_DONE);
        cr_assert_eq(asked.status, 201);
        cr_assert_str_eq(scripted->last_body, "{\"Image\":\"nginx\"}");
}

Test(engine, answers_become_outcomes_with_the_engines_words) {
        static const struct {
                int status;
                const char *body;
                Outcome outcome;
                int code;
                const char *text;
        } table[] = {
                { 304, "", OUTCOME_ALREADY, 0, "" },
                { 404, "{\"message\":\"No such container: x\"}", OUTCOME_GONE, -ENOENT,
                  "No such container: x" },
                { 409, "{\"message\":\"Conflict.\\n The name is in use\\n\"}", OUTCOME_CONFLICT,
                  -EBUSY, "Conflict.  The name is in use" },
                { 400, "{\"message\":\"bad\"}", OUTCOME_REFUSED, -EINVAL, "bad" },
                { 403, "{\"message\":\"no\"}", OUTCOME_REFUSED, -EACCES, "no" },
                { 500, "{\"message\":\"boom\"}", OUTCOME_UNKNOWN, -EIO, "boom" },
                { 500, "{}", OUTCOME_UNKNOWN, -EIO,
                  "the Docker Engine answered with HTTP status 500" },
                { 200, "{\"half\":", OUTCOME_UNKNOWN, -EBADMSG,
                  "the Docker Engine's answer is no valid JSON" },
                { 200, "", OUTCOME_DONE, 0, "" },
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                scripted_rule(scripted, "/x", table[i].status, table[i].body);
                Asked asked = ask_now("/x");

                cr_assert_eq(asked.outcome, table[i].outcome, "row %zu", i);
                cr_assert_eq(asked.status, table[i].status, "row %zu", i);
                cr_assert_eq(asked.code, table[i].code, "row %zu: %d", i, asked.code);
                cr_assert_str_eq(asked.text, table[i].text);
        }
}

Test(engine, shows_no_words_of_a_body_that_is_not_json) {
        scripted_rule(scripted, "/x", 502, "{\"message\":\"looks like it\"}");
        (void) ask_now("/x");
        scripted->type = "text/html";

        Asked asked = ask_now("/x");
        cr_assert_eq(asked.outcome, OUTCOME_UNKNOWN);
        cr_assert_str_eq(asked.text, "the Docker Engine answered with HTTP status 502");
        cr_assert_str_eq(asked.json, "");
}

Test(engine, passes_null_and_strings_with_a_nul) {
        scripted_rule(scripted, "/changes", 200, "null\n");
        cr_assert_str_eq(ask_now("/changes").json, "null");
        scripted_rule(scripted, "/nul", 200, "[{\"a\":\"b\\u0000c\"},{\"d\":1}]");
        cr_assert_str_eq(ask_now("/nul").json, "[{\"a\":\"b\\u0000c\"},{\"d\":1}]");
}

Test(engine, too_old_an_engine_is_refused_and_asked_again_only_after_a_pause) {
        scripted->api = "1.40";
        scripted->server = "Docker/19.03.15 (linux)";
        scripted_rule(scripted, "GET /version ", 200, "{\"Version\":\"19.03.15\"}");

        for (int i = 0; i < 2; i++) {
                Asked asked = ask_now("/info");
                cr_assert_eq(asked.outcome, OUTCOME_REFUSED);
                cr_assert_eq(asked.status, 0);
                cr_assert_eq(asked.code, -EPROTONOSUPPORT);
                cr_assert_str_eq(
                        asked.text,
                        "Docker Engine 19.03.15 speaks API 1.40; coollama needs 1.41 or "
                        "newer (Docker 20.10): upgrade the engine"
                );
        }
        cr_assert_eq(scripted_count(scripted, "/info"), 0, "the call itself was never sent");
        cr_assert_eq(scripted_count(scripted, "GET /_ping "), 1);

        /* Replaced by a newer one: noticed at once after a loss. */
        scripted->api = "1.51";
        scripted_rule(scripted, "GET /version ", 200, "{\"Version\":\"28.5.2\"}");
        scripted_rule(scripted, "/v1.51/info", 200, "{}");
        engine_forget(engine);
        cr_assert_eq(ask_now("/info").outcome, OUTCOME_DONE);
        cr_assert_eq(engine_api(engine), 51);
        cr_assert_str_eq(engine_version(engine), "28.5.2");
}

Test(engine, too_new_an_engine_is_refused) {
        scripted->api = "1.80";
        scripted_rule(
                scripted, "GET /version ", 200, "{\"Version\":\"40.0\",\"MinAPIVersion\":\"1.60\"}"
        );
        Asked asked = ask_now("/info");
        cr_assert_eq(asked.outcome, OUTCOME_REFUSED);
        cr_assert_str_eq(
                asked.text, "Docker Engine 40.0 wants API 1.60 or newer; coollama speaks up to "
                            "1.51: upgrade coollama"
        );
}

Test(engine, a_service_without_an_api_version_is_no_engine) {
        scripted->api = NULL;
        Asked asked = ask_now("/info");
        cr_assert_eq(asked.outcome, OUTCOME_REFUSED);
        cr_assert_not_null(strstr(asked.text, "is no Docker Engine"), "%s", asked.text);
}

Test(engine, trouble_with_the_version_is_never_gone_or_conflict) {
        static const int statuses[] = { 404, 409, 403, 500, 304 };

        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
                scripted_rule(scripted, "/_ping ", statuses[i], "{\"message\":\"odd\"}");
                engine_forget(engine);
                Outcome outcome = ask_now("/containers/x/json").outcome;
                cr_assert(
                        outcome == OUTCOME_REFUSED || outcome == OUTCOME_UNKNOWN, "%d: %s",
                        statuses[i], outcome_to_string(outcome)
                );
                engine_forget(engine);
                scripted_rule(scripted, "/_ping ", 200, "OK");
                scripted_rule(scripted, "GET /version ", statuses[i], "{\"message\":\"odd\"}");
                outcome = ask_now("/containers/x/json").outcome;
                cr_assert(outcome == OUTCOME_REFUSED || outcome == OUTCOME_UNKNOWN);
                scripted->rule_count -= 2;
        }
}

Test(engine, settles_again_when_the_headers_change) {
        scripted_rule(scripted, "/info", 200, "{}");
        cr_assert_eq(ask_now("/info").outcome, OUTCOME_DONE);
        cr_assert_eq(engine_api(engine), 41);

        /* The first answer with another header is still on the old version. */
        scripted->api = "1.51";
        scripted->server = "Docker/28.5.2 (linux)";
        scripted_rule(scripted, "GET /version ", 200, "{\"Version\":\"28.5.2\"}");
        cr_assert_eq(ask_now("/info").outcome, OUTCOME_DONE);
        cr_assert_eq(engine_api(engine), 0);
        cr_assert_eq(ask_now("/info").outcome, OUTCOME_DONE);
        cr_assert_eq(engine_api(engine), 51);
        cr_assert_eq(scripted_count(scripted, "GET /v1.51/info"), 1);

        /* Another engine on the same version, too: what it supports may differ. */
        scripted->server = "Docker/28.5.3 (linux)";
        cr_assert_eq(ask_now("/info").outcome, OUTCOME_DONE);
        cr_assert_eq(engine_api(engine), 0);
        cr_assert_eq(scripted_count(scripted, "GET /_ping "), 2);
}

Test(engine, a_call_refused_for_its_version_is_sent_once_more_on_the_new_one) {
        scripted_rule(scripted, "/info", 200, "{}");
        cr_assert_eq(ask_now("/info").outcome, OUTCOME_DONE);

        scripted->api = "1.51";
        scripted_rule(
                scripted, "GET /version ", 200, "{\"Version\":\"28.5\",\"MinAPIVersion\":\"1.44\"}"
        );
        scripted_rule(
                scripted, "/v1.41/", 400,
                "{\"message\":\"client version 1.41 is too old. Minimum supported API version is "
                "1.44\"}"
        );
        scripted_rule(scripted, "/v1.51/start", 204, "");
        Asked asked = { 0 };
        ask("POST", "/start", NULL, &asked);
        run_until(event, &asked.count, 1);
        cr_assert_eq(asked.outcome, OUTCOME_DONE);
        cr_assert_eq(engine_api(engine), 51);
        cr_assert_eq(scripted_count(scripted, "POST /v1.41/start"), 1);
        cr_assert_eq(scripted_count(scripted, "POST /v1.51/start"), 1);
}

Test(engine, a_call_that_stays_refused_for_its_version_is_answered) {
        scripted_rule(
                scripted, "/v1.41/", 400,
                "{\"message\":\"client version 1.41 is too old. Minimum supported API version is "
                "1.99\"}"
        );
        Asked asked = ask_now("/info");
        cr_assert_eq(asked.outcome, OUTCOME_REFUSED);
        cr_assert_eq(asked.code, -EPROTONOSUPPORT);
        cr_assert_not_null(strstr(asked.text, "is too old"));
        cr_assert_eq(scripted_count(scripted, "/info"), 2);
}

Test(engine, an_engine_that_is_away_is_unknown_and_tried_again_by_the_next_call) {
        scripted_down(scripted);
        Asked asked = ask_now("/info");
        cr_assert_eq(asked.outcome, OUTCOME_UNKNOWN);
        cr_assert_eq(asked.status, 0);
        cr_assert_lt(asked.code, 0);
        cr_assert_not_null(strstr(asked.text, scripted->path), "%s", asked.text);

        scripted_listen(scripted);
        scripted_rule(scripted, "/info", 200, "{}");
        cr_assert_eq(ask_now("/info").outcome, OUTCOME_DONE);
}

Test(engine, a_connection_that_ends_without_an_answer_is_unknown) {
        scripted_rule(scripted, "/gone", -1, "");
        Asked asked = ask_now("/gone");
        cr_assert_eq(asked.outcome, OUTCOME_UNKNOWN);
        cr_assert_eq(asked.status, 0);
        cr_assert_lt(asked.code, 0);
}

Test(engine, a_silent_engine_is_given_up_after_the_calls_timeout) {
        scripted_rule(scripted, "/info", 200, "{}");
        (void) ask_now("/info");

        Asked asked = { 0 };
        EngineCall call = { .method = "GET", .path = "/silent", .timeout_usec = 20000 };
        cr_assert_eq(engine_call(engine, &call, on_done, &asked, &asked.slot), 0);
        run_until(event, &asked.count, 1);
        cr_assert_eq(asked.outcome, OUTCOME_UNKNOWN);
        cr_assert_eq(asked.code, -ETIMEDOUT);
}

Test(engine, cancelled_calls_are_never_answered) {
        scripted_rule(scripted, "/info", 200, "{}");
        Asked waiting = { 0 };
        Asked sent = { 0 };
        Asked other = { 0 };

        ask("GET", "/info", NULL, &waiting); /* for a version */
        waiting.slot = engine_slot_free(waiting.slot);
        ask("GET", "/info", NULL, &other);
        run_until(event, &other.count, 1);

        ask("GET", "/silent", NULL, &sent);
        run_idle(event);
        cr_assert_eq(scripted_count(scripted, "/silent"), 1);
        sent.slot = engine_slot_free(sent.slot);
        run_idle(event);
        cr_assert_eq(waiting.count + sent.count, 0);
        cr_assert_eq(http_in_flight(http), 0);
}

Test(engine, a_failure_may_free_the_other_calls_that_failed_with_it) {
        scripted_down(scripted);
        Asked first = { 0 };
        Asked second = { 0 };
        Asked third = { 0 };

        ask("GET", "/a", NULL, &first);
        ask("GET", "/b", NULL, &second);
        ask("GET", "/c", NULL, &third);
        first.also = &second.slot;
        run_until(event, &third.count, 1);
        cr_assert_eq(first.count, 1);
        cr_assert_eq(second.count, 0, "was freed by the first one");
}

typedef struct Streamed {
        Asked asked;
        unsigned started;
        unsigned pieces;
        char text[256];
        int stop; /* returned by piece */
} Streamed;

static int on_started(long status, void *data) {
        Streamed *streamed = data;

        cr_assert_eq(status, 200);
        streamed->started++;
        return 0;
}

static int on_piece(const char *bytes, size_t size, void *data) {
        Streamed *streamed = data;
        size_t used = strlen(streamed->text);

        (void
        ) snprintf(streamed->text + used, sizeof streamed->text - used, "%.*s", (int) size, bytes);
        streamed->pieces++;
        return streamed->stop;
}

static void on_stream_done(const EngineAnswer *answer, void *data) {
        Streamed *streamed = data;

        on_done(answer, &streamed->asked);
}

static void stream(const char *path, Streamed *streamed) {
        EngineStream request = { .call = { .method = "GET", .path = path },
                                 .started = on_started,
                                 .piece = on_piece };

        cr_assert_eq(
                engine_stream(engine, &request, on_stream_done, streamed, &streamed->asked.slot), 0
        );
}

Test(engine, streams_pieces_and_then_the_end) {
        Streamed streamed = { 0 };

        scripted_rule(scripted, "/events", 0, "");
        stream("/events", &streamed);
        run_until(event, &streamed.started, 1);
        cr_assert_eq(streamed.pieces, 0);
        cr_assert_eq(scripted_push(scripted, "/events", "one"), 1);
        run_until(event, &streamed.pieces, 1);
        cr_assert_eq(scripted_push(scripted, "/events", "two"), 1);
        run_until(event, &streamed.pieces, 2);
        cr_assert_str_eq(streamed.text, "onetwo");
        cr_assert_eq(streamed.asked.count, 0);
        scripted_end(scripted, "/events");
        run_until(event, &streamed.asked.count, 1);
        cr_assert_eq(streamed.asked.outcome, OUTCOME_DONE);
}

Test(engine, a_stream_that_is_cut_is_unknown) {
        Streamed streamed = { 0 };

        scripted_rule(scripted, "/events", 0, "");
        stream("/events", &streamed);
        run_until(event, &streamed.started, 1);
        scripted_cut(scripted, "/events");
        run_until(event, &streamed.asked.count, 1);
        cr_assert_eq(streamed.asked.outcome, OUTCOME_UNKNOWN);
        cr_assert_eq(streamed.asked.status, 200);
        cr_assert_lt(streamed.asked.code, 0);
}

Test(engine, a_streams_error_is_collected_not_streamed) {
        Streamed streamed = { 0 };

        scripted_rule(scripted, "/events", 400, "{\"message\":\"invalid filter\"}");
        stream("/events", &streamed);
        run_until(event, &streamed.asked.count, 1);
        cr_assert_eq(streamed.started + streamed.pieces, 0);
        cr_assert_eq(streamed.asked.outcome, OUTCOME_REFUSED);
        cr_assert_str_eq(streamed.asked.text, "invalid filter");
}

Test(engine, a_reader_that_fails_ends_its_stream) {
        Streamed streamed = { .stop = -EBADMSG };

        scripted_rule(scripted, "/events", 0, "");
        stream("/events", &streamed);
        run_until(event, &streamed.started, 1);
        (void) scripted_push(scripted, "/events", "x");
        run_until(event, &streamed.asked.count, 1);
        cr_assert_eq(streamed.asked.outcome, OUTCOME_UNKNOWN);
        cr_assert_eq(streamed.asked.code, -EBADMSG);
}

Test(engine, slots_outlive_the_engine_and_are_never_answered_then) {
        Asked waiting = { 0 };
        Asked sent = { 0 };

        scripted_rule(scripted, "/info", 200, "{}");
        (void) ask_now("/info");
        ask("GET", "/silent", NULL, &sent);
        engine_forget(engine);
        ask("GET", "/info", NULL, &waiting);
        engine = engine_free(engine);
        cr_assert_eq(http_in_flight(http), 0);
        run_idle(event);
        cr_assert_eq(waiting.count + sent.count, 0);
        cr_assert_null(engine_slot_free(waiting.slot));
        cr_assert_null(engine_slot_free(sent.slot));
}

Test(engine, calls_are_bounded_in_number_and_path) {
        static EngineSlot *slots[400];
        static char path[200 * 1024];
        EngineCall call = { .method = "GET", .path = "/silent" };
        Asked asked = { 0 };
        size_t n = 0;
        int r = 0;

        while (n < 400 && r == 0) {
                r = engine_call(engine, &call, on_done, &asked, &slots[n]);
                n += r == 0;
        }
        cr_assert_lt(r, 0);
        cr_assert_lt(n, 400);
        while (n > 0) {
                n--;
                slots[n] = engine_slot_free(slots[n]);
        }

        memset(path, 'x', sizeof path - 1);
        path[0] = '/';
        call.path = path;
        cr_assert_eq(engine_call(engine, &call, on_done, &asked, &asked.slot), -EINVAL);
        call.path = "info";
        cr_assert_eq(engine_call(engine, &call, on_done, &asked, &asked.slot), -EINVAL);
}
