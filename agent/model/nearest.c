/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearest: edit distance with three rows. Swapped neighbours count once, since that is the typing
 * error people make most; upper and lower case are the same letter.
 */
#include "model/nearest.h"

#include <ctype.h>
#include <string.h>

static unsigned smaller(unsigned a, unsigned b) {
        return a < b ? a : b;
}

static int folded(char c) {
        return tolower((unsigned char) c);
}

unsigned nearest_distance(const char *a, const char *b) {
        unsigned rows[3][NEAREST_WORD_MAX + 1];
        unsigned *before = rows[0], *above = rows[1], *row = rows[2];
        size_t size_a = strnlen(a, NEAREST_WORD_MAX + 1), size_b = strnlen(b, NEAREST_WORD_MAX + 1);

        if (size_a > NEAREST_WORD_MAX || size_b > NEAREST_WORD_MAX)
                return NEAREST_WORD_MAX;

        memset(rows, 0, sizeof rows);
        for (size_t j = 0; j <= size_b; j++)
                above[j] = (unsigned) j;

        for (size_t i = 1; i <= size_a; i++) {
                row[0] = (unsigned) i;
                for (size_t j = 1; j <= size_b; j++) {
                        unsigned differs = folded(a[i - 1]) != folded(b[j - 1]);

                        row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + differs);
                        if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2])
                            && folded(a[i - 2]) == folded(b[j - 1]))
                                row[j] = smaller(row[j], before[j - 2] + 1);
                }

                unsigned *spare = before;
                before = above;
                above = row;
                row = spare;
        }

        return above[size_b];
}

const char *nearest_word(const char *word, const char *const *words, size_t n) {
        const char *best = NULL;
        size_t size = strnlen(word, NEAREST_WORD_MAX + 1);
        unsigned least = NEAREST_WORD_MAX;

        for (size_t i = 0; i < n; i++) {
                size_t other = strnlen(words[i], NEAREST_WORD_MAX + 1);
                size_t longer = size > other ? size : other;
                unsigned allowed = longer < 6 ? (longer > 1) : (unsigned) longer / 3;
                unsigned distance = nearest_distance(word, words[i]);

                if (distance <= allowed && distance < least) {
                        best = words[i];
                        least = distance;
                }
        }

        return best;
}
