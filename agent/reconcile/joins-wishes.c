/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/joins-wishes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/index.h"

#define ID_SIZE 80

/* A network that somebody wants, or wanted. */
typedef struct Place {
        char id[ID_SIZE];
        char *name;
        unsigned n_wishes;
        unsigned n_running; /* wishes whose container runs: what is wanted now */
        char *failure;
        uint64_t retry_usec;
        Backoff backoff;
        const char **aliases; /* of those that run, gathered by join_wishes_list() */
        size_t n_aliases;
        const char *why;
} Place;

typedef struct OneWish {
        char container[ID_SIZE];
        const char *owner; /* its key */
        Place *place;
        char *aliases[JOIN_ALIASES_MAX];
        size_t n_aliases;
        bool running;
} OneWish;

typedef struct Owner {
        char *key;
        char *why;
        OneWish *list;
        size_t n;
} Owner;

struct JoinWishes {
        Index *owners;     /* by key */
        Index *containers; /* to a OneWish, by the container's id */
        Index *places;     /* by the network's id */
        JoinWanted *wanted;
        size_t n_wanted;
        size_t room; /* of wanted */
};

/* ---- Places ---- */

static void place_free(Place *place) {
        free(place->name);
        free(place->failure);
        free(place->aliases);
        free(place);
}

static Place *place_get(JoinWishes *wishes, const char *id, const char *name) {
        Place *place = index_get(wishes->places, id);
        if (place != NULL)
                return place;

        place = calloc(1, sizeof *place);
        if (place == NULL)
                return NULL;
        (void) snprintf(place->id, sizeof place->id, "%s", id);
        place->name = strdup(name);
        place->backoff = (Backoff){ .min_usec = 1 * USEC_PER_SEC, .max_usec = 60 * USEC_PER_SEC };
        if (place->name == NULL || index_put(wishes->places, place->id, place) < 0) {
                place_free(place);
                return NULL;
        }
        return place;
}

static void drop_place_if_unused(JoinWishes *wishes, Place *place) {
        if (place->n_wishes > 0)
                return;
        index_remove(wishes->places, place->id);
        place_free(place);
}

/* ---- Owners ---- */

static void wish_done(JoinWishes *wishes, OneWish *wish) {
        Place *place = wish->place;

        if (index_get(wishes->containers, wish->container) == wish)
                index_remove(wishes->containers, wish->container);
        for (size_t i = 0; i < wish->n_aliases; i++)
                free(wish->aliases[i]);
        if (place == NULL)
                return;
        place->n_wishes--;
        place->n_running -= wish->running ? 1 : 0;
        drop_place_if_unused(wishes, place);
}

static void owner_free(JoinWishes *wishes, Owner *owner) {
        for (size_t i = 0; i < owner->n; i++)
                wish_done(wishes, &owner->list[i]);
        free(owner->list);
        free(owner->key);
        free(owner->why);
        free(owner);
}

static int wish_init(JoinWishes *wishes, const char *owner, const JoinWish *from, OneWish *wish) {
        Place *place = place_get(wishes, from->network, from->network_name);
        if (place == NULL)
                return -ENOMEM;

        wish->owner = owner;
        wish->place = place;
        wish->running = true;
        place->n_wishes++;
        place->n_running++;
        (void) snprintf(wish->container, sizeof wish->container, "%s", from->container);
        for (size_t i = 0; i < from->n_aliases && i < JOIN_ALIASES_MAX; i++) {
                wish->aliases[i] = strdup(from->aliases[i]);
                if (wish->aliases[i] == NULL)
                        return -ENOMEM;
                wish->n_aliases++;
        }
        return index_put(wishes->containers, wish->container, wish);
}

static int owner_new(
        JoinWishes *wishes,
        const char *key,
        const char *why,
        const JoinWish *list,
        size_t n,
        Owner **ret
) {
        Owner *owner = calloc(1, sizeof *owner);
        int r = 0;
        if (owner == NULL)
                return -ENOMEM;

        owner->key = strdup(key);
        owner->why = strdup(why);
        owner->list = calloc(n, sizeof *owner->list);
        if (owner->key == NULL || owner->why == NULL || owner->list == NULL)
                r = -ENOMEM;
        for (size_t i = 0; r >= 0 && i < n; i++) {
                owner->n++;
                r = wish_init(wishes, owner->key, &list[i], &owner->list[i]);
        }
        if (r < 0) {
                owner_free(wishes, owner);
                return r;
        }
        *ret = owner;
        return 0;
}

