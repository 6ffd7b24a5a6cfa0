/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/*
 * Frames: what a container wrote, out of the engine's stream of it (logs and attach of a container
 * without a terminal): an 8-byte head (stream, three zeros, size in network order), then the bytes.
 * Pieces come as they like; standard output and standard error are put together as they came.
 */
typedef struct Frames {
        unsigned char head[8];
        size_t in_head;   /* bytes of the head that are there */
        uint64_t in_body; /* bytes of the body that are still to come */
} Frames;

#define FRAMES_INIT \
        { 0 }

/* Adds the bodies to the text. -EBADMSG when it is no such stream, else the text's own errors. */
int frames_take(Frames *frames, const char *bytes, size_t size, Text *text);
