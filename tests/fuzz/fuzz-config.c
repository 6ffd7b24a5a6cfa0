/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: any bytes give a Config or an error with its place, never both, and what
 * was accepted once is accepted again.
 */
#include <assert.h>
#include <string.h>

#include "config/config.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        cleanup(config_freep) Config *config = NULL, *again = NULL;
        Error err = { 0 };

        if (size > CONFIG_FILE_MAX)
                return 0;

        int r = config_parse("f", (const char *) data, size, &config, &err);
        assert((r == 0) == (config != NULL));
        assert((r < 0) == error_is_set(&err));
        assert(r == 0 || strncmp(error_text(&err), "f:", 2) == 0);
        assert(config_parse("f", (const char *) data, size, &again, NULL) == r);
        if (r == 0) {
                assert(config->proxy.port >= 1 && config->proxy.port <= 65535);
                assert(config->recovery.parallel >= 1);
                assert((config->provider.mode == PROVIDER_EXTERNAL) == (*config->provider.url != 0)
                );
                (void) config_warning(config);
        }

        return 0;
}
