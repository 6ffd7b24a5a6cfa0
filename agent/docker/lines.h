/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include <jansson.h>

/*
 * Lines: JSON objects out of a stream of bytes, one a line ("chunk border is not JSON border").
 * Bounded; a line that is too long or no JSON object ends the stream with an error.
 */
typedef struct Lines Lines;

/* Negative errno ends the stream. The object is borrowed. */
typedef int LinesObject(json_t *object, void *data);

int lines_new(size_t max_line, LinesObject *object, void *data, Lines **ret);
Lines *lines_free(Lines *lines);

/* 0; -EMSGSIZE for a line above max_line, -EBADMSG for a line that is no JSON object, or the
 * callback's error. */
int lines_feed(Lines *lines, const char *bytes, size_t size);
