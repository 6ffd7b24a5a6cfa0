/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "io/http.h"
#include "model/outcome.h"

/*
 * Engine: calls on the Docker Engine, each on a negotiated API version.
 *
 * Paths are given without a version ("/containers/ID/json?size=0"); the engine's prefix is added.
 * The version is settled with GET /_ping (Api-Version of the answer) and GET /version
 * (MinAPIVersion) before the first call, between ENGINE_API_MIN and ENGINE_API_MAX. It is settled
 * again when an answer's Api-Version or Server header changes, when the engine says that a client
 * is too old or too new, and when engine_forget() is called because the connection to the engine
 * was lost. Calls made meanwhile wait.
 *
 * From 1.41 (Docker 20.10) to 1.51 (Docker 28.5), the newest that was tried. Newer engines speak it
 * too, and from 1.52 on inspect no longer tells a wanted MAC address from a generated one.
 */
#define ENGINE_API_MIN 41
#define ENGINE_API_MAX 51

typedef struct Engine Engine;
typedef struct EngineSlot EngineSlot;

typedef struct EngineCall {
        const char *method;
        const char *path;
        const json_t *body;    /* borrowed; may be NULL */
        const void *archive;   /* instead of body: a tar archive; borrowed; may be NULL */
        size_t archive_size;   /* bytes */
        uint64_t timeout_usec; /* 0: 30 s */
        size_t max_body;       /* 0: 4 MiB */
} EngineCall;

typedef struct EngineAnswer {
        Outcome outcome;
        long status;  /* 0 when no answer came */
        json_t *json; /* borrowed; NULL when the answer had no JSON body */
        Error error;  /* set unless outcome is done or already: the engine's message, or why there
                         was no answer */
        const HttpResult *raw; /* borrowed, for engine_answer_header(); NULL when no answer came */
} EngineAnswer;

/* Copies the value of a header of the answer; false when absent or too long. */
bool engine_answer_header(const EngineAnswer *answer, const char *name, char *buffer, size_t size);

/* Called exactly once, from the loop, never from engine_call(). */
typedef void EngineDone(const EngineAnswer *answer, void *data);

int engine_new(sd_event *event, Http *http, const char *socket_path, Engine **ret);
Engine *engine_free(Engine *engine);

int engine_call(
        Engine *engine, const EngineCall *call, EngineDone *done, void *data, EngineSlot **ret
);

/* Cancels; the callback never comes then. Takes NULL, returns NULL. */
EngineSlot *engine_slot_free(EngineSlot *slot);

/*
 * A streamed call (events, pulls): the pieces of a 2xx body as they come, then done with the
 * outcome. silence_usec: -ETIMEDOUT when nothing comes for so long; 0 never.
 */
typedef struct EngineStream {
        EngineCall call;
        uint64_t silence_usec;
        HttpStarted *started; /* may be NULL */
        HttpPiece *piece;
} EngineStream;

int engine_stream(
        Engine *engine, const EngineStream *stream, EngineDone *done, void *data, EngineSlot **ret
);

/* Minor API version in force (41 for 1.41); 0 while none is settled. */
unsigned engine_api(const Engine *engine);

/* The engine's own version ("28.5.2"), for people; "" while unknown. */
const char *engine_version(const Engine *engine);

/* The connection was lost: settle the version again before the next call. */
void engine_forget(Engine *engine);
