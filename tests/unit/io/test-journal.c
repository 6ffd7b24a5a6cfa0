/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <systemd/sd-journal.h>

#include "base/log-ids.h"
#include "base/repeats.h"
#include "io/journal.h"

/* Stands before the library's: notes what journald would have got. */
static char sent[16][256];
static int n_sent;
static int answer;

#undef sd_journal_sendv
int sd_journal_sendv(const struct iovec *iov, int n) {
        n_sent = n;
        for (int i = 0; i < n && i < 16; i++)
                (void) snprintf(
                        sent[i], sizeof sent[i], "%.*s", (int) iov[i].iov_len,
                        (const char *) iov[i].iov_base
                );
        return answer;
}

static bool was_sent(const char *field) {
        for (int i = 0; i < n_sent; i++)
                if (strcmp(sent[i], field) == 0)
                        return true;
        return false;
}

/* Standard error becomes a file that JOURNAL_STREAM names, or does not. */
static FILE *stderr_to_file(bool as_journal) {
        FILE *file = tmpfile();
        char stream[64];
        struct stat st;

        cr_assert_not_null(file);
        cr_assert_eq(fstat(fileno(file), &st), 0);
        (void) snprintf(
                stream, sizeof stream, "%llu:%llu", (unsigned long long) st.st_dev,
                (unsigned long long) st.st_ino + !as_journal
        );
        cr_assert_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
        cr_assert_geq(dup2(fileno(file), STDERR_FILENO), 0);
        return file;
}

static void file_text(FILE *file, char text[static 256]) {
        rewind(file);
        size_t size = fread(text, 1, 255, file);
        text[size] = '\0';
        (void) fclose(file);
}

Test(journal, an_entry_goes_with_its_facts_as_fields) {
        FILE *file = stderr_to_file(true);
        char text[256];

        journal_open();
        log_event(
                LOG_NOTICE, "0123456789abcdef0123456789abcdef",
                FIELDS({ "CONTAINER", "app" }, { "ACTION", NULL }), "Linked %s.", "app"
        );
        cr_assert(was_sent("MESSAGE=Linked app."));
        cr_assert(was_sent("PRIORITY=5"));
        cr_assert(was_sent("MESSAGE_ID=0123456789abcdef0123456789abcdef"));
        cr_assert(was_sent("COOLLAMA_CONTAINER=app"));
        (void) snprintf(text, sizeof text, "SYSLOG_IDENTIFIER=%s", program_invocation_short_name);
        cr_assert(was_sent(text), "%s", sent[2]);
        cr_assert_eq(n_sent, 5, "a field without a value is left out");
        file_text(file, text);
        cr_assert_str_eq(text, "", "it went to standard error, too");
}

Test(journal, an_entry_that_journald_does_not_take_goes_to_standard_error) {
        FILE *file = stderr_to_file(true);
        char text[256];

        answer = -ENOENT;
        journal_open();
        log_event(LOG_WARNING, NULL, NO_FIELDS, "Not lost.");
        file_text(file, text);
        cr_assert_str_eq(text, "<4>Not lost.\n");
}

Test(journal, an_entry_with_too_many_fields_is_not_lost) {
        FILE *file = stderr_to_file(true);
        LogField fields[40] = { { NULL, NULL } };
        char text[256];

        for (size_t i = 0; i < 39; i++)
                fields[i] = (LogField){ "X", "y" };
        journal_open();
        log_event(LOG_INFO, NULL, fields, "Full.");
        file_text(file, text);
        cr_assert_str_eq(text, "<6>Full.\n");
        cr_assert_eq(n_sent, 0);
}

Test(journal, without_a_journal_stream_entries_go_to_standard_error_plainly) {
        FILE *file = stderr_to_file(false);
        char text[256];

        journal_open();
        log_event(LOG_INFO, NULL, NO_FIELDS, "Plain.");
        file_text(file, text);
        cr_assert_str_eq(text, "Plain.\n");
        cr_assert_eq(n_sent, 0);
}

/* How many of n are sent. */
static unsigned tell(const char *id, const char *consumer, unsigned n) {
        unsigned told = 0;

        for (unsigned i = 0; i < n; i++) {
                n_sent = 0;
                log_event(LOG_NOTICE, id, FIELDS({ "CONSUMER", consumer }), "It is so.");
                told += n_sent > 0;
        }
        return told;
}

Test(journal, what_repeats_is_told_a_few_times_and_what_answers_somebody_always) {
        FILE *file = stderr_to_file(true);
        char text[256];

        journal_open();
        cr_assert_eq(tell(MSG_REFUSED, "a", REPEATS_TOLD), REPEATS_TOLD);
        cr_assert(was_sent("MESSAGE=It is so. (told once an hour from now on)"), "%s", sent[0]);
        cr_assert_eq(tell(MSG_REFUSED, "a", 20), 0);
        cr_assert_eq(tell(MSG_LINKED, "a", 20), 20);
        cr_assert_eq(tell(MSG_REFUSED, "a", 20), REPEATS_TOLD, "it was linked meanwhile");
        cr_assert_eq(tell(MSG_PAUSED, "a", 20), 20);
        file_text(file, text);
        cr_assert_str_eq(text, "");
}
