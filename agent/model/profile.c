/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profile: strict reading. A profile file is written once and used on every host, so a field that
 * nobody reads is a mistake that must not wait for an operator to find it.
 */
#include "model/profile.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/duration.h"
#include "model/image.h"
#include "model/json-each.h"
#include "model/nearest.h"
#include "model/template.h"

static const char *const role_names[] = {
        [PROFILE_ROLE_URL] = "url",
        [PROFILE_ROLE_KEY] = "key",
};
static_assert(ARRAY_LEN(role_names) == PROFILE_ROLE_KEY + 1, "a name for each ProfileRole");

const char *profile_role_to_string(ProfileRole role) {
        return role_names[role];
}

bool profile_allows(const Profile *profile, Auth carrier) {
        for (size_t i = 0; i < profile->n_carriers; i++)
                if (profile->carriers[i] == carrier)
                        return true;
        return false;
}

/* A ProfileRole, or -EINVAL. */
static int role_from_string(const char *name) {
        for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
                if (strcmp(role_names[i], name) == 0)
                        return (int) i;
        return -EINVAL;
}

static inline void json_free(json_t **json) {
        json_decref(*json);
}

/* Every field of the object is one of names; what names there are must all be there. */
static int check_fields(const json_t *object, const char *const *names, size_t n, Error *err) {
        const char *key;
        json_t *value;

        if (!json_is_object(object))
                return error_set(err, -EBADMSG, "is no object");

        json_object_foreach(json_to_iterate(object), key, value) {
                bool known = false;
                for (size_t i = 0; i < n && !known; i++)
                        known = strcmp(names[i], key) == 0;
                if (known)
                        continue;

                const char *near = nearest_word(key, names, n);
                return error_set(
                        err, -EBADMSG, "unknown field '%s'%s%s%s", key,
                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : ""
                );
        }

        for (size_t i = 0; i < n; i++)
                if (json_object_get(object, names[i]) == NULL)
                        return error_set(err, -EBADMSG, "field '%s' is missing", names[i]);
        return 0;
}

static int copy_string(const json_t *json, const char *what, char **ret, Error *err) {
        const char *text = json_string_value(json);

        if (text == NULL) {
                (void) error_set(err, -EBADMSG, "'%s' is no text", what);
                return -EBADMSG;
        }

        *ret = strdup(text);
        if (*ret == NULL) {
                (void) error_set(err, -ENOMEM, "out of memory");
                return -ENOMEM;
        }
        return 0;
}

static int check_profile_name(const char *name, Error *err) {
        size_t size = strnlen(name, PROFILE_NAME_MAX + 1);

        if (size == 0 || size > PROFILE_NAME_MAX
            || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != size)
                return error_set(
                        err, -EBADMSG,
                        "a profile's name is 1 to %d lower-case letters, digits and '-'",
                        PROFILE_NAME_MAX
                );
        if (strcmp(name, "auto") == 0)
                return error_set(err, -EBADMSG, "'auto' cannot be a profile's name");
        return 0;
}

static int parse_image(const json_t *json, char **ret, Error *err) {
        char repository[IMAGE_REPOSITORY_MAX];

        int r = copy_string(json, "images", ret, err);
        if (r < 0)
                return r;
        if (image_repository(*ret, repository) < 0)
                return error_set(err, -EBADMSG, "'%s' is no image", *ret);
        if (strcmp(repository, *ret) != 0)
                return error_set(
                        err, -EBADMSG, "image '%s' must be written '%s'", *ret, repository
                );
        return 0;
}

