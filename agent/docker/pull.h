/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "docker/engine.h"

/*
 * Pull: brings an image, tells how far it is.
 *
 * POST /images/create; an error inside the 200 stream is an error; a stream that is silent for ten
 * minutes is given up. Free the pull to cancel it, also in its callbacks.
 */
typedef struct Pull Pull;

typedef struct PullProgress {
        uint64_t done_bytes;  /* come in, over all layers announced so far */
        uint64_t total_bytes; /* 0 while nothing is known */
} PullProgress;

typedef void PullTell(const PullProgress *progress, void *data);
typedef void PullDone(
        int result, const Error *error, void *data
); /* result 0, or negative errno with the text */

/* Errors that a caller may treat in its own way: -EDQUOT (rate limit), -ENOSPC, -ENOENT, -EACCES.
 * tell may be NULL. -EINVAL, without a callback, for what is no image's name.
 * image: "repo", "repo:tag", "host:port/repo:tag" or "repo@sha256:...". No tag means latest, never
 * all tags. */
int pull_start(
        Engine *engine, const char *image, PullTell *tell, PullDone *done, void *data, Pull **ret
);
Pull *pull_free(Pull *pull);
