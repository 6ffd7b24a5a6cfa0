/* SPDX-License-Identifier: Apache-2.0 */
#include "model/models.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t"

/* As Ollama allows them ("hf.co/owner/model:Q4_K_M"), and safe in a log and a status line. */
static bool may_be_name(const char *name, size_t size) {
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@";

        return size < MODEL_NAME_MAX_BYTE && strspn(name, allowed) >= size && name[0] != '-'
               && name[0] != '.' && name[0] != '/';
}

int model_names_parse(const char *text, ModelNames *ret, Error *err) {
        ModelNames names = { .n = 0 };

        for (const char *at = text + strspn(text, BLANKS); *at != '\0'; at += strspn(at, BLANKS)) {
                size_t size = strcspn(at, BLANKS);
                bool known = false;

                if (!may_be_name(at, size))
                        return error_set(
                                err, -EINVAL,
                                "names of models separated by blanks, as in llama3.2 qwen3:8b"
                        );
                if (names.n == MODELS_MAX)
                        return error_set(err, -EINVAL, "at most %d models", MODELS_MAX);
                char *name = names.names[names.n];
                (void) memcpy(name, at, size);
                name[size] = '\0';
                for (size_t i = 0; i < names.n; i++)
                        known = known || model_name_is(names.names[i], name);
                names.n += known ? 0 : 1;
                at += size;
        }
        *ret = names;
        return 0;
}

/* Where its tag begins, or its end; a colon before a slash is a registry's port. */
static size_t length_without_tag(const char *name) {
        const char *slash = strrchr(name, '/');
        const char *colon = strchr(slash ? slash : name, ':');

        return colon ? (size_t) (colon - name) : strlen(name);
}

bool model_name_is(const char *a, const char *b) {
        size_t size = length_without_tag(a);
        const char *tag_a = a[size] == ':' ? a + size + 1 : "latest";
        const char *tag_b =
                b[length_without_tag(b)] == ':' ? b + length_without_tag(b) + 1 : "latest";

        return size == length_without_tag(b) && strncmp(a, b, size) == 0
               && strcmp(tag_a, tag_b) == 0;
}

bool model_is_listed(const char *name, const json_t *tags) {
        const json_t *models = json_object_get(tags, "models");
        size_t i;
        json_t *model;

        json_array_foreach(models, i, model) {
                const char *known = json_string_value(json_object_get(model, "name"));

                if (known != NULL && model_name_is(known, name))
                        return true;
        }
        return false;
}

bool model_pull_read(ModelPull *pull, const json_t *object) {
        const char *error = json_string_value(json_object_get(object, "error"));
        const char *status = json_string_value(json_object_get(object, "status"));
        json_int_t total = json_integer_value(json_object_get(object, "total"));
        json_int_t done = json_integer_value(json_object_get(object, "completed"));

        if (error != NULL && pull->error[0] == '\0')
                (void) snprintf(pull->error, sizeof pull->error, "%s", error);
        if (status != NULL && strcmp(status, "success") == 0)
                pull->succeeded = true;
        if (total <= 0 || done < 0 || done > total)
                return false;
        pull->total_bytes = (uint64_t) total;
        pull->done_bytes = (uint64_t) done;
        return true;
}
