/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "docker/pull.h"
#include "scripted.h"

typedef struct Pulled {
        unsigned told;
        unsigned done;
        PullProgress last;
        int result;
        int code;
        char text[480];
        bool free_when_told;
} Pulled;

static sd_event *event;
static Http *http;
static Engine *engine;
static Scripted *scripted;
static Pull *pull;
static Pulled pulled;

static void set_up(void) {
        cr_assert_geq(sd_event_new(&event), 0);
        scripted = scripted_new(event);
        cr_assert_geq(http_new(event, &http), 0);
        cr_assert_geq(engine_new(event, http, scripted->path, &engine), 0);
        pulled = (Pulled){ 0 };
}

static void tear_down(void) {
        pull = pull_free(pull);
        engine = engine_free(engine);
        http = http_free(http);
        scripted_free(scripted);
        event = sd_event_unref(event);
}

static void on_tell(const PullProgress *progress, void *data) {
        (void) data;
        pulled.told++;
        pulled.last = *progress;
        if (pulled.free_when_told)
                pull = pull_free(pull);
}

static void on_done(int result, const Error *error, void *data) {
        (void) data;
        pulled.done++;
        pulled.result = result;
        pulled.code = error ? error->code : 0;
        (void) snprintf(pulled.text, sizeof pulled.text, "%s", error ? error->text : "");
        pull = pull_free(pull);
}

static void start(const char *image) {
        cr_assert_eq(pull_start(engine, image, on_tell, on_done, NULL, &pull), 0);
}

TestSuite(pull, .init = set_up, .fini = tear_down, .timeout = 60);

Test(pull, asks_for_one_tag_and_tells_the_sum_over_the_layers) {
        scripted_rule(scripted, "/images/create", 0, "");
        start("localhost:5000/a/b");
        run_idle(event);
        cr_assert_eq(
                scripted_count(
                        scripted, "POST /v1.41/images/create?fromImage=localhost%3A5000%2Fa%2Fb"
                                  "&tag=latest HTTP"
                ),
                1
        );

        (void) scripted_push(
                scripted, "/images/create",
                "{\"status\":\"Pulling from a/b\",\"id\":\"latest\"}\r\n"
                "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"aa\"}\r\n"
                "{\"status\":\"Already exists\",\"progressDetail\":{},\"id\":\"cc\"}\r\n"
                "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":10,\"total\":100},"
                "\"progress\":\"[=>]\",\"id\":\"aa\"}\r\n"
        );
        run_until(event, &pulled.told, 1);
        cr_assert_eq(pulled.last.done_bytes, 10);
        cr_assert_eq(pulled.last.total_bytes, 100);

        (void) scripted_push(
                scripted, "/images/create",
                "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":50},\"id\":"
                "\"bb\"}\r\n{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"aa\"}\r\n"
        );
        run_until(event, &pulled.told, 2);
        cr_assert_eq(pulled.last.done_bytes, 105);
        cr_assert_eq(pulled.last.total_bytes, 150);

        (void) scripted_push(
                scripted, "/images/create",
                "{\"status\":\"Extracting\",\"progressDetail\":{\"current\":1,\"units\":\"s\"},\"id\":"
                "\"bb\"}\r\n{\"status\":\"Status: Downloaded newer image\"}\r\n"
        );
        run_until(event, &pulled.told, 3);
        cr_assert_eq(pulled.last.done_bytes, 150);
        scripted_end(scripted, "/images/create");
        run_until(event, &pulled.done, 1);
        cr_assert_eq(pulled.result, 0);
        cr_assert_str_eq(pulled.text, "");
}

Test(pull, an_error_in_the_stream_is_an_error_at_its_end) {
        static const struct {
                const char *message;
                int code;
        } table[] = {
                { "toomanyrequests: You have reached your pull rate limit.", -EDQUOT },
                { "write /var/lib/x: no space left on device", -ENOSPC },
                { "manifest unknown: manifest unknown", -ENOENT },
                { "denied: requested access to the resource is denied", -EACCES },
                { "something else", -EIO },
        };

        scripted_rule(scripted, "/images/create", 0, "");
        for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
                char line[512];
                char text[512];

                start("nginx:alpine");
                run_idle(event);
                (void) snprintf(
                        line, sizeof line,
                        "{\"errorDetail\":{\"message\":\"%s\"},\"error\":\"other words\"}\r\n"
                        "{\"error\":\"a second one\"}\r\n",
                        table[i].message
                );
                (void) snprintf(text, sizeof text, "nginx:alpine: %s", table[i].message);
                (void) scripted_push(scripted, "/images/create", line);
                run_idle(event);
                cr_assert_eq(pulled.done, i, "only at the end");
                scripted_end(scripted, "/images/create");
                run_until(event, &pulled.done, i + 1);
                cr_assert_eq(pulled.result, table[i].code, "%s", table[i].message);
                cr_assert_eq(pulled.code, table[i].code);
                cr_assert_str_eq(pulled.text, text);
        }
}

Test(pull, a_refusal_before_the_stream_is_told_in_the_engines_words) {
        scripted_rule(
                scripted, "/images/create", 404,
                "{\"message\":\"manifest for nginx:nope not found: manifest unknown\"}"
        );
        start("nginx:nope");
        run_until(event, &pulled.done, 1);
        cr_assert_eq(pulled.result, -ENOENT);
        cr_assert_str_eq(
                pulled.text, "nginx:nope: manifest for nginx:nope not found: manifest unknown"
        );
        cr_assert_eq(pulled.told, 0);
}

Test(pull, a_stream_that_breaks_is_an_error) {
        scripted_rule(scripted, "/images/create", 0, "");
        start("nginx");
        run_idle(event);
        (void) scripted_push(scripted, "/images/create", "{\"status\":\"x\"}\r\n");
        run_idle(event);
        scripted_cut(scripted, "/images/create");
        run_until(event, &pulled.done, 1);
        cr_assert_lt(pulled.result, 0);
        cr_assert_eq(strncmp(pulled.text, "nginx: ", 7), 0, "%s", pulled.text);
}

Test(pull, a_line_that_is_no_json_is_an_error) {
        scripted_rule(scripted, "/images/create", 0, "");
        start("nginx");
        run_idle(event);
        (void) scripted_push(scripted, "/images/create", "<html>\r\n");
        run_until(event, &pulled.done, 1);
        cr_assert_eq(pulled.result, -EBADMSG);
}

Test(pull, of_what_is_no_name_does_not_begin) {
        cr_assert_eq(pull_start(engine, "a b", on_tell, on_done, NULL, &pull), -EINVAL);
        cr_assert_null(pull);
        run_idle(event);
        cr_assert_eq(scripted->request_count, 0);
}

Test(pull, may_be_freed_while_it_tells) {
        pulled.free_when_told = true;
        scripted_rule(scripted, "/images/create", 0, "");
        start("nginx");
        run_idle(event);
        (void) scripted_push(
                scripted, "/images/create",
                "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":"
                "\"a\"}\r\n"
        );
        run_until(event, &pulled.told, 1);
        run_idle(event);
        cr_assert_eq(pulled.done, 0);
        cr_assert_eq(http_in_flight(http), 0);
}
