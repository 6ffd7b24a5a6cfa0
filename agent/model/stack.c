/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack: templates/stack.json made into create bodies.
 *
 * Nothing here knows what Ollama or nginx need; that is the template's. What is known here is which
 * placeholders and words exist, and that each container's body is hashed: the hash, kept as a
 * label, makes an old container differ from a new description even where the description only lost
 * something, which comparing field by field (stack-covers.c) cannot see.
 */
#include "model/stack.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "model/pattern.h"

#define OBJECTS_MAX 32

/* clang-format off */
static const char *const kind_names[] = {
        [STACK_NETWORK]   = "network",
        [STACK_VOLUME]    = "volume",
        [STACK_CONTAINER] = "container",
};
static_assert(ARRAY_LEN(kind_names) == STACK_CONTAINER + 1, "one name for each kind");

static const char *const gpu_names[] = {
        [STACK_GPU_NONE]   = "none",
        [STACK_GPU_NVIDIA] = "nvidia",
        [STACK_GPU_CDI]    = "cdi",
        [STACK_GPU_AMD]    = "amd",
};
static_assert(ARRAY_LEN(gpu_names) == STACK_GPU_AMD + 1, "one name for each kind of GPU");

static const char *const gpu_words[] = {
        [STACK_GPU_NONE]   = "gpu-none",
        [STACK_GPU_NVIDIA] = "gpu-nvidia",
        [STACK_GPU_CDI]    = "gpu-cdi",
        [STACK_GPU_AMD]    = "gpu-amd",
};
static_assert(ARRAY_LEN(gpu_words) == STACK_GPU_AMD + 1, "one word for each kind of GPU");

static const struct {
        const char *member;
        StackKind kind;
} sections[] = {
        { "networks",   STACK_NETWORK   },
        { "volumes",    STACK_VOLUME    },
        { "containers", STACK_CONTAINER },
};
/* clang-format on */

const char *stack_kind_to_string(StackKind kind) {
        return kind_names[kind];
}

const char *stack_gpu_to_string(StackGpu gpu) {
        return gpu_names[gpu];
}

static void object_done(StackObject *object) {
        free(object->name);
        free(object->part);
        free(object->image);
        json_decref(object->body);
}

Stack *stack_free(Stack *stack) {
        if (stack == NULL)
                return NULL;

        for (size_t i = 0; i < stack->n_objects; i++)
                object_done(&stack->objects[i]);
        free(stack->objects);
        free(stack);
        return NULL;
}

