/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/macro.h"
#include "cli/command.h"
#include "cli/table.h"

unsigned output_width(void) {
        struct winsize size;

        if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
                return 0;
        return size.ws_col;
}

int output_text(Text *text, int exit_status) {
        cleanup(freep) char *string = text_take(text);

        if (string != NULL && fputs(string, stdout) != EOF && fflush(stdout) != EOF)
                return exit_status;
        if (string != NULL && errno == EPIPE) /* "| head" has read what it wanted */
                return exit_status;
        (void) fputs("coollama: cannot print the answer\n", stderr);
        return EXIT_NOT_FINE;
}

int output_error(const Error *err) {
        Text text = TEXT_INIT(4096);

        (void) text_add_clean(&text, error_text(err));
        cleanup(freep) char *clean = text_take(&text);
        (void) fprintf(stderr, "coollama: %s\n", clean ? clean : "out of memory");
        return EXIT_NOT_FINE;
}

const char *text_of(const json_t *object, const char *key) {
        const char *value = json_string_value(json_object_get(object, key));
        return value ? value : "";
}
