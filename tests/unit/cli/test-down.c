/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/down.h"
#include "cli/hold.h"
#include "cli/story.h"

#define TWO "{\"consumers\":[{\"linked\":1},{\"linked\":0},{\"linked\":2,\"name\":\"x\"}]}"

static char *question(const char *document, bool unlink) {
        json_t *json = json_loads(document, 0, NULL);
        Text text = TEXT_INIT(4096);

        cr_assert_geq(down_print_question(json, unlink, 0, &text), 0);
        json_decref(json);
        return text_take(&text);
}

Test(down, the_question_counts_whom_it_concerns) {
        cleanup(freep) char *plain = question(TWO, false);
        cleanup(freep) char *unlink = question(TWO, true);

        cr_expect_not_null(
                strstr(plain, "2 linked consumers will get no answer any more"), "%s", plain
        );
        cr_expect_not_null(strstr(unlink, "2 linked consumers: each is re-created"), "%s", unlink);
        cr_expect_not_null(strstr(unlink, "Models and keys are kept"), "%s", unlink);
        cr_expect_str_eq(strrchr(plain, '\n'), "\nGo on? [y/N] ");
}

typedef int Print(const json_t *document, unsigned width, Text *text);

static const struct {
        Print *print;
        const char *document, *said;
} cases[] = {
        { hold_print, "{\"said\":\"paused\",\"next\":\"coollama resume\"}",
          "paused; next: coollama resume\n" },
        { hold_print, "{\"said\":\"resumed\",\"next\":\"\"}", "resumed\n" },
        { story_print, "{\"line\":\"half of it\",\"next\":\"\"}", "half of it\n" },
        { story_print, "{\"line\":\"over\",\"next\":\"go\"}", "over; next: go\n" },
};

Test(down, answers_are_a_line_each) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *json = json_loads(cases[i].document, 0, NULL);
                Text text = TEXT_INIT(4096);

                cr_assert_geq(cases[i].print(json, 0, &text), 0);
                cleanup(freep) char *said = text_take(&text);
                cr_expect_str_eq(said, cases[i].said, "%zu", i);
                json_decref(json);
        }
}

Test(down, a_story_without_a_line_yet_says_nothing) {
        json_t *json = json_loads("{\"line\":\"\",\"next\":\"\"}", 0, NULL);
        Text text = TEXT_INIT(4096);

        cr_assert_geq(story_print(json, 0, &text), 0);
        cleanup(freep) char *said = text_take(&text);
        cr_expect(said == NULL || said[0] == '\0');
        json_decref(json);
}
