/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <systemd/sd-event.h>

#include "base/clock.h"

/*
 * Scripted: an engine's side of a unix socket, on the test's own event loop.
 *
 * Each rule has a word of the request line and the answer to it; the newest rule that fits counts.
 * A request that no rule fits stays unanswered, as with an engine that hangs. What was asked is
 * kept as request lines.
 */
#define SCRIPTED_CONNECTIONS 32
#define SCRIPTED_RULES       32
#define SCRIPTED_REQUESTS    128

typedef struct Scripted Scripted;

typedef struct ScriptedConnection {
        Scripted *scripted;
        int fd;
        sd_event_source *source;
        char buffer[16 * 1024];
        size_t size;
        char request[2048]; /* the last request line */
} ScriptedConnection;

typedef struct ScriptedRule {
        char word[80];
        int status; /* 0: a chunked stream's headers; -1: hang up without a word */
        char body[4096];
} ScriptedRule;

struct Scripted {
        sd_event *event;
        char dir[32];
        char path[64];
        const char *api; /* headers of every answer; NULL leaves one out */
        const char *server;
        const char *type;
        sd_event_source *listener;
        ScriptedConnection connections[SCRIPTED_CONNECTIONS];
        ScriptedRule rules[SCRIPTED_RULES];
        size_t rule_count;
        char requests[SCRIPTED_REQUESTS][2048];
        size_t request_count;
        char last_body[4096];
};

static inline void scripted_close(ScriptedConnection *connection) {
        connection->source = sd_event_source_disable_unref(connection->source);
        if (connection->fd >= 0)
                (void) close(connection->fd);
        connection->fd = -1;
        connection->size = 0;
        connection->request[0] = '\0';
}

static inline void scripted_write(ScriptedConnection *connection, const char *text) {
        /* Small answers: they fit into the socket's buffer. */
        cr_assert_eq(
                send(connection->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t) strlen(text)
        );
}

static inline void scripted_reply(ScriptedConnection *connection, const ScriptedRule *rule) {
        Scripted *scripted = connection->scripted;
        char head[1024];
        int used = snprintf(
                head, sizeof head, "HTTP/1.1 %d Whatever\r\n", rule->status ? rule->status : 200
        );

        if (scripted->api)
                used += snprintf(
                        head + used, sizeof head - (size_t) used, "Api-Version: %s\r\n",
                        scripted->api
                );
        if (scripted->server)
                used += snprintf(
                        head + used, sizeof head - (size_t) used, "Server: %s\r\n", scripted->server
                );
        used += snprintf(
                head + used, sizeof head - (size_t) used, "Content-Type: %s\r\n",
                strcmp(rule->body, "OK") == 0 ? "text/plain" : scripted->type
        );
        if (rule->status == 0)
                (void) snprintf(
                        head + used, sizeof head - (size_t) used,
                        "Transfer-Encoding: chunked\r\n\r\n"
                );
        else
                (void) snprintf(
                        head + used, sizeof head - (size_t) used, "Content-Length: %zu\r\n\r\n",
                        rule->status == 304 ? 0 : strlen(rule->body)
                );
        scripted_write(connection, head);
        if (rule->status != 0 && rule->status != 304)
                scripted_write(connection, rule->body);
}

static inline void scripted_answer(ScriptedConnection *connection) {
        Scripted *scripted = connection->scripted;

        cr_assert_lt(scripted->request_count, SCRIPTED_REQUESTS);
        (void) snprintf(
                scripted->requests[scripted->request_count++], sizeof scripted->requests[0], "%s",
                connection->request
        );
        for (size_t i = scripted->rule_count; i-- > 0;) {
                const ScriptedRule *rule = &scripted->rules[i];

                if (strstr(connection->request, rule->word) == NULL)
                        continue;
                if (rule->status == -1)
                        scripted_close(connection);
                else
                        scripted_reply(connection, rule);
                return;
        }
}

/* One whole request off the buffer; false when none is there yet. */
static inline bool scripted_take(ScriptedConnection *connection) {
        char *end = strstr(connection->buffer, "\r\n\r\n");
        if (end == NULL)
                return false;

        const char *length = strcasestr(connection->buffer, "\r\ncontent-length:");
        size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        size_t whole = (size_t) (end + 4 - connection->buffer) + body;
        if (connection->size < whole)
                return false;

        (void) snprintf(
                connection->request, sizeof connection->request, "%.*s",
                (int) strcspn(connection->buffer, "\r"), connection->buffer
        );
        (void) snprintf(
                connection->scripted->last_body, sizeof connection->scripted->last_body, "%.*s",
                (int) body, end + 4
        );
        connection->size -= whole;
        memmove(connection->buffer, connection->buffer + whole, connection->size + 1);
        return true;
}

static inline int scripted_on_data(sd_event_source *source, int fd, uint32_t events, void *data) {
        ScriptedConnection *connection = data;
        ssize_t n =
                recv(fd, connection->buffer + connection->size,
                     sizeof connection->buffer - 1 - connection->size, MSG_DONTWAIT);

        (void) source;
        (void) events;
        if (n <= 0) {
                if (n == 0 || errno != EAGAIN)
                        scripted_close(connection);
                return 0;
        }
        connection->size += (size_t) n;
        connection->buffer[connection->size] = '\0';
        while (connection->fd >= 0 && scripted_take(connection))
                scripted_answer(connection);
        return 0;
}

