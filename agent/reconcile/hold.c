/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold: what an operator says of everything: begin nothing, take it away, go on. Written down
 * before it is obeyed, so that a crash forgets none of it.
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
        reconciler->story = story_new();
        if (reconciler->story == NULL)
                return error_set(err, -ENOMEM, "out of memory");
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
                answer_error(
                        done, data, 400,
                        "for how long? As in 2h, 30m or 1h 30m, and for ten years at most"
                );
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
        story_end(reconciler->story, false, "", "it is resumed, by %s", by);
        look_again(reconciler);
        answer(done, data, 200,
               say(before == PAUSE_BEGINS_NOTHING ? "resumed: what waited is done now"
                                                  : "resumed: everything is brought back",
                   "coollama status shows it"));
}

/* ---- Down ---- */

/* What is left of unlinking everybody. */
typedef struct Unlinking {
        unsigned moving; /* that go on by themselves, or were not looked at yet */
        unsigned held;   /* that keep their link until somebody says more */
        unsigned links;  /* whose link is not known to be out: what people are told */
        const Consumer *example;
} Unlinking;

static void count(Consumer *consumer, void *data) {
        Unlinking *left = data;
        bool looked_at = consumer->pass == PASS_IDLE && !consumer->awaited;
        bool out = consumer->state == LINK_UNLINKED || consumer->state == LINK_STOPPED;

        /* Known once, it stays known while it is looked at again. */
        left->links += !out || consumer->record != NULL;
        if (!looked_at || consumer->record != NULL) {
                left->moving++;
                return;
        }
        switch (consumer->state) {
        case LINK_UNLINKED:
        case LINK_STOPPED:
                return;
        case LINK_PENDING:
        case LINK_REFUSED:
        case LINK_FAILED:
                left->held++;
                left->example = consumer;
                return;
        case LINK_LINKED:
        case LINK_ONE_STEP_LEFT:
        case LINK_WAITING:
        case LINK_LINKING:
                left->moving++;
                return;
        }
}

static Unlinking unlinking(const Reconciler *reconciler) {
        Unlinking left = { 0 };

        world_visit(reconciler->world, count, &left);
        if (!reconciler->listed)
                left.moving++;
        return left;
}

bool hold_may_go(const Reconciler *reconciler) {
        const Unlinking left = unlinking(reconciler);

        return left.moving == 0 && left.held == 0;
}

static void tell_unlinking(Reconciler *reconciler, const Unlinking *left) {
        const Consumer *example = left->example;

        if (left->moving > 0 && left->links == 0)
                story_say(reconciler->story, "looking once more whether a link is left");
        else if (left->moving > 0)
                story_say(
                        reconciler->story, "taking the links out: %u consumer%s left", left->links,
                        left->links == 1 ? "" : "s"
                );
        else
                story_end(
                        reconciler->story, false,
                        "coollama unlink NAME for each of them, or coollama down takes the stack "
                        "away all the same",
                        "%u consumer%s link, and the stack stays until that is gone: %.80s: %.200s",
                        left->held, left->held == 1 ? " keeps its" : "s keep their",
                        example->identity.human, example->reason ? example->reason : ""
                );
}

void hold_check(Reconciler *reconciler) {
        PauseKind kind = pause_get(reconciler->pause)->kind;
        const char *why = "";
        bool stuck = false;

        if (reconciler->provider == NULL || (kind != PAUSE_DOWN && kind != PAUSE_UNLINK_DOWN))
                return;
        const Unlinking left = kind == PAUSE_UNLINK_DOWN ? unlinking(reconciler) : (Unlinking){ 0 };
        bool waits = left.moving > 0 || left.held > 0;
        if (reconciler->going == waits) {
                reconciler->going = !waits;
                if (reconciler->going && reconciler->standing)
                        provider_look(reconciler->provider);
        }
        if (waits)
                tell_unlinking(reconciler, &left);
        else if (provider_is_gone(reconciler->provider, &why, &stuck))
                story_end(
                        reconciler->story, true, "coollama resume brings it back",
                        "taken down; models and keys are kept"
                );
        else if (stuck)
                story_end(reconciler->story, false, "see coollama status", "%s", why);
        else if (why != NULL)
                story_say(reconciler->story, "%s", why);
}

void reconciler_down(
        Reconciler *reconciler, const char *by, bool unlink, VerifyDone *done, void *data
) {
        Pause pause = { .kind = unlink ? PAUSE_UNLINK_DOWN : PAUSE_DOWN,
                        .since = clock_realtime_usec() / USEC_PER_SEC };
        char sentence[PAUSE_SENTENCE_MAX];
        Error err = { 0 };

        (void) snprintf(pause.by, sizeof pause.by, "%s", by);
        if (!reconciler->standing) {
                answer_error(done, data, 503, "coollamad is waiting for the Docker Engine");
                return;
        }
        if (provider_is_upgrading(reconciler->provider)) {
                answer_error(done, data, 409, "Ollama is being upgraded: try again after that");
                return;
        }
        if (pause_set(reconciler->pause, &pause, &err) < 0) {
                answer_error(done, data, 500, error_text(&err));
                return;
        }
        log_event(
                LOG_NOTICE, MSG_PAUSED, FIELDS({ "BY", by }), "Taking everything away%s: %s",
                unlink ? ", once every link is taken out" : "", pause_sentence(&pause, sentence)
        );
        reconciler->going = false;
        uint64_t number = story_begin(reconciler->story);
        look_again(reconciler);
        answer(done, data, 200,
               json_pack(
                       "{s:s, s:s, s:I}", "said", sentence, "next",
                       "coollama resume brings it back", "number", (json_int_t) number
               ));
}

void reconciler_story(Reconciler *reconciler, uint64_t after, VerifyDone *done, void *data) {
        story_wait(reconciler->story, after, done, data);
}

json_t *reconciler_ollama(const Reconciler *reconciler) {
        return provider_ollama(reconciler->provider);
}

void reconciler_upgrade(Reconciler *reconciler, VerifyDone *done, void *data) {
        uint64_t number = 0;
        Error err = { 0 };

        if (!reconciler->standing) {
                answer_error(done, data, 503, "coollamad is waiting for the Docker Engine");
                return;
        }
        if (pause_get(reconciler->pause)->kind != PAUSE_NONE) {
                answer_error(done, data, 409, "nothing is begun now: coollama resume first");
                return;
        }
        /* One that is under way is followed from its beginning. */
        if (!provider_is_upgrading(reconciler->provider)
            && provider_upgrade(reconciler->provider, &number, &err) < 0) {
                answer_error(done, data, 409, error_text(&err));
                return;
        }
        answer(done, data, 200,
               json_pack(
                       "{s:s, s:s, s:I}", "said", "Ollama is being upgraded", "next", "", "number",
                       (json_int_t) number
               ));
}
