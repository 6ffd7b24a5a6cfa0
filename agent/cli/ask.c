/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/macro.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 60

bool ask_is_yes(const char *line) {
        size_t length = strcspn(line, "\r\n");

        return (length == 1 && strncasecmp(line, "y", 1) == 0)
               || (length == 3 && strncasecmp(line, "yes", 3) == 0);
}

int ask_add_question(Text *text, Text *told, unsigned width) {
        (void) text_add_sentence(text, told, 0, width);
        return text_add(text, "\nGo on? [y/N] ");
}

/* The same command line, with the word that spares the question. */
static int nobody_there(const Options *options, Error *err) {
        const char *argument = options->n_arguments > 0 ? options->arguments[0] : NULL;

        return error_set(
                err, -ENOTTY,
                "this asks first, and nobody can be asked here: coollama %s%s%s%s --yes",
                options->command, argument ? " " : "", argument ? argument : "",
                options->unlink ? " --unlink" : ""
        );
}

static int
ask(const Options *options, const char *path, const char *name, AskPrint *print, Error *err) {
        const ClientQuestion question = {
                .method = "GET", .path = path, .name = name, .timeout_secs = TIMEOUT_SECS
        };
        cleanup(freep) char *body = NULL;
        json_t *document = NULL;
        Text text = TEXT_INIT(OUTPUT_MAX);
        char line[16] = "";

        int r = client_ask(options, &question, &body, &document, err);
        if (r >= 0)
                r = print(options, document, output_width(), &text, err);
        json_decref(document);
        if (r >= 0 && !isatty(STDIN_FILENO))
                r = nobody_there(options, err);
        if (r < 0) {
                text_done(&text);
                return r;
        }
        (void) output_text(&text, 0);
        return fgets(line, sizeof line, stdin) != NULL && ask_is_yes(line);
}

bool ask_first(const Options *options, const char *path, const char *name, AskPrint *print) {
        Error err = { 0 };

        if (options->yes)
                return true;
        int r = ask(options, path, name, print, &err);
        if (r < 0)
                (void) output_error(&err);
        else if (r == 0)
                (void) fputs("coollama: nothing was done\n", stderr);
        return r > 0;
}
