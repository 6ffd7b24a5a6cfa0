/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "model/container.h"

/*
 * Unlink: a linked container's document as it would be without its link. Pure.
 *
 * What the link added goes, what it replaced comes back, in the old order and place; a variable
 * that no longer holds what the link put there is its user's, and stays.
 */
typedef struct Unlink {
        json_t *inspect; /* the container's document with the old environment and hosts */
        json_t *gained;  /* "NAME=value": what comes back */
        json_t *lost;    /* "NAME=value" and hosts that go */
} Unlink;

/* kept: what the link of this container replaced (model/kept.h). -EBADMSG for documents that no
 * engine sends, -ENOMEM. The caller frees with unlink_done() also after an error. */
int unlink_compute(const Container *container, const json_t *kept, Unlink *ret, Error *err);
void unlink_done(Unlink *made);
