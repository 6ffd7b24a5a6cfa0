/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 100000
#define GAP      2

struct Table {
        const char *heads[TABLE_COLUMNS_MAX];
        size_t n_columns;
        char **cells; /* row after row */
        size_t n_rows;
        size_t allocated;
};

int table_new(const char *const *heads, size_t n_columns, Table **ret) {
        if (n_columns == 0 || n_columns > TABLE_COLUMNS_MAX)
                return -EINVAL;
        Table *table = calloc(1, sizeof *table);
        if (table == NULL)
                return -ENOMEM;
        memcpy(table->heads, heads, n_columns * sizeof *heads);
        table->n_columns = n_columns;
        *ret = table;
        return 0;
}

Table *table_free(Table *table) {
        if (table == NULL)
                return NULL;
        for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}

/* A copy without what could move the cursor. */
static char *clean_copy(const char *string) {
        Text text = TEXT_INIT(65536);

        (void) text_add_clean(&text, string ? string : "");
        return text_take(&text);
}

int table_add(Table *table, const char *const *cells) {
        if (table->n_rows == table->allocated) {
                size_t allocated = table->allocated ? table->allocated * 2 : 16;
                char **grown = allocated > ROWS_MAX ? NULL
                                                    : reallocarray(
                                                            table->cells, allocated,
                                                            table->n_columns * sizeof *grown
                                                    );
                if (grown == NULL)
                        return -ENOMEM;
                table->cells = grown;
                table->allocated = allocated;
        }

        char **row = table->cells + table->n_rows * table->n_columns;
        for (size_t i = 0; i < table->n_columns; i++) {
                row[i] = clean_copy(cells[i]);
                if (row[i] == NULL) {
                        while (i > 0)
                                free(row[--i]);
                        return -ENOMEM;
                }
        }
        table->n_rows++;
        return 0;
}

/* In characters: the bytes that do not continue one. */
static size_t width_of(const char *string, size_t size) {
        size_t width = 0;

        for (size_t i = 0; i < size; i++)
                width += ((unsigned char) string[i] & 0xc0) != 0x80;
        return width;
}

static int add_spaces(Text *text, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n; i++)
                r = text_add(text, " ");
        return r;
}

int text_add_wrapped(Text *text, const char *string, size_t indent, unsigned width) {
        size_t room = width > indent ? width - indent : 0;
        size_t used = 0;

        if (room < TABLE_REST_MIN)
                return text_add(text, string);
        while (*string != '\0') {
                size_t size = strcspn(string, " ");
                size_t wide = width_of(string, size);

                if (used > 0 && used + 1 + wide > room) {
                        (void) text_add(text, "\n");
                        (void) add_spaces(text, indent);
                        used = 0;
                } else if (used > 0) {
                        (void) text_add(text, " ");
                        used++;
                }
                (void) text_add_bytes(text, string, size);
                used += wide;
                string += size;
                string += strspn(string, " ");
        }
        return text_add(text, "");
}

int text_add_sentence(Text *text, Text *sentence, size_t indent, unsigned width) {
        cleanup(freep) char *words = text_take(sentence);
        cleanup(freep) char *clean = clean_copy(words ? words : "");

        return text_add_wrapped(text, clean ? clean : "", indent, width);
}

static int
print_row(const char *const *cells, const size_t *widths, size_t n, unsigned width, Text *text) {
        size_t indent = 0;

        for (size_t i = 0; i + 1 < n; i++) {
                size_t wide = width_of(cells[i], strlen(cells[i]));
                bool rest_is_empty = true;

                for (size_t j = i + 1; j < n; j++)
                        rest_is_empty = rest_is_empty && cells[j][0] == '\0';
                (void) text_add(text, cells[i]);
                if (rest_is_empty)
                        return text_add(text, "\n");
                (void) add_spaces(text, widths[i] - wide + GAP);
                indent += widths[i] + GAP;
        }
        (void) text_add_wrapped(text, cells[n - 1], indent, width);
        return text_add(text, "\n");
}

int table_print(const Table *table, unsigned width, Text *text) {
        size_t widths[TABLE_COLUMNS_MAX] = { 0 };
        size_t n = table->n_columns;

        for (size_t i = 0; i < n; i++)
                widths[i] = width_of(table->heads[i], strlen(table->heads[i]));
        for (size_t i = 0; i < table->n_rows * n; i++) {
                size_t wide = width_of(table->cells[i], strlen(table->cells[i]));
                if (wide > widths[i % n])
                        widths[i % n] = wide;
        }

        int r = print_row(table->heads, widths, n, width, text);
        for (size_t i = 0; i < table->n_rows; i++)
                r = print_row((const char *const *) table->cells + i * n, widths, n, width, text);
        return r;
}

int text_add_clean(Text *text, const char *string) {
        int r = text_add(text, "");

        for (size_t i = 0; string[i] != '\0'; i++) {
                unsigned char c = (unsigned char) string[i];
                unsigned char after = (unsigned char) string[i + 1];
                /* U+0080 to U+009F, which some terminals obey too. */
                bool c1 = c == 0xc2 && after >= 0x80 && after <= 0x9f;

                if (c1 || c < 0x20 || c == 0x7f)
                        r = text_add(text, "?");
                else
                        r = text_add_bytes(text, &string[i], 1);
                i += c1;
        }
        return r;
}
