/* SPDX-License-Identifier: Apache-2.0 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "io/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <systemd/sd-journal.h>

#include "base/text.h"

/*
 * Journal: the entry's facts become fields of the journal, so that it can be searched by them. The
 * place in the source is not sent: entries are found by MESSAGE_ID and by what they are about.
 *
 * An entry that journald does not take (it is being restarted, no memory for a field) goes to
 * standard error, which is its stream as well: it arrives there without fields.
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

static void journal_sink(const LogEntry *entry, void *data) {
        Fields fields = { .complete = true };

        (void) data;
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

void journal_open(void) {
        log_set_sink(log_stderr_is_journal() ? journal_sink : NULL, NULL);
}
