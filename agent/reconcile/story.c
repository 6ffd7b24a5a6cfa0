/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Waiter {
        StoryTold *told;
        void *data;
} Waiter;

struct Story {
        uint64_t number; /* of the last news */
        bool open;
        bool fine;
        char line[STORY_LINE_MAX];
        char next[STORY_LINE_MAX];
        Waiter waiters[STORY_WAITERS_MAX]; /* the one that has waited longest first */
        size_t n_waiters;
};

Story *story_new(void) {
        Story *story = calloc(1, sizeof *story);

        if (story != NULL)
                story->fine = true;
        return story;
}

Story *story_free(Story *story) {
        free(story);
        return NULL;
}

static void tell(const Story *story, const Waiter *waiter) {
        json_t *document = json_pack(
                "{s:I, s:s%, s:b, s:b, s:s%}", "number", (json_int_t) story->number, "line",
                story->line, strlen(story->line), "ended", !story->open, "fine", story->fine,
                "next", story->next, strlen(story->next)
        );

        waiter->told(document ? 200 : 500, document, waiter->data);
        json_decref(document);
}

/* Whoever is told may wait again at once. */
static void news(Story *story) {
        Waiter waiters[STORY_WAITERS_MAX];
        size_t n = story->n_waiters;

        story->number++;
        (void) memcpy(waiters, story->waiters, n * sizeof *waiters);
        story->n_waiters = 0;
        for (size_t i = 0; i < n; i++)
                tell(story, &waiters[i]);
}

uint64_t story_begin(Story *story) {
        story->open = true;
        story->fine = true;
        story->line[0] = '\0';
        story->next[0] = '\0';
        return ++story->number;
}

void story_say(Story *story, const char *format, ...) {
        char line[STORY_LINE_MAX];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(line, sizeof line, format, args);
        va_end(args);
        if (!story->open || strcmp(line, story->line) == 0)
                return;
        (void) snprintf(story->line, sizeof story->line, "%s", line);
        news(story);
}

void story_end(Story *story, bool fine, const char *next, const char *format, ...) {
        va_list args;

        if (!story->open)
                return;
        va_start(args, format);
        (void) vsnprintf(story->line, sizeof story->line, format, args);
        va_end(args);
        (void) snprintf(story->next, sizeof story->next, "%s", next);
        story->open = false;
        story->fine = fine;
        news(story);
}

bool story_is_open(const Story *story) {
        return story->open;
}

void story_wait(Story *story, uint64_t after, StoryTold *told, void *data) {
        const Waiter waiter = { told, data };

        if (!story->open || story->number > after) {
                tell(story, &waiter);
                return;
        }
        if (story->n_waiters == STORY_WAITERS_MAX) {
                const Waiter oldest = story->waiters[0];

                story->n_waiters--;
                (void
                ) memmove(story->waiters, story->waiters + 1, story->n_waiters * sizeof oldest);
                tell(story, &oldest);
        }
        story->waiters[story->n_waiters++] = waiter;
}
