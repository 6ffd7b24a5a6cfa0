/* SPDX-License-Identifier: Apache-2.0 */
#include "support/inspect.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "model/labels.h"

#define IMAGE_ID "sha256:abababababababababababababababababababababababababababababababab"

static const char *text_or(const char *text, const char *fallback) {
        return text ? text : fallback;
}

static json_t *strings(const char *const *list) {
        json_t *array = json_array();

        for (; list != NULL && *list != NULL; list++)
                json_array_append_new(array, json_string(*list));
        return array;
}

static json_t *labels_of(const InspectSpec *spec) {
        json_t *labels = json_object();

        if (!spec->not_enabled)
                json_object_set_new(labels, LABEL_ENABLE, json_string("true"));
        if (spec->project == NULL || spec->project[0] != '\0') {
                const char *const compose[][2] = {
                        { "com.docker.compose.project", text_or(spec->project, "shop") },
                        { "com.docker.compose.service", text_or(spec->service, "app") },
                        { "com.docker.compose.container-number", text_or(spec->number, "1") },
                        { "com.docker.compose.config-hash", text_or(spec->hash, "h1") },
                };
                for (size_t i = 0; i < ARRAY_LEN(compose); i++)
                        json_object_set_new(labels, compose[i][0], json_string(compose[i][1]));
        }
        for (const char *const *pair = spec->labels; pair != NULL && pair[0] != NULL; pair += 2)
                json_object_set_new(labels, pair[0], json_string(pair[1]));
        return labels;
}

static json_t *state_of(const InspectSpec *spec) {
        const char *status = text_or(spec->state, "running");
        bool started = strcmp(status, "created") != 0;
        json_t *state = json_pack(
                "{s:s, s:s, s:i}", "Status", status, "StartedAt",
                text_or(spec->started, started ? "2026-01-02T03:04:06Z" : "0001-01-01T00:00:00Z"),
                "ExitCode", spec->exit_code
        );

        if (spec->health != NULL)
                json_object_set_new(state, "Health", json_pack("{s:s}", "Status", spec->health));
        return state;
}

static json_t *host_config_of(const InspectSpec *spec) {
        return json_pack(
                "{s:n, s:s, s:{}, s:{s:s, s:i}, s:b, s:n, s:o, s:n}", "Binds", "NetworkMode",
                text_or(spec->mode, "net-a"), "PortBindings", "RestartPolicy", "Name",
                text_or(spec->policy, "unless-stopped"), "MaximumRetryCount", 0, "AutoRemove", 0,
                "VolumesFrom", "ExtraHosts", strings(spec->hosts), "Links"
        );
}

json_t *inspect_new(const InspectSpec *spec) {
        static const char *const env[] = { "VER=1", NULL };
        char id[65], name[128];

        memset(id, spec->id ? '0' : 'a', sizeof id - 1);
        id[sizeof id - 1] = '\0';
        memcpy(id, text_or(spec->id, ""), strlen(text_or(spec->id, "")));
        (void) snprintf(name, sizeof name, "/%s", text_or(spec->name, "shop-app-1"));

        json_t *document = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:[], "
                "s:{s:s, s:o, s:[s], s:s, s:n, s:s, s:n, s:o}, "
                "s:{s:{}, s:{s:{s:n, s:n, s:n, s:n, s:s}}}}",
                "Id", id, "Name", name, "Image", IMAGE_ID, "Platform", "linux", "Created",
                text_or(spec->created, "2026-01-02T03:04:05Z"), "RestartCount", 0, "State",
                state_of(spec), "HostConfig", host_config_of(spec), "Mounts", "Config", "Hostname",
                "app", "Env", strings(spec->env ? spec->env : env), "Cmd", "serve", "Image",
                "shop/app:1", "Volumes", "WorkingDir", "", "Entrypoint", "Labels", labels_of(spec),
                "NetworkSettings", "Ports", "Networks", "net-a", "IPAMConfig", "Links", "Aliases",
                "DriverOpts", "NetworkID", "9999"
        );
        assert(document != NULL);
        if (spec->mode != NULL && strncmp(spec->mode, "container:", 10) == 0)
                json_object_clear(
                        json_object_get(json_object_get(document, "NetworkSettings"), "Networks")
                );
        return document;
}

