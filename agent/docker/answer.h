/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "docker/engine.h"

/*
 * Answer: what an HTTP result of the engine means. The engine's words are taken from the "message"
 * of a JSON body only; a proxy's page or a stray text is never shown.
 */

/* Fills ret, whose json is owned by the caller then (answer_done()). socket_path is for the text.
 */
void answer_from_result(const HttpResult *result, const char *socket_path, EngineAnswer *ret);

void answer_done(EngineAnswer *answer);

/* An answer that the engine never gave: a refused version, a broken connection. */
void answer_from_error(Outcome outcome, const Error *error, EngineAnswer *ret);

/* The engine's message, or NULL. Borrowed from the answer. */
const char *answer_message(const EngineAnswer *answer);
