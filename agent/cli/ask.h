/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/options.h"

/*
 * Ask: the question before an order that is not easily taken back. Where nobody can be asked, the
 * order wants --yes.
 */

/* Adds the question, made of what the daemon answered. An error: there is nothing to be agreed to,
 * and its text says why. */
typedef int
AskPrint(const Options *options, const json_t *document, unsigned width, Text *text, Error *err);

/* Asks the daemon for that document (GET path, about name unless it is NULL), then whoever sits at
 * the terminal; nothing of either with --yes. True: go on; else why not was said. */
bool ask_first(const Options *options, const char *path, const char *name, AskPrint *print);

/* Adds what is told, and what is to be answered. Takes told over; the text's own errors. */
int ask_add_question(Text *text, Text *told, unsigned width);

/* Is this line a yes? */
bool ask_is_yes(const char *line);
