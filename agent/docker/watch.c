/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watch: several streams that stand and fall together.
 *
 * The engine replays at most its last 256 events and forgets even those with a restart, so nothing
 * here asks for what was missed: once every stream stands, the handler is told to look at
 * everything, and from then on each event is a hint to look again. One stream that ends takes the
 * others with it, because with any of them missing "nothing happened" could not be told from
 * "nothing was heard".
 *
 * There are several streams, because the engine looks for a label among an event's own attributes,
 * where a network's or a volume's event has none: with a label filter these would vanish, and
 * without one the health checks of every container on the host would wake us. Consumers without a
 * label are named by their ids; when these change, a stream with the new ones is opened beside the
 * old one, which goes once the new one stands.
 *
 * An engine that has died closes its socket; one that hangs does not, and a stream is silent for
 * hours in the best of health. So a ping goes beside the streams while they stand. The timer is
 * one: it ends the opening, sends the next ping, ends the wait for its answer, or ends the
 * back-off.
 */
#include "docker/watch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/backoff.h"
#include "base/duration.h"
#include "base/macro.h"
#include "base/random.h"
#include "base/text.h"
#include "docker/lines.h"
#include "docker/query.h"

#define PING_USEC         (15 * USEC_PER_SEC)
#define PING_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define RETRY_MIN_USEC    (250 * USEC_PER_MSEC)
#define RETRY_MAX_USEC    (10 * USEC_PER_SEC)
#define OPEN_TIMEOUT_USEC (90 * USEC_PER_SEC) /* an engine that is starting answers late */
#define LINE_MAX_BYTES    ((size_t) 1024 * 1024)
#define PATH_MAX_BYTES    ((size_t) 128 * 1024) /* WATCH_FOLLOWED_MAX ids, escaped */

typedef struct StreamRow {
        const char *name;
        const char *filters;
} StreamRow;

/* Keys are joined by "and", values by "or". A value health_status makes all of its list prefixes.
 */
static const StreamRow stream_table[] = {
        { "consumers", "{\"type\":[\"container\"],\"label\":[\"coollama.enable\"],"
                       "\"event\":[\"health_status\",\"pause\",\"unpause\",\"kill\"]}" },
        { "stack", "{\"type\":[\"container\"],\"label\":[\"coollama.part\"],"
                   "\"event\":[\"health_status\",\"pause\",\"unpause\"]}" },
        { "all", "{\"type\":[\"container\",\"network\",\"volume\"],"
                 "\"event\":[\"create\",\"start\",\"die\",\"destroy\",\"remove\",\"rename\","
                 "\"connect\",\"disconnect\",\"prune\"]}" },
};

typedef enum WatchState {
        WATCH_WAITING,  /* for the next try */
        WATCH_OPENING,  /* not every stream's headers have come */
        WATCH_STANDING, /* and no ping is under way */
        WATCH_PINGING,  /* standing, too */
} WatchState;

typedef struct WatchStream {
        Watch *watch;
        const StreamRow *row;
        EngineSlot *slot;
        Lines *lines;
        bool stands;
        Error error; /* why we ended it ourselves */
} WatchStream;

struct Watch {
        Engine *engine;
        WatchHandler handler;
        WatchTimes times;
        Backoff backoff;
        WatchState state;
        bool announced; /* standing() was called and lost() not yet */
        int told;       /* code of the loss that was told last; 0 when none since standing */
        WatchStream streams[ARRAY_LEN(stream_table)];
        WatchStream followed[2]; /* the one in force, and the one that is to replace it */
        unsigned in_force;
        char *filters; /* of those that are followed; NULL: there are none */
        StreamRow followed_row;
        EngineSlot *ping;
        sd_event_source *timer;
        sd_event_source *announce; /* standing() and followed(), deferred out of a transfer's
                                      callback */
};

DEFINE_CLEANUP(Watch, watch_free);

static bool is_standing(const Watch *watch) {
        switch (watch->state) {
        case WATCH_STANDING:
        case WATCH_PINGING:
                return true;
        case WATCH_WAITING:
        case WATCH_OPENING:
                return false;
        }
        return false;
}

