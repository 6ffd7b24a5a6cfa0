/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include <stdlib.h>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 180 /* the daemon gives up on its container long before */

static void print_check(const json_t *check, unsigned width, Text *text) {
        bool passed = json_is_true(json_object_get(check, "passed"));
        const char *detail = text_of(check, "detail");
        const char *mend = text_of(check, "mend");
        Text line = TEXT_INIT(16384);
        Text below = TEXT_INIT(16384);

        (void) text_add_clean(&line, text_of(check, "what"));
        (void) text_add(&line, detail[0] != '\0' ? ": " : "");
        (void) text_add_clean(&line, detail);
        cleanup(freep) char *words = text_take(&line);
        (void) text_add(text, passed ? "ok      " : "FAILED  ");
        (void) text_add_wrapped(text, words ? words : "", 8, width);
        (void) text_add(text, "\n");
        if (passed || mend[0] == '\0')
                return;
        (void) text_add(&below, "next: ");
        (void) text_add_clean(&below, mend);
        cleanup(freep) char *next = text_take(&below);
        (void) text_add(text, "        ");
        (void) text_add_wrapped(text, next ? next : "", 8, width);
        (void) text_add(text, "\n");
}

int verify_print(const json_t *document, unsigned width, Text *text) {
        size_t i;
        json_t *check;

        json_array_foreach(json_object_get(document, "checks"), i, check) {
                print_check(check, width, text);
        }
        (void) text_add_clean(text, text_of(document, "name"));
        return text_add(
                text, json_is_true(json_object_get(document, "passed")) ? " reaches the models.\n"
                                                                        : " does not pass.\n"
        );
}

static int judge(const json_t *document) {
        return json_is_true(json_object_get(document, "passed")) ? EXIT_FINE : EXIT_NOT_FINE;
}

int verify_run(const Options *options) {
        const ClientQuestion question = { .method = "POST",
                                          .path = "/verify",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };
        return answer_run(options, &question, verify_print, judge);
}
