/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Template: one scanner, used by checking, by asking and by expanding, so that the three agree on
 * what a placeholder is.
 */
#include "model/template.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

static const char *const placeholder_names[] = {
        [PLACEHOLDER_URL] = "url",
        [PLACEHOLDER_KEY] = "key",
        [PLACEHOLDER_HOST] = "host",
        [PLACEHOLDER_PORT] = "port",
};
static_assert(ARRAY_LEN(placeholder_names) == PLACEHOLDER_PORT + 1, "a name for each Placeholder");

const char *placeholder_to_string(Placeholder placeholder) {
        return placeholder_names[placeholder];
}

/* One piece of a template: literal bytes, or what stands between the braces of a placeholder. */
typedef struct Piece {
        const char *start;
        size_t size;
        bool is_placeholder;
} Piece;

/* Length of "{name}" at text, or 0 when a brace stands for itself. */
static size_t placeholder_size(const char *text) {
        size_t n = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz");

        return n > 0 && text[n + 1] == '}' ? n + 2 : 0;
}

/* Moves *text over the next piece; false at the end. */
static bool next_piece(const char **text, Piece *ret) {
        const char *start = *text;

        if (*start == '\0')
                return false;

        size_t size = *start == '{' ? placeholder_size(start) : 0;
        if (size > 0) {
                *ret = (Piece){ start + 1, size - 2, true };
        } else {
                size = 1 + strcspn(start + 1, "{");
                *ret = (Piece){ start, size, false };
        }

        *text = start + size;
        return true;
}

/* A Placeholder, or -EINVAL. */
static int piece_placeholder(const Piece *piece) {
        for (size_t i = 0; i < ARRAY_LEN(placeholder_names); i++)
                if (strlen(placeholder_names[i]) == piece->size
                    && memcmp(placeholder_names[i], piece->start, piece->size) == 0)
                        return (int) i;

        return -EINVAL;
}

static int unknown_placeholder(const Piece *piece, Error *err) {
        int shown = piece->size > 32 ? 32 : (int) piece->size;

        return error_set(
                err, -EINVAL,
                "unknown placeholder {%.*s}; there are {url}, {key}, {host} and {port}", shown,
                piece->start
        );
}

int template_check(const char *template, Error *err) {
        Piece piece;

        if (strnlen(template, TEMPLATE_MAX + 1) > TEMPLATE_MAX)
                return error_set(err, -E2BIG, "longer than %d bytes", TEMPLATE_MAX);

        while (next_piece(&template, &piece))
                if (piece.is_placeholder && piece_placeholder(&piece) < 0)
                        return unknown_placeholder(&piece, err);

        return 0;
}

bool template_uses(const char *template, Placeholder placeholder) {
        Piece piece;

        while (next_piece(&template, &piece))
                if (piece.is_placeholder && piece_placeholder(&piece) == (int) placeholder)
                        return true;

        return false;
}

static const char *template_value(const TemplateValues *values, Placeholder placeholder) {
        switch (placeholder) {
        case PLACEHOLDER_URL:
                return values->url;
        case PLACEHOLDER_KEY:
                return values->key;
        case PLACEHOLDER_HOST:
                return values->host;
        case PLACEHOLDER_PORT:
                return values->port;
        }

        return NULL;
}

static int expand_piece(const Piece *piece, const TemplateValues *values, Text *text, Error *err) {
        if (!piece->is_placeholder)
                return text_add_bytes(text, piece->start, piece->size);

        int placeholder = piece_placeholder(piece);
        if (placeholder < 0)
                return unknown_placeholder(piece, err);

        const char *value = template_value(values, (Placeholder) placeholder);
        if (value == NULL)
                return error_set(
                        err, -ENODATA, "there is no {%s} here", placeholder_names[placeholder]
                );

        return text_add(text, value);
}

int template_expand(const char *template, const TemplateValues *values, char **ret, Error *err) {
        cleanup(text_done) Text text = TEXT_INIT(TEMPLATE_EXPANDED_MAX);
        Piece piece;

        while (next_piece(&template, &piece)) {
                int r = expand_piece(&piece, values, &text, err);
                if (r == -E2BIG)
                        return error_set(
                                err, r, "becomes longer than %d bytes", TEMPLATE_EXPANDED_MAX
                        );
                if (r < 0)
                        return error_set(err, r, "out of memory");
        }

        char *expanded = text_take(&text);
        if (expanded == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        *ret = expanded;
        return 0;
}

bool variable_name_is_valid(const char *name) {
        if (!isalpha((unsigned char) name[0]) && name[0] != '_')
                return false;

        size_t size =
                strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        return size <= VARIABLE_NAME_MAX && name[size] == '\0';
}
