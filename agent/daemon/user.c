/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/user.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In this order: who is no longer root changes no groups. */
static int become(const struct stat *owner, const struct stat *socket) {
        size_t n_groups = socket != NULL ? 1 : 0;
        const gid_t groups[] = { socket != NULL ? socket->st_gid : 0 };

        if (setgroups(n_groups, groups) < 0 || setgid(owner->st_gid) < 0
            || setuid(owner->st_uid) < 0)
                return -errno;
        return 0;
}

int user_take(const char *state_dir, const char *socket_path, bool finish, Error *err) {
        struct stat owner;
        struct stat socket;

        if (geteuid() != 0 || stat(state_dir, &owner) < 0 || owner.st_uid == 0)
                return 0;
        if (!finish)
                return error_set(
                        err, -EPERM,
                        "%s is not root's, and this is root: systemctl start coollamad", state_dir
                );

        int r = become(&owner, stat(socket_path, &socket) < 0 ? NULL : &socket);
        return r < 0 ? error_set(
                       err, r, "cannot become the owner of %s: %s", state_dir, strerrordesc_np(-r)
               )
                     : 0;
}
