/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"

/*
 * Outage: who is owed a restart after Ollama was away. Pure.
 *
 * A run is a pair of a container's id and its StartedAt, an opaque string: the same pair is the
 * same run of the same container. At the end of an outage everybody who runs is written down,
 * marked whether that very run was there when it began. A consumer is restarted if and only if its
 * present run equals an entry; done or changed, the entry goes. No times are compared. What an
 * entry comes to is decided with the consumer's own wishes (model/debt.h).
 */
#define OUTAGE_RUNS_MAX 40000 /* as many containers as the reconciler knows */

typedef struct Run {
        char *id;
        char *started_at;
        bool lived; /* it was running when the outage began */
} Run;

/* At most one run of each container. */
typedef struct RunList {
        Run *runs;
        size_t n;
        size_t room;
        bool sorted; /* by id */
} RunList;

int run_list_add(
        RunList *list, const char *id, const char *started_at, bool lived
); /* -ENOMEM, -ENOSPC */
/* The run of that container; with started_at only that very run. Sorts the list when it was added
 * to. */
Run *run_list_find(RunList *list, const char *id, const char *started_at);
void run_list_remove(RunList *list, const char *id);
void run_list_done(RunList *list);
json_t *run_list_to_json(const RunList *list);            /* NULL without memory */
int run_list_from_json(const json_t *json, RunList *ret); /* -EBADMSG, -ENOMEM, -ENOSPC */

typedef struct Outage {
        bool open;      /* Ollama is away; suspends the list of those who are owed */
        RunList before; /* who ran when it began */
        RunList owed;
        char *provider_id; /* the run of the provider that was last seen up; "" before the first */
        char *provider_started_at;
} Outage;

void outage_done(Outage *outage);

/* Ollama was up and is not any more: running is taken over. Nothing happens when it is open
 * already. */
void outage_begin(Outage *outage, RunList *running);

/*
 * It is up again: who runs now is added to those who are owed; those who stopped running are
 * dropped. counts is false for one that was too short: then nobody is owed anything by it. -ENOMEM,
 * -ENOSPC.
 */
int outage_end(Outage *outage, const RunList *running, bool counts);

/*
 * The provider is up with this run. True when another run of it was seen up before and nobody
 * watched it go (the daemon was off, or it was re-created): such an outage is to be counted once.
 */
bool outage_is_unwatched(const Outage *outage, const char *id, const char *started_at);
/* Another run of it was the last that was seen up. */
bool outage_is_another_run(const Outage *outage, const char *id, const char *started_at);
int outage_remember_provider(Outage *outage, const char *id, const char *started_at);

/* The entry of this very run while no outage is open; NULL: it is owed nothing. */
const Run *outage_owes(Outage *outage, const char *id, const char *started_at);

/*
 * For how long Ollama must have been up before anybody is restarted, when it went down soon after
 * restarts in_a_row times already: restarts that bring it down must not go on for ever. 0 for the
 * first times, then grace_usec, doubled each time up to 64 times that.
 */
uint64_t outage_calm_usec(unsigned in_a_row, uint64_t grace_usec);

/* As it is kept on disk. NULL without memory; -EBADMSG for what is none of it. */
json_t *outage_to_json(const Outage *outage);
int outage_from_json(const json_t *json, Outage *ret, Error *err);
