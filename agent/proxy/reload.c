/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reload: paths, the command that tests, the answer that proves.
 *
 * Neither the exit code of a test nor the 204 of a signal says that nginx runs the new
 * configuration: a reload that fails keeps the old one in silence. Only the number that the new
 * configuration itself answers does.
 */
#include "proxy/reload.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

#define GENERATION_DIGITS 18

static_assert(
        PROXY_PATH_MAX >= sizeof(((struct sockaddr_un *) NULL)->sun_path), "holds any socket's path"
);

static bool fill_path(char path[static PROXY_PATH_MAX], const char *base, const char *name) {
        int n = snprintf(path, PROXY_PATH_MAX, "%s/%s", base, name);

        return n > 0 && n < PROXY_PATH_MAX;
}

int proxy_paths_init(ProxyPaths *paths, const char *state_dir, Error *err) {
        bool fits = fill_path(paths->base, state_dir, "proxy")
                    && fill_path(paths->conf, paths->base, "conf")
                    && fill_path(paths->run, paths->base, "run")
                    && fill_path(paths->socket, paths->run, PROXY_SOCKET);

        if (!fits || strlen(paths->socket) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                return error_set(
                        err, -ENAMETOOLONG, "%s is too long for the path of a socket in it",
                        state_dir
                );
        return 0;
}

static int make_dir(const char *path, mode_t mode, gid_t group, Error *err) {
        int r = file_make_dir(path, mode, err);
        if (r < 0)
                return r;
        if (group == (gid_t) -1)
                return 0;
        if (chown(path, (uid_t) -1, group) < 0)
                return error_set(
                        err, -errno, "%s: cannot give it to group %u: %s", path, (unsigned) group,
                        strerrordesc_np(errno)
                );
        return file_make_dir(path, mode, err);
}

/* When it was made, which no copy of it shares and nothing changes; 0 where the file system does
 * not say. */
static void add_made(char made[static PROXY_MADE_MAX], const char *path) {
        size_t used = strlen(made);
        struct statx seen;

        if (statx(AT_FDCWD, path, 0, STATX_BTIME, &seen) < 0 || (seen.stx_mask & STATX_BTIME) == 0)
                seen.stx_btime = (struct statx_timestamp){ 0 };
        (void) snprintf(
                made + used, PROXY_MADE_MAX - used, "%s%" PRIx64 ".%08" PRIx32, used > 0 ? "-" : "",
                (uint64_t) seen.stx_btime.tv_sec, seen.stx_btime.tv_nsec
        );
}

int proxy_paths_make(ProxyPaths *paths, gid_t group, Error *err) {
        /* No set-group-ID bits: the unit forbids them (RestrictSUIDSGID), and the daemon's group is
         * the proxy's. */
        int r = make_dir(paths->base, 0750, group, err);
        if (r >= 0)
                r = make_dir(paths->conf, 0750, group, err);
        if (r >= 0)
                r = make_dir(paths->run, 0770, group, err);
        if (r < 0)
                return r;
        paths->made[0] = '\0';
        add_made(paths->made, paths->conf);
        add_made(paths->made, paths->run);
        return 0;
}

json_t *reload_test_exec(uint64_t number) {
        char path[sizeof PROXY_CONF_DIR + 64];

        (void) snprintf(path, sizeof path, "%s/%" PRIu64 "/nginx.conf", PROXY_CONF_DIR, number);
        return json_pack(
                "{s:b, s:b, s:[s, s, s, s, s, s, s]}", "AttachStdout", 1, "AttachStderr", 1, "Cmd",
                "nginx", "-e", "stderr", "-q", "-t", "-c", path
        );
}

int reload_parse_generation(const char *body, size_t size, uint64_t *ret) {
        uint64_t number = 0;
        size_t digits = 0;

        while (digits < size && body[digits] >= '0' && body[digits] <= '9') {
                number = number * 10 + (uint64_t) (body[digits] - '0');
                if (++digits > GENERATION_DIGITS)
                        return -EBADMSG;
        }
        if (digits == 0 || number == 0)
                return -EBADMSG;
        for (size_t i = digits; i < size; i++)
                if (body[i] != '\n' && body[i] != '\r')
                        return -EBADMSG;

        *ret = number;
        return 0;
}
