/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Files that must survive a crash. file_replace() writes a temporary file beside the target, syncs
 * it, renames it over the target and syncs the directory: a reader sees the old text or the new
 * one.
 */

/* Replaces path's contents; mode as for open(). Negative errno; the text names the path. */
int file_replace(const char *path, const void *data, size_t size, mode_t mode, Error *err);

/* Reads a whole file of at most max bytes (-EFBIG above that). ret is NUL-terminated; free() it. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size, Error *err);

/* Removes a file and syncs its directory. A file that is not there is fine (0). */
int file_remove(const char *path, Error *err);

/* Renames a file that cannot be used to "path.broken", in place of an older one. Negative errno. */
int file_set_aside(const char *path, Error *err);

/* Makes a directory with exactly this mode; one that is there already gets the mode (0). */
int file_make_dir(const char *path, mode_t mode, Error *err);

/*
 * Makes path a symbolic link to target, atomically (a new link renamed over the old one). Syncs the
 * directory.
 */
int file_replace_link(const char *path, const char *target, Error *err);

/* Removes a directory and everything in it; does not follow symbolic links. Absent is fine (0). */
int file_remove_tree(const char *path, Error *err);
