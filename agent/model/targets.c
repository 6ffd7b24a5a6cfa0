/* SPDX-License-Identifier: Apache-2.0 */
#include "model/targets.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/opt-in.h"

/* What did not opt in may stand among the containers all the same: a look-up by name finds whoever
 * has the name. */
static bool has_opted_in(const ConsumerView *view, const Container *container) {
        return opt_in_of(container->labels, container->image, &view->opt_in) != OPT_IN_NOT;
}

static int compare_numbers(const void *a, const void *b) {
        const char *left = (*(const SeenContainer *const *) a)->container->number;
        const char *right = (*(const SeenContainer *const *) b)->container->number;
        size_t left_length = strlen(left), right_length = strlen(right);

        if (left_length != right_length)
                return left_length < right_length ? -1 : 1;
        return strcmp(left, right);
}

/* Only the newest deployment counts, and of each container number the newest container. */
void targets_find(const ConsumerView *view, Targets *ret) {
        const Container *newest = NULL;

        for (size_t i = 0; i < view->n_containers; i++)
                if (has_opted_in(view, view->containers[i].container)
                    && (newest == NULL || container_is_newer(view->containers[i].container, newest)
                    ))
                        newest = view->containers[i].container;

        ret->n = 0;
        if (newest == NULL)
                return;

        for (size_t i = 0; i < view->n_containers; i++) {
                const SeenContainer *seen = &view->containers[i];
                size_t at = 0;

                if (!has_opted_in(view, seen->container)
                    || strcmp(seen->container->config_hash, newest->config_hash) != 0)
                        continue;
                while (at < ret->n
                       && strcmp(ret->list[at]->container->number, seen->container->number) != 0)
                        at++;
                if (at == TARGETS_MAX)
                        continue;
                if (at == ret->n)
                        ret->list[ret->n++] = seen;
                else if (container_is_newer(seen->container, ret->list[at]->container))
                        ret->list[at] = seen;
        }
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is sorted */
        qsort(ret->list, ret->n, sizeof ret->list[0], compare_numbers);
}
