/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/log.h"

static FILE *captured;

/* From here on standard error is a file; JOURNAL_STREAM names it when as_journal. */
static void capture(bool as_journal) {
        char stream[64];
        struct stat st;

        captured = tmpfile();
        cr_assert_not_null(captured);
        cr_assert_eq(fstat(fileno(captured), &st), 0);
        (void) snprintf(
                stream, sizeof stream, "%llu:%llu", (unsigned long long) st.st_dev,
                (unsigned long long) st.st_ino
        );
        cr_assert_eq(
                as_journal ? setenv("JOURNAL_STREAM", stream, 1) : unsetenv("JOURNAL_STREAM"), 0
        );
        cr_assert_geq(dup2(fileno(captured), STDERR_FILENO), 0);
}

static const char *captured_text(void) {
        static char text[8192];

        rewind(captured);
        text[fread(text, 1, sizeof text - 1, captured)] = '\0';
        return text;
}

Test(log, standard_error_gets_one_plain_line_for_each_entry) {
        capture(false);
        log_event(LOG_WARNING, NULL, FIELDS({ "CONTAINER", "x" }), "Could not %s.", "link");
        log_event(LOG_INFO, NULL, NO_FIELDS, "Next.");
        cr_assert_str_eq(captured_text(), "Could not link.\nNext.\n");
}

Test(log, the_journals_stream_gets_the_priority_before_the_line) {
        capture(true);
        cr_assert(log_stderr_is_journal());
        log_event(LOG_ERR, NULL, NO_FIELDS, "Broken.");
        cr_assert_str_eq(captured_text(), "<3>Broken.\n");
}

Test(log, a_variable_that_names_another_stream_says_nothing) {
        static const char *const values[] = { "", "1", "1:", "1:2", "x:y", ":", "1:2:3" };

        capture(false);
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                cr_assert_eq(setenv("JOURNAL_STREAM", values[i], 1), 0);
                cr_assert_not(log_stderr_is_journal(), "'%s'", values[i]);
        }
}

Test(log, control_characters_do_not_reach_a_terminal) {
        capture(false);
        log_event(LOG_INFO, NULL, NO_FIELDS, "a\nb\033[31mc\td\177e \xc3\xa4");
        cr_assert_str_eq(captured_text(), "a b [31mc d e \xc3\xa4\n");
}

Test(log, what_is_below_the_level_is_not_written) {
        capture(false);
        log_debug("hidden");
        log_set_level(LOG_WARNING);
        log_event(LOG_NOTICE, "id", NO_FIELDS, "hidden, too");
        log_event(LOG_WARNING, "id", NO_FIELDS, "shown");
        log_set_level(LOG_DEBUG);
        log_debug("%s", "shown as well");
        cr_assert_str_eq(captured_text(), "shown\nshown as well\n");
        cr_assert(log_wants(LOG_DEBUG));
}

Test(log, a_message_that_is_too_long_is_cut) {
        static char message[10000];

        memset(message, 'x', sizeof message - 1);
        capture(false);
        log_event(LOG_INFO, NULL, NO_FIELDS, "%s", message);
        const char *text = captured_text();
        cr_assert_eq(strlen(text), 2048);
        cr_assert_eq(text[2047], '\n');
}

static void sink(const LogEntry *entry, void *data) {
        char *text = data;

        cr_assert_eq(entry->level, LOG_NOTICE);
        cr_assert_str_eq(entry->message_id, "id");
        cr_assert_str_eq(entry->fields[0].name, "A");
        cr_assert_str_eq(entry->fields[0].value, "1");
        cr_assert_str_eq(entry->fields[1].name, "B");
        cr_assert_null(entry->fields[2].name);
        (void) snprintf(text, 64, "%s", entry->message);
}

Test(log, a_sink_gets_the_whole_entry_instead) {
        char text[64] = "";

        capture(false);
        log_set_sink(sink, text);
        log_event(LOG_NOTICE, "id", FIELDS({ "A", "1" }, { "B", "2" }), "to the %s", "sink");
        log_set_sink(NULL, NULL);
        log_event(LOG_NOTICE, "id", NO_FIELDS, "back");
        cr_assert_str_eq(text, "to the sink");
        cr_assert_str_eq(captured_text(), "back\n");
}
