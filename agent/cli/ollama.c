/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ollama: runs Ollama's own command where Ollama is. The daemon knows where; Docker's own command
 * does the rest, since whoever has Docker has it: terminal, window size and exit status are its
 * affair, and so is Ctrl-C. Without a terminal an interrupt ends Docker's command alone: its exec
 * hands no signal on.
 */
#include "cli/ollama.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

#define TIMEOUT_SECS 30

/* As the shell tells it. */
enum {
        EXIT_CANNOT_RUN = 126,
        EXIT_NO_SUCH = 127
};

/* By Docker's own command: the words before Ollama's. Returns how many. */
static size_t add_docker(const json_t *document, int terminal, OllamaCommand *ret) {
        size_t n = 0;

        (void) snprintf(
                ret->socket_url, sizeof ret->socket_url, "unix://%s", text_of(document, "socket")
        );
        ret->words[n++] = "docker";
        ret->words[n++] = "--host";
        ret->words[n++] = ret->socket_url;
        ret->words[n++] = "exec";
        ret->words[n++] = terminal ? "-it" : "-i";
        ret->words[n++] = text_of(document, "id");
        return n;
}

int ollama_command(
        const json_t *document,
        char *const *rest,
        size_t n_rest,
        int terminal,
        OllamaCommand *ret,
        Error *err
) {
        const char *way = text_of(document, "way");
        size_t n = 0;

        if (n_rest > OLLAMA_ARGUMENTS_MAX)
                return error_set(err, -E2BIG, "more than %d words", OLLAMA_ARGUMENTS_MAX);
        if (strcmp(way, "container") == 0) {
                n = add_docker(document, terminal, ret);
        } else if (strcmp(way, "host") != 0) {
                const char *next = text_of(document, "next");

                return error_set(
                        err, -EREMOTEIO, "%s%s%s", text_of(document, "said"),
                        next[0] != '\0' ? "; next: " : "", next
                );
        }
        ret->words[n++] = "ollama";
        for (size_t i = 0; i < n_rest; i++)
                ret->words[n++] = rest[i];
        ret->words[n] = NULL;
        return 0;
}

/* Only returns when it could not be run. */
static int run(const char *const *words) {
        /* execvp() changes none of them, whatever its type says. */
        char *const *unchanged;
        Error err = { 0 };

        /* Which engine it is was said; no other is meant. */
        (void) unsetenv("DOCKER_CONTEXT");
        (void) unsetenv("DOCKER_HOST");
        (void) memcpy(&unchanged, &words, sizeof unchanged);
        (void) execvp(words[0], unchanged);
        int code = errno;
        if (code == ENOENT)
                (void) error_set(
                        &err, -code,
                        strcmp(words[0], "docker") == 0
                                ? "Docker's own command is not there (docker-ce-cli, or docker.io)"
                                : "Ollama's own command is not there, though ollama.service is: "
                                  "install it, or run it by its path"
                );
        else
                (void) error_set(&err, -code, "cannot run %s: %s", words[0], strerrordesc_np(code));
        (void) output_error(&err);
        return code == ENOENT ? EXIT_NO_SUCH : EXIT_CANNOT_RUN;
}

int ollama_run(const Options *options) {
        const ClientQuestion question = { .method = "GET",
                                          .path = "/ollama",
                                          .timeout_secs = TIMEOUT_SECS };
        OllamaCommand command = { .words = { "ollama" } };
        char *body = NULL;
        json_t *document = NULL;
        int terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
        Error err = { 0 };

        int r = client_ask(options, &question, &body, &document, &err);
        if (r >= 0)
                r = ollama_command(
                        document, options->rest, options->n_rest, terminal, &command, &err
                );
        int status = r < 0 ? output_error(&err) : run(command.words);
        json_decref(document);
        free(body);
        return status;
}
