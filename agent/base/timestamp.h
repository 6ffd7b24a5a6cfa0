/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * Timestamps as the engine writes them (RFC 3339).
 */

/* "2026-11-23T02:09:00.88Z", also with an offset, as seconds since the epoch and nanoseconds.
 * -EBADMSG. */
int timestamp_parse(const char *text, int64_t *ret_sec, uint32_t *ret_nsec);
