/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * Text: a string that grows up to a maximum named by its owner.
 *
 * Always NUL-terminated once something was added. The first failure (no memory, too long) sticks,
 * frees the contents and is returned by every later call, so a series of calls is checked once, at
 * its end.
 */
typedef struct Text {
        char *data;
        size_t size;
        size_t allocated;
        size_t max;
        int error;
} Text;

#define TEXT_INIT(maximum) \
        { .max = (maximum) }

/* 0, -ENOMEM, or -E2BIG when the text would exceed its maximum (in bytes, without the NUL). */
int text_add(Text *text, const char *string);
int text_add_bytes(Text *text, const void *bytes, size_t size);
int text_addf(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The string as a part of a URL: what is not unreserved (RFC 3986) percent-escaped. */
int text_add_escaped(Text *text, const char *string);

/* Frees the contents; the text may be used again. */
void text_done(Text *text);

/* Gives the string to the caller (free()); NULL when a call failed. An empty text gives "". */
char *text_take(Text *text);

/* A new string from a format, or NULL without memory. The caller frees it. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Puts a question mark in the place of every byte that is no UTF-8: of a character that was cut,
 * above all. Such a text would go into no JSON document, and take whatever holds it along.
 */
void text_make_utf8(char *text);
