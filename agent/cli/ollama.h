/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

#define OLLAMA_ARGUMENTS_MAX 256 /* words that may follow "coollama ollama" */
#define OLLAMA_WORDS_MAX     (OLLAMA_ARGUMENTS_MAX + 16)

/*
 * The command that GET /ollama means, ended by NULL: Docker's exec into Ollama's container, or the
 * host's own ollama. terminal: there is one to hand on. Everything is borrowed from the arguments
 * but socket_url, the caller's buffer. -E2BIG; -EREMOTEIO saying why there is none. Pure.
 */
int ollama_command(
        const json_t *document,
        char *const *rest,
        size_t n_rest,
        int terminal,
        char socket_url[static 160],
        const char *words[static OLLAMA_WORDS_MAX],
        Error *err
);
