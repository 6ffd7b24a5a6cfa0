/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity: labels that people and platforms write, so nothing is believed about their form.
 *
 * The key escapes all that could make two identities look alike; whatever is too long is refused
 * rather than cut, since cutting would merge identities, and merged identities share a key.
 */
#include "model/identity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COOLIFY_TIMESTAMP_DIGITS 12

/* The label's text, or NULL when it is not there or empty. */
static const char *label_text(const json_t *labels, const char *name) {
        const char *text = json_string_value(json_object_get(labels, name));

        return text && text[0] != '\0' ? text : NULL;
}

static int part_set(char part[static IDENTITY_PART_MAX], const char *text, Error *err) {
        size_t size = strlen(text);

        if (size >= IDENTITY_PART_MAX)
                return error_set(
                        err, -ENAMETOOLONG,
                        "a name of more than %d bytes in the container's name or labels",
                        IDENTITY_PART_MAX - 1
                );

        memcpy(part, text, size + 1);
        return 0;
}

/* Takes Coolify's "-142530123456" from the end, if it is there. */
static void drop_timestamp(char *member) {
        size_t size = strlen(member), tail = COOLIFY_TIMESTAMP_DIGITS + 1;

        if (size < tail || member[size - tail] != '-')
                return;
        if (strspn(member + size - COOLIFY_TIMESTAMP_DIGITS, "0123456789")
            == COOLIFY_TIMESTAMP_DIGITS)
                member[size - tail] = '\0';
}

/* Takes the project, as a whole or as "-PROJECT" at the end. */
static void drop_project(char *member, const char *project) {
        size_t size = strlen(member), tail = strlen(project);

        if (strcmp(member, project) == 0)
                member[0] = '\0';
        else if (size > tail && member[size - tail - 1] == '-' && strcmp(member + size - tail, project) == 0)
                member[size - tail - 1] = '\0';
}

static int set_member(Identity *identity, const char *service, const char *sub_name, Error *err) {
        if (sub_name)
                return part_set(identity->member, sub_name, err);

        int r = part_set(identity->member, service, err);
        if (r < 0)
                return r;

        drop_timestamp(identity->member);
        drop_project(identity->member, identity->project);
        if (identity->member[0] == '\0')
                return part_set(identity->member, "app", err);
        return 0;
}

