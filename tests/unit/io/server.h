/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/macro.h"
#include "io/http.h"

/*
 * A world for the HTTP tests: one event loop, one client, and a server on a unix socket whose
 * answers are bytes that the test writes, so that broken ones can be given, too. One process, one
 * thread.
 */
#define SERVER_CONNS 8
#define REQUEST_MAX  ((size_t) 2 * 1024 * 1024)
#define WAIT_MAX     (10 * USEC_PER_SEC)

typedef struct World World;

typedef struct Conn {
        World *world;
        int fd; /* -1: free */
        sd_event_source *source;
        char in[REQUEST_MAX];
        size_t in_size;
        unsigned requests;
} Conn;

/* A whole request is in conn->in. */
typedef void Answer(Conn *conn);

struct World {
        sd_event *event;
        Http *http;
        char dir[64];
        char path[96];
        int listen_fd;
        sd_event_source *listen_source;
        Conn conns[SERVER_CONNS];
        Answer *answer;
        void *data;
        unsigned accepted;
        unsigned requests;
        char last[65536]; /* the last request, as far as it fits */
};

/* What a request ended with: a copy, since the result is valid during the callback alone. */
typedef struct Outcome {
        World *world;
        HttpSlot *slot;
        unsigned calls;
        unsigned started;
        unsigned pieces;
        int error;
        long status;
        char body[65536];
        size_t body_size;
        char text[200];
        char header[128];
} Outcome;

static inline void conn_close(Conn *conn) {
        if (conn->fd < 0)
                return;
        conn->source = sd_event_source_disable_unref(conn->source);
        (void) close(conn->fd);
        conn->fd = -1;
}

