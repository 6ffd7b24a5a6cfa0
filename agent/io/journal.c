/* SPDX-License-Identifier: Apache-2.0 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "io/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <systemd/sd-journal.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/macro.h"
#include "base/repeats.h"
#include "base/text.h"

/*
 * Journal: the entry's facts become fields of the journal, so that it can be searched by them. The
 * place in the source is not sent: entries are found by MESSAGE_ID and by what they are about.
 *
 * An entry that journald does not take (it is being restarted, no memory for a field) goes to
 * standard error, which is its stream as well: it arrives there without fields.
 *
 * What repeats is told a few times an hour (base/repeats.h), unless it is the answer to something
 * that somebody did.
 */
#define FIELDS_MAX 24

typedef struct Fields {
        struct iovec iov[FIELDS_MAX];
        int n;
        bool complete;
} Fields;

/* Takes the string over; NULL (no memory) makes the entry incomplete. */
static void fields_adopt(Fields *fields, char *string) {
        if (string == NULL || fields->n >= FIELDS_MAX) {
                free(string);
                fields->complete = false;
                return;
        }
        fields->iov[fields->n++] = (struct iovec){ string, strlen(string) };
}

static const char *const answers[] = {
        MSG_STARTED, MSG_STOPPING, MSG_ENDS,      MSG_CONFIG_BAD,  MSG_LINKED,
        MSG_PAUSED,  MSG_RESUMED,  MSG_RESTARTED, MSG_OUTAGE_OVER, MSG_PROVIDER_CHOSEN,
};

static bool is_answer(const LogEntry *entry) {
        for (size_t i = 0; i < ARRAY_LEN(answers); i++)
                if (entry->message_id != NULL && strcmp(entry->message_id, answers[i]) == 0)
                        return true;
        return false;
}

static void send_entry(const LogEntry *entry) {
        Fields fields = { .complete = true };

        fields_adopt(&fields, text_format("MESSAGE=%s", entry->message));
        fields_adopt(&fields, text_format("PRIORITY=%d", entry->level));
        fields_adopt(&fields, text_format("SYSLOG_IDENTIFIER=%s", program_invocation_short_name));
        if (entry->message_id)
                fields_adopt(&fields, text_format("MESSAGE_ID=%s", entry->message_id));
        for (const LogField *field = entry->fields; field && field->name; field++)
                if (field->value)
                        fields_adopt(
                                &fields, text_format("COOLLAMA_%s=%s", field->name, field->value)
                        );

        if (!fields.complete || sd_journal_sendv(fields.iov, fields.n) < 0)
                log_to_stderr(entry, NULL);
        for (int i = 0; i < fields.n; i++)
                free(fields.iov[i].iov_base);
}

static void tell(const LogEntry *entry, const Telling *telling) {
        cleanup(freep) char *before =
                telling->untold > 0
                        ? text_format(" (%u more like it were not told)", telling->untold)
                        : strdup("");
        cleanup(freep) char *message = text_format(
                "%s%s%s", entry->message, before ? before : "",
                telling->last ? " (told once an hour from now on)" : ""
        );
        LogEntry told = *entry;

        if (message != NULL)
                told.message = message;
        send_entry(&told);
}

static void journal_sink(const LogEntry *entry, void *data) {
        static Repeats repeats; /* of the one journal that a process has */

        (void) data;
        if (entry->message_id != NULL && strcmp(entry->message_id, MSG_LINKED) == 0)
                for (const LogField *field = entry->fields; field && field->name; field++)
                        if (strcmp(field->name, "CONSUMER") == 0 && field->value != NULL)
                                repeats_forget(&repeats, field->value);
        if (is_answer(entry) || entry->level == LOG_DEBUG) {
                send_entry(entry);
                return;
        }
        const Telling telling = repeats_note(&repeats, entry, clock_monotonic_usec());
        if (telling.told)
                tell(entry, &telling);
}

void journal_open(void) {
        log_set_sink(log_stderr_is_journal() ? journal_sink : NULL, NULL);
}
