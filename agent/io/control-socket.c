/* SPDX-License-Identifier: Apache-2.0 */
#include "io/control-socket.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"

/*
 * The groups of a peer are asked from the socket (SO_PEERGROUPS), where the kernel noted them at
 * the connect(): /proc would tell those of whoever has the process number by now.
 */
#define BACKLOG 16

static void closep(const int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}

/* 1: somebody listens; 0: nobody does (any more); or negative errno. */
static int address_in_use(const struct sockaddr_un *address) {
        cleanup(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) address, sizeof *address) == 0)
                return 1;
        return errno == EAGAIN ? 1 : 0; /* EAGAIN: its queue is full */
}

static int remove_stale(const struct sockaddr_un *address) {
        struct stat st;

        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EADDRINUSE;
        int r = address_in_use(address);
        if (r != 0)
                return r < 0 ? r : -EADDRINUSE;
        return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int listen_at(const struct sockaddr_un *address, mode_t mode) {
        int r = remove_stale(address);
        if (r < 0)
                return r;

        cleanup(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;

        /* chmod() afterwards would leave a moment in which anybody could connect. */
        mode_t old = umask(0777 & ~mode);
        r = bind(fd, (const struct sockaddr *) address, sizeof *address) < 0 ? -errno : 0;
        (void) umask(old);
        if (r < 0)
                return r;
        if (listen(fd, BACKLOG) < 0) {
                r = -errno;
                (void) unlink(address->sun_path);
                return r;
        }
        return take_fd(fd);
}

int control_socket_listen(const char *path, mode_t mode, Error *err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof address.sun_path)
                return error_set(
                        err, -ENAMETOOLONG, "the path of the socket is too long: %s", path
                );
        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", path);

        int r = listen_at(&address, mode);
        if (r < 0)
                return error_set(err, r, "cannot listen on %s: %s", path, strerrordesc_np(-r));
        return r;
}

bool control_socket_peer_in_group(int fd, gid_t gid, const char *group) {
        const struct group *entry = getgrnam(group);
        cleanup(freep) gid_t *groups = NULL;
        socklen_t size = 0;

        if (entry == NULL)
                return false;
        gid_t wanted = entry->gr_gid;
        if (gid == wanted)
                return true;

        /* Asked with too little room, the kernel tells how much it takes. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE
            || size > NGROUPS_MAX * sizeof *groups)
                return false;
        groups = malloc(size);
        if (groups == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
                return false;
        for (size_t i = 0; i < size / sizeof *groups; i++)
                if (groups[i] == wanted)
                        return true;
        return false;
}
