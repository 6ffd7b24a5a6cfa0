/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "cli/client.h"
#include "cli/options.h"

/*
 * Story: tells the daemon to do something that takes a while, and prints how far it is until it has
 * ended. Interrupted, it goes on in the daemon.
 */

/* The exit status: fine when it ended well. */
int story_run(const Options *options, const ClientQuestion *order);

/* One answer of GET /story as people read it: a line. Pure. */
int story_print(const json_t *document, unsigned width, Text *text);