/* Adds text with %XX for every byte that could be taken for something else; false when full. */
static bool add_escaped(char *buffer, size_t *used, const char *text) {
        static const char plain[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

        for (; *text != '\0'; text++) {
                size_t room = IDENTITY_KEY_MAX - *used;
                bool is_plain = strchr(plain, *text) != NULL;
                int n = is_plain ? snprintf(buffer + *used, room, "%c", *text)
                                 : snprintf(
                                         buffer + *used, room, "%%%02X",
                                         (unsigned) (unsigned char) *text
                                 );
                if (n < 0 || (size_t) n >= room)
                        return false;
                *used += (size_t) n;
        }

        return true;
}

static bool add_byte(char *buffer, size_t *used, char byte) {
        if (*used + 1 >= IDENTITY_KEY_MAX)
                return false;

        buffer[(*used)++] = byte;
        buffer[*used] = '\0';
        return true;
}

static int set_key(Identity *identity, Error *err) {
        size_t used = 0;
        bool fits = true;

        if (identity->project[0] != '\0')
                fits = add_escaped(identity->key, &used, identity->project)
                       && add_byte(identity->key, &used, '/');
        fits = fits && add_escaped(identity->key, &used, identity->member);
        if (identity->preview[0] != '\0')
                fits = fits && add_byte(identity->key, &used, '#')
                       && add_escaped(identity->key, &used, identity->preview);

        if (!fits)
                return error_set(err, -ENAMETOOLONG, "the container's names are too long together");
        return 0;
}

/*
 * single: the resource is one container. Coolify's applications without a compose file carry the
 * container's name as their service's, and so do its databases.
 */
static void set_human(Identity *identity, const char *resource, bool single) {
        const char *first = resource ? resource : identity->project;
        bool plain = first[0] == '\0';
        bool whole = resource && single;

        (void) snprintf(
                identity->human, sizeof identity->human, "%s%s%s%s%s", plain ? "" : first,
                plain || whole ? "" : "/", whole ? "" : identity->member,
                identity->preview[0] != '\0' ? "#" : "", identity->preview
        );

        for (char *p = identity->human; *p != '\0'; p++)
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        *p = '?';
}

int identity_from_labels(const json_t *labels, const char *name, Identity *ret, Error *err) {
        const char *project = label_text(labels, "com.docker.compose.project");
        const char *service = label_text(labels, "com.docker.compose.service");
        const char *sub_name = label_text(labels, "coolify.service.subName");
        const char *preview = label_text(labels, "coolify.pullRequestId");
        const char *resource = label_text(labels, "coolify.resourceName");
        Identity identity = { 0 };
        int r;

        if (name && name[0] == '/')
                name++;
        if (name == NULL || name[0] == '\0')
                return error_set(err, -EINVAL, "a container without a name");

        if (project && (service || sub_name)) {
                r = part_set(identity.project, project, err);
                if (r == 0)
                        r = set_member(&identity, service, sub_name, err);
                if (r == 0 && preview && strcmp(preview, "0") != 0)
                        r = part_set(identity.preview, preview, err);
        } else {
                r = part_set(identity.member, name, err);
        }
        if (r == 0)
                r = set_key(&identity, err);
        if (r < 0)
                return r;

        bool single = sub_name == NULL && service
                      && (strcmp(service, name) == 0
                          || (strcmp(identity.member, "app") == 0 && strcmp(service, "app") != 0));
        if (resource && strlen(resource) >= IDENTITY_PART_MAX)
                resource = NULL; /* only for people: the project will do */
        set_human(&identity, resource, single);
        *ret = identity;
        return 0;
}

static int hex_value(char digit) {
        static const char digits[] = "0123456789ABCDEF";
        const char *at = digit != '\0' ? strchr(digits, digit) : NULL;

        return at ? (int) (at - digits) : -EINVAL;
}

/* Up to one of the bytes in end; returns how many bytes of the key were read. */
static int read_part(const char *key, const char *end, char part[static IDENTITY_PART_MAX]) {
        size_t size = 0, at = 0;

        while (key[at] != '\0' && strchr(end, key[at]) == NULL) {
                int byte = (unsigned char) key[at];

                if (key[at] == '%') {
                        int high = hex_value(key[at + 1]);
                        int low = high < 0 ? high : hex_value(key[at + 2]);
                        if (low < 0 || (high == 0 && low == 0))
                                return -EINVAL;
                        byte = high * 16 + low;
                        at += 2;
                }
                if (size + 1 >= IDENTITY_PART_MAX)
                        return -ENAMETOOLONG;
                part[size++] = (char) byte;
                at++;
        }
        part[size] = '\0';
        return size > 0 ? (int) at : -EINVAL;
}

int identity_from_key(const char *key, const char *human, Identity *ret) {
        Identity identity = { 0 };
        const char *at = key;
        int n = 0;

        if (strchr(key, '/') != NULL) {
                n = read_part(at, "/#", identity.project);
                if (n < 0 || at[n] != '/')
                        return n < 0 ? n : -EINVAL;
                at += n + 1;
        }
        n = read_part(at, "/#", identity.member);
        if (n >= 0 && at[n] == '#') {
                at += n + 1;
                n = read_part(at, "/#", identity.preview);
        }
        if (n < 0 || at[n] != '\0')
                return n < 0 ? n : -EINVAL;

        int r = set_key(&identity, NULL);
        if (r < 0)
                return r;
        (void) snprintf(identity.human, sizeof identity.human, "%s", human ? human : key);
        *ret = identity;
        return strcmp(identity.key, key) == 0 ? 0 : -EINVAL;
}
