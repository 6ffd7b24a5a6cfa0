/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Durations as people write them: "300ms", "10s", "5m", "2h", "1h 30m", "1d", "0"; a bare number
 * other than 0 is refused, since nobody can tell what it counts. Units in code: microseconds, named
 * _usec.
 */

/* 0, or -EINVAL for anything else than a duration, or -ERANGE above ten years. */
int duration_parse(const char *text, uint64_t *ret_usec);

#define DURATION_TEXT_MAX 32

/*
 * For people: the largest unit and the one below it, if that is not 0; what is smaller is cut.
 * "1h 30m", "10s", "300ms", "0s". duration_parse() reads it. Returns buffer.
 */
const char *duration_format(uint64_t usec, char buffer[static DURATION_TEXT_MAX]);