/* The only place where the state changes: each state has its own deadline. */
static void watch_enter(Watch *watch, WatchState state, uint64_t usec) {
        watch->state = state;
        (void) sd_event_source_set_time_relative(watch->timer, usec);
        (void) sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

static void stream_close(WatchStream *stream) {
        stream->slot = engine_slot_free(stream->slot);
        stream->lines = lines_free(stream->lines);
        stream->stands = false;
        stream->error = (Error){ 0 };
}

static void watch_close(Watch *watch) {
        for (size_t i = 0; i < ARRAY_LEN(watch->streams); i++)
                stream_close(&watch->streams[i]);
        for (size_t i = 0; i < ARRAY_LEN(watch->followed); i++)
                stream_close(&watch->followed[i]);
        watch->ping = engine_slot_free(watch->ping);
        (void) sd_event_source_set_enabled(watch->announce, SD_EVENT_OFF);
}

/*
 * Everything is closed and tried again later. Told once a loss; a second time only when an engine
 * that answers again turns out to be one that we cannot speak with, because somebody must act then.
 */
static void watch_lose(Watch *watch, const Error *reason) {
        Error error = *reason; /* it may lie in what is closed now */
        bool refused = error.code == -EPROTONOSUPPORT;

        watch_close(watch);
        engine_forget(watch->engine);
        watch->announced = false;
        watch_enter(watch, WATCH_WAITING, backoff_next(&watch->backoff, random_u32()));

        if (watch->told == 0 || (refused && watch->told != error.code)) {
                watch->told = error.code;
                watch->handler.lost(&error, watch->handler.data);
        }
}

/* ---- Streams ---- */

static int on_object(json_t *object, void *data) {
        WatchStream *stream = data;
        Watch *watch = stream->watch;
        EngineEvent event;

        int r = event_decode(object, &event);
        if (r < 0)
                return r;
        if (watch->announced && event.kind != EVENT_OTHER)
                watch->handler.event(&event, watch->handler.data);
        return 0;
}

static int on_piece(const char *bytes, size_t size, void *data) {
        WatchStream *stream = data;

        int r = lines_feed(stream->lines, bytes, size);
        if (r == -EMSGSIZE)
                return error_set(
                        &stream->error, r, "the event stream '%s' has a line that is too long",
                        stream->row->name
                );
        if (r < 0)
                return error_set(
                        &stream->error, r, "the event stream '%s' has a line that is no event",
                        stream->row->name
                );
        return 0;
}

static bool all_stand(const Watch *watch) {
        for (size_t i = 0; i < ARRAY_LEN(watch->streams); i++)
                if (!watch->streams[i].stands)
                        return false;
        return watch->filters == NULL || watch->followed[watch->in_force].stands
               || is_standing(watch);
}

static int on_started(long status, void *data) {
        WatchStream *stream = data;
        Watch *watch = stream->watch;

        (void) status; /* only a 2xx comes here */
        stream->stands = true;
        if (!all_stand(watch))
                return 0;

        if (!is_standing(watch))
                watch_enter(watch, WATCH_STANDING, watch->times.ping_usec);
        (void) sd_event_source_set_enabled(watch->announce, SD_EVENT_ONESHOT);
        return 0;
}

/* The stream that was opened in the other's place: true when it took over. */
static bool take_over(Watch *watch) {
        unsigned other = watch->in_force ^ 1U;

        if (!watch->followed[other].stands)
                return false;
        stream_close(&watch->followed[watch->in_force]);
        watch->in_force = other;
        return true;
}

static int on_announce(sd_event_source *source, void *data) {
        Watch *watch = data;

        (void) source;
        if (!is_standing(watch))
                return 0;
        bool replaced = take_over(watch);
        if (!watch->announced) {
                watch->announced = true;
                watch->told = 0;
                watch->handler.standing(watch->handler.data);
        } else if (replaced) {
                watch->handler.followed(watch->handler.data);
        }
        return 0;
}

static void on_stream_done(const EngineAnswer *answer, void *data) {
        WatchStream *stream = data;
        Error error = stream->error;

        /* Ended in good order or cut off: on a stream that stood it means the same. */
        if (!error_is_set(&error) && !(stream->stands && answer->error.code == -ECONNRESET))
                error = answer->error;
        if (!error_is_set(&error))
                (void) error_set(
                        &error, -ECONNRESET, "the Docker Engine ended the event stream '%s'",
                        stream->row->name
                );
        watch_lose(stream->watch, &error);
}

static int stream_open(WatchStream *stream) {
        Text text = TEXT_INIT(PATH_MAX_BYTES);
        (void) text_add(&text, "/events");
        (void) query_add(&text, "filters", stream->row->filters);
        cleanup(freep) char *path = text_take(&text);
        if (path == NULL)
                return -ENOMEM;

        int r = lines_new(LINE_MAX_BYTES, on_object, stream, &stream->lines);
        if (r < 0)
                return r;

        EngineStream request = {
                .call = { .method = "GET", .path = path },
                .started = on_started,
                .piece = on_piece,
        };
        return engine_stream(
                stream->watch->engine, &request, on_stream_done, stream, &stream->slot
        );
}

static void watch_open(Watch *watch) {
        int r = 0;

        watch_enter(watch, WATCH_OPENING, OPEN_TIMEOUT_USEC);
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(watch->streams); i++)
                r = stream_open(&watch->streams[i]);
        if (r >= 0 && watch->filters != NULL)
                r = stream_open(&watch->followed[watch->in_force]);
        if (r >= 0)
                return;

        Error error = { 0 };
        (void) error_set(&error, r, "cannot open the event streams: %s", strerrordesc_np(-r));
        watch_lose(watch, &error);
}

