/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's random source, and the seam through which tests replace it. Keys come from here.
 */
typedef int RandomSource(void *buffer, size_t size, void *data);

/* Replaces the source for tests; NULL brings the kernel's back. */
void random_set_source(RandomSource *source, void *data);

/* 0, or the negative errno of getrandom(); never fewer bytes than asked for. */
int random_bytes(void *buffer, size_t size);

/* For jitter, not for keys: 0 when the source fails. */
uint32_t random_u32(void);
