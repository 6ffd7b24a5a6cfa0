/* SPDX-License-Identifier: Apache-2.0 */
#include "model/kept.h"

#include <errno.h>
#include <string.h>

static const char *text_of(const json_t *json, const char *key) {
        const char *text = json_string_value(json_object_get(json, key));
        return text ? text : "";
}

static bool is_what(const json_t *kept, const char *what) {
        return strcmp(text_of(kept, "what"), what) == 0;
}

static json_t *string_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

static json_t *reference_or_null(json_t *json) {
        return json ? json_incref(json) : json_null();
}

static json_t *
begin(const char *what,
      const Container *old,
      json_t *variables,
      bool host_entry,
      const KeptCreate *create) {
        return json_pack(
                "{s:i, s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:i}", "version", KEPT_VERSION,
                "what", what, "number", old->number, "name", old->name, "old_id", old->id,
                "variables", variables, "host_entry", host_entry, "create",
                reference_or_null(create->body), "connects", reference_or_null(create->connects),
                "platform", string_or_null(create->platform), "api", (int) create->api
        );
}

json_t *kept_begin_link(const Container *old, const Link *link, const KeptCreate *create) {
        json_t *variables = json_array();

        for (size_t i = 0; i < link->n_variables; i++) {
                const LinkVariable *variable = &link->variables[i];

                (void) json_array_append_new(
                        variables, json_pack(
                                           "{s:s, s:o, s:s}", "name", variable->name, "before",
                                           string_or_null(container_env(old, variable->name)),
                                           "after", variable->value
                                   )
                );
        }
        if (json_array_size(variables) != link->n_variables) {
                json_decref(variables);
                return NULL;
        }
        return begin("link", old, variables, link->host_entry, create);
}

json_t *kept_begin_unlink(const Container *old, const json_t *linked, const KeptCreate *create) {
        json_t *variables = json_array();
        size_t n = 0;
        size_t i;
        json_t *item;

        json_array_foreach(json_object_get(linked, "variables"), i, item) {
                n++;
                (void) json_array_append_new(
                        variables, json_pack(
                                           "{s:s, s:O, s:O}", "name", text_of(item, "name"),
                                           "before", json_object_get(item, "after"), "after",
                                           json_object_get(item, "before")
                                   )
                );
        }
        if (variables == NULL || json_array_size(variables) != n) {
                json_decref(variables);
                return NULL;
        }
        return begin(
                "unlink", old, variables, json_is_true(json_object_get(linked, "host_entry")),
                create
        );
}

json_t *kept_finish(const SwapRecord *record, const Container *made) {
        json_t *kept = json_is_object(record->keep) ? json_copy(record->keep) : NULL;

        if (kept == NULL)
                return NULL;
        if (json_object_set_new(kept, "identity", json_string(record->identity)) < 0
            || json_object_set_new(kept, "id", json_string(made->id)) < 0
            || json_object_set(kept, "old", record->old) < 0
            || json_object_set(kept, "files", record->files) < 0) {
                json_decref(kept);
                return NULL;
        }
        return kept;
}

static json_t *find_variable(const json_t *variables, const char *name) {
        size_t i;
        json_t *item;

        json_array_foreach(variables, i, item) {
                if (strcmp(text_of(item, "name"), name) == 0)
                        return item;
        }
        return NULL;
}

/* Before as it was before the first, after as it is after the second. */
static json_t *merge_variables(const json_t *first, const json_t *second) {
        json_t *merged = json_deep_copy(first);
        size_t i;
        json_t *item;

        json_array_foreach(second, i, item) {
                json_t *known = find_variable(merged, text_of(item, "name"));
                int r = known ? json_object_set(known, "after", json_object_get(item, "after"))
                              : json_array_append(merged, item);
                if (r < 0) {
                        json_decref(merged);
                        return NULL;
                }
        }
        return merged;
}

static json_t *merge_links(json_t *previous, const json_t *kept) {
        json_t *merged = json_copy(previous);
        json_t *variables = merge_variables(
                json_object_get(previous, "variables"), json_object_get(kept, "variables")
        );
        bool host_entry = json_is_true(json_object_get(previous, "host_entry"))
                          || json_is_true(json_object_get(kept, "host_entry"));

        if (merged == NULL || variables == NULL
            || json_object_set_new(merged, "variables", variables) < 0
            || json_object_set_new(merged, "host_entry", json_boolean(host_entry)) < 0
            || json_object_set(merged, "id", json_object_get(kept, "id")) < 0
            || json_object_set(merged, "name", json_object_get(kept, "name")) < 0) {
                json_decref(merged);
                return NULL;
        }
        return merged;
}

json_t *kept_merge(json_t *previous, json_t *kept) {
        const char *before = text_of(previous, "id");

        if (before[0] == '\0')
                return json_incref(kept);
        /* The same swap, told again: the daemon was killed before it dropped the record. */
        if (strcmp(before, text_of(kept, "id")) == 0)
                return json_incref(previous);
        if (strcmp(before, text_of(kept, "old_id")) == 0 && is_what(previous, "link")
            && is_what(kept, "link"))
                return merge_links(previous, kept);
        return json_incref(kept);
}

static bool is_text_or_null(const json_t *json) {
        return json_is_string(json) || json_is_null(json);
}

static bool are_variables(const json_t *list) {
        size_t i;
        json_t *item;

        json_array_foreach(list, i, item) {
                if (text_of(item, "name")[0] == '\0'
                    || !is_text_or_null(json_object_get(item, "before"))
                    || !is_text_or_null(json_object_get(item, "after")))
                        return false;
        }
        return json_is_array(list);
}

int kept_check(const json_t *kept, Error *err) {
        static const char *const texts[] = { "what", "identity", "number", "name", "id", "old_id" };

        if (json_integer_value(json_object_get(kept, "version")) != KEPT_VERSION)
                return error_set(err, -EBADMSG, "not of a version that is known");
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                if (text_of(kept, texts[i])[0] == '\0')
                        return error_set(err, -EBADMSG, "no '%s'", texts[i]);
        if (!are_variables(json_object_get(kept, "variables"))
            || !json_is_object(json_object_get(kept, "old")))
                return error_set(err, -EBADMSG, "no 'variables' or 'old'");
        return 0;
}

bool kept_is_link_of(const json_t *kept, const Container *container) {
        return kept != NULL && is_what(kept, "link")
               && strcmp(text_of(kept, "id"), container->id) == 0;
}
