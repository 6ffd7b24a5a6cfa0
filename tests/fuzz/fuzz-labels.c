/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's labels, one "name=value" a line; a line that begins with '/' is the container's
 * name. Whatever they are: a wish, or a problem in printable words; an identity, or an error.
 */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "model/identity.h"
#include "model/labels.h"
#include "model/template.h"

#define LINES_MAX 256

static ProfileSet *profiles(void) {
        static const char *const names[] = { "ollama", "openai" };
        static const char text[] =
                "{ \"about\": \"\", \"images\": [], \"carrier\": [ \"header\" ],"
                " \"reach\": \"auto\", \"recovery\": \"default\", \"settle\": \"0s\","
                " \"hint\": {}, \"sources\": [], \"variables\":"
                " [ { \"name\": \"A\", \"value\": \"{url}\", \"role\": \"url\" } ] }";
        ProfileSet *set = NULL;

        int r = profile_set_new(&set);
        for (size_t i = 0; i < ARRAY_LEN(names) && r == 0; i++) {
                Profile *profile = NULL;

                r = profile_parse(names[i], text, strlen(text), &profile, NULL);
                if (r == 0)
                        r = profile_set_adopt(set, profile, NULL);
        }
        assert(r == 0);
        return set;
}

/* Puts one line into the labels, or into name. */
static void take_line(json_t *labels, char *name, size_t room, const char *line, size_t size) {
        const char *equals = memchr(line, '=', size);
        char key[1024];

        if (size > 0 && line[0] == '/' && size < room) {
                memcpy(name, line, size);
                name[size] = '\0';
        }
        if (equals == NULL || (size_t) (equals - line) >= sizeof key)
                return;

        memcpy(key, line, (size_t) (equals - line));
        key[equals - line] = '\0';
        /* jansson refuses what is no UTF-8, as the engine's JSON cannot hold it either. */
        (void) json_object_set_new(
                labels, key, json_stringn(equals + 1, size - (size_t) (equals + 1 - line))
        );
}

static void check_wish(const json_t *labels) {
        cleanup(profile_set_freep) ProfileSet *set = profiles();
        cleanup(wish_freep) Wish *wish = NULL;

        assert(wish_parse(labels, set, &wish) == 0);
        assert(!(wish->part && wish->enabled));
        for (const char *p = wish->problem; *p != '\0'; p++)
                assert(isprint((unsigned char) *p));
        for (size_t i = 0; i < wish->n_profiles; i++)
                assert(profile_set_find(set, wish->profiles[i]));
        for (size_t i = 0; i < wish->n_variables; i++) {
                assert(variable_name_is_valid(wish->variables[i].name));
                assert(template_check(wish->variables[i].template, NULL) == 0);
                assert(i == 0 || strcmp(wish->variables[i - 1].name, wish->variables[i].name) < 0);
        }
}

static void check_identity(const json_t *labels, const char *name) {
        Identity identity;
        Error err = { 0 };

        int r = identity_from_labels(labels, name, &identity, &err);
        assert((r < 0) == error_is_set(&err));
        if (r < 0)
                return;

        assert(identity.key[0] != '\0' && identity.human[0] != '\0' && identity.member[0] != '\0');
        for (const char *p = identity.key; *p != '\0'; p++)
                assert(isgraph((unsigned char) *p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        json_t *labels = json_object();
        const char *text = (const char *) data, *end = text + size;
        char name[512] = "/box";

        assert(labels);
        for (int i = 0; i < LINES_MAX && text < end; i++) {
                const char *newline = memchr(text, '\n', (size_t) (end - text));
                const char *stop = newline ? newline : end;

                take_line(labels, name, sizeof name, text, (size_t) (stop - text));
                text = newline ? newline + 1 : end;
        }

        check_wish(labels);
        check_identity(labels, name);
        json_decref(labels);
        return 0;
}
