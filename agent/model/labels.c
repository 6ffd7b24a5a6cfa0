/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wish: one table of the labels there are; each row knows how its value is read.
 *
 * Labels are read in the order of their names, so that the first problem is the same one however
 * the engine happens to order them. On a shared host whoever may deploy writes labels: everything
 * is counted and cut, and nothing of a value reaches the log unless it could be a word of ours.
 */
#include "model/labels.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "model/json-each.h"
#include "model/nearest.h"
#include "model/template.h"

#define PREFIX     "coollama."
#define PREFIX_ENV "env." /* after PREFIX */
#define LABELS_MAX 64     /* of ours on one container */
#define SHOWN_MAX  64     /* bytes of what a user wrote that a problem repeats */

/* What the rows work on. */
typedef struct WishParse {
        Wish *wish;
        const ProfileSet *profiles;
} WishParse;

/* 0, also when the value is a problem; or -ENOMEM. name is without PREFIX. */
typedef int LabelRead(WishParse *parse, const char *name, const char *value);

typedef struct Label {
        const char *name;
        LabelRead *read;
} Label;

__attribute__((format(printf, 2, 3))) static int wish_problem(Wish *wish, const char *format, ...) {
        va_list args;

        if (wish_has_problem(wish))
                return 0;

        va_start(args, format);
        (void) vsnprintf(wish->problem, sizeof wish->problem, format, args);
        va_end(args);

        for (char *p = wish->problem; *p != '\0'; p++)
                if (!isprint((unsigned char) *p))
                        *p = '?';
        return 0;
}

static int
unknown_value(Wish *wish, const char *name, const char *value, const char *near, const char *list) {
        if (near)
                return wish_problem(
                        wish, "unknown value '%.*s' of coollama.%s; did you mean '%s'?", SHOWN_MAX,
                        value, name, near
                );

        return wish_problem(
                wish, "unknown value '%.*s' of coollama.%s; it may be %s", SHOWN_MAX, value, name,
                list
        );
}

/* Index of the value's word; negative when it became a problem. */
static int
read_choice(WishParse *parse, const char *name, const char *value, const ChoiceSet *set) {
        char list[128];
        int index = choice_find(set, value);

        if (index == -EOPNOTSUPP)
                (void
                ) wish_problem(parse->wish, "coollama.%s=%s is not supported yet", name, value);
        else if (index < 0)
                (void) unknown_value(
                        parse->wish, name, value, choice_nearest(set, value),
                        choice_list(set, list, sizeof list)
                );
        return index;
}

static int read_enable(WishParse *parse, const char *name, const char *value) {
        if (strcmp(value, "true") == 0)
                parse->wish->enabled = true;
        else if (strcmp(value, "false") != 0)
                return unknown_value(parse->wish, name, value, NULL, "true or false");
        return 0;
}

static int read_part(WishParse *parse, const char *name, const char *value) {
        (void) name;
        (void) value; /* whatever it says: the container is ours */
        parse->wish->part = true;
        return 0;
}

static int read_reach(WishParse *parse, const char *name, const char *value) {
        int index = read_choice(parse, name, value, &choices_reach);

        if (index >= 0) {
                parse->wish->reach = (Reach) index;
                parse->wish->has_reach = true;
        }
        return 0;
}

static int read_auth(WishParse *parse, const char *name, const char *value) {
        int index = read_choice(parse, name, value, &choices_auth);

        if (index >= 0)
                parse->wish->auth = (Auth) index;
        return 0;
}

static int read_recovery(WishParse *parse, const char *name, const char *value) {
        int index = read_choice(parse, name, value, &choices_recovery);

        if (index >= 0) {
                parse->wish->recovery = (Recovery) index;
                parse->wish->has_recovery = true;
        }
        return 0;
}

static int read_access(WishParse *parse, const char *name, const char *value) {
        int index = read_choice(parse, name, value, &choices_access);

        if (index >= 0) {
                parse->wish->access = (Access) index;
                parse->wish->has_access = true;
        }
        return 0;
}

static int read_scope(WishParse *parse, const char *name, const char *value) {
        int index = read_choice(parse, name, value, &choices_scope);

        if (index >= 0)
                parse->wish->scope = (Scope) index;
        return 0;
}

