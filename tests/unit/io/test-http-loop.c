/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <criterion/criterion.h>

#include "io/http-loop.h"
#include "unit/io/watched.h"

/*
 * The traps of libcurl's multi interface on sd-event, one test for each (what callbacks may do:
 * test-http-callbacks.c).
 */
static void answer_and_close(Conn *conn) {
        conn_write(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast");
        conn_close(conn);
}

static void answer_half_and_close(Conn *conn) {
        conn_write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        conn_close(conn);
}

/* Trap 1. */
Test(http_loop, the_last_transfer_is_reported_when_it_ends_by_its_timeout) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);
        request.timeout_usec = 100 * USEC_PER_MSEC;
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, -ETIMEDOUT);
        cr_assert_eq(outcome->status, 0);
        cr_assert_str_not_empty(outcome->text);
        outcome_free(outcome);
        world_free(world);
}

/* Trap 1. */
Test(http_loop, all_transfers_that_end_in_one_turn_are_reported) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);
        request.timeout_usec = 100 * USEC_PER_MSEC;
        Outcome *outcomes[5];

        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
                outcomes[i] = send_request(world, &request, on_outcome);
        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
                world_until(world, &outcomes[i]->calls, 1);
                cr_assert_eq(outcomes[i]->error, -ETIMEDOUT);
        }
        world_quiet(world);
        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
                cr_assert_eq(outcomes[i]->calls, 1);
                outcome_free(outcomes[i]);
        }
        world_free(world);
}

/* Trap 2. */
Test(http_loop, sending_arms_the_timer_and_does_not_run_libcurl) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);
        Outcome *outcome = send_request(world, &request, on_outcome);

        cr_assert_eq(seen.actions, 0);
        world_until(world, &outcome->calls, 1);
        cr_assert_gt(seen.actions, 0);
        outcome_free(outcome);
        world_free(world);
}

/* Trap 3. */
Test(http_loop, timers_are_asked_to_be_exact) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);
        request.silence_usec = USEC_PER_SEC;
        Outcome *outcome = fetch(world, &request);

        cr_assert_geq(seen.timers, 2);
        cr_assert_eq(seen.inexact_timers, 0);
        outcome_free(outcome);
        world_free(world);
}

/* Trap 4. */
Test(http_loop, a_hang_up_is_told_to_libcurl_as_an_error) {
        World *world = world_new(answer_half_and_close);
        HttpRequest request = request_get(world);
        Outcome *outcome = fetch(world, &request);

        cr_assert(seen.masks & CURL_CSELECT_ERR);
        cr_assert_eq(outcome->error, -ECONNRESET);
        outcome_free(outcome);
        world_free(world);
}

/* Trap 4. */
Test(http_loop, what_was_written_before_a_hang_up_is_read) {
        World *world = world_new(answer_and_close);
        HttpRequest request = request_get(world);
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_str_eq(outcome->body, "last");
        outcome_free(outcome);
        world_free(world);
}

/* Trap 5. */
Test(http_loop, a_descriptor_number_that_comes_again_is_watched_again) {
        World *world = world_new(answer_and_close);
        HttpRequest request = request_get(world);
        unsigned most = 0;

        for (unsigned i = 0; i < 5; i++) {
                Outcome *outcome = fetch(world, &request);
                cr_assert_eq(outcome->error, 0, "%s", outcome->text);
                outcome_free(outcome);
        }
        for (size_t i = 0; i < ARRAY_LEN(seen.io_sources); i++)
                most = seen.io_sources[i] > most ? seen.io_sources[i] : most;
        cr_assert_geq(most, 2, "no descriptor number came twice: the test proves nothing");
        cr_assert_eq(world->accepted, 5);
        world_free(world);
}

/* Trap 7. */
Test(http_loop, the_reason_of_a_failure_survives_the_removal_of_its_handle) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);

        world_stop_server(world);
        Outcome *outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, -ENOENT, "%d %s", outcome->error, outcome->text);
        cr_assert_str_not_empty(outcome->text);
        outcome_free(outcome);
        world_free(world);
}

static void answer_garbage_then_hello(Conn *conn) {
        if (conn->world->requests < 3) {
                conn_write(conn, "what is this\r\n\r\n");
                conn_close(conn);
        } else {
                answer_hello(conn);
        }
}

/* Trap 8. */
Test(http_loop, failures_do_not_make_the_loop_deaf) {
        World *world = world_new(answer_garbage_then_hello);
        HttpRequest request = request_get(world);

        for (unsigned i = 0; i < 2; i++) {
                Outcome *outcome = fetch(world, &request);
                cr_assert_lt(outcome->error, 0);
                outcome_free(outcome);
        }
        Outcome *outcome = fetch(world, &request);
        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_str_eq(outcome->body, "hello");
        outcome_free(outcome);
        world_free(world);
}

