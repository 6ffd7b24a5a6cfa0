/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"

/*
 * Output: where the commands' words go.
 */
#define OUTPUT_MAX ((size_t) 64 * 1024 * 1024)

/* Columns of the terminal that is standard output; 0 when it is none. */
unsigned output_width(void);

/* Prints the text and frees it. EXIT_NOT_FINE when that fails, else the given exit status. */
int output_text(Text *text, int exit_status);

/* "coollama: what is wrong" to standard error. Returns EXIT_NOT_FINE. */
int output_error(const Error *err);

/* A member of a document that is a string; "" when it is not there. Borrowed. */
const char *text_of(const json_t *object, const char *key);
