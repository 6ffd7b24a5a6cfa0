/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TarMember: blocks of 512 bytes, a header and its data, each read once it is there as a whole.
 *
 * An extended header (pax "x" and "g", GNU's "L" and "K") belongs to the member after it and is
 * kept with it. A directory's member ends with its header; what is in it follows as members of
 * their own.
 */
#include "model/tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_AT  124
#define SIZE_LEN 12
#define TYPE_AT  156
#define MAGIC_AT 257

/* Octal digits, ended by a blank or NUL. What needs another notation is more than we take. */
static int parse_size(const char *header, size_t *ret) {
        size_t size = 0;

        for (size_t i = 0; i < SIZE_LEN; i++) {
                char c = header[SIZE_AT + i];

                if (c == ' ' || c == '\0')
                        break;
                if (c < '0' || c > '7')
                        return (unsigned char) c >= 0x80 ? -E2BIG : -EBADMSG;
                size = size * 8 + (size_t) (c - '0');
        }
        *ret = size;
        return 0;
}

static bool is_zero(const char *block) {
        for (size_t i = 0; i < TAR_BLOCK; i++)
                if (block[i] != '\0')
                        return false;
        return true;
}

static int take_header(TarMember *member, const char *header) {
        size_t size = 0;

        if (strncmp(header + MAGIC_AT, "ustar", 5) != 0)
                return -EBADMSG;
        int r = parse_size(header, &size);
        if (r < 0)
                return r;

        char type = header[TYPE_AT];
        member->extends = type == 'x' || type == 'g' || type == 'L' || type == 'K';
        if (!member->extends && type != '0' && type != '\0' && type != '5' && type != '2')
                return -EBADMSG;
        member->is_dir = type == '5';
        member->has_member = !member->extends;
        member->data = (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
        if (member->is_dir || type == '2')
                member->data = 0;
        return member->data > member->bytes.max ? -E2BIG : 0;
}

static int finish(TarMember *member, TarState state) {
        static const char end[TAR_BLOCK * 2] = { 0 };
        size_t surplus = member->bytes.size - member->counted;

        member->state = state;
        explicit_bzero(member->bytes.data + member->counted, surplus);
        member->bytes.size = member->counted;
        int r = text_add_bytes(&member->bytes, end, sizeof end);
        return r < 0 ? r : 1;
}

int tar_member_feed(TarMember *member, const char *piece, size_t size) {
        int r = text_add_bytes(&member->bytes, piece, size);
        if (r < 0)
                return r;

        while (member->state == TAR_READING) {
                size_t left = member->bytes.size - member->counted;
                size_t step = member->data > 0 ? member->data : TAR_BLOCK;
                const char *at = member->bytes.data + member->counted;

                if (left < step)
                        return 0;
                if (member->data > 0) {
                        member->data = 0;
                        member->counted += step;
                        continue;
                }
                if (member->has_member)
                        return finish(member, is_zero(at) ? TAR_ALONE : TAR_FIRST);
                r = take_header(member, at);
                if (r < 0)
                        return r;
                member->counted += step;
        }
        return 1;
}

void tar_member_done(TarMember *member) {
        if (member->bytes.data != NULL)
                explicit_bzero(member->bytes.data, member->bytes.allocated);
        text_done(&member->bytes);
}
