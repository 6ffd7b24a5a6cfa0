/* SPDX-License-Identifier: Apache-2.0 */
#include "support/recreate-input.h"

#include <assert.h>
#include <stdlib.h>

static const char **strings(const json_t *list, size_t *ret_n) {
        size_t n = json_array_size(list);
        const char **texts = calloc(n + 1, sizeof(*texts));

        assert(texts);
        for (size_t i = 0; i < n; i++) {
                texts[i] = json_string_value(json_array_get(list, i));
                assert(texts[i]);
        }
        *ret_n = n;
        return texts;
}

static RecreateEnv *pairs(const json_t *list, size_t *ret_n) {
        size_t n = json_array_size(list);
        RecreateEnv *env = calloc(n + 1, sizeof(*env));

        assert(env);
        for (size_t i = 0; i < n; i++) {
                const json_t *pair = json_array_get(list, i);

                env[i].name = json_string_value(json_array_get(pair, 0));
                env[i].value = json_string_value(json_array_get(pair, 1));
                assert(env[i].name && env[i].value);
        }
        *ret_n = n;
        return env;
}

void test_input_read(TestInput *ret, const json_t *document) {
        const json_t *api = json_object_get(document, "api");

        *ret = (TestInput){ 0 };
        ret->input.inspect = json_object_get(document, "inspect");
        ret->input.image = json_object_get(document, "image");
        ret->input.image_name_is_current =
                !json_is_false(json_object_get(document, "image_name_is_current"));
        ret->input.api = api ? (unsigned) json_integer_value(api) : 41;

        ret->env = pairs(json_object_get(document, "env"), &ret->input.n_env);
        ret->hosts = strings(json_object_get(document, "hosts"), &ret->input.n_hosts);
        ret->empty_volumes =
                strings(json_object_get(document, "empty_volumes"), &ret->input.n_empty_volumes);
        ret->input.env = ret->env;
        ret->input.hosts = ret->hosts;
        ret->input.empty_volumes = ret->empty_volumes;
}

void test_input_done(TestInput *input) {
        free(input->env);
        free(input->hosts);
        free(input->empty_volumes);
        *input = (TestInput){ 0 };
}
