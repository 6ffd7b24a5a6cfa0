/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

static int text_fail(Text *text, int error) {
        text_done(text);
        text->error = error;
        return error;
}

static int text_reserve(Text *text, size_t more) {
        if (text->error < 0)
                return text->error;
        if (more > text->max || text->size > text->max - more)
                return text_fail(text, -E2BIG);

        size_t needed = text->size + more + 1;
        if (needed <= text->allocated)
                return 0;

        size_t allocate = text->allocated ? text->allocated * 2 : 64;
        if (allocate < needed)
                allocate = needed;

        char *data = realloc(text->data, allocate);
        if (data == NULL)
                return text_fail(text, -ENOMEM);

        text->data = data;
        text->allocated = allocate;
        return 0;
}

int text_add_bytes(Text *text, const void *bytes, size_t size) {
        int r = text_reserve(text, size);
        if (r < 0)
                return r;

        if (size > 0)
                memcpy(text->data + text->size, bytes, size);
        text->size += size;
        text->data[text->size] = '\0';
        return 0;
}

int text_add(Text *text, const char *string) {
        return text_add_bytes(text, string, strlen(string));
}

int text_addf(Text *text, const char *format, ...) {
        va_list args;

        va_start(args, format);
        int size = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (size < 0)
                return text_fail(text, -EINVAL);

        int r = text_reserve(text, (size_t) size);
        if (r < 0)
                return r;

        va_start(args, format);
        (void) vsnprintf(text->data + text->size, (size_t) size + 1, format, args);
        va_end(args);
        text->size += (size_t) size;
        return 0;
}

int text_add_escaped(Text *text, const char *string) {
        static const char unreserved[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

        while (*string != '\0') {
                size_t plain = strspn(string, unreserved);

                (void) text_add_bytes(text, string, plain);
                string += plain;
                if (*string != '\0')
                        (void) text_addf(text, "%%%02X", (unsigned) (unsigned char) *string++);
        }
        /* Errors stick: what any of the calls above met comes out here. */
        return text_add(text, "");
}

void text_done(Text *text) {
        free(text->data);
        text->data = NULL;
        text->size = 0;
        text->allocated = 0;
        text->error = 0;
}

char *text_take(Text *text) {
        if (text->error < 0 || text_add_bytes(text, "", 0) < 0)
                return NULL;

        char *data = text->data;
        text->data = NULL;
        text_done(text);
        return data;
}

char *text_format(const char *format, ...) {
        char *string = NULL;
        va_list args;

        va_start(args, format);
        int size = vasprintf(&string, format, args);
        va_end(args);
        return size < 0 ? NULL : string;
}

/* How many bytes the character has that begins here; 0: none begins here. Neither overlong forms
 * nor surrogates are characters. */
static size_t character_size(const unsigned char *at) {
        static const struct {
                unsigned char first, last; /* of the first byte */
                unsigned char low, high;   /* of the second */
                size_t size;
        } forms[] = {
                { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
                { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
                { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
                { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
        };

        if (at[0] < 0x80)
                return 1;
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
                if (at[0] < forms[i].first || at[0] > forms[i].last)
                        continue;
                if (at[1] < forms[i].low || at[1] > forms[i].high)
                        return 0;
                for (size_t n = 2; n < forms[i].size; n++)
                        if ((at[n] & 0xc0) != 0x80)
                                return 0;
                return forms[i].size;
        }
        return 0;
}

void text_make_utf8(char *text) {
        while (*text != '\0') {
                size_t size = character_size((const unsigned char *) text);

                if (size == 0)
                        *text = '?';
                text += size > 0 ? size : 1;
        }
}
