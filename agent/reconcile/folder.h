/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"

/*
 * Folder: a directory (0700) of JSON documents (0600), one for each key, each replaced as a whole:
 * a crash leaves the old document or the new one.
 *
 * Keys may be any text: a file's name is the key's beginning, for people, and a hash of it all. A
 * document that is to be found again without its key holds what that takes.
 */
typedef struct Folder Folder;

/* Makes the directory where it is missing. A document of more than max bytes is neither written nor
 * read (-EFBIG). */
int folder_open(const char *path, size_t max, Folder **ret, Error *err);
Folder *folder_free(Folder *folder);
DEFINE_CLEANUP(Folder, folder_free);

int folder_write(Folder *folder, const char *key, const json_t *document, Error *err);

/* A new reference; -ENOENT where there is none, -EBADMSG. */
int folder_read(const Folder *folder, const char *key, json_t **ret, Error *err);

/* One that is not there is fine (0). */
int folder_remove(Folder *folder, const char *key, Error *err);

/* The document's file, with another ending than ".json" where ending is not NULL: a file that goes
 * with it. Freed by the caller; NULL without memory. */
char *folder_path(const Folder *folder, const char *key, const char *ending);

/* Is this the document's file? */
bool folder_is_file_of(const Folder *folder, const char *path, const char *key);

/* How many documents a directory holds; 0 where there is none. */
int folder_count(const char *path);

/*
 * Calls take for each document (borrowed), in no order, until it returns something negative, which
 * is returned. What is no JSON is told to broken and left alone.
 */
typedef int FolderTake(const char *path, json_t *document, void *data);
typedef void FolderBroken(const Error *error, void *data);
int folder_visit(
        const Folder *folder, FolderTake *take, FolderBroken *broken, void *data, Error *err
);