Container *inspect_take(json_t *document) {
        Container *container = NULL;

        int r = container_new(document, &container, NULL);
        json_decref(document);
        assert(r == 0);
        return container;
}

Container *inspect_container(const InspectSpec *spec) {
        return inspect_take(inspect_new(spec));
}

json_t *inspect_image(void) {
        return json_pack(
                "{s:s, s:s, s:s, s:{s:n, s:[s], s:[s]}}", "Id", IMAGE_ID, "Os", "linux",
                "Architecture", "amd64", "Config", "Entrypoint", "Cmd", "serve", "Env", "PATH=/bin"
        );
}

#define WAYS                                                                            \
        "\"carrier\": [ \"header\" ], \"reach\": \"auto\", \"recovery\": \"default\", " \
        "\"settle\": \"0s\", \"hint\": {}, \"sources\": []"

ProfileSet *inspect_profiles(void) {
        static const struct {
                const char *name, *text;
        } profiles[] = {
                { "ollama",
                  "{ \"about\": \"\", \"images\": [], " WAYS ", \"variables\": ["
                  "{ \"name\": \"OLLAMA_BASE_URL\", \"value\": \"{url}\", \"role\": \"url\" },"
                  "{ \"name\": \"OLLAMA_API_KEY\", \"value\": \"{key}\", \"role\": \"key\" } ] }" },
                { "openai",
                  "{ \"about\": \"\", \"images\": [ \"acme/chat\" ], " WAYS ", \"variables\": ["
                  "{ \"name\": \"OPENAI_BASE_URL\", \"value\": \"{url}/v1\", \"role\": \"url\" },"
                  "{ \"name\": \"OPENAI_API_KEY\", \"value\": \"{key}\", \"role\": \"key\" } ] }" },
                { "keyless",
                  "{ \"about\": \"\", \"images\": [ \"acme/keyless\" ], \"carrier\": [ \"url\" ],"
                  "\"reach\": \"auto\", \"recovery\": \"none\", \"settle\": \"45s\", \"sources\": [],"
                  "\"hint\": { \"url\": \"choose a model at {host}:{port}\" }, \"variables\": ["
                  "{ \"name\": \"LLM_URL\", \"value\": \"{url}/v1\", \"role\": \"url\" } ] }" },
                { "stored",
                  "{ \"about\": \"\", \"images\": [], \"carrier\": [ \"stack\", \"header\" ],"
                  "\"reach\": \"auto\", \"recovery\": \"none\", \"settle\": \"0s\", \"sources\": [],"
                  "\"hint\": { \"stack\": \"set {host}:{port}\" }, \"variables\": ["
                  "{ \"name\": \"OLLAMA_BASE_URL\", \"value\": \"{url}\", \"role\": \"url\" },"
                  "{ \"name\": \"OLLAMA_API_KEY\", \"value\": \"{key}\", \"role\": \"key\" } ] }" },
                { "host",
                  "{ \"about\": \"\", \"images\": [], " WAYS ", \"variables\": ["
                  "{ \"name\": \"OLLAMA_HOST\", \"value\": \"{url}\", \"role\": \"url\" } ] }" },
        };
        ProfileSet *set = NULL;
        int r = profile_set_new(&set);

        for (size_t i = 0; r == 0 && i < ARRAY_LEN(profiles); i++) {
                Profile *profile = NULL;

                r = profile_parse(
                        profiles[i].name, profiles[i].text, strlen(profiles[i].text), &profile, NULL
                );
                if (r == 0)
                        r = profile_set_adopt(set, profile, NULL);
        }
        assert(r == 0);
        return set;
}
