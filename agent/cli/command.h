/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "cli/options.h"

/*
 * Command: what coollama can be told to do, as a table. Each prints what it has to say and returns
 * the exit status.
 */
enum {
        EXIT_FINE = 0,
        EXIT_NOT_FINE = 1,
        EXIT_USAGE = 2
};

typedef struct Command {
        const char *name;
        const char *argument; /* what it wants ("NAME"), or NULL */
        unsigned takes;       /* OptionTaken flags: the options that are not for every command */
        const char *summary;
        int (*run)(const Options *options);
} Command;

/* The command that the options name ("status" without one), its arguments checked. -EINVAL saying
 * what is wrong, an unknown one with the nearest known one. */
int command_find(const Options *options, const Command **ret, Error *err);

/* Prints the whole help; EXIT_FINE. */
int command_help(const Options *options);

/* status.c, plan.c, verify.c, explain.c, order.c (unlink and relink), link.c, env.c, trust.c,
 * hold.c (pause and resume), down.c, ollama.c, story.c (upgrade), provider.c */
int status_run(const Options *options);
int plan_run(const Options *options);
int verify_run(const Options *options);
int explain_run(const Options *options);
int order_run(const Options *options);
int hold_run(const Options *options);
int down_run(const Options *options);
int ollama_run(const Options *options);
int upgrade_run(const Options *options);
int link_run(const Options *options);
int env_run(const Options *options);
int trust_run(const Options *options);
int provider_run(const Options *options);
