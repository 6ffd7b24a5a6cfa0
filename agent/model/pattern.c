/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pattern: data in, data out.
 *
 * The pattern is JSON before anything is replaced, and a value is put into the tree, never into
 * text that is parsed afterwards: no value, whatever it holds, can change the shape of the result.
 * What an entry with "when" or "each" stands for is decided by whoever holds it (the array or the
 * object), since it may be no element, one or several.
 */
#include "model/pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

/* The frame, and what "each" has bound so far, innermost first. */
typedef struct Frame {
        const PatternScope *scope;
        const struct Frame *outer;
        const char *name; /* NULL in the outermost frame */
        const json_t *value;
} Frame;

#define STRING_MAX 65536
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"

/* Length of the placeholder that text begins with, braces included; 0 when it is none. */
static size_t placeholder_length(const char *text) {
        if (text[0] != '{')
                return 0;

        size_t n = strspn(text + 1, NAME_CHARS);
        return n > 0 && text[n + 1] == '}' ? n + 2 : 0;
}

static int expand(json_t *pattern, const Frame *frame, json_t **ret, Error *err);

static const json_t *find_value(const Frame *frame, const char *name, size_t length) {
        for (; frame->name; frame = frame->outer)
                if (strlen(frame->name) == length && strncmp(frame->name, name, length) == 0)
                        return frame->value;
        return json_object_getn(frame->scope->values, name, length);
}

static int
look_up(const Frame *frame, const char *text, size_t length, const json_t **ret, Error *err) {
        const json_t *value = find_value(frame, text + 1, length - 2);
        if (value == NULL)
                return error_set(
                        err, -ENOKEY, "no value for the placeholder %.*s", (int) length, text
                );

        *ret = value;
        return 0;
}

static int add_value(Text *text, const json_t *value, const char *name, size_t length, Error *err) {
        if (json_is_string(value))
                return text_add_bytes(text, json_string_value(value), json_string_length(value));
        if (json_is_integer(value))
                return text_addf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return error_set(
                err, -EINVAL, "the value of %.*s cannot stand inside a string", (int) length, name
        );
}

static int fill(const char *pattern, const Frame *frame, Text *text, Error *err) {
        int r = text_add(text, "");

        while (r >= 0 && *pattern != '\0') {
                size_t length = placeholder_length(pattern);
                if (length == 0) {
                        length = 1 + strcspn(pattern + 1, "{");
                        r = text_add_bytes(text, pattern, length);
                } else {
                        const json_t *value = NULL;
                        r = look_up(frame, pattern, length, &value, err);
                        if (r >= 0)
                                r = add_value(text, value, pattern, length, err);
                }
                pattern += length;
        }
        return r < 0 ? error_set(err, r, "cannot fill in a text") : 0;
}

static int expand_string(const char *pattern, const Frame *frame, json_t **ret, Error *err) {
        size_t length = placeholder_length(pattern);
        if (length > 0 && pattern[length] == '\0') {
                const json_t *value = NULL;
                int r = look_up(frame, pattern, length, &value, err);
                if (r < 0)
                        return r;
                *ret = json_deep_copy(value);
        } else {
                Text text = TEXT_INIT(STRING_MAX);
                int r = fill(pattern, frame, &text, err);
                if (r < 0) {
                        text_done(&text);
                        return r;
                }
                *ret = json_string(text.data);
                text_done(&text);
        }
        return *ret ? 0 : error_set(err, -ENOMEM, "out of memory, or no UTF-8");
}

static bool word_in_force(const Frame *frame, const char *word) {
        for (const char *const *w = frame->scope->when; w && *w; w++)
                if (strcmp(*w, word) == 0)
                        return true;
        return false;
}

/*
 * What an element or a member stands for: 1 with a borrowed-or-new reference in ret (the entry's
 * contents, not expanded yet), 0 when it is not there at all.
 */
