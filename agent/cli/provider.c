/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/provider.h"

#include <errno.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/order.h"
#include "cli/output.h"

#define TIMEOUT_SECS 60

int provider_arguments(const Options *options, const char **ret, Error *err) {
        if (options->n_arguments != 2 || strcmp(options->arguments[0], "use") != 0)
                return error_set(
                        err, -EINVAL,
                        "which Ollama? coollama provider use NAME (a container, its name in Coolify, "
                        "managed or host)"
                );
        *ret = options->arguments[1];
        return 0;
}

int provider_run(const Options *options) {
        ClientQuestion question = { .method = "POST",
                                    .path = "/provider",
                                    .timeout_secs = TIMEOUT_SECS };
        Error err = { 0 };

        if (provider_arguments(options, &question.name, &err) < 0) {
                (void) output_error(&err);
                return EXIT_USAGE;
        }
        return answer_run(options, &question, order_print, NULL);
}
