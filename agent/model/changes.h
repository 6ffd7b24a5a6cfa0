/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/macro.h"

/*
 * Changes: what a container's own layer holds, from GET /containers/ID/changes, in an order where
 * all that is in a directory follows it. What counts as noise stands in changes.c, and nowhere
 * else.
 */
typedef struct Change {
        const char *path; /* borrowed from the answer */
        bool added;       /* the image has nothing of that name */
        bool deleted;
        bool is_dir;   /* something in it is in the list, too, or a look at it said so */
        bool at_mount; /* a mount's destination, or a directory that leads to one */
        bool in_mount; /* below one: not in the container's own layer, as its processes see it */
        bool kept;     /* set by whoever copies it: a re-creation does not lose it */
        bool doubtful; /* kept, but it may be the image's own, with another owner or mode */
} Change;

typedef struct Changes {
        json_t *answer;
        Change *list;
        size_t n;
} Changes;

/* inspect: the container's document, for its mounts; NULL: none. A reference to answer is taken.
 * -ENOMEM. */
int changes_new(json_t *answer, const json_t *inspect, Changes **ret);
Changes *changes_free(Changes *changes);
DEFINE_CLEANUP(Changes, changes_free);

/*
 * The paths that exist in the container alone, matter and are not kept, for people: the first few
 * and how many more. "": there are none. NULL without memory. Freed by the caller.
 */
char *changes_precious(const Changes *changes);

/* Has the container a directory of its own there, which the image has not? Such a one was made for
 * a mount, or by whoever put files into it. */
bool changes_added(const Changes *changes, const char *path);

/* Is path this directory, or in it? */
bool changes_is_within(const char *path, const char *directory);