static int parse_images(Profile *profile, const json_t *images, Error *err) {
        size_t n = json_array_size(images);

        if (!json_is_array(images))
                return error_set(err, -EBADMSG, "'images' is no list");
        if (n > PROFILE_IMAGES_MAX)
                return error_set(err, -EBADMSG, "more than %d images", PROFILE_IMAGES_MAX);

        profile->images = calloc(n + 1, sizeof profile->images[0]);
        if (profile->images == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        for (size_t i = 0; i < n; i++) {
                profile->n_images = i + 1; /* also a half-made one is freed */
                int r = parse_image(json_array_get(images, i), &profile->images[i], err);
                if (r < 0)
                        return error_prefix(err, r, "images[%zu]", i);
        }
        return 0;
}

static int check_variable(const Profile *profile, const ProfileVariable *variable, Error *err) {
        if (!variable_name_is_valid(variable->name))
                return error_set(err, -EBADMSG, "'%s' is no name of a variable", variable->name);

        for (const ProfileVariable *v = profile->variables; v < variable; v++)
                if (strcmp(v->name, variable->name) == 0)
                        return error_set(err, -EBADMSG, "%s is there twice", variable->name);

        int r = template_check(variable->template, err);
        if (r < 0)
                return error_prefix(err, -EBADMSG, "%s", variable->name);

        /* A constant could only switch something: that is not a profile's to do. */
        if (variable->role == PROFILE_ROLE_KEY
            && !template_uses(variable->template, PLACEHOLDER_KEY))
                return error_set(err, -EBADMSG, "%s: holds no key", variable->name);
        if (variable->role == PROFILE_ROLE_URL
            && !template_uses(variable->template, PLACEHOLDER_URL)
            && !template_uses(variable->template, PLACEHOLDER_HOST))
                return error_set(err, -EBADMSG, "%s: tells no address", variable->name);
        return 0;
}

static int
parse_variable(const Profile *profile, const json_t *json, ProfileVariable *v, Error *err) {
        static const char *const fields[] = { "name", "value", "role" };

        int r = check_fields(json, fields, ARRAY_LEN(fields), err);
        if (r < 0)
                return r;

        r = copy_string(json_object_get(json, "name"), "name", &v->name, err);
        if (r == 0)
                r = copy_string(json_object_get(json, "value"), "value", &v->template, err);
        if (r < 0)
                return r;

        const char *role = json_string_value(json_object_get(json, "role"));
        int index = role ? role_from_string(role) : -EINVAL;
        if (index < 0)
                return error_set(err, -EBADMSG, "'role' may be url or key");

        v->role = (ProfileRole) index;
        return check_variable(profile, v, err);
}

static int parse_variables(Profile *profile, const json_t *variables, Error *err) {
        size_t n = json_array_size(variables);

        if (!json_is_array(variables) || n == 0)
                return error_set(err, -EBADMSG, "'variables' is no list of one or more");
        if (n > PROFILE_VARIABLES_MAX)
                return error_set(err, -EBADMSG, "more than %d variables", PROFILE_VARIABLES_MAX);

        profile->variables = calloc(n, sizeof profile->variables[0]);
        if (profile->variables == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        for (size_t i = 0; i < n; i++) {
                profile->n_variables = i + 1; /* also a half-made one is freed */
                int r = parse_variable(
                        profile, json_array_get(variables, i), &profile->variables[i], err
                );
                if (r < 0)
                        return error_prefix(err, r, "variables[%zu]", i);
        }
        return 0;
}

/* Index of a carrier's word; never AUTH_AUTO. -EINVAL. */
static int carrier_index(const char *word) {
        int index = word ? choice_index(&choices_auth, word) : -EINVAL;

        return index == AUTH_AUTO ? -EINVAL : index;
}

static int parse_carriers(Profile *profile, const json_t *list, Error *err) {
        size_t n = json_array_size(list);

        if (n == 0 || n > ARRAY_LEN(profile->carriers))
                return error_set(err, -EBADMSG, "'carrier' is no list of one to three");
        for (size_t i = 0; i < n; i++) {
                int index = carrier_index(json_string_value(json_array_get(list, i)));

                if (index < 0)
                        return error_set(
                                err, -EBADMSG, "carrier[%zu] may be header, url or stack", i
                        );
                if (profile_allows(profile, (Auth) index))
                        return error_set(
                                err, -EBADMSG, "carrier '%s' is there twice",
                                auth_to_string((Auth) index)
                        );
                profile->carriers[profile->n_carriers++] = (Auth) index;
        }
        return 0;
}

static int parse_reach(Profile *profile, const json_t *json, Error *err) {
        const char *word = json_string_value(json);
        int index = word ? choice_index(&choices_reach, word) : -EINVAL;

        if (index < 0)
                return error_set(err, -EBADMSG, "'reach' may be auto, gateway or network");
        profile->reach = (Reach) index;
        return 0;
}

static int parse_recovery(Profile *profile, const json_t *json, Error *err) {
        const char *word = json_string_value(json);
        int index = word ? choice_index(&choices_recovery, word) : -EINVAL;

        if (word != NULL && strcmp(word, "default") == 0)
                return 0;
        if (index < 0)
                return error_set(err, -EBADMSG, "'recovery' may be default, restart, auto or none");
        profile->recovery = (Recovery) index;
        profile->has_recovery = true;
        return 0;
}

static int parse_settle(Profile *profile, const json_t *json, Error *err) {
        const char *text = json_string_value(json);

        if (text == NULL || duration_parse(text, &profile->settle_usec) < 0
            || profile->settle_usec > PROFILE_SETTLE_MAX_USEC)
                return error_set(err, -EBADMSG, "'settle' is no duration up to 1h, as in \"30s\"");
        return 0;
}

/* It is shown to everybody: nothing that holds a key may be in it. */
static int check_hint(const char *text, Error *err) {
        if (text[0] == '\0' || strlen(text) > PROFILE_HINT_MAX)
                return error_set(err, -EBADMSG, "is not 1 to %d bytes long", PROFILE_HINT_MAX);
        if (template_uses(text, PLACEHOLDER_KEY) || template_uses(text, PLACEHOLDER_URL))
                return error_set(err, -EBADMSG, "may name {host} and {port} alone");
        return template_check(text, err) < 0 ? -EBADMSG : 0;
}

static int parse_hints(Profile *profile, const json_t *json, Error *err) {
        const char *word;
        json_t *value;

        if (!json_is_object(json))
                return error_set(err, -EBADMSG, "'hint' is no object");
        json_object_foreach(json_to_iterate(json), word, value) {
                int index = carrier_index(word);

                if (index < 0 || !profile_allows(profile, (Auth) index))
                        return error_set(
                                err, -EBADMSG, "'hint': '%s' is none of its carriers", word
                        );
                int r = copy_string(value, "hint", &profile->hints[index], err);
                if (r == 0)
                        r = check_hint(profile->hints[index], err);
                if (r < 0)
                        return error_prefix(err, r, "'hint' for %s", word);
        }
        return 0;
}

static int parse_sources(Profile *profile, const json_t *sources, Error *err) {
        size_t n = json_array_size(sources);

        if (!json_is_array(sources))
                return error_set(err, -EBADMSG, "'sources' is no list");
        if (n > PROFILE_SOURCES_MAX)
                return error_set(err, -EBADMSG, "more than %d sources", PROFILE_SOURCES_MAX);

        profile->sources = calloc(n + 1, sizeof profile->sources[0]);
        if (profile->sources == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        for (size_t i = 0; i < n; i++) {
                profile->n_sources = i + 1; /* also a half-made one is freed */
                int r = copy_string(
                        json_array_get(sources, i), "sources", &profile->sources[i], err
                );
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_object(Profile *profile, const char *name, const json_t *json, Error *err) {
        static const char *const fields[] = { "about",  "images", "carrier", "reach",    "recovery",
                                              "settle", "hint",   "sources", "variables" };

        int r = check_profile_name(name, err);
        if (r == 0)
                r = check_fields(json, fields, ARRAY_LEN(fields), err);
        if (r == 0)
                r = copy_string(json_object_get(json, "about"), "about", &profile->about, err);
        if (r == 0)
                r = parse_images(profile, json_object_get(json, "images"), err);
        if (r == 0)
                r = parse_carriers(profile, json_object_get(json, "carrier"), err);
        if (r == 0)
                r = parse_reach(profile, json_object_get(json, "reach"), err);
        if (r == 0)
                r = parse_recovery(profile, json_object_get(json, "recovery"), err);
        if (r == 0)
                r = parse_settle(profile, json_object_get(json, "settle"), err);
        if (r == 0)
                r = parse_hints(profile, json_object_get(json, "hint"), err);
        if (r == 0)
                r = parse_sources(profile, json_object_get(json, "sources"), err);
        if (r == 0)
                r = parse_variables(profile, json_object_get(json, "variables"), err);
        return r;
}

int profile_parse(const char *name, const char *text, size_t size, Profile **ret, Error *err) {
        cleanup(profile_freep) Profile *profile = calloc(1, sizeof *profile);
        cleanup(json_free) json_t *json = NULL;
        json_error_t error;

        if (profile == NULL || (profile->name = strdup(name)) == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        if (size > PROFILE_FILE_MAX)
                return error_set(err, -EBADMSG, "more than %zu bytes", PROFILE_FILE_MAX);

        json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
        if (json == NULL)
                return error_set(err, -EBADMSG, "line %d: %s", error.line, error.text);

        int r = parse_object(profile, name, json, err);
        if (r < 0)
                return r;

        *ret = take_ptr(profile);
        return 0;
}

Profile *profile_free(Profile *profile) {
        if (profile == NULL)
                return NULL;

        for (size_t i = 0; i < profile->n_images; i++)
                free(profile->images[i]);
        for (size_t i = 0; i < profile->n_variables; i++) {
                free(profile->variables[i].name);
                free(profile->variables[i].template);
        }
        for (size_t i = 0; i < ARRAY_LEN(profile->hints); i++)
                free(profile->hints[i]);
        for (size_t i = 0; i < profile->n_sources; i++)
                free(profile->sources[i]);
        free(profile->images);
        free(profile->sources);
        free(profile->variables);
        free(profile->about);
        free(profile->name);
        free(profile);
        return NULL;
}
