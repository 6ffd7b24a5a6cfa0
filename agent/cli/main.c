/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coollama: the operator's command. It knows nothing by itself; the daemon does.
 */
#include <signal.h>
#include <stdio.h>

#include <curl/curl.h>

#include "cli/command.h"
#include "cli/output.h"

static int usage(const Error *err) {
        (void) output_error(err);
        (void) fputs("coollama: see coollama --help\n", stderr);
        return EXIT_USAGE;
}

int main(int argc, char *argv[]) {
        const Command *command = NULL;
        Options options;
        Error err = { 0 };

        if (options_parse(argc, argv, &options, &err) < 0)
                return usage(&err);
        if (options.help)
                return command_help(&options);
        if (options.version)
                return puts("coollama " COOLLAMA_VERSION) == EOF ? EXIT_NOT_FINE : EXIT_FINE;
        if (command_find(&options, &command, &err) < 0)
                return usage(&err);

        (void) signal(SIGPIPE, SIG_IGN);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
                (void) fputs("coollama: out of memory\n", stderr);
                return EXIT_NOT_FINE;
        }
        int status = command->run(&options);
        curl_global_cleanup();
        return status;
}
