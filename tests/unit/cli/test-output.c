/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "base/text.h"
#include "cli/output.h"

/* What output_text() returns with this as standard output, which it takes over. */
static int print_to(int fd) {
        Text text = TEXT_INIT(100);

        cr_assert_geq(fd, 0);
        cr_assert_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
        (void) close(fd);
        cr_assert_geq(text_add(&text, "all is well\n"), 0);
        return output_text(&text, 0);
}

Test(output, a_reader_that_has_read_enough_is_no_failure) {
        int ends[2];

        (void) signal(SIGPIPE, SIG_IGN);
        cr_assert_eq(pipe(ends), 0);
        (void) close(ends[0]);
        cr_expect_eq(print_to(ends[1]), 0);
}

Test(output, a_full_disk_is_one) {
        cr_expect_neq(print_to(open("/dev/full", O_WRONLY | O_CLOEXEC)), 0);
}
