/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: opts in for a container that carries no label. It is re-created then, so it asks first.
 */
#include "cli/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "cli/answer.h"
#include "cli/ask.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/order.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 60

int link_print_question(const json_t *document, unsigned width, Text *text) {
        Text line = TEXT_INIT(65536);
        const char *image = text_of(document, "image");

        (void) text_addf(&line, "%s", text_of(document, "name"));
        if (image[0] != '\0')
                (void) text_addf(&line, " (image %s)", image);
        if (json_is_true(json_object_get(document, "database")))
                (void) text_add(
                        &line,
                        " is a DATABASE. It asks no model anything; it would be stopped, and started "
                        "anew, for two variables that it does not read. It"
                );
        (void) text_add(
                &line,
                " is linked, and so is each later deployment of it. Where it lacks the right "
                "values it is re-created: it is down for a moment."
        );
        return ask_add_question(text, &line, width);
}

static int print_question(
        const Options *options, const json_t *document, unsigned width, Text *text, Error *err
) {
        const char *refused = text_of(document, "refused");

        (void) options;
        return refused[0] != '\0' ? error_set(err, -EPERM, "%s", refused)
                                  : link_print_question(document, width, text);
}

int link_run(const Options *options) {
        const ClientQuestion question = { .method = "POST",
                                          .path = "/link",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };

        if (!ask_first(options, "/candidate", options->arguments[0], print_question))
                return EXIT_NOT_FINE;
        return answer_run(options, &question, order_print, NULL);
}
