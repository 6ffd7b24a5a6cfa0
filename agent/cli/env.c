/* SPDX-License-Identifier: Apache-2.0 */
/*
 * env: what a user pastes into a container's own definition, so that it is linked as it starts.
 * Standard output has what is to be pasted and nothing else; the warning goes to standard error.
 */
#include "cli/env.h"

#include <stdio.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

#define TIMEOUT_SECS 60

/* As a comment, for whoever pastes it and for YAML alike. */
static void add_note(const json_t *document, Text *text) {
        const char *note = text_of(document, "note");

        if (note[0] != '\0')
                (void) text_addf(text, "# %s\n", note);
}

int env_print_lines(const json_t *document, unsigned width, Text *text) {
        const char *entry = text_of(document, "host_entry");
        size_t i;
        json_t *variable;

        (void) width;
        add_note(document, text);
        json_array_foreach(json_object_get(document, "variables"), i, variable) {
                (void
                ) text_addf(text, "%s=%s\n", text_of(variable, "name"), text_of(variable, "value"));
        }
        if (entry[0] != '\0')
                (void) text_addf(
                        text,
                        "# and the host entry %s (extra_hosts: coollama env --compose has it)\n",
                        entry
                );
        return text_add(text, "");
}

/* One item of a list, quoted so that YAML and compose take it as it is. */
static void add_item(Text *text, const char *name, const char *value) {
        (void) text_add(text, "      - '");
        (void) text_add(text, name);
        for (const char *p = value; *p != '\0'; p++)
                (void) text_addf(text, "%s%c", *p == '\'' ? "'" : *p == '$' ? "$" : "", *p);
        (void) text_add(text, "'\n");
}

int env_print_compose(const json_t *document, unsigned width, Text *text) {
        const json_t *variables = json_object_get(document, "variables");
        const char *entry = text_of(document, "host_entry");
        size_t i;
        json_t *variable;

        (void) width;
        add_note(document, text);
        if (json_array_size(variables) > 0)
                (void) text_add(text, "    environment:\n");
        json_array_foreach(variables, i, variable) {
                char name[300];

                (void) snprintf(name, sizeof name, "%s=", text_of(variable, "name"));
                add_item(text, name, text_of(variable, "value"));
        }
        if (entry[0] != '\0') {
                (void) text_add(text, "    extra_hosts:\n");
                add_item(text, "", entry);
        }
        return text_add(text, "");
}

/* Where a key is pasted: in a variable, or in the URL. */
static int warn_of_key(const json_t *document) {
        const char *carrier = text_of(document, "carrier");

        if (json_array_size(json_object_get(document, "variables")) > 0
            && (strcmp(carrier, "header") == 0 || strcmp(carrier, "url") == 0))
                (void
                ) fputs("coollama: the key in there is a secret: it is for this container alone\n",
                        stderr);
        return EXIT_FINE;
}

int env_run(const Options *options) {
        const ClientQuestion question = { .method = "POST",
                                          .path = "/env",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };

        return answer_run(
                options, &question, options->compose ? env_print_compose : env_print_lines,
                options->json ? NULL : warn_of_key
        );
}
