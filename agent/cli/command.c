/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "model/nearest.h"

/* clang-format off */
static const Command commands[] = {
        { "status", NULL, 0, "what is linked, and why something is not", status_run },
        { "plan", NULL, 0, "what would be done, and why, without doing it", plan_run },
        { "verify", "NAME", 0, "prove from a consumer's own network that it reaches the models",
          verify_run },
        { "explain", "NAME", 0, "what was decided about a consumer, why, and what its link changed",
          explain_run },
        { "link", "NAME", OPTION_YES, "link a container that carries no label; it asks first",
          link_run },
        { "env", "NAME", OPTION_COMPOSE, "print what to paste into Coolify, so that it is linked as it starts",
          env_run },
        { "trust", "NAME", OPTION_YES | OPTION_REVOKE,
          "give it what its labels ask for and only you can give; it asks first", trust_run },
        { "unlink", "NAME", OPTION_YES, "take its link away, put back what was there; it asks first",
          order_run },
        { "relink", "NAME", OPTION_YES, "link it (again), also where files are lost; it asks first",
          order_run },
        { "ollama", NULL, 0, "run Ollama's own command: what follows is its", ollama_run },
        { "upgrade", NULL, 0, "pull a newer Ollama; back to the old one if it does not come up",
          upgrade_run },
        { "pause", NULL, OPTION_FOR, "begin nothing any more, until resume (or --for TIME)", hold_run },
        { "resume", NULL, 0, "go on", hold_run },
        { "provider", "use NAME", 0, "share this Ollama: a container, or managed, or host",
          provider_run },
        { "down", NULL, OPTION_YES | OPTION_UNLINK,
          "take our own stack away, models and keys stay; it asks first", down_run },
        { "help", NULL, 0, "print this", command_help },
};
/* clang-format on */

static int complain_unknown(const char *name, Error *err) {
        const char *names[ARRAY_LEN(commands)];

        for (size_t i = 0; i < ARRAY_LEN(commands); i++)
                names[i] = commands[i].name;
        const char *nearest = nearest_word(name, names, ARRAY_LEN(names));
        return error_set(
                err, -EINVAL, "no command '%s'%s%s%s", name, nearest ? "; did you mean " : "",
                nearest ? nearest : "", nearest ? "?" : ""
        );
}

/* How many words it takes at most. */
static size_t arguments_of(const Command *command) {
        size_t n = command->argument != NULL;

        for (const char *at = command->argument; at != NULL && *at != '\0'; at++)
                n += *at == ' ';
        return n;
}

int command_find(const Options *options, const Command **ret, Error *err) {
        const char *name = options->command ? options->command : commands[0].name;
        const Command *found = NULL;

        for (size_t i = 0; i < ARRAY_LEN(commands); i++)
                if (strcmp(commands[i].name, name) == 0)
                        found = &commands[i];
        if (found == NULL)
                return complain_unknown(name, err);
        if (found->argument != NULL
            && (options->n_arguments == 0 || options->arguments[options->n_arguments - 1][0] == '\0'
            ))
                return error_set(
                        err, -EINVAL, "%s wants to know which: coollama %s %s", name, name,
                        found->argument
                );
        if (options->n_arguments > arguments_of(found))
                return error_set(
                        err, -EINVAL, "unexpected '%s' after %s",
                        options->arguments[options->n_arguments - 1], name
                );
        unsigned strange = options_given(options) & ~found->takes;
        if ((strange & OPTION_YES) != 0)
                return error_set(err, -EINVAL, "%s asks nothing that --yes could answer", name);
        if (strange != 0)
                return error_set(
                        err, -EINVAL, "%s does not take %s", name,
                        options_word(strange & (~strange + 1))
                );
        *ret = found;
        return 0;
}

int command_help(const Options *options) {
        (void) options;
        (void) puts("coollama - one shared Ollama for every container that opts in\n"
                    "\n"
                    "Usage: coollama [OPTION...] [COMMAND]\n"
                    "\n"
                    "Commands:");
        for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
                char usage[40];

                (void) snprintf(
                        usage, sizeof usage, "%s %s", commands[i].name,
                        commands[i].argument ? commands[i].argument : ""
                );
                (void) printf("  %-17s  %s\n", usage, commands[i].summary);
        }
        (void) printf(
                "\nWithout a command: status.\n\nOptions:\n%s"
                "\nExit status: 0 fine, 1 not fine, 2 wrong usage.\n",
                options_help()
        );
        return EXIT_FINE;
}
