/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "base/random.h"

#define FILE_MAX    (4 << 20)
#define VERSION     1
#define RANDOM_SIZE 8 /* bytes */
#define OWNER_MAX   512

typedef struct Name {
        char *text;
        char *owner; /* NULL: nobody's yet */
} Name;

struct Names {
        char *path;
        Name list[NAMES_MAX + NAMES_SPARE]; /* those with an owner first */
        size_t n;
        size_t n_owned;
};

static void name_done(Name *name) {
        free(name->text);
        free(name->owner);
        *name = (Name){ 0 };
}

Names *names_free(Names *names) {
        if (names == NULL)
                return NULL;
        for (size_t i = 0; i < names->n; i++)
                name_done(&names->list[i]);
        free(names->path);
        free(names);
        return NULL;
}

static bool is_well_formed(const char *text) {
        size_t prefix = strlen(NAME_PREFIX);

        return strncmp(text, NAME_PREFIX, prefix) == 0
               && strspn(text + prefix, "0123456789abcdef") == 2 * (size_t) RANDOM_SIZE
               && text[prefix + 2 * (size_t) RANDOM_SIZE] == '\0';
}

static json_t *to_json(const Names *names) {
        cleanup(json_decrefp) json_t *list = json_array();

        for (size_t i = 0; i < names->n; i++) {
                json_t *entry = json_pack(
                        "{s:s, s:s?}", "name", names->list[i].text, "owner", names->list[i].owner
                );
                if (json_array_append_new(list, entry) < 0)
                        return NULL;
        }
        return json_pack("{s:i, s:O}", "version", VERSION, "names", list);
}

static int save(const Names *names, Error *err) {
        cleanup(json_decrefp) json_t *json = to_json(names);
        cleanup(freep) char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;

        return text ? file_replace(names->path, text, strlen(text), 0600, err)
                    : error_set(err, -ENOMEM, "out of memory");
}

static int make_spare(Names *names, Error *err) {
        unsigned char bytes[RANDOM_SIZE];
        char text[NAME_TEXT_MAX] = NAME_PREFIX;

        int r = random_bytes(bytes, sizeof bytes);
        if (r < 0)
                return error_set(err, r, "no random numbers: %s", strerrordesc_np(-r));
        for (size_t i = 0; i < sizeof bytes; i++)
                (void) snprintf(text + strlen(text), sizeof text - strlen(text), "%02x", bytes[i]);
        names->list[names->n].text = strdup(text);
        if (names->list[names->n].text == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        names->n++;
        return 0;
}

static int make_spares(Names *names, Error *err) {
        int r = 0;

        while (r >= 0 && names->n < names->n_owned + NAMES_SPARE)
                r = make_spare(names, err);
        return r;
}

static int load_entry(Names *names, const json_t *entry, Error *err) {
        const char *text = json_string_value(json_object_get(entry, "name"));
        const char *owner = json_string_value(json_object_get(entry, "owner"));

        if (text == NULL || !is_well_formed(text) || names->n == ARRAY_LEN(names->list)
            || (owner != NULL && (names->n_owned != names->n || names_find(names, owner) != NULL)))
                return error_set(err, -EBADMSG, "entry %zu is malformed, or there twice", names->n);

        Name *name = &names->list[names->n++];
        name->text = strdup(text);
        name->owner = owner ? strdup(owner) : NULL;
        if (name->text == NULL || (owner != NULL && name->owner == NULL))
                return error_set(err, -ENOMEM, "out of memory");
        names->n_owned += owner ? 1 : 0;
        return 0;
}

static int load(Names *names, const char *text, size_t size, Error *err) {
        json_error_t where;
        cleanup(json_decrefp) json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
        const json_t *list = json_object_get(json, "names");
        size_t i;
        json_t *entry;

        if (json == NULL)
                return error_set(err, -EBADMSG, "line %d: no valid JSON", where.line);
        if (json_integer_value(json_object_get(json, "version")) != VERSION || !json_is_array(list))
                return error_set(err, -EBADMSG, "these are no names of version %d", VERSION);
        json_array_foreach(list, i, entry) {
                int r = load_entry(names, entry, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int load_file(Names *names, Error *err) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;
        Error reading = { 0 };

        int r = file_read(names->path, FILE_MAX, &text, &size, &reading);
        if (r == -ENOENT) {
                r = make_spares(names, err);
                return r < 0 ? r : save(names, err);
        }
        if (r < 0)
                return error_set(err, r, "%s", error_text(&reading));
        r = load(names, text, size, err);
        return r < 0 ? error_prefix(err, r, "%s (remove the file, then start again)", names->path)
                     : 0;
}

int names_open(const char *path, Names **ret, Error *err) {
        Names *names = calloc(1, sizeof *names);
        if (names == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        names->path = strdup(path);
        int r = names->path ? load_file(names, err) : error_set(err, -ENOMEM, "out of memory");
        if (r < 0) {
                (void) names_free(names);
                return r;
        }
        *ret = names;
        return 0;
}

const char *names_find(const Names *names, const char *owner) {
        for (size_t i = 0; i < names->n_owned; i++)
                if (strcmp(names->list[i].owner, owner) == 0)
                        return names->list[i].text;
        return NULL;
}

int names_ensure(Names *names, const char *owner, const char **ret, Error *err) {
        const char *known = names_find(names, owner);

        if (known != NULL) {
                *ret = known;
                return 0;
        }
        if (names->n_owned == NAMES_MAX || strlen(owner) > OWNER_MAX)
                return error_set(err, -EMFILE, "there are %d names already", NAMES_MAX);

        /* A spare one takes its owner's place in the list; what is not on disk is given to nobody.
         */
        size_t made = names->n;
        names->list[names->n_owned].owner = strdup(owner);
        names->n_owned++;
        int r = names->list[names->n_owned - 1].owner ? make_spares(names, err)
                                                      : error_set(err, -ENOMEM, "out of memory");
        if (r >= 0)
                r = save(names, err);
        if (r < 0) {
                while (names->n > made)
                        name_done(&names->list[--names->n]);
                names->n_owned--;
                free(names->list[names->n_owned].owner);
                names->list[names->n_owned].owner = NULL;
                return r;
        }
        *ret = names->list[names->n_owned - 1].text;
        return 0;
}

size_t names_carried(const Names *names, const char *list[static NAMES_CARRIED_MAX]) {
        size_t first = names->n_owned > NAMES_SPARE ? names->n_owned - NAMES_SPARE : 0;
        size_t n = 0;

        for (size_t i = first; i < names->n && n < NAMES_CARRIED_MAX; i++)
                list[n++] = names->list[i].text;
        return n;
}
