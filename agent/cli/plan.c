/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 30

static void add_line(Text *text, const char *head, const char *words, unsigned width) {
        Text clean = TEXT_INIT(16384);

        (void) text_add_clean(&clean, words);
        cleanup(freep) char *string = text_take(&clean);
        (void) text_add(text, head);
        (void) text_add_wrapped(text, string ? string : "", strlen(head), width);
        (void) text_add(text, "\n");
}

static void print_steps(const json_t *steps, unsigned width, Text *text) {
        size_t i;
        json_t *step;

        json_array_foreach(steps, i, step) {
                char head[16];

                (void) snprintf(head, sizeof head, "  %2u. ", (unsigned) (i + 1) % 1000);
                add_line(text, head, json_string_value(step) ? json_string_value(step) : "", width);
        }
}

static void print_consumer(const json_t *consumer, unsigned width, Text *text) {
        cleanup(freep) char *first = text_format(
                "%s: %s: %s", text_of(consumer, "name"), text_of(consumer, "state"),
                text_of(consumer, "reason")
        );

        cleanup(freep) char *gap =
                text_format("%s: %s", text_of(consumer, "gap"), text_of(consumer, "gap_why"));

        add_line(text, "", first ? first : "", width);
        if (text_of(consumer, "would_add")[0] != '\0')
                add_line(text, "  would set ", text_of(consumer, "would_add"), width);
        if (text_of(consumer, "reach")[0] != '\0')
                add_line(text, "  reach     ", text_of(consumer, "reach"), width);
        if (text_of(consumer, "gap")[0] != '\0')
                add_line(text, "  gap       ", gap ? gap : "", width);
        if (text_of(consumer, "next")[0] != '\0')
                add_line(text, "  next step: ", text_of(consumer, "next"), width);
        print_steps(json_object_get(consumer, "steps"), width, text);
}

int plan_print(const json_t *document, unsigned width, Text *text) {
        const json_t *provider = json_object_get(document, "provider");
        const json_t *consumers = json_object_get(document, "consumers");
        size_t i;
        json_t *consumer;

        if (json_array_size(provider) == 0 && json_array_size(consumers) == 0)
                return text_add(text, "Nothing to do.\n");
        if (json_array_size(provider) > 0) {
                (void) text_add(text, "The shared Ollama:\n");
                print_steps(provider, width, text);
        }
        json_array_foreach(consumers, i, consumer) {
                print_consumer(consumer, width, text);
        }
        return text_add(text, "");
}

int plan_run(const Options *options) {
        const ClientQuestion question = { .method = "GET",
                                          .path = "/plan",
                                          .timeout_secs = TIMEOUT_SECS };
        return answer_run(options, &question, plan_print, NULL);
}
