/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/stacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"

#define STACKS_MAX 4096 /* consumers that are known by their networks */

typedef struct Stack {
        uint64_t number;
        char network[80];
        char gateway[PROXY_ADDRESS_MAX];
} Stack;

struct Stacks {
        Index *owners; /* of Stack */
};

int stacks_new(Stacks **ret) {
        Stacks *stacks = calloc(1, sizeof *stacks);
        if (stacks == NULL)
                return -ENOMEM;

        int r = index_new(STACKS_MAX, &stacks->owners);
        if (r < 0) {
                free(stacks);
                return r;
        }
        *ret = stacks;
        return 0;
}

static void free_one(const char *key, void *value, void *data) {
        (void) key;
        (void) data;
        free(value);
}

Stacks *stacks_free(Stacks *stacks) {
        if (stacks == NULL)
                return NULL;
        index_visit(stacks->owners, free_one, NULL);
        (void) index_free(stacks->owners);
        free(stacks);
        return NULL;
}

static bool drop(Stacks *stacks, const char *owner, Stack *stack) {
        if (stack == NULL)
                return false;
        index_remove(stacks->owners, owner);
        free(stack);
        return true;
}

bool stacks_set(
        Stacks *stacks, const char *owner, uint64_t number, const char *network, const char *gateway
) {
        Stack *stack = index_get(stacks->owners, owner);

        if (network == NULL)
                return drop(stacks, owner, stack);
        if (stack != NULL && stack->number == number && strcmp(stack->network, network) == 0
            && strcmp(stack->gateway, gateway) == 0)
                return false;
        if (stack == NULL) {
                stack = calloc(1, sizeof *stack);
                if (stack == NULL || index_put(stacks->owners, owner, stack) < 0) {
                        free(stack);
                        return false;
                }
        }
        stack->number = number;
        (void) snprintf(stack->network, sizeof stack->network, "%s", network);
        (void) snprintf(stack->gateway, sizeof stack->gateway, "%s", gateway);
        return true;
}

typedef struct Visit {
        const char *network;
        void (*tell)(const char *owner, void *data);
        void *data;
        uint64_t lowest;
} Visit;

static void tell_one(const char *key, void *value, void *data) {
        const Stack *stack = value;
        const Visit *visit = data;

        if (strcmp(stack->network, visit->network) == 0)
                visit->tell(key, visit->data);
}

void stacks_tell(
        const Stacks *stacks,
        const char *network,
        void (*tell)(const char *owner, void *data),
        void *data
) {
        Visit visit = { .network = network, .tell = tell, .data = data };

        index_visit(stacks->owners, tell_one, &visit);
}

static void find_lowest(const char *key, void *value, void *data) {
        const Stack *stack = value;
        Visit *visit = data;

        (void) key;
        if (strcmp(stack->network, visit->network) == 0
            && (visit->lowest == 0 || stack->number < visit->lowest))
                visit->lowest = stack->number;
}

uint64_t stacks_number(const Stacks *stacks, const char *owner) {
        const Stack *stack = index_get(stacks->owners, owner);
        if (stack == NULL)
                return 0;

        Visit visit = { .network = stack->network };
        index_visit(stacks->owners, find_lowest, &visit);
        return visit.lowest;
}

static const char *text_in(const json_t *object, const char *name) {
        const char *text = json_string_value(json_object_get(object, name));
        return text ? text : "";
}

static const json_t *endpoint_in(const json_t *proxy, const char *network) {
        json_t *networks = json_object_get(json_object_get(proxy, "NetworkSettings"), "Networks");
        const char *name;
        json_t *endpoint;

        json_object_foreach(networks, name, endpoint) {
                if (strcmp(text_in(endpoint, "NetworkID"), network) == 0)
                        return endpoint;
        }
        return NULL;
}

const char *stacks_address(const json_t *proxy, const char *network) {
        const char *address = text_in(endpoint_in(proxy, network), "IPAddress");

        return address[0] != '\0' ? address : NULL;
}

typedef struct Listing {
        const json_t *proxy;
        ProxyNetwork *list;
        size_t n;
        size_t max;
} Listing;

/* Into its place; of two in one network the lower number stays. */
static void add(Listing *listing, const ProxyNetwork *network) {
        size_t at = 0;

        while (at < listing->n && strcmp(listing->list[at].address, network->address) < 0)
                at++;
        if (at < listing->n && strcmp(listing->list[at].address, network->address) == 0) {
                if (network->number < listing->list[at].number)
                        listing->list[at] = *network;
                return;
        }
        if (listing->n == listing->max)
                return;
        memmove(&listing->list[at + 1], &listing->list[at],
                (listing->n - at) * sizeof listing->list[0]);
        listing->list[at] = *network;
        listing->n++;
}

static void list_one(const char *key, void *value, void *data) {
        const Stack *stack = value;
        Listing *listing = data;
        const char *address = stacks_address(listing->proxy, stack->network);
        ProxyNetwork network = { .number = stack->number };

        (void) key;
        if (address == NULL)
                return;
        (void) snprintf(network.address, sizeof network.address, "%s", address);
        (void) snprintf(network.gateway, sizeof network.gateway, "%s", stack->gateway);
        add(listing, &network);
}

size_t stacks_list(const Stacks *stacks, const json_t *proxy, ProxyNetwork *list, size_t max) {
        Listing listing = { .proxy = proxy, .list = list, .max = max };

        (void) memset(list, 0, max * sizeof *list); /* lists are compared as bytes */
        index_visit(stacks->owners, list_one, &listing);
        return listing.n;
}
