/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/*
 * TarMember: the first member of a tar archive, out of a stream that comes in pieces.
 *
 * The bytes are kept as they came (with the extended headers before it) and end with an end of
 * archive, so that they are an archive of that one member. Nothing is unpacked.
 */
#define TAR_BLOCK 512

typedef enum TarState {
        TAR_READING,
        TAR_ALONE, /* the member is whole, and the archive ends after it */
        TAR_FIRST, /* the member is whole, and another one follows */
} TarState;

typedef struct TarMember {
        TarState state;
        Text bytes;     /* its maximum is to be set before the first piece */
        bool is_dir;    /* known when it is whole */
        size_t counted; /* of bytes: headers and data that were understood */
        size_t data;    /* bytes of data (padded) that are still to come */
        bool extends;   /* they belong to an extended header: the member is still to come */
        bool has_member;
} TarMember;

/*
 * Takes the next piece. 0: more is wanted; 1: the member is whole, what follows is not needed.
 * -EBADMSG: no archive, or a member of another kind than file, directory or symbolic link; -E2BIG,
 * -ENOMEM.
 */
int tar_member_feed(TarMember *member, const char *piece, size_t size);

/* Wipes and frees the bytes: they may be somebody's secret. */
void tar_member_done(TarMember *member);
