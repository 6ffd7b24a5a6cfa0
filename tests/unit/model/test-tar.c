/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/tar.h"

typedef struct Archive {
        char bytes[20 * TAR_BLOCK];
        size_t size;
} Archive;

static void add(Archive *archive, char type, const char *name, const char *data) {
        char *header = archive->bytes + archive->size;
        size_t size = strlen(data);

        (void) snprintf(header, 100, "%s", name);
        (void) snprintf(header + 124, 12, "%011o", (unsigned) size);
        header[156] = type;
        memcpy(header + 257, "ustar", 5);
        memcpy(header + TAR_BLOCK, data, size);
        archive->size += TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

/* Two empty blocks, and more, as some write it. */
static void end(Archive *archive) {
        archive->size += 4 * TAR_BLOCK;
}

/* In pieces of so many bytes; the last result. */
static int feed(TarMember *member, const Archive *archive, size_t piece) {
        int r = 0;

        *member = (TarMember){ .bytes = TEXT_INIT((size_t) 64 * 1024) };
        for (size_t at = 0; r == 0 && at < archive->size; at += piece) {
                size_t left = archive->size - at;
                r = tar_member_feed(member, archive->bytes + at, left < piece ? left : piece);
        }
        return r;
}

Test(tar, a_file_is_kept_as_it_came_whatever_the_pieces) {
        static const size_t pieces[] = { 1, 7, 511, 512, 513, 100000 };
        Archive archive = { 0 };

        add(&archive, 'x', "pax", "30 mtime=1795399740.123456\n");
        add(&archive, '0', "app.conf", "hello");
        size_t whole = archive.size;
        end(&archive);
        for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
                TarMember member;

                cr_assert_eq(feed(&member, &archive, pieces[i]), 1);
                cr_expect_eq(member.state, TAR_ALONE);
                cr_expect_not(member.is_dir);
                cr_assert_eq(member.bytes.size, whole + 2 * TAR_BLOCK);
                cr_expect_eq(memcmp(member.bytes.data, archive.bytes, member.bytes.size), 0);
                tar_member_done(&member);
        }
}

Test(tar, a_directory_goes_without_what_is_in_it) {
        static const char zeros[2 * TAR_BLOCK];
        Archive archive = { 0 };
        TarMember member;

        add(&archive, '5', "secrets/", "");
        add(&archive, '0', "secrets/s", "hidden");
        end(&archive);
        cr_assert_eq(feed(&member, &archive, 100000), 1);
        cr_expect_eq(member.state, TAR_FIRST);
        cr_expect(member.is_dir);
        cr_assert_eq(member.bytes.size, 3 * TAR_BLOCK);
        cr_expect_eq(memcmp(member.bytes.data, archive.bytes, TAR_BLOCK), 0);
        cr_expect_eq(memcmp(member.bytes.data + TAR_BLOCK, zeros, sizeof zeros), 0);
        tar_member_done(&member);
}

Test(tar, an_empty_directory_is_alone) {
        Archive archive = { 0 };
        TarMember member;

        add(&archive, '5', "data/", "");
        end(&archive);
        cr_assert_eq(feed(&member, &archive, 512), 1);
        cr_expect_eq(member.state, TAR_ALONE);
        cr_expect(member.is_dir);
        tar_member_done(&member);
}

Test(tar, an_archive_that_breaks_off_is_never_whole) {
        Archive archive = { 0 };

        add(&archive, '0', "app.conf", "hello");
        for (archive.size = 0; archive.size < 3 * TAR_BLOCK; archive.size += 100) {
                TarMember member;

                cr_expect_eq(feed(&member, &archive, 100), 0);
                cr_expect_eq(member.state, TAR_READING);
                tar_member_done(&member);
        }
}

Test(tar, what_is_no_archive_or_no_file_is_refused) {
        static const char types[] = "1346S";
        TarMember member;

        for (size_t i = 0; types[i] != '\0'; i++) {
                Archive archive = { 0 };

                add(&archive, types[i], "x", "");
                end(&archive);
                cr_expect_eq(feed(&member, &archive, 512), -EBADMSG, "type %c", types[i]);
                tar_member_done(&member);
        }
        Archive archive = { .size = TAR_BLOCK };
        (void) snprintf(archive.bytes, sizeof archive.bytes, "<html>");
        cr_expect_eq(feed(&member, &archive, 512), -EBADMSG);
        tar_member_done(&member);

        Archive empty = { 0 };
        end(&empty);
        cr_expect_eq(feed(&member, &empty, 512), -EBADMSG);
        tar_member_done(&member);
}

Test(tar, a_file_beyond_the_maximum_is_refused_at_its_header) {
        Archive archive = { 0 };
        TarMember member;

        add(&archive, '0', "big", "");
        memcpy(archive.bytes + 124, "00000200001", 11); /* 64 KiB and one byte */
        cr_expect_eq(feed(&member, &archive, 512), -E2BIG);
        tar_member_done(&member);
        archive.bytes[124] = (char) 0x80; /* 8 GiB and more */
        cr_expect_eq(feed(&member, &archive, 512), -E2BIG);
        tar_member_done(&member);
}
