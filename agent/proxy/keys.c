/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: one small JSON file, kept in memory, written whole at every change.
 *
 * People type keys into their applications' databases, so losing one is losing their access: a file
 * that cannot be understood is never replaced, and no key is given out before it is on disk. The
 * order is the order of the numbers, which only grow ("next" is stored), so that a number in an old
 * log never means another consumer. Errors name lines, identities and numbers; jansson's own words
 * are left out, since they quote the text they stumbled over.
 */
#include "proxy/keys.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "base/random.h"

#define FILE_MAX     (4 << 20)
#define IDENTITY_MAX 512
#define VERSION      1
#define HEX          "0123456789abcdef"

static_assert(KEY_LENGTH % 2 == 0, "whole bytes");

typedef struct Key {
        char *identity;
        char *text;
        KeyEntry entry; /* what callers see of it */
} Key;

struct Keys {
        char *path;
        Key *list; /* by number; the first is the daemon's own */
        size_t n_list;
        uint64_t next;
        uint64_t changes;
};

bool key_is_well_formed(const char *text) {
        return strspn(text, HEX) == KEY_LENGTH && text[KEY_LENGTH] == '\0';
}

char *key_redact(char *text) {
        char *p = text;

        while (*p != '\0') {
                size_t n = strspn(p, HEX "ABCDEF");

                if (n >= KEY_LENGTH)
                        memset(p, '*', n);
                p += n > 0 ? n : 1;
        }
        return text;
}

static void key_done(Key *key) {
        free(key->identity);
        if (key->text)
                explicit_bzero(key->text, strlen(key->text));
        free(key->text);
}

Keys *keys_free(Keys *keys) {
        if (keys == NULL)
                return NULL;

        for (size_t i = 0; i < keys->n_list; i++)
                key_done(&keys->list[i]);
        free(keys->list);
        free(keys->path);
        free(keys);
        return NULL;
}

static int make_text(char text[static KEY_LENGTH + 1]) {
        unsigned char bytes[KEY_LENGTH / 2];

        int r = random_bytes(bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++) {
                text[2 * i] = HEX[bytes[i] >> 4];
                text[2 * i + 1] = HEX[bytes[i] & 0xf];
        }
        text[KEY_LENGTH] = '\0';
        explicit_bzero(bytes, sizeof bytes);
        return r;
}

static const Key *find_key(const Keys *keys, const char *identity) {
        for (size_t i = 0; i < keys->n_list; i++)
                if (strcmp(keys->list[i].identity, identity) == 0)
                        return &keys->list[i];
        return NULL;
}

static const Key *find_text(const Keys *keys, const char *text) {
        for (size_t i = 0; i < keys->n_list; i++)
                if (strcmp(keys->list[i].text, text) == 0)
                        return &keys->list[i];
        return NULL;
}

static json_t *to_json(const Keys *keys) {
        cleanup(json_decrefp) json_t *list = json_array();

        for (size_t i = 0; i < keys->n_list; i++) {
                const KeyEntry *key = &keys->list[i].entry;
                json_t *entry = json_pack(
                        "{s:I, s:s, s:s, s:I, s:s}", "number", (json_int_t) key->number, "identity",
                        key->identity, "key", key->key, "created", (json_int_t) key->created,
                        "access", access_to_string(key->access)
                );

                if (key->in_url)
                        (void) json_object_set_new(entry, "in_url", json_true());
                if (json_array_append_new(list, entry) < 0)
                        return NULL;
        }
        return json_pack(
                "{s:i, s:I, s:O}", "version", VERSION, "next", (json_int_t) keys->next, "keys", list
        );
}