static inline int scripted_on_connect(sd_event_source *source, int fd, uint32_t ev, void *data) {
        Scripted *scripted = data;
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        (void) source;
        (void) ev;
        if (client < 0)
                return 0;
        for (size_t i = 0; i < SCRIPTED_CONNECTIONS; i++) {
                ScriptedConnection *connection = &scripted->connections[i];

                if (connection->fd >= 0)
                        continue;
                connection->fd = client;
                cr_assert_geq(
                        sd_event_add_io(
                                scripted->event, &connection->source, client, EPOLLIN,
                                scripted_on_data, connection
                        ),
                        0
                );
                return 0;
        }
        (void) close(client);
        return 0;
}

/* ---- For tests ---- */

static inline void scripted_listen(Scripted *scripted) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", scripted->path);
        cr_assert_eq(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        cr_assert_eq(listen(fd, 16), 0);
        cr_assert_geq(
                sd_event_add_io(
                        scripted->event, &scripted->listener, fd, EPOLLIN, scripted_on_connect,
                        scripted
                ),
                0
        );
        (void) sd_event_source_set_io_fd_own(scripted->listener, true);
}

static inline void
scripted_rule(Scripted *scripted, const char *word, int status, const char *body) {
        cr_assert_lt(scripted->rule_count, SCRIPTED_RULES);
        ScriptedRule *rule = &scripted->rules[scripted->rule_count++];

        (void) snprintf(rule->word, sizeof rule->word, "%s", word);
        (void) snprintf(rule->body, sizeof rule->body, "%s", body);
        rule->status = status;
}

/* An engine that can be settled with: 1.41, oldest 1.12. */
static inline Scripted *scripted_new(sd_event *event) {
        Scripted *scripted = calloc(1, sizeof *scripted);

        cr_assert_not_null(scripted);
        scripted->event = event;
        scripted->api = "1.41";
        scripted->server = "Docker/20.10.24 (linux)";
        scripted->type = "application/json";
        for (size_t i = 0; i < SCRIPTED_CONNECTIONS; i++)
                scripted->connections[i] = (ScriptedConnection){ .scripted = scripted, .fd = -1 };
        (void) snprintf(scripted->dir, sizeof scripted->dir, "/tmp/scripted-XXXXXX");
        cr_assert_not_null(mkdtemp(scripted->dir));
        (void) snprintf(scripted->path, sizeof scripted->path, "%s/sock", scripted->dir);
        scripted_listen(scripted);
        scripted_rule(scripted, "/_ping ", 200, "OK");
        scripted_rule(
                scripted, "GET /version ", 200,
                "{\"Version\":\"20.10.24\",\"MinAPIVersion\":\"1.12\"}"
        );
        return scripted;
}

/* As an engine that ends: no listener, no socket, no connection. */
static inline void scripted_down(Scripted *scripted) {
        scripted->listener = sd_event_source_disable_unref(scripted->listener);
        (void) unlink(scripted->path);
        for (size_t i = 0; i < SCRIPTED_CONNECTIONS; i++)
                scripted_close(&scripted->connections[i]);
}

static inline void scripted_free(Scripted *scripted) {
        scripted_down(scripted);
        (void) rmdir(scripted->dir);
        free(scripted);
}

/* Sends one chunk on every connection whose last request has the word. */
static inline size_t scripted_push(Scripted *scripted, const char *word, const char *text) {
        char chunk[8192];
        size_t count = 0;

        (void) snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(text), text);
        for (size_t i = 0; i < SCRIPTED_CONNECTIONS; i++) {
                ScriptedConnection *connection = &scripted->connections[i];

                if (connection->fd < 0 || strstr(connection->request, word) == NULL)
                        continue;
                scripted_write(connection, chunk);
                count++;
        }
        return count;
}

/* Ends the stream in good order. */
static inline void scripted_end(Scripted *scripted, const char *word) {
        for (size_t i = 0; i < SCRIPTED_CONNECTIONS; i++)
                if (strstr(scripted->connections[i].request, word) != NULL)
                        scripted_write(&scripted->connections[i], "0\r\n\r\n");
}

static inline void scripted_cut(Scripted *scripted, const char *word) {
        for (size_t i = 0; i < SCRIPTED_CONNECTIONS; i++)
                if (strstr(scripted->connections[i].request, word) != NULL)
                        scripted_close(&scripted->connections[i]);
}

static inline size_t scripted_count(const Scripted *scripted, const char *word) {
        size_t count = 0;

        for (size_t i = 0; i < scripted->request_count; i++)
                count += strstr(scripted->requests[i], word) != NULL;
        return count;
}

/* Turns the loop until the counter has reached a value; fails the test when that does not come. */
static inline void run_until(sd_event *event, const unsigned *counter, unsigned value) {
        uint64_t deadline = clock_monotonic_usec() + 20 * 1000000;

        while (*counter < value) {
                cr_assert_geq(sd_event_run(event, 100 * 1000), 0);
                cr_assert_lt(clock_monotonic_usec(), deadline, "waited in vain");
        }
}

/* Turns the loop until nothing is left to do at once. */
static inline void run_idle(sd_event *event) {
        for (int quiet = 0; quiet < 5;)
                quiet = sd_event_run(event, 2000) > 0 ? 0 : quiet + 1;
}
