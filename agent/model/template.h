/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Template: a variable's value with {url}, {key}, {host} and {port} in it.
 *
 * A placeholder is a brace, lower-case letters, a brace; any other brace stands for itself, so JSON
 * can be written without escapes.
 */
typedef enum Placeholder {
        PLACEHOLDER_URL,  /* "http://host.docker.internal:11434", without a slash at its end */
        PLACEHOLDER_KEY,  /* secret */
        PLACEHOLDER_HOST, /* "host.docker.internal" */
        PLACEHOLDER_PORT, /* "11434" */
} Placeholder;

const char *placeholder_to_string(Placeholder placeholder);

/* The placeholders' values; NULL where there is none here (no key without the proxy). */
typedef struct TemplateValues {
        const char *url;
        const char *key;
        const char *host;
        const char *port;
} TemplateValues;

#define TEMPLATE_MAX          1024 /* bytes of a template, without the NUL */
#define TEMPLATE_EXPANDED_MAX 4096 /* bytes of what it becomes */

/* 0; -EINVAL naming an unknown placeholder, -E2BIG for a template that is too long. */
int template_check(const char *template, Error *err);

bool template_uses(const char *template, Placeholder placeholder);

/*
 * A new string in ret (free() it; it may hold the key). -EINVAL naming an unknown placeholder,
 * -ENODATA naming one that has no value here, -E2BIG, -ENOMEM. No value is ever in an error's text.
 */
int template_expand(const char *template, const TemplateValues *values, char **ret, Error *err);

/* A variable's name: a letter or _, then letters, digits, _; at most VARIABLE_NAME_MAX bytes. */
#define VARIABLE_NAME_MAX 128
bool variable_name_is_valid(const char *name);
