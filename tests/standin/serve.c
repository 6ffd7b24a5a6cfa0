/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of the stand-in Ollama. Small on purpose: requests with Content-Length or chunked
 * bodies, keep-alive, chunked streams on timers, nothing else.
 */
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PENDING 65536 /* bytes not yet taken by the client; a stream waits above half of it */

struct Client {
        int fd; /* -1: a free slot */
        bool busy;
        bool head_request;
        bool closes; /* asked with Connection: close, or HTTP/1.0 */
        bool plain;  /* HTTP/1.0: no chunks */
        bool cut;    /* closed once everything pending is sent */
        char in[MAX_HEAD + 1];
        size_t in_size;
        char head[MAX_HEAD + 1];
        bool in_body;
        bool chunked;
        uint64_t left; /* of the body, or of the chunk */
        char body[MAX_BODY + 1];
        uint64_t body_size;
        char out[MAX_PENDING];
        size_t out_size;
        Stream stream; /* .piece set: one is under way */
};

static Client clients[MAX_CLIENTS];

int64_t now_ms(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void client_close(Client *client) {
        close(client->fd);
        memset(client, 0, sizeof *client);
        client->fd = -1;
}

static void put(Client *client, const char *text, size_t size) {
        if (size > sizeof client->out - client->out_size) {
                client->cut = true;
                return;
        }
        memcpy(client->out + client->out_size, text, size);
        client->out_size += size;
}

static void put_head(Client *client, int status, const char *type, const char *length) {
        char head[512];
        int n = snprintf(
                head, sizeof head, "HTTP/1.1 %d Standin\r\nContent-Type: %s\r\n%s\r\n\r\n", status,
                type, length
        );

        put(client, head, (size_t) n);
}

static void answered(Client *client) {
        client->busy = false;
        client->cut = client->cut || client->closes;
}

void answer(Client *client, int status, const char *type, const char *format, ...) {
        static char body[MAX_PENDING / 2];
        char length[64];
        va_list args;

        va_start(args, format);
        int n = vsnprintf(body, sizeof body, format, args);
        va_end(args);
        if (n < 0 || (size_t) n >= sizeof body)
                n = (int) sizeof body - 1;
        snprintf(length, sizeof length, "Content-Length: %d", n);
        put_head(client, status, type, length);
        if (!client->head_request)
                put(client, body, (size_t) n);
        answered(client);
}

void stream(Client *client, const Stream *stream) {
        client->stream = *stream;
        client->stream.next = now_ms() + stream->first_ms;
}

static void stream_step(Client *client, int64_t now) {
        Stream *s = &client->stream;
        char piece[2048];
        char size[16];

        if (!s->piece || now < s->next || client->out_size > sizeof client->out / 2)
                return;
        if (s->sent == 0)
                put_head(
                        client, 200, s->type,
                        client->plain ? "Connection: close" : "Transfer-Encoding: chunked"
                );
        piece[0] = '\0';
        s->piece(piece, sizeof piece, s->sent++, s);
        if (piece[0]) {
                int n = snprintf(size, sizeof size, "%zx\r\n", strlen(piece));
                put(client, size, client->plain ? 0 : (size_t) n);
                put(client, piece, strlen(piece));
                put(client, "\r\n", client->plain ? 0 : 2);
        }
        s->next = now + s->every_ms;
        if (s->cut_after && s->sent >= s->cut_after) {
                client->cut = true;
                s->piece = NULL;
        } else if (s->sent >= s->count) {
                put(client, "0\r\n\r\n", client->plain ? 0 : 5);
                s->piece = NULL;
                answered(client);
        }
}

/* The value of a header in raw lines, or NULL. */
static const char *header(const char *lines, const char *name) {
        size_t length = strlen(name);

        for (const char *line = lines; line && *line; line = strstr(line, "\r\n")) {
                line += strncmp(line, "\r\n", 2) == 0 ? 2 : 0;
                if (strncasecmp(line, name, length) == 0 && line[length] == ':')
                        return line + length + 1 + strspn(line + length + 1, " ");
        }
        return NULL;
}

static void consume(Client *client, size_t size) {
        client->in_size -= size;
        memmove(client->in, client->in + size, client->in_size);
        client->in[client->in_size] = '\0';
}

static bool take_head(Client *client) {
        char *end = strstr(client->in, "\r\n\r\n");

        if (!end)
                return false;
        size_t size = (size_t) (end - client->in);
        memcpy(client->head, client->in, size + 2);
        client->head[size + 2] = '\0';
        consume(client, size + 4);

        const char *encoding = header(client->head, "Transfer-Encoding");
        const char *length = header(client->head, "Content-Length");
        client->chunked = encoding && strncasecmp(encoding, "chunked", 7) == 0;
        client->left = length && !client->chunked ? strtoull(length, NULL, 10) : 0;
        client->body_size = 0;
        client->in_body = true;
        const char *expect = header(client->head, "Expect");
        if (expect && strncasecmp(expect, "100-", 4) == 0)
                put(client, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        return true;
}

static void take_bytes(Client *client) {
        size_t size = client->in_size < client->left ? client->in_size : (size_t) client->left;

        if (client->body_size < MAX_BODY) {
                size_t room = (size_t) (MAX_BODY - client->body_size);
                memcpy(client->body + client->body_size, client->in, size < room ? size : room);
        }
        client->body_size += size;
        client->left -= size;
        consume(client, size);
}

/* True once the body is there whole. */
static bool take_body(Client *client) {
        for (;;) {
                take_bytes(client);
                if (client->left > 0)
                        return false;
                if (!client->chunked)
                        return true;
                char *start = client->in + (strncmp(client->in, "\r\n", 2) == 0 ? 2 : 0);
                char *end = strstr(start, "\r\n");
                if (!end)
                        return false;
                client->left = strtoull(start, NULL, 16);
                bool last = client->left == 0;
                if (last && !strstr(start, "\r\n\r\n"))
                        return false;
                consume(client, (size_t) (end - client->in) + (last ? 4 : 2));
                if (last)
                        return true;
        }
}

static void dispatch(Client *client) {
        char method[16] = "";
        char target[4096] = "";
        char version[16] = "";

        sscanf(client->head, "%15s %4095s %15s", method, target, version);
        char *lines = strstr(client->head, "\r\n");
        char *query = strchr(target, '?');
        if (query)
                *query++ = '\0';
        client->body[client->body_size < MAX_BODY ? client->body_size : MAX_BODY] = '\0';
        client->in_body = false;
        client->busy = true;
        const char *connection = header(client->head, "Connection");
        client->plain = strcmp(version, "HTTP/1.0") == 0;
        client->closes = client->plain || (connection && strncasecmp(connection, "close", 5) == 0);
        client->head_request = strcmp(method, "HEAD") == 0;
        handle(client, &(Request){ .method = method,
                                   .path = target,
                                   .query = query ? query : "",
                                   .headers = lines ? lines + 2 : "",
                                   .body = client->body,
                                   .body_size = client->body_size });
}

static void client_read(Client *client) {
        ssize_t n = recv(client->fd, client->in + client->in_size, MAX_HEAD - client->in_size, 0);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                client_close(client);
                return;
        }
        if (n < 0)
                return;
        client->in_size += (size_t) n;
        client->in[client->in_size] = '\0';
        while (!client->busy) {
                if (!client->in_body && !take_head(client))
                        break;
                if (!take_body(client))
                        break;
                dispatch(client);
        }
        if (client->in_size == MAX_HEAD && !client->in_body && !client->busy)
                client_close(client);
}

static void client_write(Client *client) {
        ssize_t n = send(client->fd, client->out, client->out_size, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR) {
                client_close(client);
                return;
        }
        if (n > 0) {
                client->out_size -= (size_t) n;
                memmove(client->out, client->out + n, client->out_size);
        }
}

static void accept_one(int listener) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        for (size_t i = 0; fd >= 0 && i < MAX_CLIENTS; i++)
                if (clients[i].fd < 0) {
                        clients[i].fd = fd;
                        return;
                }
        if (fd >= 0)
                close(fd);
}

