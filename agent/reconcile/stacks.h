/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "proxy/generation.h"

/*
 * Stacks: which consumers are known by which network. Each pass says it anew of its consumer; what
 * it means for the proxy depends on the address that this one has there. Of several in one network
 * the one with the lowest number stands for all: they are of one compose project.
 */
typedef struct Stacks Stacks;

int stacks_new(Stacks **ret);
Stacks *stacks_free(Stacks *stacks);

/* The owner (an identity's key) is known by this network; gateway: the host's address there, or "".
 * network NULL: by none. True when that is another one than before. */
bool stacks_set(
        Stacks *stacks, const char *owner, uint64_t number, const char *network, const char *gateway
);

/* Calls tell for each owner who is known by this network. */
void stacks_tell(
        const Stacks *stacks,
        const char *network,
        void (*tell)(const char *owner, void *data),
        void *data
);

/* The number that stands for an owner; 0: he is known by no network. */
uint64_t stacks_number(const Stacks *stacks, const char *owner);

/* What the proxy is to know, ordered by address; proxy: its document, or NULL. How many there are.
 */
size_t stacks_list(const Stacks *stacks, const json_t *proxy, ProxyNetwork *list, size_t max);

/* The proxy's address in a network; NULL: it is not there. Borrowed. */
const char *stacks_address(const json_t *proxy, const char *network);
