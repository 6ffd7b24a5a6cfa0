/* SPDX-License-Identifier: Apache-2.0 */
/*
 * down: takes our own stack away, with --unlink also every link. It asks first; where nobody can be
 * asked, it wants --yes.
 */
#include "cli/down.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macro.h"
#include "cli/ask.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/order.h"
#include "cli/output.h"
#include "cli/story.h"
#include "cli/table.h"

#define TIMEOUT_SECS 60

static size_t count_linked(const json_t *consumers) {
        size_t n = 0;
        size_t i;
        json_t *consumer;

        json_array_foreach(consumers, i, consumer) {
                n += json_integer_value(json_object_get(consumer, "linked")) > 0;
        }
        return n;
}

int down_print_question(const json_t *document, bool unlink, unsigned width, Text *text) {
        size_t n = count_linked(json_object_get(document, "consumers"));
        const char *s = n == 1 ? "" : "s";
        Text line = TEXT_INIT(4096);

        if (unlink)
                (void) text_addf(
                        &line,
                        "%zu linked consumer%s: each is re-created with what stood there before (it "
                        "is down for a moment), then coollama's own containers and network are "
                        "removed.",
                        n, s
                );
        else
                (void) text_addf(
                        &line,
                        "coollama's own containers and network are removed. %zu linked consumer%s "
                        "will get no answer any more, and keep what the link put there (--unlink "
                        "puts back what stood there before).",
                        n, s
                );
        (void) text_add(&line, " Models and keys are kept; coollama resume brings all of it back.");
        return ask_add_question(text, &line, width);
}

static int print_question(
        const Options *options, const json_t *document, unsigned width, Text *text, Error *err
) {
        (void) err;
        return down_print_question(document, options->unlink, width, text);
}

int down_run(const Options *options) {
        const ClientQuestion order = { .method = "POST",
                                       .path = "/down",
                                       .key = "unlink",
                                       .name = options->unlink ? "yes" : NULL,
                                       .timeout_secs = TIMEOUT_SECS };

        if (!ask_first(options, "/status", NULL, print_question))
                return EXIT_NOT_FINE;
        return story_run(options, &order);
}
