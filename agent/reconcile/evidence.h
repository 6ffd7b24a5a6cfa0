/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "docker/engine.h"

/*
 * Evidence: which consumers had a request answered, from the proxy's access log, which is followed
 * as it is written. What was seen stays known when the proxy is made anew and its log is gone.
 */
typedef struct Evidence Evidence;

int evidence_new(sd_event *event, Engine *engine, Evidence **ret);
Evidence *evidence_free(Evidence *evidence);

/*
 * From now on the log of this proxy is read; NULL: it does not run. since: seconds since 1970, in
 * the engine's own time; 0 all of its log, EVIDENCE_FROM_NOW nothing of what is there. The same
 * proxy again goes on where it ended.
 */
#define EVIDENCE_FROM_NOW UINT64_MAX
void evidence_follow(Evidence *evidence, const char *proxy_id, uint64_t since);

/* What was seen until now is no proof. */
void evidence_forget(Evidence *evidence);

/* Was a request of the consumer with this key number answered? */
bool evidence_has(const Evidence *evidence, uint64_t key_number);
