/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"

/* The longest that the daemon has nothing to say: a registry that is silent is given up before. */
#define TIMEOUT_SECS 900

int story_print(const json_t *document, unsigned width, Text *text) {
        const char *next = text_of(document, "next");
        Text line = TEXT_INIT(4096);

        (void) text_add_clean(&line, text_of(document, "line"));
        if (next[0] != '\0') {
                (void) text_add(&line, "; next: ");
                (void) text_add_clean(&line, next);
        }
        cleanup(freep) char *words = text_take(&line);
        if (words == NULL || words[0] == '\0')
                return 0;
        (void) text_add_wrapped(text, words, 0, width);
        return text_add(text, "\n");
}

static int print(const Options *options, const char *body, const json_t *document, bool ended) {
        Text text = TEXT_INIT(OUTPUT_MAX);

        if (!options->json)
                (void) story_print(document, output_width(), &text);
        else if (ended)
                (void) text_addf(&text, "%s\n", body);
        else
                (void) text_add(&text, "");
        return output_text(&text, EXIT_FINE);
}

/* Asks for news after this number. 1: it has ended, and its exit status is in ret. */
static int follow(const Options *options, json_int_t *number, int *ret, Error *err) {
        cleanup(freep) char *after = text_format("%" JSON_INTEGER_FORMAT, *number);
        const ClientQuestion question = { .method = "GET",
                                          .path = "/story",
                                          .key = "after",
                                          .name = after ? after : "0",
                                          .timeout_secs = TIMEOUT_SECS };
        cleanup(freep) char *body = NULL;
        json_t *document = NULL;

        int r = client_ask(options, &question, &body, &document, err);
        if (r < 0)
                return r;
        bool ended = json_is_true(json_object_get(document, "ended"));
        *number = json_integer_value(json_object_get(document, "number"));
        *ret = json_is_true(json_object_get(document, "fine")) ? EXIT_FINE : EXIT_NOT_FINE;
        if (print(options, body, document, ended) != EXIT_FINE)
                *ret = EXIT_NOT_FINE;
        json_decref(document);
        return ended ? 1 : 0;
}

int story_run(const Options *options, const ClientQuestion *order) {
        cleanup(freep) char *body = NULL;
        json_t *document = NULL;
        int status = EXIT_NOT_FINE;
        Error err = { 0 };

        int r = client_ask(options, order, &body, &document, &err);
        if (r < 0)
                return output_error(&err);
        json_int_t number = json_integer_value(json_object_get(document, "number"));
        json_decref(document);
        do
                r = follow(options, &number, &status, &err);
        while (r == 0);
        return r < 0 ? output_error(&err) : status;
}

int upgrade_run(const Options *options) {
        const ClientQuestion order = { .method = "POST", .path = "/upgrade", .timeout_secs = 60 };
        return story_run(options, &order);
}
