/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Injected: told by times alone.
 *
 * A file was put in before the start when its modification time is before State.StartedAt. Archives
 * carry whole seconds, and whoever writes one rounds to the nearest: so a time of up to a second
 * later counts as well, if it is a whole second, which a file written by a running process hardly
 * ever has. After `docker restart` the start is a later one, and more is found than was put in.
 * Times are compared on one clock, the host's, which both are of.
 */
#include "model/injected.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

/* Go's os.FileMode, which the engine sends. */
#define MODE_DIR     (UINT64_C(1) << 31)
#define MODE_SPECIAL (UINT64_C(1) << 26 | UINT64_C(1) << 25 | UINT64_C(1) << 24 | UINT64_C(1) << 19)

#define STAT_TEXT_MAX 8192
#define DEPTH_MAX     256

static int base64_value(char c) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *found = c != '\0' ? strchr(digits, c) : NULL;

        if (found != NULL)
                return (int) (found - digits);
        if (c == '-')
                return 62;
        return c == '_' ? 63 : -1;
}

/* Returns the size, or -EBADMSG. */
static ssize_t base64_decode(const char *text, char *buffer, size_t size) {
        uint32_t bits = 0;
        unsigned n_bits = 0;
        size_t n = 0;

        for (; *text != '\0' && *text != '='; text++) {
                int value = base64_value(*text);
                if (value < 0)
                        return -EBADMSG;
                bits = (bits << 6 | (uint32_t) value) & 0xffffffU;
                n_bits += 6;
                if (n_bits < 8)
                        continue;
                if (n == size)
                        return -EBADMSG;
                n_bits -= 8;
                buffer[n++] = (char) (bits >> n_bits & 0xffU);
        }
        return strspn(text, "=") == strlen(text) ? (ssize_t) n : -EBADMSG;
}

int file_stat_parse(const char *header, FileStat *ret) {
        char text[STAT_TEXT_MAX];

        ssize_t n = base64_decode(header, text, sizeof text);
        json_t *json = n > 0 ? json_loadb(text, (size_t) n, JSON_ALLOW_NUL, NULL) : NULL;
        const char *mtime = json_string_value(json_object_get(json, "mtime"));
        json_int_t size = json_integer_value(json_object_get(json, "size"));
        uint64_t mode = (uint64_t) json_integer_value(json_object_get(json, "mode"));
        FileStat stat = {
                .is_dir = (mode & MODE_DIR) != 0,
                .is_special = (mode & MODE_SPECIAL) != 0,
                .size = size > 0 ? (uint64_t) size : 0,
        };

        int r = mtime ? timestamp_parse(mtime, &stat.mtime_sec, &stat.mtime_nsec) : -EBADMSG;
        json_decref(json);
        if (r >= 0)
                *ret = stat;
        return r;
}

bool injected_is_candidate(const Change *change) {
        return !change->deleted && !change->is_dir && !change->at_mount && !change->in_mount;
}

int injected_check_candidates(const Changes *changes, Error *err) {
        size_t n = 0;

        for (size_t i = 0; i < changes->n; i++)
                n += injected_is_candidate(&changes->list[i]) ? 1 : 0;
        if (n <= INJECTED_LOOKS_MAX)
                return 0;
        return error_set(
                err, -E2BIG,
                "%zu files were changed in it, too many to find out which of them were put in "
                "before its start",
                n
        );
}

bool injected_may_be_image_own(const FileStat *stat, const Change *change, const char *created_at) {
        int64_t created_sec = 0;
        uint32_t nsec = 0;

        return !change->added && timestamp_parse(created_at, &created_sec, &nsec) >= 0
               && stat->mtime_sec < created_sec;
}

bool injected_was_before(const FileStat *stat, const char *started_at) {
        int64_t started_sec = 0;
        uint32_t started_nsec = 0;

        if (stat->is_special || stat->is_dir)
                return false;
        if (timestamp_parse(started_at, &started_sec, &started_nsec) < 0)
                return true;
        if (stat->mtime_sec != started_sec)
                return stat->mtime_sec < started_sec
                       || (stat->mtime_nsec == 0 && stat->mtime_sec == started_sec + 1);
        return stat->mtime_nsec == 0 || stat->mtime_nsec < started_nsec;
}

/* The directories that lead to the entry at hand, as indexes into the list. */
typedef struct Way {
        size_t at[DEPTH_MAX];
        size_t depth;
        size_t taken; /* so many of them are in the result already */
} Way;

static void way_turn(Way *way, const Changes *changes, const char *path) {
        while (way->depth > 0
               && !changes_is_within(path, changes->list[way->at[way->depth - 1]].path))
                way->depth--;
        if (way->taken > way->depth)
                way->taken = way->depth;
}

static int way_take(Way *way, const Changes *changes, json_t *paths) {
        for (; way->taken < way->depth; way->taken++) {
                const Change *directory = &changes->list[way->at[way->taken]];

                if (directory->added
                    && json_array_append_new(paths, json_string(directory->path)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int list_kept(const Changes *changes, uint64_t bytes, json_t **ret, Error *err) {
        json_t *paths = json_array();
        Way way = { .depth = 0 };
        int r = paths ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < changes->n; i++) {
                const Change *change = &changes->list[i];

                way_turn(&way, changes, change->path);
                if (change->kept)
                        r = way_take(&way, changes, paths);
                if (r >= 0 && change->kept
                    && json_array_append_new(paths, json_string(change->path)) < 0)
                        r = -ENOMEM;
                if (change->is_dir && way.depth < DEPTH_MAX)
                        way.at[way.depth++] = i;
        }
        if (r >= 0 && (json_array_size(paths) > INJECTED_FILES_MAX || bytes > INJECTED_BYTES_MAX))
                r = error_set(
                        err, -E2BIG,
                        "%zu files of %llu bytes were put into it before its start, of which at "
                        "most %d and %llu bytes are copied",
                        json_array_size(paths), (unsigned long long) bytes, INJECTED_FILES_MAX,
                        (unsigned long long) INJECTED_BYTES_MAX
                );
        if (r < 0) {
                json_decref(paths);
                return r == -ENOMEM ? error_set(err, r, "out of memory") : r;
        }
        *ret = paths;
        return 0;
}

static bool drop_doubtful(Changes *changes) {
        bool any = false;

        for (size_t i = 0; i < changes->n; i++) {
                Change *change = &changes->list[i];

                any = any || (change->kept && change->doubtful);
                change->kept = change->kept && !change->doubtful;
        }
        return any;
}

int injected_list(Changes *changes, const InjectedBytes *bytes, json_t **ret, Error *err) {
        Error why = { 0 };

        int r = list_kept(changes, bytes->sure + bytes->doubtful, ret, &why);
        if (r == -E2BIG && drop_doubtful(changes))
                return list_kept(changes, bytes->sure, ret, err);
        return r < 0 ? error_set(err, r, "%s", error_text(&why)) : 0;
}
