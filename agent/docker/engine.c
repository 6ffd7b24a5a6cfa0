/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine: one queue of calls and one version.
 *
 * A call is in one of three states. It waits while no version is settled; it is sent; or its answer
 * is known without the engine (refused, unreachable) and is given from the loop by a deferred
 * source, one call a turn, so that whoever is called back may cancel or begin any other call.
 *
 * Settling is two requests without a version in their path: GET /_ping, whose headers tell the
 * newest API, and GET /version, whose body alone tells the oldest. The engine may be replaced under
 * a running daemon, and nothing announces it: so each answer's headers are compared with those that
 * the version was settled by, and a call that is refused for its version, which the engine does
 * before it looks at anything else, is sent once more on the new one.
 *
 * Trouble while settling is never "gone" or "conflict": these words are about what a call names,
 * and the plan believes them.
 */
#include "docker/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <systemd/sd-event.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/text.h"
#include "docker/answer.h"
#include "docker/api.h"

#define CALL_TIMEOUT_USEC   (30 * USEC_PER_SEC)
#define SETTLE_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define SETTLE_MAX_BODY     ((size_t) 64 * 1024)
#define REFUSED_PAUSE_USEC  USEC_PER_SEC
#define CALLS_MAX           256
#define PATH_MAX_BYTES      ((size_t) 128 * 1024)

typedef enum CallState {
        CALL_WAITING, /* for a version */
        CALL_SENT,
        CALL_FAILED, /* without the engine; the failure is given from the loop */
} CallState;

typedef TAILQ_HEAD(CallList, EngineSlot) CallList;

struct EngineSlot {
        TAILQ_ENTRY(EngineSlot) entry;
        Engine *engine; /* NULL once answered, or when the engine is gone */
        CallState state;
        bool resent; /* after a refusal of its version: once */
        char *method;
        char *path;
        char *body;
        size_t body_size;
        bool is_archive; /* the body is one, not JSON */
        uint64_t timeout_usec;
        uint64_t silence_usec;
        size_t max_body;
        HttpStarted *started;
        HttpPiece *piece;
        EngineDone *done;
        void *data;
        HttpSlot *http;
        Outcome failed_as; /* with failure, when failed */
        Error failure;
};

struct Engine {
        sd_event *event;
        Http *http;
        char *socket_path;
        sd_event_source *deliver; /* gives failures, deferred */
        CallList calls;
        size_t call_count;

        HttpSlot *settling;
        unsigned api;        /* 0: not settled */
        char api_header[32]; /* what it was settled by */
        char server_header[128];
        char version[64];
        Error refusal; /* the last one, valid until refused_until_usec */
        uint64_t refused_until_usec;
};

DEFINE_CLEANUP(EngineSlot, engine_slot_free);
DEFINE_CLEANUP(Engine, engine_free);

static void on_call_done(const HttpResult *result, void *data);

/* ---- Calls ---- */

static void call_leave(Engine *engine, EngineSlot *call) {
        TAILQ_REMOVE(&engine->calls, call, entry);
        engine->call_count--;
        call->engine = NULL;
}

static void call_fail(EngineSlot *call, Outcome outcome, const Error *error) {
        call->state = CALL_FAILED;
        call->failed_as = outcome;
        call->failure = *error;
        (void) sd_event_source_set_enabled(call->engine->deliver, SD_EVENT_ONESHOT);
}

static int on_call_started(long status, void *data) {
        EngineSlot *call = data;

        return call->started != NULL ? call->started(status, call->data) : 0;
}

static int on_call_piece(const char *bytes, size_t size, void *data) {
        EngineSlot *call = data;

        return call->piece(bytes, size, call->data);
}

static const char *content_type_of(const EngineSlot *call) {
        if (call->is_archive)
                return "application/x-tar";
        return call->body ? "application/json" : NULL;
}

