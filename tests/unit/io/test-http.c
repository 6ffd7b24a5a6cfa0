/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "io/http.h"
#include "unit/io/server.h"

Test(http, a_whole_answer_is_collected) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_eq(outcome->status, 200);
        cr_assert_str_eq(outcome->body, "hello");
        cr_assert_eq(outcome->body_size, 5);
        cr_assert_str_eq(outcome->header, "yes");
        cr_assert_eq(http_in_flight(world->http), 0);
        outcome_free(outcome);
        world_free(world);
}

Test(http, the_request_is_sent_as_it_was_when_send_was_called) {
        static const char *const headers[] = { "X-One: 1", "X-Two: 2", NULL };
        World *world = world_new(answer_hello);
        char path[] = "/v1.41/../containers/a%20b?x=1";
        char body[] = "{\"a\":1}";
        HttpRequest request = request_get(world);

        request.method = "POST";
        request.path = path;
        request.headers = headers;
        request.content_type = "application/json";
        request.body = body;
        request.body_size = strlen(body);
        Outcome *outcome = send_request(world, &request, on_outcome);
        memset(body, '#', sizeof body);
        memset(path, '#', sizeof path);
        world_until(world, &outcome->calls, 1);

        static const char first[] = "POST /v1.41/../containers/a%20b?x=1 HTTP/1.1\r\n";
        cr_assert_eq(strncmp(world->last, first, strlen(first)), 0, "%s", world->last);
        cr_assert_not_null(strstr(world->last, "\r\nX-One: 1\r\n"));
        cr_assert_not_null(strstr(world->last, "\r\nX-Two: 2\r\n"));
        cr_assert_not_null(strstr(world->last, "\r\nContent-Type: application/json\r\n"));
        cr_assert_not_null(strstr(world->last, "\r\nContent-Length: 7\r\n"));
        cr_assert_not_null(strstr(world->last, "\r\n\r\n{\"a\":1}"));
        outcome_free(outcome);
        world_free(world);
}

Test(http, a_body_may_hold_zero_bytes) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);

        request.method = "PUT";
        request.body = "a\0b";
        request.body_size = 3;
        Outcome *outcome = fetch(world, &request);
        const char *body = strstr(world->last, "\r\n\r\n");
        cr_assert_not_null(body);
        cr_assert_arr_eq(body + 4, "a\0b", 3);
        outcome_free(outcome);
        world_free(world);
}

Test(http, no_header_is_sent_that_nobody_asked_for) {
        static char body[1500 * 1024]; /* long enough for libcurl to want an Expect */
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);

        memset(body, 'x', sizeof body);
        request.method = "POST";
        request.body = body;
        request.body_size = sizeof body;
        Outcome *outcome = fetch(world, &request);
        cr_assert_null(strcasestr(world->last, "\r\nExpect:"));
        cr_assert_null(strcasestr(world->last, "\r\nContent-Type:"));
        cr_assert_null(strcasestr(world->last, "\r\nAccept-Encoding:"));
        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        outcome_free(outcome);
        world_free(world);
}

static void answer_to_head(Conn *conn) {
        conn_write(
                conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Seen: head\r\n\r\n%s",
                strncmp(conn->world->last, "HEAD", 4) == 0 ? "" : "hello"
        );
}

Test(http, every_method_is_sent_and_answered) {
        static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE" };
        World *world = world_new(answer_to_head);

        for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
                HttpRequest request = request_get(world);
                request.method = methods[i];
                Outcome *outcome = fetch(world, &request);
                cr_assert_eq(outcome->error, 0, "%s: %s", methods[i], outcome->text);
                cr_assert_eq(strncmp(world->last, methods[i], strlen(methods[i])), 0);
                cr_assert_str_eq(outcome->header, "head");
                cr_assert_str_eq(outcome->body, strcmp(methods[i], "HEAD") == 0 ? "" : "hello");
                outcome_free(outcome);
        }
        world_free(world);
}

