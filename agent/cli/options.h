/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Options: the operator's command line, "coollama [OPTION...] [COMMAND [ARGUMENT]]". Options may
 * stand before and after the command; "--" ends them, and so does the command ollama: what follows
 * is Ollama's. Pure; every string is borrowed from argv.
 */
#define OPTIONS_ARGUMENTS_MAX 2
#define OPTIONS_RUNTIME       "/run/coollama"

/* The options that only some commands take (Command.takes). */
typedef enum OptionTaken {
        OPTION_YES = 1U << 0,
        OPTION_FOR = 1U << 1,
        OPTION_UNLINK = 1U << 2,
        OPTION_REVOKE = 1U << 3,
        OPTION_COMPOSE = 1U << 4,
} OptionTaken;

typedef struct Options {
        const char *runtime; /* directory of the daemon's control socket */
        bool json;
        bool yes;
        bool unlink;
        bool revoke;
        bool compose;
        const char *duration; /* of --for; NULL: none was given */
        bool help;
        bool version;
        const char *command; /* NULL: none was given */
        const char *arguments[OPTIONS_ARGUMENTS_MAX];
        size_t n_arguments;
        char *const *rest; /* what follows the command ollama, as it came; n_rest words */
        size_t n_rest;
} Options;

/* Which of those that only some commands take were given: OptionTaken flags. */
unsigned options_given(const Options *options);

/* The word of one such flag ("--yes"). Static. */
const char *options_word(OptionTaken option);

/* -EINVAL naming what is wrong, an unknown option with the nearest known one. */
int options_parse(int argc, char *const argv[], Options *ret, Error *err);

/* The options, one line each with what they do, for the help. */
const char *options_help(void);
