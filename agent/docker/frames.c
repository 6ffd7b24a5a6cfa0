/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/frames.h"

#include <errno.h>

#define STREAM_MAX 2 /* 0 standard input, 1 output, 2 error */

/* One byte of a head; the eighth tells how much of a body follows. */
static int take_head(Frames *frames, char byte) {
        const unsigned char *head = frames->head;

        frames->head[frames->in_head++] = (unsigned char) byte;
        if (frames->in_head < sizeof frames->head)
                return 0;
        if (head[0] > STREAM_MAX || head[1] != 0 || head[2] != 0 || head[3] != 0)
                return -EBADMSG;
        frames->in_body = (uint64_t) head[4] << 24 | (uint64_t) head[5] << 16
                          | (uint64_t) head[6] << 8 | head[7];
        frames->in_head = 0;
        return 0;
}

int frames_take(Frames *frames, const char *bytes, size_t size, Text *text) {
        for (size_t i = 0; i < size;) {
                size_t left = size - i;
                size_t part = left < frames->in_body ? left : (size_t) frames->in_body;
                int r = part > 0 ? text_add_bytes(text, bytes + i, part)
                                 : take_head(frames, bytes[i]);
                if (r < 0)
                        return r;
                frames->in_body -= part;
                i += part > 0 ? part : 1;
        }
        return 0;
}
