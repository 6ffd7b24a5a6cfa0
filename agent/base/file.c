/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/text.h"

/*
 * Files: everything happens relative to the descriptor of the parent directory, which is also what
 * is synced in the end: without that a rename may be undone by a power cut.
 *
 * The temporary name is fixed (".NAME.new"): what a crash leaves behind is used up by the next
 * replacement, so leftovers do not pile up. A file has one writer at a time.
 */
#define DEPTH_MAX 64

static void closep(const int *fd) {
        if (*fd >= 0)
                (void) close(*fd); /* what had to be on the disk was synced */
}

static void closedirp(DIR **dir) {
        if (*dir)
                (void) closedir(*dir);
}

/* What mends it, where the word for it does not say so. */
static const char *mend_of(int code) {
        switch (code) {
        case -ENOSPC:
        case -EDQUOT:
                return " (make room on its file system: df -h, df -i)";
        case -EROFS:
                return " (mount its file system for writing again; journalctl -k may say why it is not)";
        case -EISDIR:
                return " (a directory is in its place: move that away)";
        case -ENOTDIR:
                return " (what should be its directory is none: move that away)";
        default:
                return "";
        }
}

static int file_error(Error *err, int code, const char *what, const char *path) {
        return error_set(
                err, code, "cannot %s %s: %s%s", what, path, strerrordesc_np(-code), mend_of(code)
        );
}

/* Opens the directory that path is in, and gives the last component. Negative errno. */
static int parent_open(const char *path, const char **ret_name) {
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        cleanup(freep) char *dir = NULL;

        if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return -EINVAL;
        dir = slash ? strndup(path, slash == path ? 1 : (size_t) (slash - path)) : strdup(".");
        if (dir == NULL)
                return -ENOMEM;
        *ret_name = name;

        int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static int fd_write(int fd, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, data, size);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        data += n;
                        size -= (size_t) n;
                }
        }
        return fsync(fd) < 0 ? -errno : 0;
}

/* Puts new_name in name's place and makes that last; takes new_name away when it cannot. */
static int rename_synced(int dir, const char *new_name, const char *name) {
        if (renameat(dir, new_name, dir, name) < 0) {
                int r = -errno;
                (void) unlinkat(dir, new_name, 0);
                return r;
        }
        return fsync(dir) < 0 ? -errno : 0;
}

