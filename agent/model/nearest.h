/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * Nearest: which known word somebody meant. For error texts alone, never for deciding.
 */

#define NEAREST_WORD_MAX 64 /* longer words are near to nothing */

/* Insertions, deletions, replacements and swaps of neighbours between two words; NEAREST_WORD_MAX
 * when one of them is too long. */
unsigned nearest_distance(const char *a, const char *b);

/*
 * The word (borrowed, the first of several) with the smallest distance, or NULL when none is within
 * a third of the longer word's length.
 */
const char *nearest_word(const char *word, const char *const *words, size_t n);
