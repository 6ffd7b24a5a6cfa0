/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/options.h"

/* The answer of POST /unlink and /relink as people read it. Pure. */
int order_print(const json_t *document, unsigned width, Text *text);

/* What is asked before either, from GET /explain: what it does to whom, and what that loses. Pure.
 */
int order_print_question(const char *command, const json_t *document, unsigned width, Text *text);

/* Is this line a yes? */
bool order_is_yes(const char *line);

/* Asks on the terminal; takes the question over. 1: go on; 0: it is not wanted; -ENOTTY where
 * nobody can be asked, with what to say instead. */
int order_ask(const Options *options, Text *question, Error *err);

/* Says so; the exit status. */
int order_not_wanted(void);
