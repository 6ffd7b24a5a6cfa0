/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/macro.h"
#include "docker/engine.h"

/*
 * Prunes: when containers that do not run were pruned last, as the engine remembers it: of its last
 * 256 events, and since it was started. For what happened while nobody followed them.
 */
typedef struct Prunes Prunes;

/* When (microseconds since 1970, by the engine's clock); 0: not since, or it is not known. */
typedef void PrunesDone(uint64_t pruned_usec, void *data);

/* since_usec likewise. done is called once, from the loop; the Prunes may be freed there. */
int prunes_ask(Engine *engine, uint64_t since_usec, PrunesDone *done, void *data, Prunes **ret);
Prunes *prunes_free(Prunes *prunes);
DEFINE_CLEANUP(Prunes, prunes_free);
