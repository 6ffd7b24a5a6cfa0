/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

/*
 * Random: getrandom() blocks until the kernel's pool is ready, once, early at boot; after that it
 * does not fail and gives up to 256 bytes in one piece. The loop is for more than that and for
 * signals.
 */
static RandomSource *test_source;
static void *test_source_data;

void random_set_source(RandomSource *source, void *data) {
        test_source = source;
        test_source_data = data;
}

int random_bytes(void *buffer, size_t size) {
        unsigned char *next = buffer;

        if (test_source)
                return test_source(buffer, size, test_source_data);

        while (size > 0) {
                ssize_t n = getrandom(next, size, 0);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        next += n;
                        size -= (size_t) n;
                }
        }
        return 0;
}

/* For jitter, where a 0 after a failure does no harm. Keys use random_bytes(). */
uint32_t random_u32(void) {
        uint32_t value = 0;

        return random_bytes(&value, sizeof value) < 0 ? 0 : value;
}
