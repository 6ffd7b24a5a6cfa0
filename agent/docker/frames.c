/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/frames.h"

#include <errno.h>

#define STREAM_MAX 2 /* 0 standard input, 1 output, 2 error */

static int read_head(Frames *frames) {
        const unsigned char *head = frames->head;

        if (head[0] > STREAM_MAX || head[1] != 0 || head[2] != 0 || head[3] != 0)
                return -EBADMSG;
        frames->in_body = (uint64_t) head[4] << 24 | (uint64_t) head[5] << 16
                          | (uint64_t) head[6] << 8 | head[7];
        frames->in_head = 0;
        return 0;
}

static int take_head(Frames *frames, char byte) {
        frames->head[frames->in_head++] = (unsigned char) byte;
        return frames->in_head == sizeof frames->head ? read_head(frames) : 0;
}

int frames_take(Frames *frames, const char *bytes, size_t size, Text *text) {
        for (size_t i = 0; i < size;) {
                if (frames->in_body == 0) {
                        int r = take_head(frames, bytes[i++]);
                        if (r < 0)
                                return r;
                        continue;
                }
                size_t left = size - i;
                size_t part = left < frames->in_body ? left : (size_t) frames->in_body;
                int r = text_add_bytes(text, bytes + i, part);
                if (r < 0)
                        return r;
                frames->in_body -= part;
                i += part;
        }
        return 0;
}