static json_t *bind_list(const char *const *bind) {
        json_t *list = json_array();

        for (const char *const *address = bind; address && *address; address++) {
                if (json_array_append_new(list, json_string(*address)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static json_t *settings_values(const StackSettings *settings) {
        char port[16];

        (void) snprintf(port, sizeof port, "%u", settings->port);
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "api_image", settings->api_image,
                "proxy_image", settings->proxy_image, "api_alias", settings->api_alias, "port",
                port, "proxy_user", settings->proxy_user, "conf_dir", settings->conf_dir, "run_dir",
                settings->run_dir, "dirs_made", settings->dirs_made, "bind",
                bind_list(settings->bind)
        );
}

/* FNV-1a. It tells descriptions apart, it protects nothing. */
static int body_hash(const json_t *body, char hash[static 17]) {
        cleanup(freep) char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
        if (text == NULL)
                return -ENOMEM;

        uint64_t h = 0xcbf29ce484222325;
        for (const char *p = text; *p != '\0'; p++) {
                h ^= (unsigned char) *p;
                h *= 0x100000001b3;
        }
        (void) snprintf(hash, 17, "%016" PRIx64, h);
        return 0;
}

/* Expanded twice: without the hash to compute it, then with it. */
static int
expand_entry(json_t *entry, const PatternScope *scope, json_t *values, json_t **ret, Error *err) {
        cleanup(json_decrefp) json_t *plain = NULL;
        char hash[17];

        if (json_object_set_new(values, "config_hash", json_string("")) < 0)
                return error_set(err, -ENOMEM, "out of memory");
        int r = pattern_expand(entry, scope, &plain, err);
        if (r < 0)
                return r;

        r = body_hash(plain, hash);
        if (r < 0 || json_object_set_new(values, "config_hash", json_string(hash)) < 0)
                return error_set(err, -ENOMEM, "out of memory");
        return pattern_expand(entry, scope, ret, err);
}

static int copy_text(const char *text, char **ret) {
        *ret = text ? strdup(text) : NULL;
        return text && *ret == NULL ? -ENOMEM : 0;
}

static int fill_object(StackObject *object, StackKind kind, const json_t *entry, Error *err) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        const char *part = json_string_value(json_object_get(entry, "part"));
        json_t *body = json_object_get(entry, "body");
        const char *image = json_string_value(json_object_get(body, "Image"));

        if (name == NULL || !json_is_object(body))
                return error_set(
                        err, -EINVAL, "a %s needs \"name\" and \"body\"", kind_names[kind]
                );
        if (kind == STACK_CONTAINER && (part == NULL || image == NULL))
                return error_set(
                        err, -EINVAL, "the container %s needs \"part\" and an image", name
                );

        object->kind = kind;
        object->body = json_incref(body);
        if (copy_text(name, &object->name) < 0 || copy_text(part, &object->part) < 0
            || copy_text(image, &object->image) < 0)
                return error_set(err, -ENOMEM, "out of memory");
        return 0;
}

static int add_section(Stack *stack, StackKind kind, const json_t *entries, Error *err) {
        for (size_t i = 0; i < json_array_size(entries); i++) {
                if (stack->n_objects == OBJECTS_MAX)
                        return error_set(
                                err, -E2BIG, "more than %d objects in the stack", OBJECTS_MAX
                        );

                int r = fill_object(
                        &stack->objects[stack->n_objects++], kind, json_array_get(entries, i), err
                );
                if (r < 0)
                        return r;
        }
        return 0;
}

static int expand_section(
        const json_t *pattern, const PatternScope *scope, json_t *values, json_t *ret, Error *err
) {
        for (size_t i = 0; i < json_array_size(pattern); i++) {
                /* An array of one, so that an entry that is not in force vanishes. */
                cleanup(json_decrefp) json_t *one = json_pack("[O]", json_array_get(pattern, i));
                cleanup(json_decrefp) json_t *expanded = NULL;
                if (one == NULL)
                        return error_set(err, -ENOMEM, "out of memory");

                int r = expand_entry(one, scope, values, &expanded, err);
                if (r < 0)
                        return r;
                if (json_array_extend(ret, expanded) < 0)
                        return error_set(err, -ENOMEM, "out of memory");
        }
        return 0;
}

static int add_sections(
        Stack *stack, const json_t *pattern, const PatternScope *scope, json_t *values, Error *err
) {
        for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
                const json_t *entries = json_object_get(pattern, sections[i].member);
                cleanup(json_decrefp) json_t *expanded = json_array();
                if (!json_is_array(entries))
                        return error_set(err, -EINVAL, "no list of %s", sections[i].member);

                int r = expand_section(entries, scope, values, expanded, err);
                if (r >= 0)
                        r = add_section(stack, sections[i].kind, expanded, err);
                if (r < 0)
                        return error_prefix(err, r, "%s", sections[i].member);
        }
        return 0;
}

static Stack *stack_new(void) {
        Stack *stack = calloc(1, sizeof *stack);
        if (stack == NULL)
                return NULL;

        stack->objects = calloc(OBJECTS_MAX, sizeof *stack->objects);
        return stack->objects ? stack : stack_free(stack);
}

int stack_build(const json_t *pattern, const StackSettings *settings, Stack **ret, Error *err) {
        cleanup(json_decrefp) json_t *values = settings_values(settings);
        if (values == NULL)
                return error_set(err, -ENOMEM, "out of memory, or a setting is missing");
        Stack *stack = stack_new();
        if (stack == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        const char *const words[] = {
                settings->secured ? "secured" : "unsecured",
                settings->foreign ? "foreign" : "managed",
                settings->bind && settings->bind[0] ? "published" : "unpublished",
                settings->cloud ? "cloud" : "no-cloud",
                gpu_words[settings->gpu],
                NULL,
        };
        PatternScope scope = { .values = values, .when = words };
        int r = add_sections(stack, pattern, &scope, values, err);
        if (r < 0) {
                (void) stack_free(stack); /* always NULL */
                return error_prefix(err, r, "template of the stack");
        }

        *ret = stack;
        return 0;
}

const StackObject *stack_find_part(const Stack *stack, const char *part) {
        for (size_t i = 0; i < stack->n_objects; i++)
                if (stack->objects[i].part && strcmp(stack->objects[i].part, part) == 0)
                        return &stack->objects[i];
        return NULL;
}

const StackObject *stack_find(const Stack *stack, StackKind kind, const char *name) {
        for (size_t i = 0; i < stack->n_objects; i++)
                if (stack->objects[i].kind == kind && strcmp(stack->objects[i].name, name) == 0)
                        return &stack->objects[i];
        return NULL;
}
