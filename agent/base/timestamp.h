/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * Timestamps as the engine writes them (RFC 3339).
 */

/* "2026-11-23T02:09:00.88Z", also with an offset, as seconds since the epoch and nanoseconds.
 * -EBADMSG. */
int timestamp_parse(const char *text, int64_t *ret_sec, uint32_t *ret_nsec);

#define TIMESTAMP_TEXT_MAX 40

/* Seconds since the epoch for people: "2026-11-23 02:09:00 UTC"; "" for what no calendar has.
 * Returns buffer. */
const char *timestamp_format(uint64_t seconds, char buffer[static TIMESTAMP_TEXT_MAX]);
