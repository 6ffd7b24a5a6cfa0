/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals: what must not be re-created, told from the container alone.
 *
 * Three kinds: somebody else would notice and act (a client that is attached, an orchestrator, the
 * engine itself with --rm), nothing can be added (a network that is not the container's own), and
 * the copy would be another container (no network at all, content that has no name to find it by).
 * The texts are for the container's owner and begin with "it", so that a name goes before them.
 * What a user may change in passing, such as paused or stopped, is no refusal: callers wait then.
 */
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "model/recreate-internal.h"

typedef struct LabelRefusal {
        const char *label; /* a prefix when it ends with a dot */
        const char *value; /* NULL: any */
        const char *reason;
} LabelRefusal;

static const LabelRefusal label_refusals[] = {
        { "com.docker.swarm.", NULL, "it belongs to a Swarm service, which makes its containers" },
        { "io.kubernetes.", NULL, "it belongs to Kubernetes, which makes its containers" },
        { "com.docker.compose.oneoff", "True", "it is a one-off of 'docker compose run'" },
};

bool recreate_network_is_user_defined(const char *name) {
        static const char *const predefined[] = { "", "default", "bridge", "host", "none" };

        for (size_t i = 0; i < ARRAY_LEN(predefined); i++)
                if (strcmp(name, predefined[i]) == 0)
                        return false;
        return strncmp(name, "container:", strlen("container:")) != 0;
}

static int check_document(const json_t *inspect, Error *err) {
        const char *id = recreate_text(inspect, "Id");
        const json_t *config = json_object_get(inspect, "Config");
        const json_t *host = json_object_get(inspect, "HostConfig");
        const json_t *settings = json_object_get(inspect, "NetworkSettings");
        const json_t *networks = json_object_get(settings, "Networks");

        if (id == NULL || strlen(id) < RECREATE_SHORT_ID || recreate_text(inspect, "Image") == NULL)
                return error_set(err, -EBADMSG, "the container's document has no ids");
        if (!json_is_object(config) || !json_is_object(host))
                return error_set(err, -EBADMSG, "the container's document has no configuration");
        if (!json_is_object(networks) && !json_is_null(networks))
                return error_set(err, -EBADMSG, "the container's document has no networks");
        if (json_object_size(networks) > RECREATE_ENTRIES_MAX)
                return error_set(
                        err, -E2BIG, "it is on more than %d networks", RECREATE_ENTRIES_MAX
                );
        return 0;
}

static bool label_matches(const LabelRefusal *refusal, const char *label, const json_t *value) {
        size_t size = strlen(refusal->label);

        if (refusal->label[size - 1] == '.')
                return strncmp(label, refusal->label, size) == 0;
        if (strcmp(label, refusal->label) != 0)
                return false;
        return refusal->value == NULL
               || (json_is_string(value) && strcmp(json_string_value(value), refusal->value) == 0);
}

static int check_managers(const json_t *inspect, json_t *labels, Error *err) {
        static const char buildkit[] = "/buildx_buildkit_";
        const char *container = recreate_text(inspect, "Name");
        const char *label = NULL;
        json_t *value = NULL;

        if (container && strncmp(container, buildkit, strlen(buildkit)) == 0)
                return error_set(err, -EOPNOTSUPP, "it is a builder that buildx made");

        json_object_foreach(labels, label, value)
                for (size_t i = 0; i < ARRAY_LEN(label_refusals); i++)
                        if (label_matches(&label_refusals[i], label, value))
                                return error_set(err, -EOPNOTSUPP, "%s", label_refusals[i].reason);
        return 0;
}

static int check_clients(const json_t *config, const json_t *host, Error *err) {
        const json_t *labels = json_object_get(config, "Labels");

        if (json_is_true(json_object_get(host, "AutoRemove")))
                return error_set(
                        err, -EOPNOTSUPP,
                        "it was made with --rm: the engine would delete it as soon as it is stopped"
                );
        if (json_is_true(json_object_get(config, "AttachStdin")))
                return error_set(
                        err, -EOPNOTSUPP, "it is interactive: somebody sits at its standard input"
                );

        /* compose asks for both outputs to be attached whether somebody reads them or not */
        if (json_object_get(labels, "com.docker.compose.project"))
                return 0;
        if (json_is_true(json_object_get(config, "AttachStdout"))
            || json_is_true(json_object_get(config, "AttachStderr")))
                return error_set(
                        err, -EOPNOTSUPP,
                        "it was made for an attached client (docker run without -d, or docker create), "
                        "which would see it end: make it with 'docker run -d'"
                );
        return 0;
}

static int check_network(const json_t *inspect, const json_t *config, Error *err) {
        static const char shared[] = "container:";
        const json_t *host = json_object_get(inspect, "HostConfig");
        const json_t *settings = json_object_get(inspect, "NetworkSettings");
        const char *mode = recreate_text(host, "NetworkMode");

        if (mode == NULL)
                return error_set(err, -EBADMSG, "the container's document has no network mode");
        if (strncmp(mode, shared, strlen(shared)) == 0)
                return error_set(
                        err, -EOPNOTSUPP,
                        "it shares the network of another container: the host entry would have "
                        "to be that one's"
                );
        if (strcmp(mode, "host") == 0)
                return error_set(
                        err, -EOPNOTSUPP,
                        "it is on the host's own network, where it needs no host entry"
                );
        if (strcmp(mode, "none") == 0 || json_is_true(json_object_get(config, "NetworkDisabled")))
                return error_set(err, -EOPNOTSUPP, "it has no network");
        if (json_object_size(json_object_get(settings, "Networks")) == 0)
                return error_set(
                        err, -EOPNOTSUPP,
                        "it was disconnected from all its networks, and a new one would be "
                        "connected again"
                );
        return 0;
}

static int check_mounts(const json_t *host, Error *err) {
        const json_t *mounts = json_object_get(host, "Mounts");

        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const char *type = recreate_text(json_array_get(mounts, i), "Type");

                if (type && strcmp(type, "image") == 0)
                        return error_set(
                                err, -EOPNOTSUPP,
                                "it mounts an image by name, which may mean another image by now"
                        );
                if (type && strcmp(type, "cluster") == 0)
                        return error_set(err, -EOPNOTSUPP, "it mounts a Swarm cluster's volume");
        }
        return 0;
}

int recreate_refusal(const json_t *inspect, Error *err) {
        int r = check_document(inspect, err);
        if (r < 0)
                return r;

        const json_t *config = json_object_get(inspect, "Config");
        const json_t *host = json_object_get(inspect, "HostConfig");
        const char *platform = recreate_text(inspect, "Platform");
        if (platform && strcmp(platform, "windows") == 0)
                return error_set(err, -EOPNOTSUPP, "it is a Windows container");

        r = check_managers(inspect, json_object_get(config, "Labels"), err);
        if (r < 0)
                return r;

        r = check_clients(config, host, err);
        if (r < 0)
                return r;

        r = check_network(inspect, config, err);
        if (r < 0)
                return r;

        return check_mounts(host, err);
}
