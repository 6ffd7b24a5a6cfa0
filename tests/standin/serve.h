/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The HTTP side of the stand-in: one loop over poll(), no threads.
 *
 * handle() (in ollama.c) is called once for each request, when it has come whole; it answers with
 * answer() or stream(), or with neither, and then the connection hangs.
 */
#define MAX_HEAD    16384 /* bytes of a request's head */
#define MAX_BODY    65536 /* bytes of a request's body that are kept; the rest is only counted */
#define MAX_CLIENTS 256

typedef struct Client Client;

typedef struct Request {
        const char *method;
        const char *path;    /* without the query */
        const char *query;   /* "" when there is none */
        const char *headers; /* the raw lines after the first */
        const char *body;    /* its first MAX_BODY bytes, NUL-terminated */
        uint64_t body_size;  /* of the whole */
} Request;

typedef struct Stream Stream;

/* Writes piece n of a stream; an empty one is not sent. */
typedef void Piece(char *buffer, size_t size, unsigned n, const Stream *stream);

struct Stream {
        Piece *piece;
        const char *type;
        unsigned count;     /* pieces in all */
        unsigned cut_after; /* the connection breaks after so many; 0: never */
        unsigned first_ms;  /* before anything is sent, the head too */
        unsigned every_ms;
        char model[128];
        unsigned sent;
        int64_t next; /* ms, when the next piece is due */
};

void handle(Client *client, const Request *request);

void answer(Client *client, int status, const char *type, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void stream(Client *client, const Stream *stream);

int64_t now_ms(void);

/* Serves until SIGTERM; streams are cut then, as Ollama cuts them. An exit status. */
int serve(const char *address, uint16_t port);