static int call_send(EngineSlot *call) {
        Engine *engine = call->engine;
        cleanup(freep) char *path = text_format("/v1.%u%s", engine->api, call->path);

        if (path == NULL)
                return -ENOMEM;

        HttpRequest request = {
                .socket_path = engine->socket_path,
                .method = call->method,
                .path = path,
                .content_type = content_type_of(call),
                .body = call->body,
                .body_size = call->body_size,
                .timeout_usec = call->timeout_usec,
                .silence_usec = call->silence_usec,
                .max_body = call->max_body,
                .started = call->piece ? on_call_started : NULL,
                .piece = call->piece ? on_call_piece : NULL,
        };
        int r = http_send(engine->http, &request, on_call_done, call, &call->http);
        if (r < 0)
                return r;

        call->state = CALL_SENT;
        return 0;
}

static void call_send_or_fail(EngineSlot *call) {
        int r = call_send(call);
        if (r >= 0)
                return;

        Error error = { 0 };
        (void) error_set(&error, r, "cannot send to the Docker Engine: %s", strerrordesc_np(-r));
        call_fail(call, OUTCOME_UNKNOWN, &error);
}

/* One failure a turn of the loop: the callback may free any other call. */
static int on_deliver(sd_event_source *source, void *data) {
        Engine *engine = data;
        EngineSlot *first = NULL;
        bool more = false;
        EngineSlot *call = NULL;

        TAILQ_FOREACH(call, &engine->calls, entry) {
                if (call->state != CALL_FAILED)
                        continue;
                more = first != NULL;
                if (more)
                        break;
                first = call;
        }
        if (more)
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        if (first == NULL)
                return 0;

        EngineAnswer answer;
        answer_from_error(first->failed_as, &first->failure, &answer);
        call_leave(engine, first);
        first->done(&answer, first->data);
        return 0;
}

/* ---- The version ---- */

static void engine_unsettle(Engine *engine) {
        engine->api = 0;
        engine->version[0] = '\0';
}

/* Everybody who waits is told, with one of the two words that a missing version may have. */
static void settle_failed(Engine *engine, Outcome outcome, const Error *error) {
        Outcome told = outcome == OUTCOME_UNKNOWN ? OUTCOME_UNKNOWN : OUTCOME_REFUSED;
        EngineSlot *call = NULL;
        uint64_t now = 0;

        log_debug("no version was settled with the Docker Engine: %s", error_text(error));
        if (told == OUTCOME_REFUSED && sd_event_now(engine->event, CLOCK_MONOTONIC, &now) >= 0) {
                engine->refusal = *error;
                engine->refused_until_usec = now + REFUSED_PAUSE_USEC;
        }
        TAILQ_FOREACH(call, &engine->calls, entry)
        if (call->state == CALL_WAITING)
                call_fail(call, told, error);
}

static void settle_done(Engine *engine, unsigned api) {
        EngineSlot *call = NULL;

        engine->api = api;
        engine->refused_until_usec = 0;
        log_debug("Docker Engine %s, API 1.%u", engine->version, api);
        TAILQ_FOREACH(call, &engine->calls, entry)
        if (call->state == CALL_WAITING)
                call_send_or_fail(call);
}

static void set_text(char *target, size_t size, const char *source) {
        (void) snprintf(target, size, "%s", source != NULL ? source : "");
}

/* Neither request is one that "not modified" or anything else but a 2xx could answer. */
static int settle_check(EngineAnswer *answer) {
        if (answer->outcome == OUTCOME_DONE)
                return 0;
        if (!error_is_set(&answer->error))
                (void) error_set(
                        &answer->error, -EPROTO, "the Docker Engine answered with HTTP status %ld",
                        answer->status
                );
        return answer->error.code;
}

static void on_version(const HttpResult *result, void *data) {
        Engine *engine = data;
        EngineAnswer answer;

        answer_from_result(result, engine->socket_path, &answer);
        engine->settling = http_slot_free(engine->settling);
        if (settle_check(&answer) < 0) {
                settle_failed(engine, answer.outcome, &answer.error);
                answer_done(&answer);
                return;
        }

        Error error = { 0 };
        unsigned api = 0;
        set_text(
                engine->version, sizeof engine->version,
                json_string_value(json_object_get(answer.json, "Version"))
        );
        ApiOffer offer = {
                .engine = engine->version,
                .max = engine->api_header,
                .min = json_string_value(json_object_get(answer.json, "MinAPIVersion")),
        };
        if (api_choose(&offer, &api, &error) < 0)
                settle_failed(engine, OUTCOME_REFUSED, &error);
        else
                settle_done(engine, api);
        answer_done(&answer);
}

