/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "cli/client.h"
#include "cli/options.h"

/*
 * Answer: asks the daemon one question and prints what it says, for people or (--json) as it came.
 */

/* Adds the document as people read it, for a terminal of so many columns (0: none). */
typedef int AnswerPrint(const json_t *document, unsigned width, Text *text);

/* The exit status that the document means; NULL: fine. */
typedef int AnswerJudge(const json_t *document);

/* Returns the command's exit status. */
int answer_run(
        const Options *options,
        const ClientQuestion *question,
        AnswerPrint *print,
        AnswerJudge *judge
);