static int read_role(WishParse *parse, const char *name, const char *value) {
        (void) read_choice(
                parse, name, value, &choices_role
        ); /* it counts where the provider is chosen */
        return 0;
}

static int read_settle(WishParse *parse, const char *name, const char *value) {
        uint64_t usec;

        if (duration_parse(value, &usec) < 0 || usec > WISH_SETTLE_MAX_USEC)
                return unknown_value(
                        parse->wish, name, value, NULL, "a duration up to 1h, as in 30s or 5m"
                );

        parse->wish->settle_usec = usec;
        return 0;
}

static const char *nearest_profile(const ProfileSet *profiles, const char *name) {
        const char *names[PROFILES_MAX + 1] = { "auto" };
        size_t n = 1;

        for (size_t i = 0; i < profiles->n && n < ARRAY_LEN(names); i++)
                names[n++] = profiles->profiles[i]->name;
        return nearest_word(name, names, n);
}

static bool wish_has_profile(const Wish *wish, const char *name) {
        for (size_t i = 0; i < wish->n_profiles; i++)
                if (strcmp(wish->profiles[i], name) == 0)
                        return true;
        return false;
}

static int add_profile(WishParse *parse, const char *name) {
        Wish *wish = parse->wish;

        if (strcmp(name, "auto") == 0)
                return wish_problem(
                        wish, "coollama.profile: auto cannot be joined with other profiles"
                );
        if (profile_set_find(parse->profiles, name) == NULL)
                return unknown_value(
                        wish, "profile", name, nearest_profile(parse->profiles, name),
                        "auto, or names of profiles joined by '+'"
                );
        if (wish_has_profile(wish, name))
                return wish_problem(wish, "coollama.profile names %s twice", name);
        if (wish->n_profiles == WISH_PROFILES_MAX)
                return wish_problem(
                        wish, "coollama.profile names more than %d profiles", WISH_PROFILES_MAX
                );

        char *copy = strdup(name);
        if (copy == NULL)
                return -ENOMEM;

        wish->profiles[wish->n_profiles++] = copy;
        return 0;
}

static int read_profile(WishParse *parse, const char *name, const char *value) {
        (void) name;
        if (strcmp(value, "auto") == 0)
                return 0;

        for (;;) {
                char part[PROFILE_NAME_MAX + 2]; /* one more than a name may have: is unknown */
                size_t size = strcspn(value, "+");

                (void) snprintf(part, sizeof part, "%.*s", size > 255 ? 255 : (int) size, value);
                int r = add_profile(parse, part);
                if (r < 0 || wish_has_problem(parse->wish) || value[size] == '\0')
                        return r;
                value += size + 1;
        }
}

/* What the loader and the shell go by: an address there can only be a mistake. */
static bool breaks_programs(const char *variable) {
        return strcmp(variable, "PATH") == 0 || strncmp(variable, "LD_", 3) == 0;
}

static int read_variable(WishParse *parse, const char *name, const char *value) {
        const char *variable = name + strlen(PREFIX_ENV);
        Wish *wish = parse->wish;
        Error error = { 0 };

        if (!variable_name_is_valid(variable))
                return wish_problem(
                        wish, "label coollama.%.*s: '%.*s' is no name of a variable", SHOWN_MAX,
                        name, SHOWN_MAX, variable
                );
        if (breaks_programs(variable))
                return wish_problem(
                        wish, "label coollama.%.*s: no program would start with another %.*s",
                        SHOWN_MAX, name, SHOWN_MAX, variable
                );
        if (wish->n_variables == WISH_VARIABLES_MAX)
                return wish_problem(wish, "more than %d labels coollama.env.*", WISH_VARIABLES_MAX);
        if (template_check(value, &error) < 0)
                return wish_problem(
                        wish, "label coollama.%.*s: %s", SHOWN_MAX, name, error_text(&error)
                );

        WishVariable copy = { strdup(variable), strdup(value) };
        if (copy.name == NULL || copy.template == NULL) {
                free(copy.name);
                free(copy.template);
                return -ENOMEM;
        }

        wish->variables[wish->n_variables++] = copy;
        return 0;
}

