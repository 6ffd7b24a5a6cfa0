/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Options: the operator's command line, "coollama [OPTION...] [COMMAND [ARGUMENT]]". Options may
 * stand before and after the command; "--" ends them. Pure; every string is borrowed from argv.
 */
#define OPTIONS_ARGUMENTS_MAX 1
#define OPTIONS_RUNTIME       "/run/coollama"

typedef struct Options {
        const char *runtime; /* directory of the daemon's control socket */
        bool json;
        bool yes;
        bool help;
        bool version;
        const char *command; /* NULL: none was given */
        const char *arguments[OPTIONS_ARGUMENTS_MAX];
        size_t n_arguments;
} Options;

/* -EINVAL naming what is wrong, an unknown option with the nearest known one. */
int options_parse(int argc, char *const argv[], Options *ret, Error *err);

/* The options, one line each with what they do, for the help. */
const char *options_help(void);