static char *followed_filters(const char *const *ids, size_t n) {
        json_t *list = json_array();

        for (size_t i = 0; i < n && i < WATCH_FOLLOWED_MAX; i++)
                if (json_array_append_new(list, json_string(ids[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        json_t *filters = json_pack(
                "{s:[s], s:[s,s,s,s], s:o}", "type", "container", "event", "health_status", "pause",
                "unpause", "kill", "container", list
        );
        char *text = filters ? json_dumps(filters, JSON_COMPACT) : NULL;
        json_decref(filters);
        return text;
}

int watch_follow(Watch *watch, const char *const *ids, size_t n) {
        char *filters = n > 0 ? followed_filters(ids, n) : NULL;
        if (n > 0 && filters == NULL)
                return -ENOMEM;

        free(watch->filters);
        watch->filters = filters;
        watch->followed_row.filters = filters;
        unsigned other = watch->in_force ^ 1U;
        stream_close(&watch->followed[other]);
        if (filters == NULL || watch->state == WATCH_OPENING)
                stream_close(&watch->followed[watch->in_force]);
        if (filters == NULL || watch->state == WATCH_WAITING)
                return 0;
        return stream_open(&watch->followed[is_standing(watch) ? other : watch->in_force]);
}

/* ---- Ping ---- */

static void on_ping_done(const EngineAnswer *answer, void *data) {
        Watch *watch = data;

        watch->ping = engine_slot_free(watch->ping);
        if (answer->outcome != OUTCOME_DONE) {
                watch_lose(watch, &answer->error);
                return;
        }

        /* Only an engine that has lasted for a while is one that came back for good. */
        backoff_reset(&watch->backoff);
        watch_enter(watch, WATCH_STANDING, watch->times.ping_usec);
}

static void ping_send(Watch *watch) {
        EngineCall call = { .method = "GET", .path = "/_ping" };

        watch_enter(watch, WATCH_PINGING, watch->times.ping_timeout_usec);
        int r = engine_call(watch->engine, &call, on_ping_done, watch, &watch->ping);
        if (r < 0) {
                Error error = { 0 };
                (void
                ) error_set(&error, r, "cannot ping the Docker Engine: %s", strerrordesc_np(-r));
                watch_lose(watch, &error);
        }
}

static void watch_hangs(Watch *watch, const char *what, uint64_t usec) {
        char duration[DURATION_TEXT_MAX];
        Error error = { 0 };

        (void) error_set(
                &error, -ETIMEDOUT, "the Docker Engine did not %s within %s", what,
                duration_format(usec, duration)
        );
        watch_lose(watch, &error);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
        Watch *watch = data;

        (void) source;
        (void) usec;
        switch (watch->state) {
        case WATCH_WAITING:
                watch_open(watch);
                break;
        case WATCH_OPENING:
                watch_hangs(watch, "open its event streams", OPEN_TIMEOUT_USEC);
                break;
        case WATCH_STANDING:
                ping_send(watch);
                break;
        case WATCH_PINGING:
                watch_hangs(watch, "answer a ping", watch->times.ping_timeout_usec);
                break;
        }
        return 0;
}

/* ---- From outside ---- */

static uint64_t or_default(uint64_t value, uint64_t otherwise) {
        return value != 0 ? value : otherwise;
}

static int watch_add_sources(Watch *watch, sd_event *event) {
        int r = sd_event_add_time_relative(
                event, &watch->timer, CLOCK_MONOTONIC, /* usec= */ 0, /* accuracy= */ 1, on_timer,
                watch
        );
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(watch->timer, "watch-timer");

        r = sd_event_add_defer(event, &watch->announce, on_announce, watch);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(watch->announce, "watch-announce");
        return sd_event_source_set_enabled(watch->announce, SD_EVENT_OFF);
}

int watch_new(
        sd_event *event,
        Engine *engine,
        const WatchTimes *times,
        const WatchHandler *handler,
        Watch **ret
) {
        static const WatchTimes no_times;
        cleanup(watch_freep) Watch *watch = calloc(1, sizeof *watch);

        if (watch == NULL)
                return -ENOMEM;
        if (times == NULL)
                times = &no_times;

        watch->engine = engine;
        watch->handler = *handler;
        watch->times = (WatchTimes){
                .ping_usec = or_default(times->ping_usec, PING_USEC),
                .ping_timeout_usec = or_default(times->ping_timeout_usec, PING_TIMEOUT_USEC),
        };
        watch->backoff = (Backoff){
                .min_usec = or_default(times->retry_min_usec, RETRY_MIN_USEC),
                .max_usec = or_default(times->retry_max_usec, RETRY_MAX_USEC),
        };
        for (size_t i = 0; i < ARRAY_LEN(watch->streams); i++) {
                watch->streams[i].watch = watch;
                watch->streams[i].row = &stream_table[i];
        }

        watch->followed_row.name = "followed";
        for (size_t i = 0; i < ARRAY_LEN(watch->followed); i++) {
                watch->followed[i].watch = watch;
                watch->followed[i].row = &watch->followed_row;
        }

        /* The first try is the timer's, at once: nobody is called back from here. */
        watch->state = WATCH_WAITING;
        int r = watch_add_sources(watch, event);
        if (r < 0)
                return r;

        *ret = take_ptr(watch);
        return 0;
}

Watch *watch_free(Watch *watch) {
        if (watch == NULL)
                return NULL;

        watch_close(watch);
        (void) sd_event_source_disable_unref(watch->timer);
        (void) sd_event_source_disable_unref(watch->announce);
        free(watch->filters);
        free(watch);
        return NULL;
}
