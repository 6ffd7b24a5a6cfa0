/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any container's and image's document as the request that makes the container again. The input is
 * JSON, {"api", "current", "empty", "inspect", "image"}; it is mutated as JSON. Whatever the
 * documents say: nothing of them is changed, the same ones give the same request, and in a request
 * stand the link, the labels as they were, every volume by its name and every network once.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "fuzz/fuzz.h"
#include "model/recreate.h"
#include "support/json-mutate.h"

#define URL  "http://host.docker.internal:11434"
#define HOST "host.docker.internal:host-gateway"

#define EMPTY_MAX 8

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static bool list_has(const json_t *list, const char *text) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *entry = json_string_value(json_array_get(list, i));

                if (entry != NULL && strcmp(entry, text) == 0)
                        return true;
        }
        return false;
}

/* Is there an entry that names this volume, as far as text alone can tell? */
static bool names_something(const json_t *host, const char *volume) {
        const json_t *binds = json_object_get(host, "Binds");
        const json_t *mounts = json_object_get(host, "Mounts");

        for (size_t i = 0; i < json_array_size(binds); i++) {
                const char *bind = json_string_value(json_array_get(binds, i));

                if (bind != NULL && strncmp(bind, volume, strlen(volume)) == 0)
                        return true;
        }
        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const json_t *source = json_object_get(json_array_get(mounts, i), "Source");

                if (json_is_string(source) && strcmp(json_string_value(source), volume) == 0)
                        return true;
        }
        return false;
}

/* A volume without a name of its own in the old request has one in the new one. */
static void check_volumes(const json_t *inspect, const json_t *host) {
        const json_t *old = json_object_get(inspect, "HostConfig");
        const json_t *mounted = json_object_get(inspect, "Mounts");

        if (json_array_size(json_object_get(old, "Binds")) > 0
            || json_array_size(json_object_get(old, "Mounts")) > 0)
                return; /* what is mounted there already may be something else */
        for (size_t i = 0; i < json_array_size(mounted); i++) {
                const json_t *mount = json_array_get(mounted, i);
                const char *type = json_string_value(json_object_get(mount, "Type"));
                const char *name = json_string_value(json_object_get(mount, "Name"));

                if (i == 0 && type != NULL && strcmp(type, "volume") == 0)
                        assert(name != NULL && names_something(host, name));
        }
}

static void check_networks(const RecreateInput *input, const RecreateResult *result) {
        static const char *const bookkeeping[] = { "NetworkID", "EndpointID", "Gateway",
                                                   "IPAddress" };
        const json_t *settings = json_object_get(input->inspect, "NetworkSettings");
        const json_t *networks = json_object_get(settings, "Networks");
        const json_t *config = json_object_get(result->body, "NetworkingConfig");
        json_t *endpoints = json_object_get(config, "EndpointsConfig");
        const size_t n_connects = json_array_size(result->connects);
        const char *name = NULL;
        json_t *endpoint = NULL;

        assert(json_object_size(endpoints) + n_connects == json_object_size(networks));
        assert(input->api < 44 || n_connects == 0);
        assert(input->api >= 44 || json_object_size(endpoints) <= 1);
        json_object_foreach(endpoints, name, endpoint) {
                assert(json_object_get(networks, name) != NULL);
                for (size_t i = 0; i < ARRAY_LEN(bookkeeping); i++)
                        assert(json_object_get(endpoint, bookkeeping[i]) == NULL);
        }
}

static void check_result(const RecreateInput *input, const RecreateResult *result) {
        const json_t *config = json_object_get(input->inspect, "Config");
        const json_t *host = json_object_get(result->body, "HostConfig");
        json_t *labels = json_object_get(config, "Labels");

        assert(json_is_object(result->body) && json_is_array(result->connects));
        assert(list_has(json_object_get(result->body, "Env"), "OLLAMA_BASE_URL=" URL));
        assert(list_has(json_object_get(host, "ExtraHosts"), HOST));
        assert(labels == NULL || json_equal(labels, json_object_get(result->body, "Labels")));
        check_volumes(input->inspect, host);
        check_networks(input, result);
}

static void check(const RecreateInput *input) {
        json_t *before = json_deep_copy(input->inspect);
        RecreateResult results[2] = { { 0 } };
        int codes[2];

        for (size_t i = 0; i < ARRAY_LEN(results); i++) {
                Error err = { 0 };

                codes[i] = recreate_build(input, &results[i], &err);
                assert(codes[i] == 0 || error_text(&err)[0] != '\0');
                assert(codes[i] == 0 || (results[i].body == NULL && results[i].connects == NULL));
        }
        assert(codes[0] == codes[1]);
        assert(json_equal(before, input->inspect));
        if (codes[0] == 0) {
                assert(json_equal(results[0].body, results[1].body));
                assert(json_equal(results[0].connects, results[1].connects));
                check_result(input, &results[0]);
        }
        for (size_t i = 0; i < ARRAY_LEN(results); i++)
                recreate_result_done(&results[i]);
        json_decref(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const RecreateEnv env[] = { { "OLLAMA_BASE_URL", URL } };
        static const char *const hosts[] = { HOST };
        json_t *document = json_loadb((const char *) data, size, JSON_ALLOW_NUL, NULL);
        const json_t *empty = json_object_get(document, "empty");
        const char *volumes[EMPTY_MAX];
        RecreateInput input = {
                .inspect = json_object_get(document, "inspect"),
                .image = json_object_get(document, "image"),
                .image_name_is_current = json_is_true(json_object_get(document, "current")),
                .api = (unsigned) json_integer_value(json_object_get(document, "api")) % 100,
                .env = env,
                .n_env = ARRAY_LEN(env),
                .hosts = hosts,
                .n_hosts = ARRAY_LEN(hosts),
                .empty_volumes = volumes,
        };

        for (size_t i = 0; i < json_array_size(empty) && i < EMPTY_MAX; i++) {
                const char *path = json_string_value(json_array_get(empty, i));

                if (path != NULL)
                        volumes[input.n_empty_volumes++] = path;
        }
        if (input.inspect != NULL)
                check(&input);
        json_decref(document);
        return 0;
}

/* Used by libFuzzer instead of changing bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
        json_t *document = json_loadb((const char *) data, size, JSON_ALLOW_NUL, NULL);

        if (document == NULL || seed % 16 == 0) {
                json_decref(document);
                return LLVMFuzzerMutate(data, size, max);
        }
        json_mutate(document, seed);

        const size_t needed = json_dumpb(document, NULL, 0, JSON_COMPACT);
        if (needed > 0 && needed <= max)
                size = json_dumpb(document, (char *) data, max, JSON_COMPACT);
        json_decref(document);
        return size;
}
