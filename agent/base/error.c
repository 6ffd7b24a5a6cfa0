/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int error_set(Error *err, int code, const char *format, ...) {
        if (err == NULL || error_is_set(err))
                return code;

        va_list args;
        va_start(args, format);
        (void) vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        text_make_utf8(err->text); /* what is too long may have been cut within a character */
        err->code = code;
        return code;
}

int error_prefix(Error *err, int code, const char *format, ...) {
        if (err == NULL)
                return code;

        Error old = *err;
        if (!error_is_set(&old))
                (void) error_set(&old, code, "%s", strerrordesc_np(-code));

        char context[sizeof err->text / 2];
        va_list args;
        va_start(args, format);
        (void) vsnprintf(context, sizeof context, format, args);
        va_end(args);

        /* What does not fit is cut at the end: the place matters more than the tail of the reason.
         */
        int room = (int) (sizeof err->text - strlen(context) - 3);
        (void) snprintf(err->text, sizeof err->text, "%s: %.*s", context, room, old.text);
        text_make_utf8(err->text);
        err->code = code;
        return code;
}

const char *error_text(const Error *err) {
        if (err == NULL || err->code == 0)
                return "no error";
        if (err->text[0] != '\0')
                return err->text;

        const char *text = strerrordesc_np(-err->code);
        return text ? text : "unknown error";
}