Test(http, what_is_not_one_request_is_refused) {
        static const char *const split[] = { "X: a\r\nY: b", NULL };
        static const char *const nameless[] = { "no colon", NULL };
        static char long_path[200];
        memset(long_path, 'x', sizeof long_path - 1);
        const struct {
                HttpRequest request;
                int error;
        } cases[] = {
                { { .socket_path = "/s", .method = "BREW", .path = "/" }, -EINVAL },
                { { .socket_path = "/s", .method = NULL, .path = "/" }, -EINVAL },
                { { .socket_path = "/s", .method = "GET", .path = "x" }, -EINVAL },
                { { .socket_path = "/s", .method = "GET", .path = "/a b" }, -EINVAL },
                { { .socket_path = "/s", .method = "GET", .path = "/a\r\nX: y" }, -EINVAL },
                { { .socket_path = "/s", .method = "GET", .path = "/a#b" }, -EINVAL },
                { { .socket_path = "/s", .method = "GET", .path = "/", .headers = split },
                  -EINVAL },
                { { .socket_path = "/s", .method = "GET", .path = "/", .headers = nameless },
                  -EINVAL },
                { { .socket_path = "/s", .method = "GET", .path = "/", .content_type = "a\nb" },
                  -EINVAL },
                { { .socket_path = "/s", .method = "POST", .path = "/", .body_size = 1 }, -EINVAL },
                { { .socket_path = NULL, .method = "GET", .path = "/" }, -EINVAL },
                { { .socket_path = "", .method = "GET", .path = "/" }, -EINVAL },
                { { .socket_path = long_path, .method = "GET", .path = "/" }, -ENAMETOOLONG },
        };
        World *world = world_new(answer_hello);

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                HttpSlot *slot = NULL;
                int r = http_send(world->http, &cases[i].request, on_outcome, NULL, &slot);
                cr_assert_eq(r, cases[i].error, "case %zu: %d", i, r);
                cr_assert_null(slot);
        }
        cr_assert_eq(http_in_flight(world->http), 0);
        world_free(world);
}

Test(http, nobody_listening_is_told_by_its_errno) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);

        world->listen_source = sd_event_source_disable_unref(world->listen_source);
        (void) close(world->listen_fd);
        world->listen_fd = -1;
        Outcome *refused = fetch(world, &request);
        cr_assert_eq(refused->error, -ECONNREFUSED, "%d %s", refused->error, refused->text);
        cr_assert_eq(refused->status, 0);
        cr_assert_str_eq(refused->body, "");

        request.socket_path = "/nonexistent/socket";
        Outcome *absent = fetch(world, &request);
        cr_assert_eq(absent->error, -ENOENT, "%d %s", absent->error, absent->text);
        outcome_free(refused);
        outcome_free(absent);
        world_free(world);
}

Test(http, connections_are_used_again) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);

        for (unsigned i = 0; i < 3; i++)
                outcome_free(fetch(world, &request));
        cr_assert_eq(world->requests, 3);
        cr_assert_eq(world->accepted, 1);
        world_free(world);
}

Test(http, a_kept_connection_that_the_server_closed_is_replaced) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);

        outcome_free(fetch(world, &request));
        for (size_t i = 0; i < SERVER_CONNS; i++)
                conn_close(&world->conns[i]);
        Outcome *outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_eq(world->accepted, 2);
        outcome_free(outcome);
        world_free(world);
}

static void answer_broken(Conn *conn) {
        const char *bytes = conn->world->data;

        conn_write(conn, "%s", bytes);
        conn_close(conn);
}

