/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coollamad: keeps one shared Ollama, and links every container that opts in to it.
 */
#include <errno.h>
#include <stdio.h>

#include "base/log-ids.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/manager.h"
#include "daemon/options.h"
#include "io/journal.h"
#include "io/notify.h"

enum {
        EXIT_FINE = 0,
        EXIT_TROUBLE = 1,
        EXIT_USAGE = 2
};

static int check_config(const char *path) {
        Config *config = NULL;
        Error err = { 0 };

        if (config_load(path, &config, &err) < 0) {
                (void) fprintf(stderr, "coollamad: %s\n", error_text(&err));
                return EXIT_TROUBLE;
        }
        const char *warning = config_warning(config);
        if (warning != NULL)
                (void) printf("%s: %s\n", path, warning);
        (void) printf("%s: fine\n", path);
        (void) config_free(config);
        return EXIT_FINE;
}

int main(int argc, char *argv[]) {
        Options options;
        Error err = { 0 };

        int r = options_parse(argc, argv, &options);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_FINE;
        if (options.check_config)
                return check_config(options.config);

        journal_open();
        log_set_level(options.debug ? LOG_DEBUG : LOG_INFO);
        r = manager_run(&options, &err);
        if (r < 0) {
                if (!options.finish)
                        notify_status(error_text(&err));
                log_event(LOG_ERR, MSG_ENDS, NO_FIELDS, "coollamad ends: %s", error_text(&err));
                return EXIT_TROUBLE;
        }
        return EXIT_FINE;
}
