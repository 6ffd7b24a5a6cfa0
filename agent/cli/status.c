/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/timestamp.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"

#define TIMEOUT_SECS 30

static void add_line(Text *text, const char *head, Text *line, unsigned width) {
        cleanup(freep) char *words = text_take(line);

        (void) text_addf(text, "%-9s ", head);
        (void) text_add_wrapped(text, words ? words : "", 10, width);
        (void) text_add(text, "\n");
}

static void add_part(Text *line, const char *before, const char *value) {
        if (value[0] == '\0')
                return;
        (void) text_add(line, before);
        (void) text_add_clean(line, value);
}

static void add_more(Text *text, const char *head, const char *value, unsigned width) {
        Text line = TEXT_INIT(16384);

        if (value[0] == '\0')
                return;
        (void) text_add_clean(&line, value);
        add_line(text, head, &line, width);
}

static void print_provider(const json_t *provider, unsigned width, Text *text) {
        bool up = json_is_true(json_object_get(provider, "up"));
        bool managed = json_is_string(json_object_get(provider, "mode"))
                       && text_of(provider, "image")[0] != '\0';
        Text line = TEXT_INIT(16384);

        (void) text_add(&line, up ? "up, " : "down, ");
        (void) text_add_clean(&line, text_of(provider, "mode"));
        add_part(&line, " ", text_of(provider, "name"));
        (void) text_add(
                &line, json_is_true(json_object_get(provider, "secured")) ? ", each with its key"
                                                                          : ", no keys"
        );
        add_part(&line, ", for consumers ", text_of(provider, "url"));
        if (strcmp(text_of(provider, "mode"), "external") != 0)
                add_part(&line, ", bound to ", text_of(provider, "bind"));
        add_part(&line, ", image ", text_of(provider, "image"));
        add_part(&line, ", ", text_of(provider, "gpu"));
        add_line(text, "Ollama", &line, width);
        if (!managed)
                add_more(text, "  chosen", text_of(provider, "chosen"), width);
        add_more(text, "  why", text_of(provider, "why"), width);
        add_more(text, "  next", text_of(provider, "next"), width);
        add_more(text, "  note", text_of(provider, "note"), width);
}

/* Those that the configuration names. */
static void print_models(const json_t *models, unsigned width, Text *text) {
        Text line = TEXT_INIT(16384);
        size_t i;
        json_t *model;

        if (json_array_size(models) == 0)
                return;
        json_array_foreach(models, i, model) {
                add_part(&line, i > 0 ? ", " : "", text_of(model, "name"));
                add_part(&line, " ", text_of(model, "state"));
                add_part(&line, ": ", text_of(model, "why"));
        }
        add_line(text, "Models", &line, width);
}

/* Hung or away: what is shown above is what was known then. */
static void add_silence(const json_t *engine, json_int_t now, Text *line) {
        const json_t *since = json_object_get(engine, "lost_since");
        json_int_t for_secs = now - json_integer_value(since);
        char moment[TIMESTAMP_TEXT_MAX];
        char duration[DURATION_TEXT_MAX];

        (void) text_add(line, "not answering");
        if (!json_is_integer(since))
                return;
        (void) text_addf(
                line, " since %s (%s)",
                timestamp_format((uint64_t) json_integer_value(since), moment),
                duration_format(for_secs > 0 ? (uint64_t) for_secs * USEC_PER_SEC : 0, duration)
        );
}

static void print_engine(const json_t *engine, json_int_t now, unsigned width, Text *text) {
        json_int_t api = json_integer_value(json_object_get(engine, "api"));
        bool followed = json_is_true(json_object_get(engine, "followed"));
        Text line = TEXT_INIT(16384);

        if (!followed)
                add_silence(engine, now, &line);
        add_part(&line, followed ? "" : ", ", text_of(engine, "version"));
        if (api > 0)
                (void) text_addf(&line, " (API 1.%" JSON_INTEGER_FORMAT ")", api);
        add_part(&line, " on ", text_of(engine, "socket"));
        add_line(text, "Docker", &line, width);
        if (followed)
                return;
        add_more(text, "  why", text_of(engine, "why"), width);
        add_more(
                text, "  next",
                "systemctl status docker; journalctl -u docker. Containers go on meanwhile, and so does "
                "coollama when Docker answers again",
                width
        );
}

static void print_pause(const json_t *pause, unsigned width, Text *text) {
        Text line = TEXT_INIT(4096);

        if (!json_is_object(pause))
                return;
        add_part(&line, "", text_of(pause, "sentence"));
        add_part(&line, "; next: ", text_of(pause, "next"));
        add_line(text, "Pause", &line, width);
}