Test(http, a_broken_answer_is_an_error) {
        static const struct {
                const char *bytes;
                int error;
        } cases[] = {
                { "", -ECONNRESET },
                { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", -ECONNRESET },
                { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf", -ECONNRESET },
                { "not http at all\r\n\r\n", -EBADMSG },
        };
        World *world = world_new(answer_broken);
        HttpRequest request = request_get(world);

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                char bytes[128];
                (void) snprintf(bytes, sizeof bytes, "%s", cases[i].bytes);
                world->data = bytes;
                Outcome *outcome = fetch(world, &request);
                cr_assert_eq(
                        outcome->error, cases[i].error, "case %zu: %d %s", i, outcome->error,
                        outcome->text
                );
                cr_assert_null(strstr(outcome->text, "half"), "a body in the error");
                outcome_free(outcome);
        }
        world_free(world);
}

static void answer_after_continue(Conn *conn) {
        conn_write(
                conn, "HTTP/1.1 100 Continue\r\nX-Seen: not this\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Seen:  this \r\n\r\n"
                      "2\r\nok\r\n0\r\nX-Trailer: t\r\n\r\n"
        );
}

Test(http, headers_are_those_of_the_last_answer) {
        World *world = world_new(answer_after_continue);
        HttpRequest request = request_get(world);
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_str_eq(outcome->header, "this");
        cr_assert_str_eq(outcome->body, "ok");
        outcome_free(outcome);
        world_free(world);
}

Test(http, a_header_is_found_in_any_case_and_only_whole) {
        const HttpResult result = {
                .headers = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nEmpty:\r\nServer: x\r\n\r\n",
        };
        char buffer[8];

        cr_assert(http_result_header(&result, "api-version", buffer, sizeof buffer));
        cr_assert_str_eq(buffer, "1.41");
        cr_assert(http_result_header(&result, "EMPTY", buffer, sizeof buffer));
        cr_assert_str_eq(buffer, "");
        cr_assert_not(http_result_header(&result, "version", buffer, sizeof buffer));
        cr_assert_not(http_result_header(&result, "api", buffer, sizeof buffer));
        cr_assert_not(http_result_header(&result, "api-version", buffer, 4), "too long for it");
        cr_assert(http_result_header(&result, "api-version", buffer, 5));
}

static void answer_stream(Conn *conn) {
        conn_write(
                conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Seen: yes\r\n\r\n"
                      "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        );
}

Test(http, a_streamed_answer_starts_comes_in_pieces_and_ends) {
        World *world = world_new(answer_stream);
        HttpRequest request = request_get(world);
        Outcome *outcome = NULL;

        request.started = on_outcome_started;
        request.piece = on_outcome_piece;
        outcome = send_request(world, &request, on_outcome);
        world_until(world, &outcome->pieces, 1);
        cr_assert_eq(outcome->started, 1);
        cr_assert_eq(outcome->status, 200);
        world_until(world, &outcome->calls, 1);
        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_str_eq(outcome->body, "", "a streamed body is not collected, too");
        cr_assert_str_eq(outcome->header, "yes");
        outcome_free(outcome);
        world_free(world);
}

static void answer_refusal(Conn *conn) {
        conn_answer(conn, 404, "{\"message\":\"no such container\"}");
}

Test(http, a_refusal_is_collected_where_a_stream_was_hoped_for) {
        World *world = world_new(answer_refusal);
        HttpRequest request = request_get(world);

        request.started = on_outcome_started;
        request.piece = on_outcome_piece;
        Outcome *outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, 0);
        cr_assert_eq(outcome->status, 404);
        cr_assert_eq(outcome->started, 0);
        cr_assert_eq(outcome->pieces, 0);
        cr_assert_str_eq(outcome->body, "{\"message\":\"no such container\"}");
        outcome_free(outcome);
        world_free(world);
}

static int piece_refuses(const char *bytes, size_t size, void *data) {
        (void) bytes;
        (void) size;
        ((Outcome *) data)->pieces++;
        return -EBADMSG;
}

static int started_refuses(long status, void *data) {
        (void) status;
        ((Outcome *) data)->started++;
        return -EPROTO;
}

Test(http, a_reader_that_refuses_ends_the_transfer_with_its_errno) {
        World *world = world_new(answer_stream);
        HttpRequest request = request_get(world);

        request.piece = piece_refuses;
        Outcome *outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, -EBADMSG);
        cr_assert_eq(outcome->pieces, 1);
        cr_assert_eq(outcome->calls, 1);
        outcome_free(outcome);

        request.started = started_refuses;
        outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, -EPROTO);
        cr_assert_eq(outcome->started, 1);
        cr_assert_eq(outcome->pieces, 0);
        outcome_free(outcome);
        world_free(world);
}

