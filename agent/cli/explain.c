/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macro.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "model/json-each.h"

#define TIMEOUT_SECS 60
#define INDENT       12

static void add_line(Text *text, const char *head, const char *words, unsigned width) {
        Text clean = TEXT_INIT(65536);

        if (words[0] == '\0')
                return;
        (void) text_add_clean(&clean, words);
        cleanup(freep) char *string = text_take(&clean);
        (void) text_addf(text, "  %-9s ", head);
        (void) text_add_wrapped(text, string ? string : "", INDENT, width);
        (void) text_add(text, "\n");
}

/* Wall-clock time in the words of whoever reads it. */
static void format_time(json_int_t seconds, char *buffer, size_t size) {
        time_t time = (time_t) seconds;
        struct tm tm;

        if (localtime_r(&time, &tm) == NULL
            || strftime(buffer, size, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                (void) snprintf(buffer, size, "at an unknown time");
}

static void print_reach(const json_t *document, unsigned width, Text *text) {
        const char *reach = text_of(document, "reach");
        cleanup(freep) char *words = text_format("%s: %s", reach, text_of(document, "reach_why"));

        add_line(text, "reach", reach[0] != '\0' && words ? words : "", width);
}

/* How it is, and how it will be. */
static const char *const rungs[][2] = {
        { "0: the right values were there already, it is not touched" },
        { "1: coollama's proxy is in its network, it is not touched",
          "1: coollama's proxy joins its network, it is not touched" },
        { "2: re-created to be linked, so each deployment starts twice",
          "2: it has to be re-created, and again after each of its deployments" },
};

static void print_rung(const json_t *document, unsigned width, Text *text) {
        const json_t *rung = json_object_get(document, "rung");
        json_int_t number = json_integer_value(rung);
        const char *name = text_of(document, "name");
        bool linked = strcmp(text_of(document, "state"), "linked") == 0
                      || strcmp(text_of(document, "state"), "one step left") == 0;

        if (!json_is_integer(rung) || number < 0 || number >= (json_int_t) ARRAY_LEN(rungs))
                return;
        const char *words = linked ? rungs[number][0] : rungs[number][1];
        if (words == NULL)
                return;
        cleanup(freep) char *line =
                text_format("%s. What coollama env %s prints, pasted, ends that", words, name);
        add_line(text, "rung", number == 2 && line != NULL ? line : words, width);
}

static void print_gap(const json_t *document, unsigned width, Text *text) {
        const char *gap = text_of(document, "gap");
        cleanup(freep) char *words = text_format("%s: %s", gap, text_of(document, "gap_why"));

        add_line(text, "gap", gap[0] != '\0' && words ? words : "", width);
}

static void print_labels(const json_t *labels, unsigned width, Text *text) {
        Text line = TEXT_INIT(65536);
        const char *name;
        json_t *value;

        json_object_foreach(json_to_iterate(labels), name, value) {
                const char *string = json_string_value(value);
                (void) text_addf(
                        &line, "%s%s=%s", line.size > 0 ? ", " : "", name, string ? string : ""
                );
        }
        cleanup(freep) char *words = text_take(&line);
        add_line(text, "labels", words ? words : "", width);
}

static void print_attempts(const json_t *attempts, unsigned width, Text *text) {
        json_int_t failed = json_integer_value(json_object_get(attempts, "failed"));
        char since[64];

        if (failed == 0)
                return;
        format_time(json_integer_value(json_object_get(attempts, "since")), since, sizeof since);
        cleanup(freep) char *words = text_format(
                "%d of %d failed since %s, with container %.12s; the last one: %s", (int) failed,
                (int) json_integer_value(json_object_get(attempts, "of")), since,
                text_of(attempts, "container"), text_of(attempts, "last")
        );
        add_line(text, "attempts", words ? words : "", width);
}

static void print_files(const json_t *files, unsigned width, Text *text) {
        Text line = TEXT_INIT(65536);
        size_t i;
        json_t *path;

        if (json_array_size(files) == 0)
                return;
        (void) text_add(&line, "only this container has them, a re-creation loses them: ");
        json_array_foreach(files, i, path) {
                const char *string = json_string_value(path);
                (void) text_addf(&line, "%s%s", i > 0 ? ", " : "", string ? string : "");
        }
        cleanup(freep) char *words = text_take(&line);
        add_line(text, "files", words ? words : "", width);
}

static const char *or_absent(const json_t *value) {
        const char *string = json_string_value(value);

        return string == NULL ? "absent" : string[0] == '\0' ? "empty" : string;
}

static void print_variables(const json_t *replaced, Text *text) {
        static const char *const heads[] = { "", "CHANGED", "BEFORE", "NOW" };
        cleanup(table_freep) Table *table = NULL;
        const char *entry = text_of(replaced, "host_entry");
        bool linked = strcmp(text_of(replaced, "what"), "link") == 0;
        size_t i;
        json_t *item;

        int r = table_new(heads, ARRAY_LEN(heads), &table);
        json_array_foreach(json_object_get(replaced, "variables"), i, item) {
                const char *const cells[] = { " ", text_of(item, "name"),
                                              or_absent(json_object_get(item, "before")),
                                              or_absent(json_object_get(item, "after")) };
                if (r >= 0)
                        r = table_add(table, cells);
        }
        if (r >= 0 && entry[0] != '\0') {
                const char *const cells[] = { " ", "host entry", linked ? "absent" : entry,
                                              linked ? entry : "absent" };
                r = table_add(table, cells);
        }
        if (r >= 0)
                (void) table_print(table, 0, text);
}

static void print_replaced(const json_t *document, const json_t *replaced, Text *text) {
        char when[64];
        size_t i;
        json_t *line;

        format_time(json_integer_value(json_object_get(replaced, "when")), when, sizeof when);
        (void) text_addf(
                text, "  It replaced %.12s, %s%s:\n", text_of(replaced, "old_id"), when,
                strcmp(text_of(replaced, "what"), "link") == 0 ? "" : ", to take the link away"
        );
        print_variables(replaced, text);
        (void) text_add(text, "  The old one's document: ");
        (void) text_add_clean(text, text_of(replaced, "document"));
        (void) text_add(text, "\n");
        if (strcmp(text_of(replaced, "what"), "link") == 0)
                (void) text_addf(
                        text, "  To put that back: coollama unlink %s\n", text_of(document, "name")
                );
        if (json_array_size(json_object_get(replaced, "by_hand")) > 0)
                (void) text_add(
                        text,
                        "  By hand, as root (coollamad links it again when it is started, unless it is unlinked):\n"
                );
        json_array_foreach(json_object_get(replaced, "by_hand"), i, line) {
                (void) text_add(text, "    ");
                (void) text_add_clean(text, json_string_value(line) ? json_string_value(line) : "");
                (void) text_add(text, "\n");
        }
}

static void print_swap(const json_t *swap, unsigned width, Text *text) {
        if (!json_is_object(swap))
                return;
        cleanup(freep) char *words = text_format(
                "under way (%s); its record is %s", text_of(swap, "phase"), text_of(swap, "record")
        );
        add_line(text, "swap", words ? words : "", width);
}

static const char *origin_of(const json_t *one) {
        const char *part = text_of(one, "part");

        return strcmp(part, "new") == 0
                       ? "coollama has made it, to take the other one's place: it is not done yet"
               : strcmp(part, "old") == 0
                       ? "It is being re-created: this is the one that was there before"
                       : "coollama changed nothing in it: what it holds its user wrote";
}

static void print_container(const json_t *document, const json_t *one, Text *text) {
        const json_t *replaced = json_object_get(one, "replaced");

        (void) text_add(text, "\n");
        (void) text_add_clean(text, text_of(one, "name"));
        (void) text_addf(text, " (%.12s, %s, image ", text_of(one, "id"), text_of(one, "state"));
        (void) text_add_clean(text, text_of(one, "image"));
        (void) text_add(text, ")\n");
        if (json_is_object(replaced))
                print_replaced(document, replaced, text);
        else
                (void) text_addf(text, "  %s.\n", origin_of(one));
}

int explain_print(const json_t *document, unsigned width, Text *text) {
        size_t i;
        json_t *one;

        (void) text_add_clean(text, text_of(document, "name"));
        (void) text_add(text, "\n");
        add_line(text, "state", text_of(document, "state"), width);
        add_line(text, "reason", text_of(document, "reason"), width);
        print_reach(document, width, text);
        print_rung(document, width, text);
        print_gap(document, width, text);
        add_line(text, "note", text_of(document, "note"), width);
        add_line(text, "next", text_of(document, "next"), width);
        if (strcmp(text_of(document, "identity"), text_of(document, "name")) != 0)
                add_line(text, "identity", text_of(document, "identity"), width);
        print_labels(json_object_get(document, "labels"), width, text);
        add_line(text, "profile", text_of(document, "profile"), width);
        if (strcmp(text_of(document, "state"), "linked") != 0)
                add_line(text, "would set", text_of(document, "would_add"), width);
        print_attempts(json_object_get(document, "attempts"), width, text);
        print_files(json_object_get(document, "files"), width, text);
        print_swap(json_object_get(document, "swap"), width, text);
        json_array_foreach(json_object_get(document, "containers"), i, one) {
                print_container(document, one, text);
        }
        return text_add(text, "");
}

int explain_run(const Options *options) {
        const ClientQuestion question = { .method = "GET",
                                          .path = "/explain",
                                          .name = options->arguments[0],
                                          .timeout_secs = TIMEOUT_SECS };
        return answer_run(options, &question, explain_print, NULL);
}
