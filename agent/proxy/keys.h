/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"
#include "model/choice.h"

/*
 * Keys: one for each consumer identity, and the daemon's own.
 *
 * A file of mode 0600, replaced atomically before a call that changed something returns 0; when it
 * returns an error nothing changed. A key is 64 lower-case hex characters. Its number names it
 * where the key must not be seen (the proxy's log says c17) and is never given twice, also not
 * after a revocation. No key is ever in an Error.
 */
#define KEY_LENGTH 64
#define KEYS_MAX   4096 /* identities in one store */

typedef struct KeyEntry {
        const char *identity; /* "" for the daemon's own */
        uint64_t number;      /* 0 for the daemon's own */
        const char *key;
        uint64_t created; /* seconds since 1970, as given by the caller */
        bool in_url;      /* also accepted as a part of the URL's path */
        uint64_t changed; /* which of the store's changes (keys_changes()) made it as it is */
        Access access;    /* what it may do; pull until that is changed */
} KeyEntry;

typedef struct Keys Keys;

/* Reads the store, or makes a new one with the daemon's own key where there is no file. A file that
 * cannot be understood is an error and left alone. */
int keys_open(const char *path, uint64_t now, Keys **ret, Error *err);
Keys *keys_free(Keys *keys); /* overwrites the keys in memory */
DEFINE_CLEANUP(Keys, keys_free);

/* Entries are borrowed, valid until the next call that changes the store. */
const KeyEntry *keys_own(const Keys *keys);
const KeyEntry *keys_find(const Keys *keys, const char *identity);
const KeyEntry *keys_find_number(const Keys *keys, uint64_t number);

/* All of them in the order of their numbers, the daemon's own first. */
size_t keys_count(const Keys *keys);
const KeyEntry *keys_at(const Keys *keys, size_t i);

/* The identity's key, made if it has none. -EMFILE above KEYS_MAX. */
int keys_ensure(Keys *keys, const char *identity, uint64_t now, const KeyEntry **ret, Error *err);

/*
 * Takes a key over that was found in a container of an identity that has none. -EINVAL when it is
 * not well-formed, -EEXIST when the identity has another key, or another identity has this one.
 */
int keys_adopt(
        Keys *keys,
        const char *identity,
        const char *key,
        uint64_t now,
        const KeyEntry **ret,
        Error *err
);

/* What the identity's key may do from now on. -ENOENT when it has none. */
int keys_set_access(Keys *keys, const char *identity, Access access, Error *err);

/* Is it also accepted as a part of the URL's path? -ENOENT where the identity has no key. */
int keys_set_in_url(Keys *keys, const char *identity, bool in_url, Error *err);

/* How often the store was changed since it was opened: whoever wrote it out then knows every entry
 * that was not changed since. */
uint64_t keys_changes(const Keys *keys);

/* Not there is fine (0). */
int keys_revoke(Keys *keys, const char *identity, Error *err);

bool key_is_well_formed(const char *text);

/* Overwrites in place whatever could be a key (64 or more hex characters in a row): for text that
 * others wrote, such as nginx's complaints, before it is shown. Returns text. */
char *key_redact(char *text);
