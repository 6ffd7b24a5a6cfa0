/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "cli/options.h"

/*
 * Client: one question to the daemon, over its control socket.
 *
 * Returns 0 for an answer of status 200: its body in ret_body (free() it) as it came, its document
 * in ret_json (a new reference). Negative errno with a sentence for the operator when the daemon
 * does not answer (-ECONNREFUSED), does not allow it (-EACCES) or says no (-EREMOTEIO).
 */
typedef struct ClientQuestion {
        const char *method;
        const char *path;  /* "/verify" */
        const char *name;  /* value of the query's "name", unescaped; NULL: no query */
        const char *key;   /* what the query calls it instead; NULL: "name" */
        long timeout_secs; /* for the whole question */
} ClientQuestion;

int client_ask(
        const Options *options,
        const ClientQuestion *question,
        char **ret_body,
        json_t **ret_json,
        Error *err
);
