/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust: gives a container what its labels only ask for. Whoever may deploy writes labels, so this
 * asks first and says what is given; taking it back needs no question.
 */
#include "cli/trust.h"

#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"
#include "cli/answer.h"
#include "cli/ask.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/order.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 60

int trust_print_question(const json_t *document, unsigned width, Text *text) {
        Text line = TEXT_INIT(65536);

        (void) text_addf(
                &line,
                "%s asks for %s. Whoever may deploy it has that from then on, also with its later "
                "deployments, until coollama trust %s --revoke.",
                text_of(document, "name"), text_of(document, "asks_for"), text_of(document, "name")
        );
        return ask_add_question(text, &line, width);
}

static int print_question(
        const Options *options, const json_t *document, unsigned width, Text *text, Error *err
) {
        (void) options;
        if (text_of(document, "asks_for")[0] != '\0')
                return trust_print_question(document, width, text);
        return error_set(
                err, -ENODATA, "%s asks for nothing that takes your word", text_of(document, "name")
        );
}

int trust_run(const Options *options) {
        const ClientQuestion question = { .method = "POST",
                                          .path = options->revoke ? "/distrust" : "/trust",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };

        if (!options->revoke
            && !ask_first(options, "/candidate", options->arguments[0], print_question))
                return EXIT_NOT_FINE;
        return answer_run(options, &question, order_print, NULL);
}
