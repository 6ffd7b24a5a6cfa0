/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "config/config.h"

#ifndef COOLLAMA_TEMPLATES
#define COOLLAMA_TEMPLATES "/usr/share/coollama"
#endif

static const char help[] =
        "coollamad - keeps one shared Ollama for every container that opts in\n"
        "\n"
        "Usage: coollamad [OPTION...]\n"
        "\n"
        "  --config FILE      configuration (" CONFIG_PATH "; drop-ins in FILE.d/)\n"
        "  --state DIR        keys and swap records (/var/lib/coollama)\n"
        "  --runtime DIR      the control socket api.sock (/run/coollama)\n"
        "  --templates DIR    profiles and the provider stack (" COOLLAMA_TEMPLATES ")\n"
        "  --check-config     read the configuration, say what is wrong with it, and exit\n"
        "  --finish           bring re-creations that were interrupted to their end, and exit\n"
        "  --debug            log more\n"
        "  --version          print the version and exit\n"
        "  --help             print this and exit\n";

enum {
        OPT_CONFIG = 256,
        OPT_STATE,
        OPT_RUNTIME,
        OPT_TEMPLATES,
        OPT_CHECK,
        OPT_FINISH,
        OPT_DEBUG,
        OPT_VERSION,
        OPT_HELP
};

static const struct option table[] = {
        { "config", required_argument, NULL, OPT_CONFIG },
        { "state", required_argument, NULL, OPT_STATE },
        { "runtime", required_argument, NULL, OPT_RUNTIME },
        { "templates", required_argument, NULL, OPT_TEMPLATES },
        { "check-config", no_argument, NULL, OPT_CHECK },
        { "finish", no_argument, NULL, OPT_FINISH },
        { "debug", no_argument, NULL, OPT_DEBUG },
        { "version", no_argument, NULL, OPT_VERSION },
        { "help", no_argument, NULL, OPT_HELP },
        { 0 },
};

/* 0, 1 when the option was an answer in itself, -EINVAL for an unknown one (getopt said so). */
static int take_option(int option, Options *options) {
        switch (option) {
        case OPT_CONFIG:
                options->config = optarg;
                return 0;
        case OPT_STATE:
                options->state = optarg;
                return 0;
        case OPT_RUNTIME:
                options->runtime = optarg;
                return 0;
        case OPT_TEMPLATES:
                options->templates = optarg;
                return 0;
        case OPT_CHECK:
                options->check_config = true;
                return 0;
        case OPT_FINISH:
                options->finish = true;
                return 0;
        case OPT_DEBUG:
                options->debug = true;
                return 0;
        case OPT_VERSION:
                (void) puts("coollamad " COOLLAMA_VERSION);
                return 1;
        case OPT_HELP:
                (void) fputs(help, stdout);
                return 1;
        default:
                (void) fputs("coollamad: see coollamad --help\n", stderr);
                return -EINVAL;
        }
}

int options_parse(int argc, char *argv[], Options *ret) {
        *ret = (Options){
                .config = CONFIG_PATH,
                .state = "/var/lib/coollama",
                .runtime = "/run/coollama",
                .templates = COOLLAMA_TEMPLATES,
        };

        for (int option = getopt_long(argc, argv, "", table, NULL); option != -1;
             option = getopt_long(argc, argv, "", table, NULL)) {
                int r = take_option(option, ret);
                if (r != 0)
                        return r;
        }
        if (optind < argc) {
                (void) fprintf(
                        stderr, "coollamad: unexpected '%s': see coollamad --help\n", argv[optind]
                );
                return -EINVAL;
        }
        return 0;
}