/* Trap 9. */
Test(http_loop, a_broken_multi_fails_every_request_and_is_replaced) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);
        Outcome *first = send_request(world, &request, on_outcome);

        world_until(world, &world->requests, 1);
        seen.refuse_io = true; /* the next socket cannot be watched */
        Outcome *second = send_request(world, &request, on_outcome);
        while (second->calls == 0)
                cr_assert_geq(sd_event_run(world->event, USEC_PER_SEC), 0);
        seen.refuse_io = false;

        cr_assert_eq(first->calls, 1);
        cr_assert_eq(first->error, -EIO);
        cr_assert_eq(second->calls, 1);
        cr_assert_eq(second->error, -EIO);
        cr_assert_eq(http_in_flight(world->http), 0);

        world->answer = answer_hello;
        Outcome *third = fetch(world, &request);
        cr_assert_eq(third->error, 0, "%s", third->text);
        outcome_free(first);
        outcome_free(second);
        outcome_free(third);
        world_free(world);
}

/* Trap 10: world_free() fails when a source was left behind. */
Test(http_loop, teardown_with_open_requests_calls_nothing_and_leaves_nothing) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);
        request.silence_usec = USEC_PER_SEC;
        Outcome *waiting = send_request(world, &request, on_outcome);
        world_until(world, &world->requests, 1);
        Outcome *unborn = send_request(world, &request, on_outcome);

        world->http = http_free(world->http);
        world_quiet(world);
        cr_assert_eq(waiting->calls, 0);
        cr_assert_eq(unborn->calls, 0);
        outcome_free(waiting); /* after the client, as its owner may do */
        outcome_free(unborn);
        world_free(world);
}

static void answer_by_closing(Conn *conn) {
        conn_close(conn);
}

/* Trap 11: libcurl leaves the signal alone, and sends so that none comes. */
Test(http_loop, a_peer_that_goes_while_we_send_raises_no_signal) {
        static char body[4 * 1024 * 1024];
        World *world = world_new(answer_by_closing);
        HttpRequest request = request_get(world);
        struct sigaction action;

        cr_assert_eq(signal(SIGPIPE, SIG_DFL) == SIG_ERR, 0);
        memset(body, 'x', sizeof body);
        request.method = "POST";
        request.body = body;
        request.body_size = sizeof body;
        Outcome *outcome = send_request(world, &request, on_outcome);
        while (world->accepted == 0)
                cr_assert_geq(sd_event_run(world->event, USEC_PER_SEC), 0);
        for (size_t i = 0; i < SERVER_CONNS; i++)
                conn_close(&world->conns[i]);
        world_until(world, &outcome->calls, 1);

        cr_assert_eq(outcome->error, -ECONNRESET, "%d %s", outcome->error, outcome->text);
        cr_assert_eq(sigaction(SIGPIPE, NULL, &action), 0);
        cr_assert_eq(action.sa_handler, SIG_DFL);
        outcome_free(outcome);
        world_free(world);
}

static void answer_long_headers(Conn *conn) {
        static char filler[20 * 1024];

        memset(filler, 'x', sizeof filler - 1);
        conn_write(conn, "HTTP/1.1 200 OK\r\nX-Long: %s\r\nContent-Length: 0\r\n\r\n", filler);
}

/* Trap 12. */
Test(http_loop, a_header_block_of_more_than_16_KiB_is_refused) {
        World *world = world_new(answer_long_headers);
        HttpRequest request = request_get(world);
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, -EMSGSIZE, "%s", outcome->text);
        outcome_free(outcome);
        world_free(world);
}

/* Trap 12. */
Test(http_loop, a_collected_body_may_have_its_maximum_and_no_byte_more) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);

        request.max_body = 5;
        Outcome *fits = fetch(world, &request);
        cr_assert_eq(fits->error, 0, "%s", fits->text);
        cr_assert_str_eq(fits->body, "hello");

        request.max_body = 4;
        Outcome *too_long = fetch(world, &request);
        cr_assert_eq(too_long->error, -EMSGSIZE);
        cr_assert_str_eq(too_long->body, "");
        cr_assert_null(strstr(too_long->text, "hell"));
        outcome_free(fits);
        outcome_free(too_long);
        world_free(world);
}

/* Trap 12. */
Test(http_loop, the_number_of_requests_under_way_is_limited) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);
        static HttpSlot *slots[256];
        HttpSlot *one_more = NULL;

        for (size_t i = 0; i < ARRAY_LEN(slots); i++)
                cr_assert_eq(http_send(world->http, &request, on_outcome, NULL, &slots[i]), 0);
        cr_assert_eq(http_send(world->http, &request, on_outcome, NULL, &one_more), -ENOBUFS);
        slots[0] = http_slot_free(slots[0]);
        cr_assert_eq(http_send(world->http, &request, on_outcome, NULL, &slots[0]), 0);
        for (size_t i = 0; i < ARRAY_LEN(slots); i++)
                slots[i] = http_slot_free(slots[i]);
        cr_assert_eq(http_in_flight(world->http), 0);
        world_free(world);
}

static void answer_elsewhere(Conn *conn) {
        conn_write(
                conn, "HTTP/1.1 302 Found\r\nLocation: http://localhost/elsewhere\r\n"
                      "Content-Length: 0\r\n\r\n"
        );
}

/* Trap 12. */
Test(http_loop, a_redirect_is_an_answer_and_not_followed) {
        World *world = world_new(answer_elsewhere);
        HttpRequest request = request_get(world);
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, 0);
        cr_assert_eq(outcome->status, 302);
        cr_assert_eq(world->requests, 1);
        outcome_free(outcome);
        world_free(world);
}
