/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "io/http.h"
#include "unit/io/watched.h"

/*
 * What callbacks may do: free their own slot, free another one, send. Traps 6 and 13 of libcurl's
 * multi interface: none of it may reach libcurl while libcurl is the one that calls.
 */
static void answer_two_chunks(Conn *conn) {
        conn_write(
                conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        );
}

static void expect_no_more(World *world, const Outcome *outcome, unsigned pieces) {
        world_quiet(world);
        cr_assert_eq(outcome->pieces, pieces);
        cr_assert_eq(outcome->calls, 0);
        cr_assert_eq(http_in_flight(world->http), 0);
        cr_assert_eq(seen.illegal_calls, 0);
}

static int piece_frees_itself(const char *bytes, size_t size, void *data) {
        Outcome *outcome = data;

        (void) bytes;
        (void) size;
        outcome->pieces++;
        outcome->slot = http_slot_free(outcome->slot);
        return 0;
}

Test(http_callbacks, a_slot_freed_in_its_own_piece_is_called_no_more) {
        World *world = world_new(answer_two_chunks);
        HttpRequest request = request_get(world);
        request.piece = piece_frees_itself;
        Outcome *outcome = send_request(world, &request, on_outcome);

        world_until(world, &outcome->pieces, 1);
        expect_no_more(world, outcome, 1);
        outcome_free(outcome);
        world_free(world);
}

static int started_frees_itself(long status, void *data) {
        Outcome *outcome = data;

        (void) status;
        outcome->started++;
        outcome->slot = http_slot_free(outcome->slot);
        return 0;
}

Test(http_callbacks, a_slot_freed_when_its_answer_starts_is_called_no_more) {
        World *world = world_new(answer_two_chunks);
        HttpRequest request = request_get(world);
        request.started = started_frees_itself;
        request.piece = on_outcome_piece;
        Outcome *outcome = send_request(world, &request, on_outcome);

        world_until(world, &outcome->started, 1);
        expect_no_more(world, outcome, 0);
        outcome_free(outcome);
        world_free(world);
}

static Outcome *other;

static int piece_frees_the_other(const char *bytes, size_t size, void *data) {
        other->slot = http_slot_free(other->slot);
        return on_outcome_piece(bytes, size, data);
}

static void answer_only_the_stream(Conn *conn) {
        if (strncmp(conn->world->last, "GET /stream", 11) == 0)
                answer_two_chunks(conn);
}

Test(http_callbacks, another_slot_freed_in_a_piece_is_called_no_more) {
        World *world = world_new(answer_only_the_stream);
        HttpRequest request = request_get(world);
        other = send_request(world, &request, on_outcome);
        world_until(world, &world->requests, 1);

        request.path = "/stream";
        request.piece = piece_frees_the_other;
        Outcome *outcome = fetch(world, &request);

        cr_assert_eq(outcome->error, 0, "%s", outcome->text);
        cr_assert_str_eq(outcome->body, "");
        expect_no_more(world, other, 0);
        outcome_free(other);
        outcome_free(outcome);
        world_free(world);
}

static int piece_sends(const char *bytes, size_t size, void *data) {
        Outcome *outcome = data;

        if (other == NULL) {
                HttpRequest request = request_get(outcome->world);
                other = send_request(outcome->world, &request, on_outcome);
        }
        return on_outcome_piece(bytes, size, data);
}

Test(http_callbacks, a_request_sent_in_a_piece_is_started_after_it) {
        World *world = world_new(answer_two_chunks);
        HttpRequest request = request_get(world);
        request.piece = piece_sends;
        Outcome *outcome = fetch(world, &request);

        cr_assert_not_null(other);
        world_until(world, &other->calls, 1);
        cr_assert_str_eq(other->body, "onetwo");
        cr_assert_eq(outcome->error, 0);
        cr_assert_eq(seen.illegal_calls, 0);
        outcome_free(other);
        outcome_free(outcome);
        world_free(world);
}

static int piece_sends_and_cancels(const char *bytes, size_t size, void *data) {
        Outcome *outcome = data;
        HttpRequest request = request_get(outcome->world);
        Outcome *short_lived = send_request(outcome->world, &request, on_outcome);

        outcome_free(short_lived);
        return on_outcome_piece(bytes, size, data);
}

Test(http_callbacks, a_request_sent_and_freed_in_one_piece_never_leaves) {
        World *world = world_new(answer_two_chunks);
        HttpRequest request = request_get(world);
        request.piece = piece_sends_and_cancels;
        Outcome *outcome = fetch(world, &request);

        world_quiet(world);
        cr_assert_eq(outcome->error, 0);
        cr_assert_eq(world->requests, 1);
        cr_assert_eq(http_in_flight(world->http), 0);
        outcome_free(outcome);
        world_free(world);
}

static void done_frees_itself_and_the_other(const HttpResult *result, void *data) {
        Outcome *outcome = data;

        outcome->slot = http_slot_free(outcome->slot);
        other->slot = http_slot_free(other->slot);
        on_outcome(result, outcome); /* the result must outlive the slot's freeing */
}

Test(http_callbacks, slots_freed_in_done_leave_the_result_readable) {
        World *world = world_new(answer_only_the_stream);
        HttpRequest request = request_get(world);
        other = send_request(world, &request, on_outcome);
        request.path = "/stream";
        Outcome *outcome = send_request(world, &request, done_frees_itself_and_the_other);

        world_until(world, &outcome->calls, 1);
        cr_assert_str_eq(outcome->body, "onetwo");
        cr_assert_eq(http_in_flight(world->http), 0);
        world_quiet(world);
        cr_assert_eq(other->calls, 0);
        outcome_free(other);
        outcome_free(outcome);
        world_free(world);
}

static void done_frees_the_other(const HttpResult *result, void *data) {
        (void) result;
        Outcome *outcome = data;

        outcome->calls++;
        other->slot = http_slot_free(other->slot);
}

/* Both have ended in one turn, and the first one's callback frees the second. */
Test(http_callbacks, a_slot_freed_before_its_own_report_is_not_reported) {
        World *world = world_new(answer_nothing);
        HttpRequest request = request_get(world);
        Outcome *first = send_request(world, &request, done_frees_the_other);
        other = send_request(world, &request, on_outcome);

        world_until(world, &world->requests, 2);
        seen.refuse_io = true; /* ends all of them at once */
        Outcome *third = send_request(world, &request, on_outcome);
        while (third->calls == 0)
                cr_assert_geq(sd_event_run(world->event, USEC_PER_SEC), 0);
        seen.refuse_io = false;
        cr_assert_eq(first->calls, 1);
        cr_assert_eq(other->calls, 0);
        outcome_free(first);
        outcome_free(other);
        outcome_free(third);
        world_free(world);
}

static void done_sends(const HttpResult *result, void *data) {
        Outcome *outcome = data;

        on_outcome(result, outcome);
        HttpRequest request = request_get(outcome->world);
        other = send_request(outcome->world, &request, on_outcome);
}

Test(http_callbacks, a_request_sent_in_done_is_answered) {
        World *world = world_new(answer_hello);
        HttpRequest request = request_get(world);
        Outcome *outcome = send_request(world, &request, done_sends);

        world_until(world, &outcome->calls, 1);
        world_until(world, &other->calls, 1);
        cr_assert_str_eq(other->body, "hello");
        outcome_free(other);
        outcome_free(outcome);
        world_free(world);
}
