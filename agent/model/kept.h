/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "model/container.h"
#include "model/link.h"
#include "model/swap-record.h"

/*
 * Kept: what a swap replaced, as a document: one for each identity and container number.
 *
 *   {"version": 1, "what": "link" | "unlink", "identity", "number", "name",
 *    "id": the new container, "old_id", "when": seconds since 1970, for people,
 *    "variables": [{"name", "before": VALUE | null, "after": VALUE | null}], "host_entry": bool,
 *    "old": the old inspect document,
 *    "files": paths of what was put into it before its start, and copied,
 *    "create": the body that makes the old one again, "connects", "platform", "api"}
 *
 * It holds secrets: the environment of the old one, and the key of the new one.
 */
#define KEPT_VERSION 1

/* How the old one is made again; each may be NULL. References are taken. */
typedef struct KeptCreate {
        json_t *body;
        json_t *connects;
        const char *platform;
        unsigned api;
} KeptCreate;

/*
 * The document as it begins, with the swap, for the record: what the new one's is and what "old" is
 * come at its end. New references; NULL without memory.
 */
json_t *kept_begin_link(const Container *old, const Link *link, const KeptCreate *create);
json_t *kept_begin_unlink(const Container *old, const json_t *linked, const KeptCreate *create);

/* The document of a swap whose new container stays; NULL without memory, or where the record (of an
 * earlier version) began none. */
json_t *kept_finish(const SwapRecord *record, const Container *made);

/*
 * What is to be kept, where previous (may be NULL) is kept already. A container that was our own
 * product is no original: what stood there before the first of its links stays, and its document.
 * A new reference, NULL without memory.
 */
json_t *kept_merge(json_t *previous, json_t *kept);

/* 0, or -EBADMSG with what is missing in a document that was read. */
int kept_check(const json_t *kept, Error *err);

/* Is it of this very container, and does it say what a link put into it? */
bool kept_is_link_of(const json_t *kept, const Container *container);