static int replace_at(int dir, const char *name, const char *data, size_t size, mode_t mode) {
        cleanup(freep) char *new_name = text_format(".%s.new", name);
        if (new_name == NULL)
                return -ENOMEM;
        if (unlinkat(dir, new_name, 0) < 0 && errno != ENOENT)
                return -errno;

        cleanup(closep) int fd =
                openat(dir, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;
        int r = fd_write(fd, data, size);
        if (r < 0) {
                (void) unlinkat(dir, new_name, 0);
                return r;
        }
        return rename_synced(dir, new_name, name);
}

int file_replace(const char *path, const void *data, size_t size, mode_t mode, Error *err) {
        const char *name = NULL;
        cleanup(closep) int dir = parent_open(path, &name);

        int r = dir < 0 ? dir : replace_at(dir, name, data, size, mode);
        return r < 0 ? file_error(err, r, "write", path) : 0;
}

static int replace_link_at(int dir, const char *name, const char *target) {
        cleanup(freep) char *new_name = text_format(".%s.new", name);
        if (new_name == NULL)
                return -ENOMEM;
        if (unlinkat(dir, new_name, 0) < 0 && errno != ENOENT)
                return -errno;
        if (symlinkat(target, dir, new_name) < 0)
                return -errno;
        return rename_synced(dir, new_name, name);
}

int file_replace_link(const char *path, const char *target, Error *err) {
        const char *name = NULL;
        cleanup(closep) int dir = parent_open(path, &name);

        int r = dir < 0 ? dir : replace_link_at(dir, name, target);
        return r < 0 ? file_error(err, r, "link", path) : 0;
}

static int fd_read(int fd, Text *text) {
        char piece[4096];

        for (;;) {
                ssize_t n = read(fd, piece, sizeof piece);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                int r = text_add_bytes(text, piece, (size_t) n);
                if (r < 0)
                        return r == -E2BIG ? -EFBIG : r;
                if (n == 0)
                        return 0;
        }
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_size, Error *err) {
        Text text = TEXT_INIT(max);

        /* Not blocking: a FIFO in a file's place must not hold the daemon. */
        cleanup(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return file_error(err, -errno, "read", path);

        int r = fd_read(fd, &text);
        if (r < 0) {
                text_done(&text);
                return file_error(err, r, "read", path);
        }
        if (ret_size)
                *ret_size = text.size;
        *ret = text_take(&text);
        return 0;
}

int file_remove(const char *path, Error *err) {
        const char *name = NULL;
        cleanup(closep) int dir = parent_open(path, &name);

        if (dir == -ENOENT)
                return 0;
        if (dir < 0)
                return file_error(err, dir, "remove", path);
        if (unlinkat(dir, name, 0) < 0)
                return errno == ENOENT ? 0 : file_error(err, -errno, "remove", path);
        return fsync(dir) < 0 ? file_error(err, -errno, "sync the directory of", path) : 0;
}

static int set_aside_at(int dir, const char *name) {
        cleanup(freep) char *aside = text_format("%s.broken", name);
        if (aside == NULL)
                return -ENOMEM;
        if (renameat(dir, name, dir, aside) < 0)
                return -errno;
        return fsync(dir) < 0 ? -errno : 0;
}

int file_set_aside(const char *path, Error *err) {
        const char *name = NULL;
        cleanup(closep) int dir = parent_open(path, &name);

        int r = dir < 0 ? dir : set_aside_at(dir, name);
        return r < 0 ? file_error(err, r, "set aside", path) : 0;
}

static int make_dir_at(int parent, const char *name, mode_t mode) {
        struct stat st;
        bool made = mkdirat(parent, name, mode) == 0;

        if (!made && errno != EEXIST)
                return -errno;
        cleanup(closep) int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;

        /* Past the umask; not when it is right already, which needs no right to change it. */
        if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
                return -errno;
        return made && fsync(parent) < 0 ? -errno : 0;
}

int file_make_dir(const char *path, mode_t mode, Error *err) {
        const char *name = NULL;
        cleanup(closep) int parent = parent_open(path, &name);

        int r = parent < 0 ? parent : make_dir_at(parent, name, mode);
        return r < 0 ? file_error(err, r, "make directory", path) : 0;
}

static int remove_dir_at(int parent, const char *name, unsigned depth);

static int remove_entry_at(int dir, const char *name, unsigned depth) {
        if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR)
                return -errno;
        return remove_dir_at(dir, name, depth);
}

/* Each level holds one descriptor: the depth is limited. */
static int remove_dir_at(int parent, const char *name, unsigned depth) {
        if (depth >= DEPTH_MAX)
                return -ELOOP;

        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        cleanup(closedirp) DIR *dir = fdopendir(fd);
        if (dir == NULL) {
                int r = -errno;
                (void) close(fd);
                return r;
        }

        for (;;) {
                errno = 0;
                const struct dirent *entry = readdir(dir);
                if (entry == NULL)
                        break;
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                int r = remove_entry_at(dirfd(dir), entry->d_name, depth + 1);
                if (r < 0)
                        return r;
        }
        if (errno != 0)
                return -errno;
        return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int file_remove_tree(const char *path, Error *err) {
        const char *name = NULL;
        cleanup(closep) int parent = parent_open(path, &name);

        if (parent == -ENOENT)
                return 0;
        int r = parent < 0 ? parent : remove_dir_at(parent, name, 0);
        return r < 0 ? file_error(err, r, "remove", path) : 0;
}