static void answer_first_chunk(Conn *conn) {
        conn_write(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
}

Test(http, a_stream_that_falls_silent_fails) {
        static Answer *const answers[] = { answer_nothing, answer_first_chunk };
        World *world = world_new(answer_nothing);

        for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
                HttpRequest request = request_get(world);
                request.timeout_usec = 0;
                request.silence_usec = 100 * USEC_PER_MSEC;
                request.piece = on_outcome_piece;
                world->answer = answers[i];
                Outcome *outcome = fetch(world, &request);
                cr_assert_eq(outcome->error, -ETIMEDOUT);
                cr_assert_eq(outcome->pieces, i);
                cr_assert_str_not_empty(outcome->text);
                outcome_free(outcome);
        }
        world_free(world);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *data) {
        Conn *conn = data;
        unsigned *left = conn->world->data;

        (void) usec;
        if (--*left == 0) {
                conn_write(conn, "0\r\n\r\n");
                return 0;
        }
        conn_write(conn, "1\r\nx\r\n");
        (void) sd_event_source_set_time_relative(source, 40 * USEC_PER_MSEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static sd_event_source *ticks;

static void answer_in_ticks(Conn *conn) {
        conn_write(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        cr_assert_geq(
                sd_event_add_time_relative(
                        conn->world->event, &ticks, CLOCK_MONOTONIC, 40 * USEC_PER_MSEC, 1, on_tick,
                        conn
                ),
                0
        );
}

/* 25 pieces, 40 ms apart: a second in all, and never half a second of silence. */
Test(http, each_piece_begins_the_silence_anew) {
        World *world = world_new(answer_in_ticks);
        HttpRequest request = request_get(world);
        unsigned left = 25;

        world->data = &left;
        request.timeout_usec = 0;
        request.silence_usec = 500 * USEC_PER_MSEC;
        request.piece = on_outcome_piece;
        Outcome *outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_eq(left, 0);
        ticks = sd_event_source_unref(ticks);
        outcome_free(outcome);
        world_free(world);
}

Test(http, a_time_limit_below_a_millisecond_is_still_a_limit) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);

        request.timeout_usec = 1;
        Outcome *outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, -ETIMEDOUT);
        outcome_free(outcome);
        world_free(world);
}

Test(http, a_freed_slot_is_never_called_and_its_connection_is_closed) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);
        Outcome *outcome = send_request(world, &request, on_outcome);

        world_until(world, &world->requests, 1);
        cr_assert_eq(http_in_flight(world->http), 1);
        outcome->slot = http_slot_free(outcome->slot);
        cr_assert_eq(http_in_flight(world->http), 0);
        world_quiet(world);
        cr_assert_eq(outcome->calls, 0);
        for (size_t i = 0; i < SERVER_CONNS; i++)
                cr_assert_eq(world->conns[i].fd, -1, "the server still has a connection");
        outcome_free(outcome);
        world_free(world);
}

Test(http, many_requests_at_once_are_each_answered_once) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);
        Outcome *outcomes[SERVER_CONNS];

        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
                outcomes[i] = send_request(world, &request, on_outcome);
        cr_assert_eq(http_in_flight(world->http), SERVER_CONNS);
        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
                world_until(world, &outcomes[i]->calls, 1);
        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
                cr_assert_eq(outcomes[i]->calls, 1);
                cr_assert_str_eq(outcomes[i]->body, "hello");
                outcome_free(outcomes[i]);
        }
        world_free(world);
}

Test(http, the_environments_proxy_is_not_used) {
        cr_assert_eq(setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_eq(strncmp(world->last, "GET /x ", 7), 0);
        outcome_free(outcome);
        world_free(world);
}
