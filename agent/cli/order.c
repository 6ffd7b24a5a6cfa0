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
        cleanup(freep) char *words = text_take(&line);
        Text clean = TEXT_INIT(65536);
        (void) text_add_clean(&clean, words ? words : "");
        cleanup(freep) char *string = text_take(&clean);
        (void) text_add_wrapped(text, string ? string : "", 0, width);
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
        cleanup(freep) char *words = text_take(&line);
        Text clean = TEXT_INIT(65536);
        (void) text_add_clean(&clean, words ? words : "");
        cleanup(freep) char *string = text_take(&clean);
        (void) text_add_wrapped(text, string ? string : "", 0, width);
        return text_add(text, "\nGo on? [y/N] ");
}

bool order_is_yes(const char *line) {
        size_t length = strcspn(line, "\r\n");

        return (length == 1 && strncasecmp(line, "y", 1) == 0)
               || (length == 3 && strncasecmp(line, "yes", 3) == 0);
}

int order_ask(const Options *options, Text *question, Error *err) {
        char line[16] = "";

        if (!isatty(STDIN_FILENO)) {
                text_done(question);
                return error_set(
                        err, -ENOTTY,
                        "this asks first, and nobody can be asked here: coollama %s %s --yes",
                        options->command, options->arguments[0]
                );
        }
        (void) output_text(question, EXIT_FINE);
        return fgets(line, sizeof line, stdin) != NULL && order_is_yes(line);
}

int order_not_wanted(void) {
        (void) fputs("coollama: nothing was done\n", stderr);
        return EXIT_NOT_FINE;
}

static int ask_first(const Options *options, Error *err) {
        const ClientQuestion question = { .method = "GET",
                                          .path = "/explain",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };
        cleanup(freep) char *body = NULL;
        json_t *document = NULL;
        Text text = TEXT_INIT(OUTPUT_MAX);

        int r = client_ask(options, &question, &body, &document, err);
        if (r < 0)
                return r;
        (void) order_print_question(options->command, document, output_width(), &text);
        json_decref(document);
        return order_ask(options, &text, err);
}

int order_run(const Options *options) {
        cleanup(freep) char *path = text_format("/%s", options->command);
        const ClientQuestion question = { .method = "POST",
                                          .path = path ? path : "",
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