static inline void conn_write(Conn *conn, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static inline void conn_write(Conn *conn, const char *format, ...) {
        char *text = NULL;
        va_list args;

        va_start(args, format);
        int size = vasprintf(&text, format, args);
        va_end(args);
        cr_assert_geq(size, 0);
        for (int done = 0; done < size;) {
                ssize_t n = send(conn->fd, text + done, (size_t) (size - done), MSG_NOSIGNAL);
                if (n < 0)
                        break; /* the client is gone: the tests look at the client */
                done += (int) n;
        }
        free(text);
}

/* A complete answer that keeps the connection. */
static inline void conn_answer(Conn *conn, int status, const char *body) {
        conn_write(
                conn, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nX-Seen: yes\r\n\r\n%s", status,
                strlen(body), body
        );
}

static inline void answer_hello(Conn *conn) {
        conn_answer(conn, 200, "hello");
}

static inline void answer_nothing(Conn *conn) {
        (void) conn;
}

static inline bool conn_has_request(const Conn *conn) {
        const char *end = strstr(conn->in, "\r\n\r\n");
        const char *length = strcasestr(conn->in, "\r\nContent-Length:");

        if (end == NULL)
                return false;
        size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        return conn->in_size >= (size_t) (end + 4 - conn->in) + body;
}

static inline int on_conn(sd_event_source *source, int fd, uint32_t events, void *data) {
        Conn *conn = data;
        World *world = conn->world;

        (void) source;
        (void) events;
        ssize_t n = recv(fd, conn->in + conn->in_size, sizeof conn->in - 1 - conn->in_size, 0);
        if (n <= 0) {
                conn_close(conn);
                return 0;
        }
        conn->in_size += (size_t) n;
        conn->in[conn->in_size] = '\0';
        if (!conn_has_request(conn))
                return 0;

        size_t kept = conn->in_size < sizeof world->last ? conn->in_size : sizeof world->last - 1;
        memcpy(world->last, conn->in, kept);
        world->last[kept] = '\0';
        conn->in_size = 0;
        conn->requests++;
        world->requests++;
        world->answer(conn);
        return 0;
}

static inline int on_accept(sd_event_source *source, int fd, uint32_t events, void *data) {
        World *world = data;

        (void) source;
        (void) events;
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        cr_assert_geq(client, 0);
        world->accepted++;
        for (size_t i = 0; i < SERVER_CONNS; i++) {
                Conn *conn = &world->conns[i];
                if (conn->fd >= 0)
                        continue;
                conn->fd = client;
                conn->in_size = 0;
                conn->requests = 0;
                cr_assert_geq(
                        sd_event_add_io(
                                world->event, &conn->source, client, EPOLLIN, on_conn, conn
                        ),
                        0
                );
                return 0;
        }
        cr_assert_fail("too many connections");
        return 0;
}

static inline World *world_new(Answer *answer) {
        World *world = calloc(1, sizeof *world);
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        cr_assert_not_null(world);
        world->answer = answer;
        for (size_t i = 0; i < SERVER_CONNS; i++) {
                world->conns[i].world = world;
                world->conns[i].fd = -1;
        }
        (void) snprintf(world->dir, sizeof world->dir, "/tmp/coollama-test-XXXXXX");
        cr_assert_not_null(mkdtemp(world->dir));
        (void) snprintf(world->path, sizeof world->path, "%s/socket", world->dir);
        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", world->path);

        world->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_geq(world->listen_fd, 0);
        cr_assert_eq(bind(world->listen_fd, (struct sockaddr *) &address, sizeof address), 0);
        cr_assert_eq(listen(world->listen_fd, 16), 0);

        cr_assert_geq(sd_event_new(&world->event), 0);
        cr_assert_geq(
                sd_event_add_io(
                        world->event, &world->listen_source, world->listen_fd, EPOLLIN, on_accept,
                        world
                ),
                0
        );
        cr_assert_eq(http_new(world->event, &world->http), 0);
        return world;
}

static inline void world_stop_server(World *world) {
        for (size_t i = 0; i < SERVER_CONNS; i++)
                conn_close(&world->conns[i]);
        world->listen_source = sd_event_source_disable_unref(world->listen_source);
        if (world->listen_fd >= 0)
                (void) close(world->listen_fd);
        world->listen_fd = -1;
        (void) unlink(world->path);
}

static inline void on_event_gone(void *data) {
        *(bool *) data = true;
}

static inline int on_exit_unused(sd_event_source *source, void *data) {
        (void) source;
        (void) data;
        return 0;
}

/* Fails when something still holds the event loop: a source that nobody freed. */
static inline World *world_free(World *world) {
        static bool gone;
        sd_event_source *witness = NULL;

        world->http = http_free(world->http);
        world_stop_server(world);
        (void) rmdir(world->dir);

        gone = false; /* the witness belongs to the event loop and dies with it */
        cr_assert_geq(sd_event_add_exit(world->event, &witness, on_exit_unused, &gone), 0);
        cr_assert_geq(sd_event_source_set_destroy_callback(witness, on_event_gone), 0);
        cr_assert_geq(sd_event_source_set_floating(witness, true), 0);
        (void) sd_event_source_unref(witness);
        (void) sd_event_unref(world->event);
        free(world);
        cr_assert(gone, "an event source was left behind");
        return NULL;
}

/* Runs the loop until *counter reaches the wanted value; fails the test after WAIT_MAX. */
static inline void world_until(World *world, const unsigned *counter, unsigned wanted) {
        uint64_t end = clock_monotonic_usec() + WAIT_MAX;

        while (*counter < wanted) {
                cr_assert_lt(clock_monotonic_usec(), end, "waited in vain");
                cr_assert_geq(sd_event_run(world->event, USEC_PER_SEC), 0);
        }
}

/* Runs everything that is ready, and then nothing more for a while: for "it does not happen". */
static inline void world_quiet(World *world) {
        while (sd_event_run(world->event, 50 * USEC_PER_MSEC) > 0)
                continue;
}

static inline void on_outcome(const HttpResult *result, void *data) {
        Outcome *outcome = data;

        outcome->calls++;
        outcome->error = result->error;
        outcome->status = result->status;
        outcome->body_size = result->body_size;
        cr_assert_lt(result->body_size, sizeof outcome->body);
        memcpy(outcome->body, result->body, result->body_size + 1);
        (void) snprintf(outcome->text, sizeof outcome->text, "%s", result->text);
        if (!http_result_header(result, "x-SEEN", outcome->header, sizeof outcome->header))
                outcome->header[0] = '\0';
}

static inline int on_outcome_started(long status, void *data) {
        Outcome *outcome = data;

        outcome->started++;
        outcome->status = status;
        return 0;
}

static inline int on_outcome_piece(const char *bytes, size_t size, void *data) {
        Outcome *outcome = data;

        outcome->pieces++;
        cr_assert_lt(outcome->body_size + size, sizeof outcome->body);
        memcpy(outcome->body + outcome->body_size, bytes, size);
        outcome->body_size += size;
        outcome->body[outcome->body_size] = '\0';
        return 0;
}

static inline Outcome *outcome_new(World *world) {
        Outcome *outcome = calloc(1, sizeof *outcome);

        cr_assert_not_null(outcome);
        outcome->world = world;
        return outcome;
}

static inline Outcome *outcome_free(Outcome *outcome) {
        if (outcome)
                outcome->slot = http_slot_free(outcome->slot);
        free(outcome);
        return NULL;
}

/* A request with the usual values; the caller changes what it is about. */
static inline HttpRequest request_get(const World *world) {
        return (HttpRequest){
                .socket_path = world->path,
                .method = "GET",
                .path = "/x",
                .timeout_usec = 5 * USEC_PER_SEC,
        };
}

static inline Outcome *send_request(World *world, const HttpRequest *request, HttpDone *done) {
        Outcome *outcome = outcome_new(world);

        cr_assert_eq(http_send(world->http, request, done, outcome, &outcome->slot), 0);
        return outcome;
}

/* One request, to its end. */
static inline Outcome *fetch(World *world, const HttpRequest *request) {
        Outcome *outcome = send_request(world, request, on_outcome);

        world_until(world, &outcome->calls, 1);
        return outcome;
}
