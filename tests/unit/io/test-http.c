/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "io/http.h"
#include "unit/io/server.h"

static void answer_hello(Conn *conn) {
        conn_answer(conn, 200, "hello");
}

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
