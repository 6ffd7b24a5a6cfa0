/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders: unlink and relink. Both re-create a container, so both ask first, and name what is lost;
 * where nobody can be asked, they want --yes.
 */
#include "cli/order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/macro.h"
#include "cli/answer.h"
#include "cli/ask.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 60

int order_print(const json_t *document, unsigned width, Text *text) {
        const char *next = text_of(document, "next");
        Text line = TEXT_INIT(65536);

        (void) text_addf(&line, "%s: %s", text_of(document, "name"), text_of(document, "said"));
        if (next[0] != '\0')
                (void) text_addf(&line, "; next: %s", next);
        (void) text_add_sentence(text, &line, 0, width);
        return text_add(text, "\n");
}

int order_print_question(const char *command, const json_t *document, unsigned width, Text *text) {
        bool unlinks = strcmp(command, "unlink") == 0;
        const json_t *files = json_object_get(document, "files");
        Text line = TEXT_INIT(65536);
        size_t i;
        json_t *path;

        (void) text_addf(
                &line, "%s is %s. It is re-created %s: it is down for a moment.",
                text_of(document, "name"), text_of(document, "state"),
                unlinks ? "without its link, and not linked again" : "with its link"
        );
        if (json_array_size(files) > 0)
                (void) text_add(&line, " These files only its container has, and they are LOST:");
        json_array_foreach(files, i, path) {
                const char *string = json_string_value(path);
                (void) text_addf(&line, "%s %s", i > 0 ? "," : "", string ? string : "");
        }
        if (json_is_null(files))
                (void
                ) text_add(&line, " Whether it holds files that nothing else has is not known.");
        return ask_add_question(text, &line, width);
}

static int print_question(
        const Options *options, const json_t *document, unsigned width, Text *text, Error *err
) {
        (void) err;
        return order_print_question(options->command, document, width, text);
}

int order_run(const Options *options) {
        cleanup(freep) char *path = text_format("/%s", options->command);
        const ClientQuestion question = { .method = "POST",
                                          .path = path ? path : "",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };

        if (!ask_first(options, "/explain", options->arguments[0], print_question))
                return EXIT_NOT_FINE;
        return answer_run(options, &question, order_print, NULL);
}
