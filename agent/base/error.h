/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

/*
 * Error: the text that goes with a negative errno.
 *
 * Made where the knowledge is, given context on the way up ("/etc/x.conf: line 7: unknown key"),
 * logged once, at the top. Owned by the caller, of fixed size, never allocates; the first text
 * wins. Every function here takes NULL for a caller who does not want the text.
 */
typedef struct Error {
        int code; /* negative errno, 0 while unset */
        char text[480];
} Error;

/* Sets code and text unless the error is set already. Returns code (negative errno), also with err
 * NULL. */
int error_set(Error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text; an error without text gets the errno's own. Returns code. */
int error_prefix(Error *err, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The text, or the errno's own when there is none. Never NULL. */
const char *error_text(const Error *err);

static inline bool error_is_set(const Error *err) {
        return err && err->code < 0;
}
