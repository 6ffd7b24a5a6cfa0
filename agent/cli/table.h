/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/macro.h"
#include "base/text.h"

/*
 * Table: rows of text in columns, for people. Pure.
 *
 * A column is as wide as its widest cell; the last one takes the rest of the width and goes on
 * below itself between words. A word longer than that stays whole, so that a command can be copied.
 */
#define TABLE_COLUMNS_MAX 8
#define TABLE_REST_MIN    24 /* columns; with less room the last one is not broken */

typedef struct Table Table;

/* heads: n_columns borrowed strings that outlive the table. */
int table_new(const char *const *heads, size_t n_columns, Table **ret);
Table *table_free(Table *table);
DEFINE_CLEANUP(Table, table_free);

/* Copies n_columns cells. NULL is an empty one. */
int table_add(Table *table, const char *const *cells);

/* width 0: no line is broken, as what is piped wants it. The text's own errors. */
int table_print(const Table *table, unsigned width, Text *text);

/* Adds what a daemon said, control characters and escape sequences made harmless. */
int text_add_clean(Text *text, const char *string);

/* Adds it broken between words at width, each further line indented; 0: not broken. */
int text_add_wrapped(Text *text, const char *string, size_t indent, unsigned width);

/* Adds it made harmless and broken like that. Takes the sentence over. */
int text_add_sentence(Text *text, Text *sentence, size_t indent, unsigned width);
