/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * The commands that put what a swap replaced back in the place of the new container, for somebody
 * who has nothing but a shell. Pure.
 */
typedef struct ByHand {
        const json_t *kept;      /* model/kept.h */
        const char *create_path; /* the file of the body that makes the old one again */
        const char *socket;      /* the engine's */
} ByHand;

/* An array of lines, to be pasted in this order as root; NULL without memory, or where nothing is
 * kept that makes the old one. No value of a variable is in them. */
json_t *by_hand_commands(const ByHand *input);