static const Label label_table[] = {
        { "enable", read_enable },     { "profile", read_profile }, { "reach", read_reach },
        { "auth", read_auth },         { "access", read_access },   { "settle", read_settle },
        { "recovery", read_recovery }, { "scope", read_scope },     { "role", read_role },
        { "part", read_part },
};

static int unknown_label(Wish *wish, const char *name) {
        const char *names[ARRAY_LEN(label_table)];
        const char *dot = strchr(name, '.');

        for (size_t i = 0; i < ARRAY_LEN(label_table); i++)
                names[i] = label_table[i].name;

        /* "evn.FOO" is near to no whole label, but its first part is. */
        if (dot && dot - name < NEAREST_WORD_MAX) {
                char first[NEAREST_WORD_MAX];
                const char *env = "env";

                (void) snprintf(first, sizeof first, "%.*s", (int) (dot - name), name);
                if (nearest_word(first, &env, 1))
                        return wish_problem(
                                wish, "unknown label coollama.%.*s; did you mean coollama.env%.*s?",
                                SHOWN_MAX, name, SHOWN_MAX, dot
                        );
        }

        const char *near = nearest_word(name, names, ARRAY_LEN(names));
        if (near)
                return wish_problem(
                        wish, "unknown label coollama.%.*s; did you mean coollama.%s?", SHOWN_MAX,
                        name, near
                );
        return wish_problem(wish, "unknown label coollama.%.*s", SHOWN_MAX, name);
}

static int read_label(WishParse *parse, const char *name, const char *value) {
        if (strncmp(name, PREFIX_ENV, strlen(PREFIX_ENV)) == 0)
                return read_variable(parse, name, value);

        for (size_t i = 0; i < ARRAY_LEN(label_table); i++)
                if (strcmp(label_table[i].name, name) == 0)
                        return label_table[i].read(parse, name, value);

        return unknown_label(parse->wish, name);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Fills names with our labels, ordered; returns how many there are, also when that is too many. */
static size_t collect_labels(const json_t *labels, const char *names[static LABELS_MAX]) {
        const char *name;
        json_t *value;
        size_t n = 0;

        json_object_foreach(json_to_iterate(labels), name, value) {
                if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
                        continue;
                if (n < LABELS_MAX)
                        names[n] = name;
                n++;
        }

        if (n <= LABELS_MAX)
                qsort(names, n, sizeof names[0], compare_names);
        return n;
}

static int read_labels(WishParse *parse, const json_t *labels) {
        const char *names[LABELS_MAX] = { NULL };
        size_t n = collect_labels(labels, names);

        /* Which of them we are looking at would depend on their order. */
        if (n > LABELS_MAX) {
                parse->wish->part = json_object_get(labels, LABEL_PART) != NULL;
                (void) wish_problem(parse->wish, "more than %d labels coollama.*", LABELS_MAX);
                const char *enable = json_string_value(json_object_get(labels, LABEL_ENABLE));
                return enable ? read_enable(parse, "enable", enable) : 0;
        }

        for (size_t i = 0; i < n; i++) {
                const char *value = json_string_value(json_object_get(labels, names[i]));
                int r = read_label(parse, names[i] + strlen(PREFIX), value ? value : "");
                if (r < 0)
                        return r;
        }

        return 0;
}

int wish_parse(const json_t *labels, const ProfileSet *profiles, Wish **ret) {
        cleanup(wish_freep) Wish *wish = calloc(1, sizeof *wish);
        if (wish == NULL)
                return -ENOMEM;

        WishParse parse = { .wish = wish, .profiles = profiles };
        int r = read_labels(&parse, labels);
        if (r < 0)
                return r;
        if (wish->part)
                wish->enabled = false;

        *ret = take_ptr(wish);
        return 0;
}

Wish *wish_free(Wish *wish) {
        if (wish == NULL)
                return NULL;

        for (size_t i = 0; i < wish->n_profiles; i++)
                free(wish->profiles[i]);
        for (size_t i = 0; i < wish->n_variables; i++) {
                free(wish->variables[i].name);
                free(wish->variables[i].template);
        }
        free(wish);
        return NULL;
}

bool labels_opt_in(const json_t *labels) {
        const char *enable = json_string_value(json_object_get(labels, LABEL_ENABLE));

        return enable != NULL && strcmp(enable, "false") != 0
               && json_object_get(labels, LABEL_PART) == NULL;
}
