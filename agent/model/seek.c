/* SPDX-License-Identifier: Apache-2.0 */
#include "model/seek.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/nearest.h"

void seek_begin(Seek *seek, const char *name) {
        *seek = (Seek){ .name = name, .distance = NEAREST_WORD_MAX };
}

size_t seek_stack_length(const char *name) {
        return strcspn(name, "/#");
}

static SeekRank
rank_of(const char *name, const Identity *identity, const char *const *ids, size_t n_ids) {
        size_t size = strlen(name);

        if (strcmp(name, identity->key) == 0)
                return SEEK_KEY;
        if (strcmp(name, identity->human) == 0)
                return SEEK_HUMAN;
        for (size_t i = 0; size >= SEEK_ID_MIN && i < n_ids; i++)
                if (strncmp(ids[i], name, size) == 0)
                        return SEEK_ID;
        if (identity->project[0] != '\0' && seek_stack_length(identity->human) == size
            && strncmp(name, identity->human, size) == 0)
                return SEEK_STACK;
        if (identity->project[0] != '\0' && strcmp(name, identity->project) == 0)
                return SEEK_PROJECT;
        return SEEK_NOTHING;
}

static void note_nearest(Seek *seek, const Identity *identity) {
        const char *const words[] = { identity->human, identity->key };

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                unsigned distance = nearest_distance(seek->name, words[i]);

                if (distance < seek->distance && nearest_word(seek->name, &words[i], 1) != NULL) {
                        seek->distance = distance;
                        seek->nearest = identity;
                }
        }
}

void seek_try(Seek *seek, const Identity *identity, const char *const *ids, size_t n_ids) {
        SeekRank rank = rank_of(seek->name, identity, ids, n_ids);

        note_nearest(seek, identity);
        if (rank == SEEK_NOTHING || rank < seek->rank)
                return;
        if (rank > seek->rank) {
                seek->rank = rank;
                seek->n_found = 0;
        }
        if (seek->n_found < SEEK_FOUND_MAX)
                seek->found[seek->n_found] = identity;
        seek->n_found++;
}

static int complain_ambiguous(const Seek *seek, Error *err) {
        char list[320] = "";
        size_t used = 0;
        size_t shown = seek->n_found < SEEK_FOUND_MAX ? seek->n_found : SEEK_FOUND_MAX;

        for (size_t i = 0; i < shown && used < sizeof list; i++)
                used += (size_t) snprintf(
                        list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                        seek->found[i]->key
                );
        return error_set(
                err, -ENOTUNIQ, "'%.60s' may be any of %zu, say which: %s%s", seek->name,
                seek->n_found, list, shown < seek->n_found ? ", ..." : ""
        );
}

int seek_end(const Seek *seek, const Identity **ret, Error *err) {
        if (seek->n_found > 1)
                return complain_ambiguous(seek, err);
        if (seek->n_found == 1) {
                *ret = seek->found[0];
                return 0;
        }
        if (seek->nearest != NULL)
                return error_set(
                        err, -ENOENT, "no consumer '%.100s'; did you mean %.200s?", seek->name,
                        seek->nearest->human
                );
        return error_set(
                err, -ENOENT, "no consumer '%.100s': coollama status shows those that there are",
                seek->name
        );
}
