/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "docker/engine.h"

/*
 * Evidence: which consumers had a request answered since a moment, from the proxy's access log.
 */
typedef struct Evidence Evidence;

/* result 0 or negative errno; the evidence may be asked from then on. May free it. */
typedef void EvidenceDone(int result, const Error *error, void *data);

/* since: seconds since 1970. */
int evidence_start(
        Engine *engine,
        const char *proxy_id,
        uint64_t since,
        EvidenceDone *done,
        void *data,
        Evidence **ret
);
Evidence *evidence_free(Evidence *evidence);

/* Was a request of the consumer with this key number answered? */
bool evidence_has(const Evidence *evidence, uint64_t key_number);