static bool same_wish(const OneWish *wish, const JoinWish *other) {
        if (!wish->running || strcmp(wish->container, other->container) != 0
            || strcmp(wish->place->id, other->network) != 0 || wish->n_aliases != other->n_aliases)
                return false;
        for (size_t i = 0; i < wish->n_aliases; i++)
                if (strcmp(wish->aliases[i], other->aliases[i]) != 0)
                        return false;
        return true;
}

static bool same(const Owner *owner, const JoinWish *list, size_t n) {
        size_t have = owner ? owner->n : 0;

        if (have != n)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!same_wish(&owner->list[i], &list[i]))
                        return false;
        return true;
}

int join_wishes_set(
        JoinWishes *wishes,
        const char *owner,
        const char *why,
        const JoinWish *list,
        size_t n,
        bool *changed
) {
        Owner *old = index_get(wishes->owners, owner);
        Owner *new = NULL;

        *changed = false;
        if (n > JOIN_WISHES_MAX)
                return -ENOSPC;
        if (same(old, list, n))
                return 0;
        int r = n > 0 ? owner_new(wishes, owner, why, list, n, &new) : 0;
        if (r < 0)
                return r;
        if (new != NULL)
                r = index_put(wishes->owners, owner, new);
        else
                index_remove(wishes->owners, owner);
        if (r < 0) {
                owner_free(wishes, new);
                return r;
        }
        if (old != NULL)
                owner_free(wishes, old);
        *changed = true;
        return 0;
}

const char *join_wishes_owner(const JoinWishes *wishes, const char *container) {
        const OneWish *wish = index_get(wishes->containers, container);
        return wish ? wish->owner : NULL;
}

bool join_wishes_run(
        JoinWishes *wishes,
        const char *container,
        bool running,
        const char **network,
        const char **name
) {
        OneWish *wish = index_get(wishes->containers, container);

        *network = NULL;
        *name = NULL;
        if (wish == NULL)
                return false;
        if (wish->running == running)
                return true;
        wish->running = running;
        if (running) {
                wish->place->n_running++;
                return true;
        }
        wish->place->n_running--;
        if (wish->place->n_running == 0) {
                *network = wish->place->id;
                *name = wish->place->name;
        }
        return true;
}

/* ---- What is wanted ---- */

static void forget_aliases(const char *key, void *value, void *data) {
        Place *place = value;

        (void) key;
        (void) data;
        place->n_aliases = 0;
}

static int add_alias(Place *place, const char *alias) {
        for (size_t i = 0; i < place->n_aliases; i++)
                if (strcmp(place->aliases[i], alias) == 0)
                        return 0;
        const char **list =
                reallocarray(place->aliases, place->n_aliases + 1, sizeof *place->aliases);
        if (list == NULL)
                return -ENOMEM;
        place->aliases = list;
        place->aliases[place->n_aliases++] = alias;
        return 0;
}

static void gather_aliases(const char *key, void *value, void *data) {
        const Owner *owner = value;
        int *result = data;

        (void) key;
        for (size_t i = 0; i < owner->n; i++) {
                const OneWish *wish = &owner->list[i];

                for (size_t j = 0; wish->running && *result >= 0 && j < wish->n_aliases; j++)
                        *result = add_alias(wish->place, wish->aliases[j]);
                if (wish->running)
                        wish->place->why = owner->why;
        }
}

typedef struct Listing {
        JoinWishes *wishes;
        uint64_t now_usec;
        uint64_t wake_usec;
} Listing;

static void list_place(const char *key, void *value, void *data) {
        const Place *place = value;
        Listing *listing = data;
        JoinWishes *wishes = listing->wishes;
        bool held = place->retry_usec > listing->now_usec;

        (void) key;
        if (place->n_running == 0 || wishes->n_wanted == wishes->room)
                return;
        if (held && (listing->wake_usec == 0 || place->retry_usec < listing->wake_usec))
                listing->wake_usec = place->retry_usec;
        wishes->wanted[wishes->n_wanted++] = (JoinWanted){
                .id = place->id,
                .name = place->name,
                .why = place->why,
                .aliases = place->aliases,
                .n_aliases = place->n_aliases,
                .held = held,
        };
}

