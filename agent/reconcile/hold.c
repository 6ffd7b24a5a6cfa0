/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold: what an operator says of everything: begin nothing, go on. Written down before it is
 * obeyed, so that a crash forgets none of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "reconcile/core.h"

static void look_again(Reconciler *reconciler) {
        if (reconciler->standing)
                provider_look(reconciler->provider);
        queue_add_all(reconciler);
        reconciler->setup.changed(reconciler->setup.data);
}

static void on_over(void *data) {
        look_again(data);
}

int hold_open(Reconciler *reconciler, Error *err) {
        const PauseSetup setup = {
                .event = reconciler->setup.event,
                .state_dir = reconciler->setup.state_dir,
                .over = on_over,
                .data = reconciler,
        };
        return pause_open(&setup, &reconciler->pause, err);
}

/* Takes the document over. */
static void answer(VerifyDone *done, void *data, unsigned status, json_t *document) {
        done(document ? status : 500, document, data);
        json_decref(document);
}

static void answer_error(VerifyDone *done, void *data, unsigned status, const char *text) {
        answer(done, data, status, json_pack("{s:s}", "error", text));
}

static json_t *say(const char *said, const char *next) {
        return json_pack("{s:s, s:s}", "said", said, "next", next);
}

/* 0 and the seconds since 1970 at which it ends (0: it does not); -EINVAL. */
static int end_of(const char *duration, uint64_t now_usec, uint64_t *ret) {
        uint64_t usec = 0;

        *ret = 0;
        if (duration == NULL || duration[0] == '\0')
                return 0;
        if (duration_parse(duration, &usec) < 0 || usec == 0)
                return -EINVAL;
        *ret = (now_usec + usec + USEC_PER_SEC - 1) / USEC_PER_SEC;
        return 0;
}

void reconciler_pause(
        Reconciler *reconciler, const char *by, const char *duration, VerifyDone *done, void *data
) {
        uint64_t now_usec = clock_realtime_usec();
        const Pause *before = pause_get(reconciler->pause);
        Pause pause = { .kind = PAUSE_BEGINS_NOTHING, .since = now_usec / USEC_PER_SEC };
        char sentence[PAUSE_SENTENCE_MAX];
        Error err = { 0 };

        (void) snprintf(pause.by, sizeof pause.by, "%s", by);
        if (end_of(duration, now_usec, &pause.until) < 0) {
                answer_error(done, data, 400, "for how long? As in 2h, 30m or 1h 30m");
                return;
        }
        if (before->kind == PAUSE_DOWN || before->kind == PAUSE_UNLINK_DOWN) {
                answer(done, data, 200,
                       say("everything is taken down, which is more than a pause",
                           "coollama resume brings it back"));
                return;
        }
        if (before->kind == PAUSE_BEGINS_NOTHING)
                pause.since = before->since;
        if (pause_set(reconciler->pause, &pause, &err) < 0) {
                answer_error(done, data, 500, error_text(&err));
                return;
        }
        (void) pause_sentence(&pause, sentence);
        log_event(LOG_NOTICE, MSG_PAUSED, FIELDS({ "BY", by }), "Nothing is begun: %s", sentence);
        look_again(reconciler);
        answer(done, data, 200,
               say(sentence, "what is under way is brought to its end; coollama resume goes on"));
}

void reconciler_resume(Reconciler *reconciler, const char *by, VerifyDone *done, void *data) {
        PauseKind before = pause_get(reconciler->pause)->kind;
        Error err = { 0 };

        if (before == PAUSE_NONE) {
                answer(done, data, 200, say("it was not paused: there is nothing to do", ""));
                return;
        }
        if (pause_clear(reconciler->pause, &err) < 0) {
                answer_error(done, data, 500, error_text(&err));
                return;
        }
        log_event(LOG_NOTICE, MSG_RESUMED, FIELDS({ "BY", by }), "Resumed by %s", by);
        look_again(reconciler);
        answer(done, data, 200,
               say(before == PAUSE_BEGINS_NOTHING ? "resumed: what waited is done now"
                                                  : "resumed: everything is brought back",
                   "coollama status shows it"));
}