static int settle_send(Engine *engine, const char *path, HttpDone *done) {
        HttpRequest request = {
                .socket_path = engine->socket_path,
                .method = "GET",
                .path = path,
                .timeout_usec = SETTLE_TIMEOUT_USEC,
                .max_body = SETTLE_MAX_BODY,
        };

        return http_send(engine->http, &request, done, engine, &engine->settling);
}

static int ping_read(Engine *engine, const HttpResult *result, EngineAnswer *answer) {
        answer_from_result(result, engine->socket_path, answer);
        if (settle_check(answer) < 0)
                return answer->error.code;

        if (!http_result_header(
                    result, "Api-Version", engine->api_header, sizeof engine->api_header
            )) {
                answer->outcome = OUTCOME_REFUSED;
                return error_set(
                        &answer->error, -EPROTONOSUPPORT,
                        "what answers at %.200s is no Docker Engine: it names no API version",
                        engine->socket_path
                );
        }
        if (!http_result_header(
                    result, "Server", engine->server_header, sizeof engine->server_header
            ))
                engine->server_header[0] = '\0';
        return 0;
}

static void on_ping(const HttpResult *result, void *data) {
        Engine *engine = data;
        EngineAnswer answer;

        int r = ping_read(engine, result, &answer);
        engine->settling = http_slot_free(engine->settling);
        if (r >= 0) {
                r = settle_send(engine, "/version", on_version);
                if (r < 0)
                        (void) error_set(&answer.error, r, "%s", strerrordesc_np(-r));
        }
        if (r < 0)
                settle_failed(engine, answer.outcome, &answer.error);
        answer_done(&answer);
}

static bool header_changed(const HttpResult *result, const char *name, const char *settled) {
        char value[128];

        if (settled[0] == '\0' || !http_result_header(result, name, value, sizeof value))
                return false;
        return strcmp(value, settled) != 0;
}

static void notice_headers(Engine *engine, const HttpResult *result) {
        if (engine->api == 0 || result->status == 0)
                return;
        if (header_changed(result, "Api-Version", engine->api_header)
            || header_changed(result, "Server", engine->server_header)) {
                log_debug("the Docker Engine was replaced: its version is settled again");
                engine_unsettle(engine);
        }
}

/* Sends the call, or begins to settle a version for it, or fails it with the standing refusal. */
static int call_advance(EngineSlot *call) {
        Engine *engine = call->engine;
        uint64_t now = 0;

        if (engine->api > 0)
                return call_send(call);
        if (engine->settling != NULL)
                return 0;

        int r = sd_event_now(engine->event, CLOCK_MONOTONIC, &now);
        if (r < 0)
                return r;
        if (now < engine->refused_until_usec) {
                call_fail(call, OUTCOME_REFUSED, &engine->refusal);
                return 0;
        }
        return settle_send(engine, "/_ping", on_ping);
}

static bool call_resend(EngineSlot *call, const EngineAnswer *answer) {
        if (call->resent || !api_is_version_refusal(answer->status, answer_message(answer)))
                return false;

        engine_unsettle(call->engine);
        call->resent = true;
        call->state = CALL_WAITING;
        return call_advance(call) >= 0;
}

static void on_call_done(const HttpResult *result, void *data) {
        EngineSlot *call = data;
        EngineAnswer answer;

        answer_from_result(result, call->engine->socket_path, &answer);
        notice_headers(call->engine, result);
        call->http = http_slot_free(call->http);
        if (!call_resend(call, &answer)) {
                call_leave(call->engine, call);
                call->done(&answer, call->data);
                /* The call may be freed now. */
        }
        answer_done(&answer);
}

/* ---- From outside ---- */

static int call_fill_body(EngineSlot *call, const EngineCall *from) {
        if (from->body == NULL && from->archive == NULL)
                return 0;

        call->is_archive = from->archive != NULL;
        if (call->is_archive) {
                call->body = malloc(from->archive_size > 0 ? from->archive_size : 1);
                call->body_size = from->archive_size;
        } else {
                call->body = json_dumps(from->body, JSON_COMPACT);
                call->body_size = call->body ? strlen(call->body) : 0;
        }
        if (call->body == NULL)
                return -ENOMEM;
        if (call->is_archive && from->archive_size > 0)
                memcpy(call->body, from->archive, from->archive_size);
        return 0;
}

