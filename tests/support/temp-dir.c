/* SPDX-License-Identifier: Apache-2.0 */
#include "support/temp-dir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

char temp_dir[] = "/tmp/coollama-unit-XXXXXX";

void temp_dir_make(void) {
        cr_assert_not_null(mkdtemp(temp_dir));
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where) {
        (void) st;
        (void) kind;
        (void) where;
        return remove(path);
}

void temp_dir_remove(void) {
        cr_expect_eq(nftw(temp_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}
