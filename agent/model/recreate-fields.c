/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config and HostConfig, field by field: all that moby's types name, from 20.10 to API 1.56.
 *
 * A field without a step is copied as it is; so is one that is not named here, since it comes from
 * an engine that knows it. A field that the API in force would drop without a word is refused. The
 * engine fills in defaults when it makes a container (ShmSize, IpcMode, CgroupnsMode, MaskedPaths,
 * SecurityOpt's label=disable, Ulimits, ...); sent again they give themselves.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "model/recreate-internal.h"

/* Changes the field in object (Config or HostConfig). */
typedef int FieldStep(Recreate *recreate, json_t *object, Error *err);

typedef struct Field {
        const char *name;
        FieldStep *step; /* NULL: copied */
} Field;

/*
 * The default is the container's own short id, which would stay the old one's; with the host's UTS
 * namespace the engine takes none.
 */
static int step_hostname(Recreate *recreate, json_t *config, Error *err) {
        const char *hostname = recreate_text(config, "Hostname");
        const char *uts = recreate_text(recreate->host, "UTSMode");
        bool is_id = hostname && strlen(hostname) == RECREATE_SHORT_ID
                     && strncmp(hostname, recreate->id, RECREATE_SHORT_ID) == 0;

        (void) err; /* a step that cannot fail */
        if (is_id || (uts && strcmp(uts, "host") == 0))
                (void) json_object_del(config, "Hostname"); /* fails when there is none */
        return 0;
}

/* By name only while the name means the same image: the tag may have moved. */
static int step_image(Recreate *recreate, json_t *config, Error *err) {
        const char *name = recreate_text(config, "Image");

        if (recreate->input->image_name_is_current && name && *name != '\0')
                return 0;
        return recreate_put(
                config, "Image", json_string(recreate_text(recreate->input->inspect, "Image")), err
        );
}

/* --entrypoint "" is stored as null, and null would bring the image's back. [] stays []. */
static int step_entrypoint(Recreate *recreate, json_t *config, Error *err) {
        const json_t *entrypoint = json_object_get(config, "Entrypoint");
        const json_t *image = json_object_get(recreate->input->image, "Config");

        if (entrypoint && !json_is_null(entrypoint))
                return 0;
        if (json_array_size(json_object_get(image, "Entrypoint")) == 0)
                return 0;
        return recreate_put(config, "Entrypoint", json_pack("[s]", ""), err);
}

/* Whether an entry, "NAME=value" or a bare NAME, is about this variable. */
static bool env_is(const json_t *entry, const char *name) {
        const char *text = json_string_value(entry);
        size_t size = strlen(name);

        return text && strncmp(text, name, size) == 0 && (text[size] == '=' || text[size] == '\0');
}

static int set_env(json_t *list, const RecreateEnv *env, Error *err) {
        cleanup(freep) char *text = text_format("%s=%s", env->name, env->value);
        bool found = false;

        if (text == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        for (size_t i = 0; i < json_array_size(list); i++) {
                if (!env_is(json_array_get(list, i), env->name))
                        continue;
                if (json_array_set_new(list, i, json_string(text)) < 0)
                        return error_set(err, -ENOMEM, "out of memory");
                found = true;
        }

        return found ? 0 : recreate_append(list, json_string(text), err);
}

/* The engine adds the image's variables where they are missing; here they never are. */
static int step_env(Recreate *recreate, json_t *config, Error *err) {
        const RecreateInput *input = recreate->input;
        json_t *list = NULL;

        if (input->n_env == 0)
                return 0;

        int r = recreate_list(config, "Env", &list, err);
        if (r < 0)
                return r;

        for (size_t i = 0; i < input->n_env; i++) {
                r = set_env(list, &input->env[i], err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* From 1.44 on it belongs to the endpoint of NetworkMode's network (recreate-networks.c). */
static int step_mac_address(Recreate *recreate, json_t *config, Error *err) {
        const json_t *settings = json_object_get(recreate->input->inspect, "Config");
        const char *mac = recreate_text(settings, "MacAddress");

        (void) err; /* a step that cannot fail */
        if (recreate->input->api < 44)
                return 0;

        recreate->mac = mac && *mac != '\0' ? mac : NULL;
        (void) json_object_del(config, "MacAddress"); /* fails when there is none */
        return 0;
}

static int step_healthcheck(Recreate *recreate, json_t *config, Error *err) {
        const json_t *check = json_object_get(config, "Healthcheck");

        if (json_integer_value(json_object_get(check, "StartInterval")) == 0)
                return 0;
        return recreate_needs_api(recreate, 44, "Healthcheck.StartInterval", err);
}

static bool list_has(const json_t *list, const char *text) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *entry = json_string_value(json_array_get(list, i));

                if (entry && strcmp(entry, text) == 0)
                        return true;
        }
        return false;
}

static int step_extra_hosts(Recreate *recreate, json_t *host, Error *err) {
        const RecreateInput *input = recreate->input;
        json_t *list = NULL;

        if (input->n_hosts == 0)
                return 0;

        int r = recreate_list(host, "ExtraHosts", &list, err);
        if (r < 0)
                return r;

        for (size_t i = 0; i < input->n_hosts; i++) {
                if (list_has(list, input->hosts[i]))
                        continue;
                r = recreate_append(list, json_string(input->hosts[i]), err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* "/child:/parent/alias" is shown for what was asked for as "child:alias". */
static char *link_text(const char *shown) {
        const char *colon = strchr(shown, ':');
        const char *slash = strrchr(shown, '/');

        if (*shown != '/' || colon == NULL || slash == NULL || slash < colon)
                return text_format("%s", shown);
        return text_format("%.*s:%s", (int) (colon - shown - 1), shown + 1, slash + 1);
}

static int step_links(Recreate *recreate, json_t *host, Error *err) {
        json_t *list = json_object_get(host, "Links");

        (void) recreate; /* nothing but the field itself is looked at */
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *shown = json_string_value(json_array_get(list, i));
                cleanup(freep) char *text = link_text(shown ? shown : "");

                if (text == NULL || json_array_set_new(list, i, json_string(text)) < 0)
                        return error_set(err, -ENOMEM, "out of memory");
        }
        return 0;
}

static int step_annotations(Recreate *recreate, json_t *host, Error *err) {
        if (json_object_size(json_object_get(host, "Annotations")) == 0)
                return 0;
        return recreate_needs_api(recreate, 43, "HostConfig.Annotations", err);
}

static const Field config_fields[] = {
        { "Hostname", step_hostname },
        { "Domainname", NULL },
        { "User", NULL },
        { "AttachStdin", NULL }, /* true is refused (recreate-refuse.c) */
        { "AttachStdout", NULL },
        { "AttachStderr", NULL },
        { "ExposedPorts", NULL },
        { "Tty", NULL },
        { "OpenStdin", NULL },
        { "StdinOnce", NULL },
        { "Env", step_env },
        { "Cmd", NULL },
        { "Healthcheck", step_healthcheck },
        { "ArgsEscaped", NULL },
        { "Image", step_image },
        { "Volumes", NULL }, /* the old volumes are named in HostConfig (recreate-mounts.c) */
        { "WorkingDir", NULL },
        { "Entrypoint", step_entrypoint },
        { "NetworkDisabled", NULL },
        { "MacAddress", step_mac_address },
        { "OnBuild", NULL },
        { "Labels", NULL }, /* byte for byte: compose compares them */
        { "StopSignal", NULL },
        { "StopTimeout", NULL },
        { "Shell", NULL },
};

static const Field host_fields[] = {
        /* all platforms */
        { "Binds", NULL }, /* recreate-mounts.c */
        { "ContainerIDFile", NULL },
        { "LogConfig", NULL },
        { "NetworkMode", NULL },  /* as it was written, name or id; also when since disconnected */
        { "PortBindings", NULL }, /* what was asked for, not what came of it */
        { "RestartPolicy", NULL },
        { "AutoRemove", NULL }, /* true is refused */
        { "VolumeDriver", NULL },
        { "VolumesFrom", NULL },
        { "ConsoleSize", NULL },
        { "Annotations", step_annotations },
        /* unix */
        { "CapAdd", NULL },
        { "CapDrop", NULL },
        { "CgroupnsMode", NULL },
        { "Dns", NULL },
        { "DnsOptions", NULL },
        { "DnsSearch", NULL },
        { "ExtraHosts", step_extra_hosts },
        { "GroupAdd", NULL },
        { "IpcMode", NULL }, /* container:ID of one that is gone: the engine refuses */
        { "Cgroup", NULL },
        { "Links", step_links },
        { "OomScoreAdj", NULL },
        { "PidMode", NULL }, /* as IpcMode */
        { "Privileged", NULL },
        { "PublishAllPorts", NULL },
        { "ReadonlyRootfs", NULL },
        { "SecurityOpt", NULL },
        { "StorageOpt", NULL },
        { "Tmpfs", NULL },
        { "UTSMode", NULL },
        { "UsernsMode", NULL },
        { "ShmSize", NULL },
        { "Sysctls", NULL }, /* of eth0, made before 1.48: the engine refuses */
        { "Runtime", NULL },
        { "Mounts", NULL }, /* recreate-mounts.c */
        { "MaskedPaths", NULL },
        { "ReadonlyPaths", NULL },
        { "Init", NULL },
        { "Capabilities", NULL }, /* of 1.40 alone */
        /* resources */
        { "CpuShares", NULL },
        { "Memory", NULL },
        { "NanoCpus", NULL },
        { "CgroupParent", NULL },
        { "BlkioWeight", NULL },
        { "BlkioWeightDevice", NULL },
        { "BlkioDeviceReadBps", NULL },
        { "BlkioDeviceWriteBps", NULL },
        { "BlkioDeviceReadIOps", NULL },
        { "BlkioDeviceWriteIOps", NULL },
        { "CpuPeriod", NULL },
        { "CpuQuota", NULL },
        { "CpuRealtimePeriod", NULL },
        { "CpuRealtimeRuntime", NULL },
        { "CpusetCpus", NULL },
        { "CpusetMems", NULL },
        { "Devices", NULL },
        { "DeviceCgroupRules", NULL },
        { "DeviceRequests", NULL },
        { "KernelMemory", NULL },    /* until 23.0 */
        { "KernelMemoryTCP", NULL }, /* until 28.0 */
        { "MemoryReservation", NULL },
        { "MemorySwap", NULL },
        { "MemorySwappiness", NULL },
        { "OomKillDisable", NULL },
        { "PidsLimit", NULL },
        { "Ulimits", NULL }, /* with the engine's own defaults by now: inspect shows no others */
        /* Windows, shown as zeros */
        { "Isolation", NULL },
        { "CpuCount", NULL },
        { "CpuPercent", NULL },
        { "IOMaximumIOps", NULL },
        { "IOMaximumBandwidth", NULL },
};

static int apply(Recreate *recreate, const Field *fields, size_t n, json_t *object, Error *err) {
        for (size_t i = 0; i < n; i++) {
                int r = fields[i].step ? fields[i].step(recreate, object, err) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

int recreate_fields(Recreate *recreate, Error *err) {
        int r = apply(recreate, config_fields, ARRAY_LEN(config_fields), recreate->config, err);
        if (r < 0)
                return r;

        return apply(recreate, host_fields, ARRAY_LEN(host_fields), recreate->host, err);
}

bool recreate_knows_field(const char *section, const char *name) {
        bool is_config = strcmp(section, "Config") == 0;
        const Field *fields = is_config ? config_fields : host_fields;
        size_t n = is_config ? ARRAY_LEN(config_fields) : ARRAY_LEN(host_fields);

        for (size_t i = 0; i < n; i++)
                if (strcmp(fields[i].name, name) == 0)
                        return true;
        return false;
}