static int open_entry(json_t *entry, const Frame *frame, json_t **ret, Error *err) {
        json_t *when = json_object_get(entry, "when");
        if (when == NULL) {
                *ret = json_incref(entry);
                return 1;
        }
        if (!json_is_string(when))
                return error_set(err, -EINVAL, "\"when\" must be a word");
        if (!word_in_force(frame, json_string_value(when)))
                return 0;

        json_t *value = json_object_get(entry, "value");
        if (value && json_object_get(entry, "each") == NULL) {
                *ret = json_incref(value);
                return 1;
        }

        *ret = json_copy(entry);
        if (*ret == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        (void) json_object_del(*ret, "when"); /* it was there a moment ago */
        return 1;
}

static int expand_each(const json_t *entry, const Frame *frame, json_t *array, Error *err) {
        const char *name = json_string_value(json_object_get(entry, "each"));
        json_t *value = json_object_get(entry, "value");
        if (name == NULL || value == NULL)
                return error_set(err, -EINVAL, "\"each\" must be a name and needs a \"value\"");

        const json_t *list = find_value(frame, name, strlen(name));
        if (!json_is_array(list))
                return error_set(err, -ENOKEY, "no list for the placeholder {%s}", name);

        for (size_t i = 0; i < json_array_size(list); i++) {
                Frame inner = { frame->scope, frame, name, json_array_get(list, i) };
                json_t *expanded = NULL;

                int r = expand(value, &inner, &expanded, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(array, expanded) < 0)
                        return error_set(err, -ENOMEM, "out of memory");
        }
        return 0;
}

static int expand_element(json_t *element, const Frame *frame, json_t *array, Error *err) {
        cleanup(json_decrefp) json_t *opened = NULL;
        int r = open_entry(element, frame, &opened, err);
        if (r <= 0)
                return r;
        if (json_object_get(opened, "each"))
                return expand_each(opened, frame, array, err);

        json_t *expanded = NULL;
        r = expand(opened, frame, &expanded, err);
        if (r < 0)
                return r;
        return json_array_append_new(array, expanded) < 0 ? error_set(err, -ENOMEM, "out of memory")
                                                          : 0;
}

static int
expand_member(const char *key, json_t *member, const Frame *frame, json_t *object, Error *err) {
        cleanup(json_decrefp) json_t *opened = NULL;
        int r = open_entry(member, frame, &opened, err);
        if (r <= 0)
                return r;

        cleanup(json_decrefp) json_t *name = NULL;
        r = expand_string(key, frame, &name, err);
        if (r < 0)
                return r;
        if (!json_is_string(name))
                return error_set(err, -EINVAL, "the value of %s cannot be a member's name", key);

        json_t *expanded = NULL;
        r = expand(opened, frame, &expanded, err);
        if (r < 0)
                return error_prefix(err, r, "%s", key);
        return json_object_set_new(object, json_string_value(name), expanded) < 0
                       ? error_set(err, -ENOMEM, "out of memory")
                       : 0;
}

static int expand_array(const json_t *pattern, const Frame *frame, json_t *array, Error *err) {
        for (size_t i = 0; i < json_array_size(pattern); i++) {
                int r = expand_element(json_array_get(pattern, i), frame, array, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int expand_object(json_t *pattern, const Frame *frame, json_t *object, Error *err) {
        const char *key;
        json_t *member;

        json_object_foreach(pattern, key, member) {
                int r = expand_member(key, member, frame, object, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int expand(json_t *pattern, const Frame *frame, json_t **ret, Error *err) {
        if (json_is_string(pattern))
                return expand_string(json_string_value(pattern), frame, ret, err);

        bool is_array = json_is_array(pattern);
        cleanup(json_decrefp) json_t *expanded = NULL;
        if (is_array)
                expanded = json_array();
        else if (json_is_object(pattern))
                expanded = json_object();
        else
                expanded = json_deep_copy(pattern);
        if (expanded == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = 0;
        if (is_array)
                r = expand_array(pattern, frame, expanded, err);
        else if (json_is_object(pattern))
                r = expand_object(pattern, frame, expanded, err);
        if (r < 0)
                return r;

        *ret = take_ptr(expanded);
        return 0;
}

int pattern_expand(json_t *pattern, const PatternScope *scope, json_t **ret, Error *err) {
        Frame outermost = { .scope = scope };

        return expand(pattern, &outermost, ret, err);
}
