/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Donors: who a container lives off, as its HostConfig says.
 *
 * The engine keeps namespaces by id ("container:<64 digits>"), whatever its user wrote, and
 * volumes as they were written ("name" or "name:ro").
 */
#include "model/donors.h"

#include <assert.h>
#include <string.h>

#define CHAIN_MAX 8 /* a donor that has its network from a donor that ... */

static const char *const kind_names[] = {
        [DONOR_NETWORK] = "its network",
        [DONOR_PID] = "its process ids",
        [DONOR_IPC] = "its IPC",
        [DONOR_VOLUMES] = "its volumes",
};
static_assert(ARRAY_LEN(kind_names) == DONOR_VOLUMES + 1, "a name for every kind");

const char *donor_kind_to_string(DonorKind kind) {
        return kind_names[kind];
}

/* The engine's own alphabet: nothing else may get into a path. */
static bool is_name(const char *who, size_t length) {
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
        return length > 0 && length <= 256 && who[0] != '.' && strspn(who, alphabet) >= length;
}

static size_t add(DonorKind kind, const char *who, size_t length, DonorRef *list, size_t room) {
        if (room == 0 || !is_name(who, length))
                return 0;
        *list = (DonorRef){ .kind = kind, .who = who, .length = (int) length };
        return 1;
}

/* "container:WHO", else nothing. */
static size_t add_mode(DonorKind kind, const json_t *mode, DonorRef *list, size_t room) {
        static const char prefix[] = "container:";
        const char *text = json_string_value(mode);

        if (text == NULL || strncmp(text, prefix, strlen(prefix)) != 0)
                return 0;
        text += strlen(prefix);
        return add(kind, text, strlen(text), list, room);
}

size_t donors_find(const json_t *inspect, DonorRef *list, size_t max) {
        const json_t *host = json_object_get(inspect, "HostConfig");
        const json_t *volumes = json_object_get(host, "VolumesFrom");
        size_t n = 0;

        n += add_mode(DONOR_NETWORK, json_object_get(host, "NetworkMode"), list + n, max - n);
        n += add_mode(DONOR_PID, json_object_get(host, "PidMode"), list + n, max - n);
        n += add_mode(DONOR_IPC, json_object_get(host, "IpcMode"), list + n, max - n);
        for (size_t i = 0; i < json_array_size(volumes); i++) {
                const char *who = json_string_value(json_array_get(volumes, i));

                if (who != NULL)
                        n += add(DONOR_VOLUMES, who, strcspn(who, ":"), list + n, max - n);
        }
        return n;
}

bool donors_network(const Container *container, DonorRef *ret) {
        const json_t *host = json_object_get(container->inspect, "HostConfig");

        return add_mode(DONOR_NETWORK, json_object_get(host, "NetworkMode"), ret, 1) == 1;
}

const Donor *donors_get(const Donor *list, size_t n, const DonorRef *ref) {
        for (size_t i = 0; i < n; i++)
                if (strlen(list[i].who) == (size_t) ref->length
                    && strncmp(list[i].who, ref->who, (size_t) ref->length) == 0)
                        return &list[i];
        return NULL;
}

const Container *donors_owner(const Donor *list, size_t n, const Container *container) {
        DonorRef ref;

        for (unsigned i = 0; i < CHAIN_MAX; i++) {
                if (!donors_network(container, &ref))
                        return container;
                const Donor *donor = donors_get(list, n, &ref);
                if (donor == NULL || donor->container == NULL)
                        return NULL;
                container = donor->container;
        }
        return NULL;
}
