/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rolls.h"

#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

#define COOLIFY_TIMESTAMP_DIGITS 12

/* Without a health check nobody says when it serves: the longer both are up, the likelier it is. */
#define UNCHECKED_USEC (5 * USEC_PER_SEC)

/* Two of them for longer than this are no replacement any more. */
#define CHECKED_MAX_USEC (600 * USEC_PER_SEC)

/* The engine's own, where a health check does not say. */
#define INTERVAL_USEC (30 * USEC_PER_SEC)
#define TIMEOUT_USEC  (30 * USEC_PER_SEC)
#define RETRIES       3

static const char *text(const json_t *object, const char *key) {
        const char *value = json_string_value(json_object_get(object, key));
        return value ? value : "";
}

/* "UUID-142530123456": of compose applications and services the name begins with the service's. */
static bool has_name_of_a_deployment(const Container *container) {
        const char *service = text(container->labels, "com.docker.compose.service");
        size_t size = strlen(container->project);

        return size > 0 && strncmp(service, container->project, size) == 0 && service[size] == '-'
               && strspn(service + size + 1, "0123456789") == COOLIFY_TIMESTAMP_DIGITS
               && strlen(service + size + 1) == COOLIFY_TIMESTAMP_DIGITS
               && strcmp(service, container->name) == 0;
}

static bool is_preview(const Container *container) {
        const char *number = text(container->labels, "coolify.pullRequestId");

        return number[0] != '\0' && strcmp(number, "0") != 0;
}

static bool publishes(const json_t *host) {
        return json_object_size(json_object_get(host, "PortBindings")) > 0
               || json_is_true(json_object_get(host, "PublishAllPorts"));
}

/* What is in memory each has for itself. */
static bool can_write(const json_t *inspect) {
        size_t i;
        json_t *mount;

        json_array_foreach(json_object_get(inspect, "Mounts"), i, mount) {
                if (json_is_true(json_object_get(mount, "RW"))
                    && strcmp(text(mount, "Type"), "tmpfs") != 0)
                        return true;
        }
        return false;
}

static bool has_devices(const json_t *host) {
        return json_array_size(json_object_get(host, "Devices")) > 0
               || json_array_size(json_object_get(host, "DeviceRequests")) > 0;
}

static bool shares_namespaces(const json_t *host) {
        static const char *const modes[] = { "NetworkMode", "IpcMode", "PidMode", "UTSMode" };

        for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
                const char *mode = text(host, modes[i]);

                if (strcmp(mode, "host") == 0 || strncmp(mode, "container:", 10) == 0)
                        return true;
        }
        return false;
}

static json_t *networks_of(const Container *container) {
        return json_object_get(json_object_get(container->inspect, "NetworkSettings"), "Networks");
}

static bool has_fixed_address(const Container *container) {
        const json_t *config = json_object_get(container->inspect, "Config");
        const char *name;
        json_t *endpoint;

        json_object_foreach(networks_of(container), name, endpoint) {
                const json_t *wishes = json_object_get(endpoint, "IPAMConfig");

                if (text(wishes, "IPv4Address")[0] != '\0'
                    || text(wishes, "IPv6Address")[0] != '\0')
                        return true;
        }
        return text(config, "MacAddress")[0] != '\0';
}

static uint64_t nsec_or(const json_t *check, const char *key, uint64_t fallback_usec) {
        json_int_t nsec = json_integer_value(json_object_get(check, key));

        return nsec > 0 ? (uint64_t) nsec / 1000 : fallback_usec;
}

/* No product of two of the engine's numbers overflows, whatever its user wrote. */
static uint64_t multiply_capped(uint64_t usec, json_int_t times) {
        return usec > CHECKED_MAX_USEC || times > 1000 ? 2 * CHECKED_MAX_USEC
                                                       : usec * (uint64_t) times;
}

uint64_t rolls_proof_usec(const Container *container) {
        const json_t *check =
                json_object_get(json_object_get(container->inspect, "Config"), "Healthcheck");
        json_int_t retries = json_integer_value(json_object_get(check, "Retries"));
        uint64_t once_usec = nsec_or(check, "Interval", INTERVAL_USEC);

        if (container->health == HEALTH_NONE)
                return UNCHECKED_USEC;
        if (once_usec <= CHECKED_MAX_USEC)
                once_usec += nsec_or(check, "Timeout", TIMEOUT_USEC);
        uint64_t all_usec = multiply_capped(once_usec, retries > 0 ? retries : RETRIES);
        uint64_t begin_usec = nsec_or(check, "StartPeriod", 0);
        return begin_usec > CHECKED_MAX_USEC ? 2 * CHECKED_MAX_USEC : begin_usec + all_usec;
}

const char *rolls_why_not(const Container *container) {
        const json_t *host = json_object_get(container->inspect, "HostConfig");

        if (strcmp(text(container->labels, "coolify.type"), "application") != 0)
                return "it is no application of Coolify's, so that it is not known whether two of it may run "
                       "at a time";
        if (is_preview(container))
                return "it is a preview, of which Coolify itself runs one at a time";
        if (!has_name_of_a_deployment(container))
                return "it keeps its name, or is of a compose file, so that Coolify itself runs one of it at a "
                       "time";
        if (publishes(host))
                return "it publishes a port";
        if (can_write(container->inspect))
                return "it can write to a volume or to a directory of the host";
        if (shares_namespaces(host))
                return "it shares a namespace";
        if (has_fixed_address(container))
                return "it has a fixed address";
        if (json_object_size(networks_of(container)) != 1)
                return "it is in several networks";
        if (has_devices(host))
                return "it has a device of the host";
        if (rolls_proof_usec(container) > CHECKED_MAX_USEC)
                return "its health check may take more than 10 minutes";
        return NULL;
}

const char *rolls_gap(const Container *container) {
        return rolls_why_not(container) == NULL ? "none" : "a moment";
}

const char *rolls_gap_why(const Container *container) {
        const char *why_not = rolls_why_not(container);

        return why_not ? why_not
                       : "the new one is started beside the old one, which goes on until that has proven "
                         "itself";
}
