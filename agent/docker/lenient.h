/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include <jansson.h>

/*
 * Lenient: reads JSON in which a name holds NUL, which jansson cannot.
 *
 * Anybody may give his container such a label, and it must not make the whole list, or the stream
 * of events, unreadable. U+FFFD stands in the place of each NUL then, in names and values: good
 * enough to find containers, not to make one again, so that an inspect document is not read so.
 */
json_t *lenient_load(const char *bytes, size_t size, json_error_t *error);
