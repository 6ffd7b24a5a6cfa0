/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals: what must not be re-created, told from the container alone.
 *
 * Three kinds: somebody else would notice and act (a client that is attached, an orchestrator, the
 * engine itself with --rm), nothing can be added (no network of the container's own), and the copy
 * would be another container (content that has no name to find it by). The reasons are for the
 * container's owner and begin with "it", so that a name goes before them; each mend is something
 * to do. All of them can be linked without a re-creation, by values in their own definition.
 * What a user may change in passing, such as paused or stopped, is no refusal: callers wait then.
 */
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "model/recreate-internal.h"

/* Why not, and what makes it possible; NULL: nothing does. */
typedef struct Reason {
        const char *why;
        const char *mend;
} Reason;

static const Reason reason_builder = { "it is a builder that buildx made",
                                       "take coollama.enable away from it" };
static const Reason reason_windows = { "it is a Windows container", NULL };
static const Reason reason_rm = {
        "it was made with --rm: the engine would delete it as soon as it is stopped",
        "start it without --rm"
};
static const Reason reason_stdin = { "it is interactive: somebody sits at its standard input",
                                     "start it with 'docker run -d'" };
static const Reason reason_attached = {
        "it was made for an attached client (docker run without -d, or docker create), "
        "which would see it end",
        "start it with 'docker run -d'"
};
static const Reason reason_host_network = {
        "it is on the host's own network, where it needs no host entry", NULL
};
static const Reason reason_no_network = { "it has no network", "give it a network" };
static const Reason reason_disconnected = {
        "it was disconnected from all its networks, and a new one would be connected again",
        "connect it again (docker network connect)"
};
static const Reason reason_image_mount = {
        "it mounts an image by name, which may mean another image by now", NULL
};
static const Reason reason_cluster_volume = { "it mounts a Swarm cluster's volume", NULL };

typedef struct LabelRefusal {
        const char *label; /* a prefix when it ends with a dot */
        const char *value; /* NULL: any */
        Reason reason;
} LabelRefusal;

static const LabelRefusal label_refusals[] = {
        { "com.docker.swarm.",
          NULL,
          { "it belongs to a Swarm service, which makes its containers", NULL } },
        { "io.kubernetes.",
          NULL,
          { "it belongs to Kubernetes, which makes its containers", NULL } },
        { "com.hashicorp.nomad.",
          NULL,
          { "it belongs to a Nomad job, which makes its containers", NULL } },
        { "com.amazonaws.ecs.",
          NULL,
          { "it belongs to an ECS task, which makes its containers", NULL } },
        { "com.docker.compose.oneoff",
          "True",
          { "it is a one-off of 'docker compose run'", "start it with 'docker compose up'" } },
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
        if (recreate_text(host, "NetworkMode") == NULL)
                return error_set(err, -EBADMSG, "the container's document has no network mode");
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

static const Reason *find_manager(const json_t *inspect, json_t *labels) {
        static const char buildkit[] = "/buildx_buildkit_";
        const char *container = recreate_text(inspect, "Name");
        const char *label = NULL;
        json_t *value = NULL;

        if (container && strncmp(container, buildkit, strlen(buildkit)) == 0)
                return &reason_builder;

        json_object_foreach(labels, label, value)
                for (size_t i = 0; i < ARRAY_LEN(label_refusals); i++)
                        if (label_matches(&label_refusals[i], label, value))
                                return &label_refusals[i].reason;
        return NULL;
}

static const Reason *find_client(const json_t *config, const json_t *host) {
        const json_t *labels = json_object_get(config, "Labels");

        if (json_is_true(json_object_get(host, "AutoRemove")))
                return &reason_rm;
        if (json_is_true(json_object_get(config, "AttachStdin")))
                return &reason_stdin;

        /* compose asks for both outputs to be attached whether somebody reads them or not */
        if (json_object_get(labels, "com.docker.compose.project"))
                return NULL;
        bool attached = json_is_true(json_object_get(config, "AttachStdout"))
                        || json_is_true(json_object_get(config, "AttachStderr"));
        return attached ? &reason_attached : NULL;
}

static const Reason *find_network(const json_t *inspect, const json_t *config) {
        const json_t *host = json_object_get(inspect, "HostConfig");
        const json_t *settings = json_object_get(inspect, "NetworkSettings");
        const char *mode = recreate_text(host, "NetworkMode");

        if (strcmp(mode, "host") == 0)
                return &reason_host_network;
        if (strcmp(mode, "none") == 0 || json_is_true(json_object_get(config, "NetworkDisabled")))
                return &reason_no_network;
        if (!recreate_shares_network(inspect)
            && json_object_size(json_object_get(settings, "Networks")) == 0)
                return &reason_disconnected;
        return NULL;
}

static const Reason *find_mount(const json_t *host) {
        const json_t *mounts = json_object_get(host, "Mounts");

        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const char *type = recreate_text(json_array_get(mounts, i), "Type");

                if (type && strcmp(type, "image") == 0)
                        return &reason_image_mount;
                if (type && strcmp(type, "cluster") == 0)
                        return &reason_cluster_volume;
        }
        return NULL;
}

/* The document was checked. */
static const Reason *find_reason(const json_t *inspect) {
        const json_t *config = json_object_get(inspect, "Config");
        const json_t *host = json_object_get(inspect, "HostConfig");
        const char *platform = recreate_text(inspect, "Platform");

        if (platform && strcmp(platform, "windows") == 0)
                return &reason_windows;

        const Reason *reason = find_manager(inspect, json_object_get(config, "Labels"));
        if (reason == NULL)
                reason = find_client(config, host);
        if (reason == NULL)
                reason = find_network(inspect, config);
        return reason ? reason : find_mount(host);
}

int recreate_refusal(const json_t *inspect, Error *err) {
        int r = check_document(inspect, err);
        if (r < 0)
                return r;

        const Reason *reason = find_reason(inspect);
        return reason ? error_set(err, -EOPNOTSUPP, "%s", reason->why) : 0;
}

const char *recreate_mend(const json_t *inspect) {
        const Reason *reason = check_document(inspect, NULL) < 0 ? NULL : find_reason(inspect);

        return reason ? reason->mend : NULL;
}