int join_wishes_list(
        JoinWishes *wishes,
        uint64_t now_usec,
        const JoinWanted **ret,
        size_t *ret_n,
        uint64_t *wake_usec
) {
        Listing listing = { wishes, now_usec, *wake_usec };
        int r = 0;

        index_visit(wishes->places, forget_aliases, NULL);
        index_visit(wishes->owners, gather_aliases, &r);
        if (r < 0)
                return r;

        size_t n = index_size(wishes->places);
        JoinWanted *wanted = reallocarray(wishes->wanted, n + 1, sizeof *wanted);
        if (wanted == NULL)
                return -ENOMEM;
        wishes->wanted = wanted;
        wishes->n_wanted = 0;
        wishes->room = n;
        index_visit(wishes->places, list_place, &listing);
        *wake_usec = listing.wake_usec;
        *ret = wishes->wanted;
        *ret_n = wishes->n_wanted;
        return 0;
}

/* ---- What became of it ---- */

bool join_wishes_note_failure(
        JoinWishes *wishes,
        const char *network,
        const char *text,
        uint64_t now_usec,
        uint32_t random
) {
        Place *place = network ? index_get(wishes->places, network) : NULL;
        if (place == NULL || place->n_running == 0)
                return false;

        char *copy = strdup(text);
        if (copy != NULL) {
                free(place->failure);
                place->failure = copy;
        }
        place->retry_usec = now_usec + backoff_next(&place->backoff, random);
        return true;
}

void join_wishes_note_success(JoinWishes *wishes, const char *network) {
        Place *place = network ? index_get(wishes->places, network) : NULL;
        if (place == NULL)
                return;

        free(place->failure);
        place->failure = NULL;
        place->retry_usec = 0;
        backoff_reset(&place->backoff);
}

const char *join_wishes_failure(const JoinWishes *wishes, const char *network) {
        const Place *place = index_get(wishes->places, network);
        return place ? place->failure : NULL;
}

typedef struct Telling {
        const char *network;
        void (*tell)(const char *owner, void *data);
        void *data;
} Telling;

static void tell_owner(const char *key, void *value, void *data) {
        const Owner *owner = value;
        const Telling *telling = data;
        bool concerned = telling->network[0] == '\0';

        for (size_t i = 0; i < owner->n && !concerned; i++)
                concerned = strcmp(owner->list[i].place->id, telling->network) == 0;
        if (concerned)
                telling->tell(key, telling->data);
}

void join_wishes_tell(
        const JoinWishes *wishes,
        const char *network,
        void (*tell)(const char *owner, void *data),
        void *data
) {
        Telling telling = { network, tell, data };

        index_visit(wishes->owners, tell_owner, &telling);
}

/* ---- Its life ---- */

int join_wishes_new(JoinWishes **ret) {
        JoinWishes *wishes = calloc(1, sizeof *wishes);
        if (wishes == NULL)
                return -ENOMEM;

        int r = index_new(JOIN_OWNERS_MAX, &wishes->owners);
        if (r >= 0)
                r = index_new((size_t) JOIN_OWNERS_MAX * 4, &wishes->containers);
        if (r >= 0)
                r = index_new(JOINS_MAX, &wishes->places);
        if (r < 0) {
                (void) join_wishes_free(wishes);
                return r;
        }
        *ret = wishes;
        return 0;
}

static void free_owner(const char *key, void *value, void *data) {
        Owner *owner = value;

        (void) key;
        (void) data;
        for (size_t i = 0; i < owner->n; i++)
                for (size_t j = 0; j < owner->list[i].n_aliases; j++)
                        free(owner->list[i].aliases[j]);
        free(owner->list);
        free(owner->key);
        free(owner->why);
        free(owner);
}

static void free_place(const char *key, void *value, void *data) {
        (void) key;
        (void) data;
        place_free(value);
}

JoinWishes *join_wishes_free(JoinWishes *wishes) {
        if (wishes == NULL)
                return NULL;
        if (wishes->owners != NULL)
                index_visit(wishes->owners, free_owner, NULL);
        if (wishes->places != NULL)
                index_visit(wishes->places, free_place, NULL);
        (void) index_free(wishes->owners);
        (void) index_free(wishes->containers);
        (void) index_free(wishes->places);
        free(wishes->wanted);
        free(wishes);
        return NULL;
}