static int save(const Keys *keys, Error *err) {
        cleanup(json_decrefp) json_t *json = to_json(keys);
        char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
        if (text == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        size_t size = strlen(text);
        int r = file_replace(keys->path, text, size, 0600, err);
        explicit_bzero(text, size);
        free(text);
        return r;
}

/* In memory alone; negative errno and nothing changed. */
static int append(Keys *keys, const KeyEntry *entry, Error *err) {
        if (keys->n_list >= KEYS_MAX) {
                (void) error_set(err, -EMFILE, "there are %d keys already", KEYS_MAX);
                return -EMFILE;
        }

        Key *list = reallocarray(keys->list, keys->n_list + 1, sizeof(Key));
        if (list)
                keys->list = list;
        Key key = { .identity = strdup(entry->identity), .text = strdup(entry->key) };
        if (list == NULL || key.identity == NULL || key.text == NULL) {
                key_done(&key);
                (void) error_set(err, -ENOMEM, "out of memory");
                return -ENOMEM;
        }

        key.entry = *entry;
        key.entry.identity = key.identity;
        key.entry.key = key.text;
        list[keys->n_list++] = key;
        return 0;
}

/* The next number for this key, on disk before anybody sees it. */
static int add(Keys *keys, const char *identity, const char *text, uint64_t now, Error *err) {
        bool own = identity[0] == '\0';
        KeyEntry entry = { .identity = identity,
                           .number = own ? 0 : keys->next,
                           .key = text,
                           .created = now,
                           .changed = keys->changes + 1 };

        int r = append(keys, &entry, err);
        if (r < 0)
                return r;

        uint64_t next = keys->next;
        keys->next = entry.number + 1;
        r = save(keys, err);
        if (r < 0) {
                keys->next = next;
                key_done(&keys->list[--keys->n_list]);
                return r;
        }
        keys->changes++;
        return 0;
}

static int load_entry(Keys *keys, json_t *entry, Error *err) {
        const char *identity = NULL;
        const char *text = NULL;
        const char *word = "pull"; /* a store of an earlier version names none */
        json_int_t number = 0;
        json_int_t created = 0;

        if (json_unpack(
                    entry, "{s:I, s:s, s:s, s:I, s?s}", "number", &number, "identity", &identity,
                    "key", &text, "created", &created, "access", &word
            )
            < 0)
                return error_set(err, -EBADMSG, "entry %zu is incomplete", keys->n_list);
        if (number < 0 || (uint64_t) number >= keys->next || (number == 0) != (identity[0] == '\0')
            || (number == 0) != (keys->n_list == 0)
            || (number > 0 && keys->list[keys->n_list - 1].entry.number >= (uint64_t) number))
                return error_set(err, -EBADMSG, "entry %zu has a wrong number", keys->n_list);
        if (!key_is_well_formed(text) || find_text(keys, text) || find_key(keys, identity))
                return error_set(
                        err, -EBADMSG, "entry %zu is malformed, or there twice", keys->n_list
                );

        int access = choice_find(&choices_access, word);
        if (access < 0)
                return error_set(err, -EBADMSG, "entry %zu may do what is not known", keys->n_list);

        KeyEntry loaded = { .identity = identity,
                            .number = (uint64_t) number,
                            .key = text,
                            .created = (uint64_t) created,
                            .access = (Access) access,
                            .in_url = json_is_true(json_object_get(entry, "in_url")) };
        return append(keys, &loaded, err);
}

static int load(Keys *keys, const char *text, size_t size, Error *err) {
        json_error_t where;
        cleanup(json_decrefp) json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
        if (json == NULL)
                return error_set(err, -EBADMSG, "line %d: no valid JSON", where.line);

        int version = 0;
        json_int_t next = 0;
        json_t *list = NULL;
        if (json_unpack(json, "{s:i, s:I, s:o}", "version", &version, "next", &next, "keys", &list)
                    < 0
            || version != VERSION || next < 1 || !json_is_array(list) || json_array_size(list) == 0)
                return error_set(err, -EBADMSG, "this is no key store of version %d", VERSION);

        keys->next = (uint64_t) next;
        for (size_t i = 0; i < json_array_size(list); i++) {
                int r = load_entry(keys, json_array_get(list, i), err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int make_store(Keys *keys, uint64_t now, Error *err) {
        char text[KEY_LENGTH + 1];
        int r = make_text(text);
        if (r < 0)
                return error_set(err, r, "no random numbers: %s", strerrordesc_np(-r));

        r = add(keys, "", text, now, err);
        explicit_bzero(text, sizeof text);
        return r;
}

static Keys *keys_new(const char *path) {
        Keys *keys = calloc(1, sizeof *keys);
        if (keys == NULL)
                return NULL;

        keys->path = strdup(path);
        return keys->path ? keys : keys_free(keys);
}

static int load_file(Keys *keys, uint64_t now, Error *err) {
        Error reading = { 0 };
        char *text = NULL;
        size_t size = 0;

        int r = file_read(keys->path, FILE_MAX, &text, &size, &reading);
        if (r == -ENOENT)
                return make_store(keys, now, err);
        if (r < 0)
                return error_set(err, r, "%s", error_text(&reading));

        r = load(keys, text, size, err);
        explicit_bzero(text, size);
        free(text);
        /* What stands in consumers is taken over; what people typed in elsewhere is lost with it.
         */
        return r < 0 ? error_prefix(
                       err, r,
                       "%s (put back a copy of it; or, without one, remove it, then start again)",
                       keys->path
               )
                     : 0;
}

int keys_open(const char *path, uint64_t now, Keys **ret, Error *err) {
        Keys *keys = keys_new(path);
        if (keys == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = load_file(keys, now, err);
        if (r < 0) {
                (void) keys_free(keys); /* always NULL */
                return r;
        }

        *ret = keys;
        return 0;
}

const KeyEntry *keys_own(const Keys *keys) {
        return &keys->list[0].entry;
}

const KeyEntry *keys_find(const Keys *keys, const char *identity) {
        const Key *key = find_key(keys, identity);

        return key ? &key->entry : NULL;
}

const KeyEntry *keys_find_number(const Keys *keys, uint64_t number) {
        for (size_t i = 0; i < keys->n_list; i++)
                if (keys->list[i].entry.number == number)
                        return &keys->list[i].entry;
        return NULL;
}

size_t keys_count(const Keys *keys) {
        return keys->n_list;
}

const KeyEntry *keys_at(const Keys *keys, size_t i) {
        return &keys->list[i].entry;
}

static int check_identity(const char *identity, Error *err) {
        if (identity[0] == '\0' || strlen(identity) > IDENTITY_MAX)
                return error_set(err, -EINVAL, "an identity has 1 to %d characters", IDENTITY_MAX);
        return 0;
}

int keys_ensure(Keys *keys, const char *identity, uint64_t now, const KeyEntry **ret, Error *err) {
        char text[KEY_LENGTH + 1];
        int r = check_identity(identity, err);
        if (r < 0)
                return r;

        const Key *key = find_key(keys, identity);
        if (key == NULL) {
                r = make_text(text);
                if (r < 0)
                        return error_set(err, r, "no random numbers: %s", strerrordesc_np(-r));
                r = add(keys, identity, text, now, err);
                explicit_bzero(text, sizeof text);
                if (r < 0)
                        return r;
                key = &keys->list[keys->n_list - 1];
        }

        *ret = &key->entry;
        return 0;
}

int keys_adopt(
        Keys *keys,
        const char *identity,
        const char *key,
        uint64_t now,
        const KeyEntry **ret,
        Error *err
) {
        int r = check_identity(identity, err);
        if (r < 0)
                return r;
        if (!key_is_well_formed(key))
                return error_set(err, -EINVAL, "the key found for %s is not well-formed", identity);

        const Key *own = find_key(keys, identity);
        const Key *same = find_text(keys, key);
        if (own && own != same)
                return error_set(err, -EEXIST, "%s has another key already", identity);
        if (same && same != own)
                return error_set(
                        err, -EEXIST, "the key found for %s is that of c%llu", identity,
                        (unsigned long long) same->entry.number
                );
        if (own == NULL) {
                r = add(keys, identity, key, now, err);
                if (r < 0)
                        return r;
                own = &keys->list[keys->n_list - 1];
        }

        *ret = &own->entry;
        return 0;
}

int keys_set_access(Keys *keys, const char *identity, Access access, Error *err) {
        size_t i = 1; /* never the daemon's own */

        while (i < keys->n_list && strcmp(keys->list[i].identity, identity) != 0)
                i++;
        if (i >= keys->n_list)
                return error_set(err, -ENOENT, "%s has no key", identity);

        Access before = keys->list[i].entry.access;
        if (before == access)
                return 0;
        keys->list[i].entry.access = access;
        int r = save(keys, err);
        if (r < 0) {
                keys->list[i].entry.access = before;
                return r;
        }
        keys->list[i].entry.changed = ++keys->changes;
        return 0;
}

int keys_revoke(Keys *keys, const char *identity, Error *err) {
        size_t i = 1; /* never the daemon's own */

        while (i < keys->n_list && strcmp(keys->list[i].identity, identity) != 0)
                i++;
        if (i >= keys->n_list)
                return 0;

        Key key = keys->list[i];
        size_t after = keys->n_list - i - 1;
        memmove(&keys->list[i], &keys->list[i + 1], after * sizeof(Key));
        keys->n_list--;

        int r = save(keys, err);
        if (r < 0) {
                memmove(&keys->list[i + 1], &keys->list[i], after * sizeof(Key));
                keys->list[i] = key;
                keys->n_list++;
                return r;
        }
        keys->changes++;
        key_done(&key);
        return 0;
}

int keys_set_in_url(Keys *keys, const char *identity, bool in_url, Error *err) {
        size_t i = 0;

        while (i < keys->n_list && strcmp(keys->list[i].identity, identity) != 0)
                i++;
        if (i == keys->n_list)
                return error_set(err, -ENOENT, "%s has no key", identity);
        if (keys->list[i].entry.in_url == in_url)
                return 0;

        keys->list[i].entry.in_url = in_url;
        int r = save(keys, err);
        if (r < 0) {
                keys->list[i].entry.in_url = !in_url;
                return r;
        }
        keys->list[i].entry.changed = ++keys->changes;
        return 0;
}

uint64_t keys_changes(const Keys *keys) {
        return keys->changes;
}