/* Where no label of its own says so. */
static char *opted_in_by(const json_t *consumer) {
        const char *how = text_of(consumer, "opted_in");

        if (strcmp(how, "order") == 0)
                return strdup("; linked by your order");
        if (strcmp(how, "stack") == 0)
                return text_format(
                        "; opted in by coollama.scope=stack of %s", text_of(consumer, "spoken_by")
                );
        return strdup("");
}

/* "never", "2 m ago"; "-" where there is no key to be seen. */
static char *key_seen_text(const json_t *consumer, json_int_t now) {
        const char *carrier = text_of(consumer, "carrier");
        const json_t *seen = json_object_get(consumer, "key_seen");
        json_int_t ago = now - json_integer_value(seen);
        char text[DURATION_TEXT_MAX];

        if (json_is_integer(seen))
                return text_format(
                        "%s ago", duration_format(ago > 0 ? (uint64_t) ago * USEC_PER_SEC : 0, text)
                );
        return strdup(carrier[0] == '\0' || strcmp(carrier, "none") == 0 ? "-" : "never");
}

static int add_consumer(Table *table, const json_t *consumer, json_int_t now) {
        const char *next = text_of(consumer, "next");
        const char *note = text_of(consumer, "note");
        cleanup(freep) char *linked = text_format(
                "%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
                json_integer_value(json_object_get(consumer, "linked")),
                json_integer_value(json_object_get(consumer, "containers"))
        );
        cleanup(freep) char *opted_in = opted_in_by(consumer);
        cleanup(freep) char *why = text_format(
                "%s%s%s%s%s%s", text_of(consumer, "reason"), opted_in ? opted_in : "",
                note[0] != '\0' ? "; " : "", note, next[0] != '\0' ? "; next: " : "", next
        );
        cleanup(freep) char *seen = key_seen_text(consumer, now);
        const char *const cells[] = { text_of(consumer, "name"),
                                      text_of(consumer, "state"),
                                      linked,
                                      text_of(consumer, "reach"),
                                      seen,
                                      why };

        return linked && why && seen ? table_add(table, cells) : -ENOMEM;
}

/* Below the table: it is the same for all that it is said of. */
static void print_rungs(const json_t *consumers, unsigned width, Text *text) {
        Text line = TEXT_INIT(1024);
        unsigned n = 0;
        size_t i;
        json_t *consumer;

        json_array_foreach(consumers, i, consumer) {
                n += json_integer_value(json_object_get(consumer, "rung")) == 2;
        }
        if (n == 0)
                return;
        (void) text_addf(
                &line,
                "%u of them on rung 2: re-created to be linked, so each deployment starts twice. What "
                "coollama env NAME prints, pasted into Coolify, ends that.",
                n
        );
        cleanup(freep) char *words = text_take(&line);
        (void) text_add(text, "\n");
        (void) text_add_wrapped(text, words ? words : "", 0, width);
        (void) text_add(text, "\n");
}

static int print_consumers(const json_t *consumers, json_int_t now, unsigned width, Text *text) {
        static const char *const heads[] = { "NAME",  "STATE",    "LINKED",
                                             "REACH", "KEY SEEN", "REASON AND NEXT STEP" };
        cleanup(table_freep) Table *table = NULL;
        size_t i;
        json_t *consumer;

        if (json_array_size(consumers) == 0) {
                (void) text_add(text, "\n");
                (void) text_add_wrapped(
                        text,
                        "No container has opted in. The label coollama.enable=true does it, in a compose file or in "
                        "Coolify's container labels; coollama link NAME does without a label.",
                        0, width
                );
                return text_add(text, "\n");
        }
        int r = table_new(heads, ARRAY_LEN(heads), &table);
        json_array_foreach(consumers, i, consumer) {
                if (r >= 0)
                        r = add_consumer(table, consumer, now);
        }
        if (r < 0)
                return r;
        (void) text_add(text, "\n");
        r = table_print(table, width, text);
        print_rungs(consumers, width, text);
        return r;
}

int status_print(const json_t *document, unsigned width, Text *text) {
        json_int_t now = json_integer_value(json_object_get(document, "now"));

        (void) text_add_clean(text, text_of(document, "sentence"));
        (void) text_add(text, "\n\n");
        print_pause(json_object_get(document, "pause"), width, text);
        print_provider(json_object_get(document, "provider"), width, text);
        print_models(json_object_get(json_object_get(document, "provider"), "models"), width, text);
        print_engine(json_object_get(document, "engine"), now, width, text);
        return print_consumers(json_object_get(document, "consumers"), now, width, text);
}

int status_run(const Options *options) {
        const ClientQuestion question = { .method = "GET",
                                          .path = "/status",
                                          .timeout_secs = TIMEOUT_SECS };
        return answer_run(options, &question, status_print, NULL);
}
