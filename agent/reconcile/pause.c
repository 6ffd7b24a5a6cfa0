/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/pause.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/text.h"

#define FILE_SIZE_MAX ((size_t) 4096)

struct PauseState {
        PauseSetup setup;
        char *path;
        Pause pause;
        sd_event_source *timer;
};

static uint64_t now(void) {
        return clock_realtime_usec() / USEC_PER_SEC;
}

static int on_over(sd_event_source *source, uint64_t usec, void *data) {
        PauseState *state = data;
        Error err = { 0 };

        (void) source;
        (void) usec;
        if (pause_clear(state, &err) < 0) {
                /* The file says the same: its time is over, so a restart forgets it as well. */
                log_debug("Pause: cannot forget it: %s", error_text(&err));
                state->pause = (Pause){ 0 };
        }
        log_event(LOG_NOTICE, MSG_RESUMED, NO_FIELDS, "Resumed: the time of the pause is over");
        state->setup.over(state->setup.data);
        return 0;
}

/* Its end, by the monotonic clock: a wall clock that is set meanwhile changes nothing. */
static int arm(PauseState *state) {
        uint64_t seconds = now();

        state->timer = sd_event_source_disable_unref(state->timer);
        if (state->pause.until == 0)
                return 0;
        uint64_t left = state->pause.until > seconds ? state->pause.until - seconds : 0;
        return sd_event_add_time_relative(
                state->setup.event, &state->timer, CLOCK_MONOTONIC, left * USEC_PER_SEC,
                USEC_PER_MSEC, on_over, state
        );
}

/* A pause that cannot be understood holds all the same: whoever paused must not find things
 * changed. */
static int read_it(PauseState *state, Error *err) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;
        Error why = { 0 };

        int r = file_read(state->path, FILE_SIZE_MAX, &text, &size, &why);
        if (r == -ENOENT)
                return 0;
        if (r >= 0) {
                json_t *json = json_loadb(text, size, 0, NULL);
                r = pause_from_json(json, &state->pause, &why);
                json_decref(json);
        }
        if (r < 0)
                return error_set(
                        err, r, "%s: %s (remove the file to have no pause, then start again)",
                        state->path, error_text(&why)
                );
        if (pause_is_over(&state->pause, now()))
                return pause_clear(state, err);
        return 0;
}

int pause_open(const PauseSetup *setup, PauseState **ret, Error *err) {
        PauseState *state = calloc(1, sizeof *state);
        if (state == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        state->setup = *setup;
        state->path = text_format("%s/pause.json", setup->state_dir);

        int r = state->path ? read_it(state, err) : error_set(err, -ENOMEM, "out of memory");
        if (r >= 0) {
                r = arm(state);
                if (r < 0)
                        (void) error_set(err, r, "cannot make a timer: %s", strerrordesc_np(-r));
        }
        if (r < 0) {
                (void) pause_free(state);
                return r;
        }
        *ret = state;
        return 0;
}

PauseState *pause_free(PauseState *state) {
        if (state == NULL)
                return NULL;
        sd_event_source_disable_unref(state->timer);
        free(state->path);
        free(state);
        return NULL;
}

const Pause *pause_get(const PauseState *state) {
        return &state->pause;
}

int pause_set(PauseState *state, const Pause *pause, Error *err) {
        json_t *json = pause_to_json(pause);
        cleanup(freep) char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

        json_decref(json);
        int r = text ? file_replace(state->path, text, strlen(text), 0600, err)
                     : error_set(err, -ENOMEM, "out of memory");
        if (r < 0)
                return r;
        state->pause = *pause;
        r = arm(state);
        return r < 0 ? error_set(err, r, "cannot make a timer: %s", strerrordesc_np(-r)) : 0;
}

int pause_clear(PauseState *state, Error *err) {
        int r = file_remove(state->path, err);
        if (r < 0)
                return r;
        state->pause = (Pause){ 0 };
        return arm(state);
}
