/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/answer.h"

#include <stdlib.h>

#include "base/macro.h"
#include "cli/output.h"

int answer_run(
        const Options *options,
        const ClientQuestion *question,
        AnswerPrint *print,
        AnswerJudge *judge
) {
        cleanup(freep) char *body = NULL;
        json_t *document = NULL;
        Text text = TEXT_INIT(OUTPUT_MAX);
        Error err = { 0 };

        if (client_ask(options, question, &body, &document, &err) < 0)
                return output_error(&err);
        if (options->json)
                (void) text_addf(&text, "%s\n", body);
        else
                (void) print(document, output_width(), &text);
        int status = judge != NULL ? judge(document) : 0;
        json_decref(document);
        return output_text(&text, status);
}
