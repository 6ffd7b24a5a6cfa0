/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/random.h"

Test(random, fills_the_whole_buffer_each_time_anew) {
        static unsigned char one[1024 * 1024];
        static unsigned char two[sizeof one];

        cr_assert_eq(random_bytes(one, sizeof one), 0);
        cr_assert_eq(random_bytes(two, sizeof two), 0);
        cr_assert_neq(memcmp(one, two, 32), 0);
        /* 32 zero bytes at the end come once in 2^256. */
        cr_assert_neq(memcmp(one + sizeof one - 32, (const char[32]){ 0 }, 32), 0);
}

Test(random, asking_for_nothing_writes_nothing) {
        char byte = 'x';

        cr_assert_eq(random_bytes(&byte, 0), 0);
        cr_assert_eq(byte, 'x');
}

static int fixed(void *buffer, size_t size, void *data) {
        memset(buffer, *(const char *) data, size);
        return 0;
}

static int broken(void *buffer, size_t size, void *data) {
        (void) buffer;
        (void) size;
        (void) data;
        return -ENOSYS;
}

Test(random, a_test_replaces_the_source) {
        char byte = 0x11;
        char buffer[4];

        random_set_source(fixed, &byte);
        cr_assert_eq(random_bytes(buffer, sizeof buffer), 0);
        cr_assert_arr_eq(buffer, "\x11\x11\x11\x11", 4);
        cr_assert_eq(random_u32(), 0x11111111);

        random_set_source(broken, NULL);
        cr_assert_eq(random_bytes(buffer, sizeof buffer), -ENOSYS);
        cr_assert_eq(random_u32(), 0);

        random_set_source(NULL, NULL);
        char other[32];
        char another[32];
        cr_assert_eq(random_bytes(other, sizeof other), 0);
        cr_assert_eq(random_bytes(another, sizeof another), 0);
        cr_assert_neq(memcmp(other, another, sizeof other), 0);
}