static int listen_on(const char *address, uint16_t port) {
        struct sockaddr_in where = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;

        if (fd < 0 || inet_pton(AF_INET, address, &where.sin_addr) != 1)
                return -1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, (struct sockaddr *) &where, sizeof where) < 0 || listen(fd, 128) < 0)
                return -1;
        return fd;
}

static int poll_timeout(int64_t now) {
        int64_t least = 1000;

        for (size_t i = 0; i < MAX_CLIENTS; i++)
                if (clients[i].fd >= 0 && clients[i].stream.piece
                    && clients[i].stream.next - now < least)
                        least = clients[i].stream.next - now;
        return least < 1 ? 1 : (int) least;
}

static void client_step(Client *client, short events) {
        if (client->fd >= 0 && events & (POLLIN | POLLHUP | POLLERR))
                client_read(client);
        if (client->fd >= 0)
                stream_step(client, now_ms());
        if (client->fd >= 0 && client->out_size > 0)
                client_write(client);
        if (client->fd >= 0 && client->cut && client->out_size == 0)
                client_close(client);
}

/* In a container it is the first process, which a default action does not end. */
static void on_term(int number) {
        (void) number;
        _exit(0);
}

int serve(const char *address, uint16_t port) {
        static struct pollfd polled[MAX_CLIENTS + 1];
        int listener = listen_on(address, port);

        if (listener < 0) {
                fprintf(stderr, "Error: listen tcp %s:%u: %s\n", address, port, strerror(errno));
                return 1;
        }
        signal(SIGTERM, on_term);
        for (size_t i = 0; i < MAX_CLIENTS; i++)
                clients[i].fd = -1;
        printf("stand-in Ollama listening on %s:%u\n", address, port);
        fflush(stdout);
        for (;;) {
                polled[MAX_CLIENTS] = (struct pollfd){ .fd = listener, .events = POLLIN };
                for (size_t i = 0; i < MAX_CLIENTS; i++)
                        polled[i] = (struct pollfd
                        ){ .fd = clients[i].fd,
                           .events = (short) (POLLIN | (clients[i].out_size ? POLLOUT : 0)) };
                if (poll(polled, MAX_CLIENTS + 1, poll_timeout(now_ms())) < 0 && errno != EINTR)
                        return 1;
                for (size_t i = 0; i < MAX_CLIENTS; i++)
                        if (polled[i].fd >= 0)
                                client_step(&clients[i], polled[i].revents);
                if (polled[MAX_CLIENTS].revents)
                        accept_one(listener);
        }
}