static int call_fill(EngineSlot *call, const EngineStream *stream) {
        const EngineCall *from = &stream->call;

        call->timeout_usec = from->timeout_usec;
        call->silence_usec = stream->silence_usec;
        call->max_body = from->max_body;
        call->started = stream->started;
        call->piece = stream->piece;
        call->method = strdup(from->method);
        call->path = strdup(from->path);
        if (call->method == NULL || call->path == NULL)
                return -ENOMEM;
        return call_fill_body(call, from);
}

int engine_stream(
        Engine *engine, const EngineStream *stream, EngineDone *done, void *data, EngineSlot **ret
) {
        if (stream->call.path[0] != '/' || strlen(stream->call.path) > PATH_MAX_BYTES)
                return -EINVAL;
        if (engine->call_count >= CALLS_MAX)
                return -EBUSY;

        cleanup(engine_slot_freep) EngineSlot *call = calloc(1, sizeof *call);
        if (call == NULL)
                return -ENOMEM;

        call->done = done;
        call->data = data;
        call->engine = engine;
        TAILQ_INSERT_TAIL(&engine->calls, call, entry);
        engine->call_count++;

        int r = call_fill(call, stream);
        if (r < 0)
                return r;
        r = call_advance(call);
        if (r < 0)
                return r;

        *ret = take_ptr(call);
        return 0;
}

int engine_call(
        Engine *engine, const EngineCall *call, EngineDone *done, void *data, EngineSlot **ret
) {
        EngineStream stream = { .call = *call };

        if (stream.call.timeout_usec == 0)
                stream.call.timeout_usec = CALL_TIMEOUT_USEC;
        return engine_stream(engine, &stream, done, data, ret);
}

EngineSlot *engine_slot_free(EngineSlot *slot) {
        if (slot == NULL)
                return NULL;

        if (slot->engine != NULL)
                call_leave(slot->engine, slot);
        (void) http_slot_free(slot->http);
        free(slot->method);
        free(slot->path);
        if (slot->body != NULL)
                explicit_bzero(slot->body, slot->body_size); /* an environment holds keys */
        free(slot->body);
        free(slot);
        return NULL;
}

int engine_new(sd_event *event, Http *http, const char *socket_path, Engine **ret) {
        cleanup(engine_freep) Engine *engine = calloc(1, sizeof *engine);

        if (engine == NULL)
                return -ENOMEM;

        TAILQ_INIT(&engine->calls);
        engine->event = sd_event_ref(event);
        engine->http = http;
        engine->socket_path = strdup(socket_path);
        if (engine->socket_path == NULL)
                return -ENOMEM;

        int r = sd_event_add_defer(event, &engine->deliver, on_deliver, engine);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(engine->deliver, "engine-deliver");
        r = sd_event_source_set_enabled(engine->deliver, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = take_ptr(engine);
        return 0;
}

Engine *engine_free(Engine *engine) {
        if (engine == NULL)
                return NULL;

        /* The slots are their owners'; they are cut off here and freed by them. */
        EngineSlot *call = NULL;
        while ((call = TAILQ_FIRST(&engine->calls)) != NULL) {
                call->http = http_slot_free(call->http);
                call_leave(engine, call);
        }
        (void) http_slot_free(engine->settling);
        (void) sd_event_source_disable_unref(engine->deliver);
        (void) sd_event_unref(engine->event);
        free(engine->socket_path);
        free(engine);
        return NULL;
}

bool engine_answer_header(const EngineAnswer *answer, const char *name, char *buffer, size_t size) {
        return answer->raw != NULL && http_result_header(answer->raw, name, buffer, size);
}

unsigned engine_api(const Engine *engine) {
        return engine->api;
}

const char *engine_version(const Engine *engine) {
        return engine->version;
}

void engine_forget(Engine *engine) {
        engine_unsettle(engine);
        engine->refused_until_usec = 0;
}
