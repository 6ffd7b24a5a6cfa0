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
        cleanup(freep) char *words = text_take(&line);
        Text clean = TEXT_INIT(65536);
        (void) text_add_clean(&clean, words ? words : "");
        cleanup(freep) char *string = text_take(&clean);
        (void) text_add_wrapped(text, string ? string : "", 0, width);
        return text_add(text, "\nGo on? [y/N] ");
}

static int ask_first(const Options *options, Error *err) {
        const ClientQuestion question = { .method = "GET",
                                          .path = "/candidate",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };
        cleanup(freep) char *body = NULL;
        json_t *document = NULL;
        Text text = TEXT_INIT(OUTPUT_MAX);

        int r = client_ask(options, &question, &body, &document, err);
        if (r < 0)
                return r;
        const char *refused = text_of(document, "refused");
        if (refused[0] != '\0')
                r = error_set(err, -EPERM, "%s", refused);
        else
                (void) link_print_question(document, output_width(), &text);
        json_decref(document);
        return r < 0 ? r : order_ask(options, &text, err);
}

int link_run(const Options *options) {
        const ClientQuestion question = { .method = "POST",
                                          .path = "/link",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };
        Error err = { 0 };

        int r = options->yes ? 1 : ask_first(options, &err);
        if (r < 0)
                return output_error(&err);
        if (r == 0)
                return order_not_wanted();
        return answer_run(options, &question, order_print, NULL);
}
