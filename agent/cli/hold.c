/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of everything: pause, resume.
 */
#include "cli/hold.h"

#include <stdlib.h>

#include "base/macro.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 30

int hold_print(const json_t *document, unsigned width, Text *text) {
        const char *next = text_of(document, "next");
        Text line = TEXT_INIT(65536);

        (void) text_add_clean(&line, text_of(document, "said"));
        if (next[0] != '\0') {
                (void) text_add(&line, "; next: ");
                (void) text_add_clean(&line, next);
        }
        cleanup(freep) char *words = text_take(&line);
        (void) text_add_wrapped(text, words ? words : "", 0, width);
        return text_add(text, "\n");
}

int hold_run(const Options *options) {
        cleanup(freep) char *path = text_format("/%s", options->command);
        const ClientQuestion question = { .method = "POST",
                                          .path = path ? path : "",
                                          .key = "for",
                                          .name = options->duration,
                                          .timeout_secs = TIMEOUT_SECS };
        return answer_run(options, &question, hold_print, NULL);
}
