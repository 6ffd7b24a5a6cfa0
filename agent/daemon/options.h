/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/*
 * Options: the daemon's command line.
 */
typedef struct Options {
        const char *config;    /* file */
        const char *state;     /* directory */
        const char *runtime;   /* directory of the control socket */
        const char *templates; /* directory */
        bool check_config;
        bool finish;
        bool debug;
} Options;

/* 0 to go on; 1 when --help or --version was answered; -EINVAL after a message about what is wrong.
 */
int options_parse(int argc, char *argv[], Options *ret);
