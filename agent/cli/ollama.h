/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

#define OLLAMA_ARGUMENTS_MAX 256 /* words that may follow "coollama ollama" */
#define OLLAMA_WORDS_MAX     (OLLAMA_ARGUMENTS_MAX + 16)

/* A command, ended by NULL. Not to be copied: words may point to socket_url; all others are
 * borrowed. */
typedef struct OllamaCommand {
        const char *words[OLLAMA_WORDS_MAX];
        char socket_url[160];
} OllamaCommand;

/*
 * The command that GET /ollama means: Docker's exec into Ollama's container, or the host's own
 * ollama. terminal: there is one to hand on. -E2BIG; -EREMOTEIO saying why there is none. Pure.
 */
int ollama_command(
        const json_t *document,
        char *const *rest,
        size_t n_rest,
        int terminal,
        OllamaCommand *ret,
        Error *err
);
