/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "docker/engine.h"
#include "model/proxy-log.h"

/*
 * AccessLog: the requests that the proxy's log tells of, read out of the engine's stream of it.
 */
typedef struct AccessLog AccessLog;

typedef struct AccessLogSetup {
        Engine *engine;
        const char *proxy_id;
        uint64_t since; /* seconds since 1970 */
        bool from_now;  /* instead: nothing of what is there already, whatever the clock says */
        bool follow;    /* for ever, else to its end of now */
        void (*begun)(void *data); /* the engine answers; may be NULL */
        void (*request)(const ProxyRequest *request, void *data);
        void (*ended)(const EngineAnswer *answer, void *data); /* may free it */
        void *data;
} AccessLogSetup;

/* Of what is there already only the last 50,000 lines are read. */
int access_log_open(const AccessLogSetup *setup, AccessLog **ret);
AccessLog *access_log_free(AccessLog *log);
DEFINE_CLEANUP(AccessLog, access_log_free);
