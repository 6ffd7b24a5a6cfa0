/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/container.h"

/*
 * Donors: the containers that a container takes a namespace or volumes from. It cannot be made, or
 * not be started, without them; and with the network of one it has that one's hosts file.
 */
typedef enum DonorKind {
        DONOR_NETWORK,
        DONOR_PID,
        DONOR_IPC,
        DONOR_VOLUMES,
} DonorKind;

/* One of them as the container's document names it: an id, or a name. Borrowed, not terminated. */
typedef struct DonorRef {
        const char *who;
        int length;
        DonorKind kind;
} DonorRef;

/* One that was looked up. */
typedef struct Donor {
        char *who;            /* as it was asked for */
        Container *container; /* NULL: there is none (any more) */
} Donor;

#define DONOR_REFS_MAX 32 /* of one container; more are not looked at */

/* "its network", "its process ids" ...: what is taken, seen from the donor. */
const char *donor_kind_to_string(DonorKind kind);

/* What an inspect document names; returns how many were found. */
size_t donors_find(const json_t *inspect, DonorRef *list, size_t max);

/* Of which container it has the network; false: it has one of its own (or the host's, or none). */
bool donors_network(const Container *container, DonorRef *ret);

/* The one among those that were looked up; NULL: it was not. */
const Donor *donors_get(const Donor *list, size_t n, const DonorRef *ref);

/*
 * Whose network it is in the end: a donor's may be another's. Borrowed; NULL: one of them is gone
 * or was not looked up.
 */
const Container *donors_owner(const Donor *list, size_t n, const Container *container);
