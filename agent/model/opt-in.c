/* SPDX-License-Identifier: Apache-2.0 */
#include "model/opt-in.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "model/choice.h"
#include "model/database.h"
#include "model/json-each.h"

#define PREFIX      "coollama."
#define LABEL_SCOPE PREFIX "scope"

static const char *const opt_in_names[] = {
        [OPT_IN_NOT] = "none",
        [OPT_IN_LABEL] = "label",
        [OPT_IN_STACK] = "stack",
        [OPT_IN_ORDER] = "order",
};
static_assert(ARRAY_LEN(opt_in_names) == OPT_IN_ORDER + 1, "a word for each OptIn");

/* What a label says of one container alone. */
static const char *const not_for_all[] = { LABEL_ENABLE, LABEL_PART, LABEL_SCOPE, PREFIX "profile",
                                           PREFIX "role" };

/* What Coolify itself consists of, by the names that it gives them. */
static const char *const infrastructure[] = {
        "coolify",       "coolify-db",       "coolify-redis",     "coolify-realtime",
        "coolify-proxy", "coolify-sentinel", "coolify-log-drain", "coolify-cloudflared",
};

const char *opt_in_to_string(OptIn opt_in) {
        assert((size_t) opt_in < ARRAY_LEN(opt_in_names));
        return opt_in_names[opt_in];
}

static const char *label(const json_t *labels, const char *name) {
        return json_string_value(json_object_get(labels, name));
}

static bool is_one_of(const char *word, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], word) == 0)
                        return true;
        return false;
}

static bool opts_out(const json_t *labels) {
        const char *enable = label(labels, LABEL_ENABLE);

        return json_object_get(labels, LABEL_PART) != NULL
               || (enable != NULL && strcmp(enable, "false") == 0);
}

OptIn opt_in_of(const json_t *labels, const char *image, const OptInSources *sources) {
        if (labels_opt_in(labels))
                return OPT_IN_LABEL;
        if (opts_out(labels))
                return OPT_IN_NOT;
        if (sources->speech != NULL && !database_is(labels, image))
                return OPT_IN_STACK;
        return sources->ordered ? OPT_IN_ORDER : OPT_IN_NOT;
}

json_t *opt_in_speech(const json_t *labels) {
        const char *scope = label(labels, LABEL_SCOPE);
        const char *name;
        json_t *value;

        if (!labels_opt_in(labels) || scope == NULL
            || strcmp(scope, scope_to_string(SCOPE_STACK)) != 0)
                return NULL;

        json_t *speech = json_object();
        json_object_foreach(json_to_iterate(labels), name, value) {
                if (speech != NULL && strncmp(name, PREFIX, strlen(PREFIX)) == 0
                    && !is_one_of(name, not_for_all, ARRAY_LEN(not_for_all)))
                        (void) json_object_set(speech, name, value);
        }
        return speech;
}

/* Its own go over what was spoken. A new reference, NULL without memory. */
static json_t *lay_over(const json_t *labels, const json_t *speech) {
        json_t *all = json_copy(json_to_iterate(speech));
        const char *name;
        json_t *value;

        json_object_foreach(json_to_iterate(labels), name, value) {
                if (all != NULL && strncmp(name, PREFIX, strlen(PREFIX)) == 0)
                        (void) json_object_set(all, name, value);
        }
        return all;
}

int opt_in_wish(
        const json_t *labels,
        const char *image,
        const OptInSources *sources,
        const ProfileSet *profiles,
        Wish **ret
) {
        if (opt_in_of(labels, image, sources) != OPT_IN_STACK)
                return wish_parse(labels, profiles, ret);

        json_t *all = lay_over(labels, sources->speech);
        int r = all ? wish_parse(all, profiles, ret) : -ENOMEM;
        json_decref(all);
        return r;
}

int opt_in_refusal(const json_t *labels, const char *name, Error *err) {
        if (json_object_get(labels, LABEL_PART) != NULL)
                return error_set(err, -EPERM, "%.100s is a part of coollama itself", name);
        if (is_one_of(name, infrastructure, ARRAY_LEN(infrastructure))
            || json_object_get(labels, "coolify.proxy") != NULL)
                return error_set(
                        err, -EPERM,
                        "%.100s is a part of Coolify itself: it asks no model anything", name
                );
        if (opts_out(labels))
                return error_set(
                        err, -EPERM,
                        "%.100s carries the label " LABEL_ENABLE
                        "=false: take that away and deploy it again",
                        name
                );
        return 0;
}
