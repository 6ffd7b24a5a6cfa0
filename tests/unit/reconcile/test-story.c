/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "reconcile/story.h"

/* What somebody was told last, and how often. */
typedef struct Told {
        unsigned times;
        char line[STORY_LINE_MAX];
        bool ended;
        bool fine;
} Told;

static void on_told(unsigned status, const json_t *document, void *data) {
        Told *told = data;

        cr_assert_eq(status, 200);
        told->times++;
        (void) strcpy(told->line, json_string_value(json_object_get(document, "line")));
        told->ended = json_is_true(json_object_get(document, "ended"));
        told->fine = json_is_true(json_object_get(document, "fine"));
}

Test(story, who_waits_is_told_once_when_there_is_news) {
        cleanup(story_freep) Story *story = story_new();
        Told told = { 0 };
        uint64_t number = story_begin(story);

        story_wait(story, number, on_told, &told);
        cr_expect_eq(told.times, 0);
        story_say(story, "half of %s", "it");
        cr_expect_eq(told.times, 1);
        cr_expect_str_eq(told.line, "half of it");
        cr_expect_not(told.ended);
        story_say(story, "more");
        cr_expect_eq(told.times, 1, "it did not ask again");
        story_wait(story, number, on_told, &told);
        cr_expect_eq(told.times, 2, "there is news since that number");
}

Test(story, the_same_line_again_is_no_news) {
        cleanup(story_freep) Story *story = story_new();
        Told told = { 0 };

        (void) story_begin(story);
        story_say(story, "half");
        story_wait(story, 2, on_told, &told);
        story_say(story, "half");
        cr_expect_eq(told.times, 0);
        story_end(story, false, "do this", "it failed");
        cr_expect_eq(told.times, 1);
        cr_expect(told.ended && !told.fine);
        story_end(story, true, "", "too late");
        story_say(story, "too late");
        story_wait(story, 100, on_told, &told);
        cr_expect_str_eq(told.line, "it failed");
}

Test(story, too_many_do_not_wait) {
        cleanup(story_freep) Story *story = story_new();
        Told first = { 0 };
        Told others = { 0 };
        uint64_t number = story_begin(story);

        story_wait(story, number, on_told, &first);
        for (unsigned i = 0; i < STORY_WAITERS_MAX; i++)
                story_wait(story, number, on_told, &others);
        cr_expect_eq(first.times, 1);
        cr_expect_eq(others.times, 0);
}
