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
        if (text_of(document, "asks_for")[0] == '\0')
                r = error_set(
                        err, -ENODATA, "%s asks for nothing that takes your word",
                        text_of(document, "name")
                );
        else
                (void) trust_print_question(document, output_width(), &text);
        json_decref(document);
        return r < 0 ? r : order_ask(options, &text, err);
}

int trust_run(const Options *options) {
        const ClientQuestion question = { .method = "POST",
                                          .path = options->revoke ? "/distrust" : "/trust",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };
        Error err = { 0 };

        int r = options->yes || options->revoke ? 1 : ask_first(options, &err);
        if (r < 0)
                return output_error(&err);
        if (r == 0)
                return order_not_wanted();
        return answer_run(options, &question, order_print, NULL);
}
