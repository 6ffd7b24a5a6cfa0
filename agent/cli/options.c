/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: parsed by a table of our own instead of getopt, which prints its own words and cannot
 * say which option was meant.
 */
#include "cli/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/macro.h"
#include "model/nearest.h"

typedef struct Known {
        const char *name;
        const char *metavar; /* NULL: it takes no value */
        size_t offset;       /* of a const char * when it takes a value, else of a bool */
} Known;

static const Known known[] = {
        { "--json", NULL, offsetof(Options, json) },
        { "--yes", NULL, offsetof(Options, yes) },
        { "--for", "TIME", offsetof(Options, duration) },
        { "--unlink", NULL, offsetof(Options, unlink) },
        { "--compose", NULL, offsetof(Options, compose) },
        { "--revoke", NULL, offsetof(Options, revoke) },
        { "--runtime", "DIR", offsetof(Options, runtime) },
        { "--version", NULL, offsetof(Options, version) },
        { "--help", NULL, offsetof(Options, help) },
        { "-h", NULL, offsetof(Options, help) },
};

const char *options_help(void) {
        return "  --json         print the daemon's own document instead\n"
               "  --yes          do not ask: go on\n"
               "  --for TIME     pause: resume by itself after that time, as in 2h or 30m\n"
               "  --unlink       down: first put back what stood in every consumer\n"
               "  --compose      env: as a part of a compose file\n"
               "  --revoke       trust: take back what was given\n"
               "  --runtime DIR  where its socket api.sock is (" OPTIONS_RUNTIME ")\n"
               "  --version      print the version and exit\n"
               "  --help         print this and exit\n";
}

static const struct {
        OptionTaken option;
        const char *word;
} words[] = {
        { OPTION_YES, "--yes" },         { OPTION_FOR, "--for" },
        { OPTION_UNLINK, "--unlink" },   { OPTION_REVOKE, "--revoke" },
        { OPTION_COMPOSE, "--compose" },
};

const char *options_word(OptionTaken option) {
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (words[i].option == option)
                        return words[i].word;
        return "";
}

unsigned options_given(const Options *options) {
        return (options->yes ? OPTION_YES : 0U) | (options->duration != NULL ? OPTION_FOR : 0U)
               | (options->unlink ? OPTION_UNLINK : 0U) | (options->revoke ? OPTION_REVOKE : 0U)
               | (options->compose ? OPTION_COMPOSE : 0U);
}

static int complain_unknown(const char *word, size_t size, Error *err) {
        const char *names[ARRAY_LEN(known)];
        char name[NEAREST_WORD_MAX + 1] = "";

        for (size_t i = 0; i < ARRAY_LEN(known); i++)
                names[i] = known[i].name;
        if (size < sizeof name)
                memcpy(name, word, size);
        const char *nearest = nearest_word(name, names, ARRAY_LEN(names));
        return error_set(
                err, -EINVAL, "no option '%.*s'%s%s%s", (int) size, word,
                nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : ""
        );
}

/* How many words of argv it took, or negative errno. */
static int take_option(int left, char *const argv[], Options *options, Error *err) {
        const char *word = argv[0];
        size_t size = strcspn(word, "=");
        const char *value = word[size] == '=' ? word + size + 1 : NULL;

        for (size_t i = 0; i < ARRAY_LEN(known); i++) {
                char *field = (char *) options + known[i].offset;

                if (strlen(known[i].name) != size || strncmp(known[i].name, word, size) != 0)
                        continue;
                if (known[i].metavar == NULL) {
                        if (value != NULL)
                                return error_set(err, -EINVAL, "%s takes no value", known[i].name);
                        *(bool *) (void *) field = true;
                        return 1;
                }
                if (value == NULL && left < 2)
                        return error_set(
                                err, -EINVAL, "%s wants a value: %s %s", known[i].name,
                                known[i].name, known[i].metavar
                        );
                *(const char **) (void *) field = value ? value : argv[1];
                return value ? 1 : 2;
        }
        return complain_unknown(word, size, err);
}

static int take_word(const char *word, Options *options, Error *err) {
        if (options->command == NULL) {
                options->command = word;
                return 1;
        }
        if (options->n_arguments == OPTIONS_ARGUMENTS_MAX)
                return error_set(err, -EINVAL, "unexpected '%s' after the others", word);
        options->arguments[options->n_arguments++] = word;
        return 1;
}

/* Options after it are not ours. */
static bool ends_ours(const Options *options) {
        return options->command != NULL && strcmp(options->command, "ollama") == 0;
}

int options_parse(int argc, char *const argv[], Options *ret, Error *err) {
        Options options = { .runtime = OPTIONS_RUNTIME };
        bool ended = false;

        for (int i = 1; i < argc;) {
                int r;

                if (ends_ours(&options)) {
                        options.rest = argv + i;
                        options.n_rest = (size_t) (argc - i);
                        break;
                }
                if (!ended && strcmp(argv[i], "--") == 0) {
                        ended = true;
                        i++;
                        continue;
                }
                if (!ended && argv[i][0] == '-')
                        r = take_option(argc - i, argv + i, &options, err);
                else
                        r = take_word(argv[i], &options, err);
                if (r < 0)
                        return r;
                i += r;
        }
        *ret = options;
        return 0;
}
