/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <syslog.h>

/*
 * Log: one call, one entry.
 *
 * The message is a sentence that an operator can act on; the same facts go along as fields
 * (COOLLAMA_CONTAINER=...). Where entries go is decided once, in main(): standard error until a
 * sink is set (io/journal.h). Nothing secret is ever given to a log call: no key, no environment,
 * no body.
 */
typedef struct LogField {
        const char *name; /* upper case, without the COOLLAMA_ prefix; NULL ends the list */
        const char *value;
} LogField;

typedef struct LogEntry {
        int level;              /* LOG_ERR ... LOG_DEBUG */
        const char *message_id; /* of base/log-ids.h, NULL below notice */
        const LogField *fields; /* ended by a NULL name; may be NULL */
        const char *message;
} LogEntry;

typedef void LogSink(const LogEntry *entry, void *data);

/* Fields for log_event(): FIELDS({ "CONTAINER", name }, { "ACTION", kind }). */
#define FIELDS(...) ((const LogField[]){ __VA_ARGS__, { NULL, NULL } })
#define NO_FIELDS   NULL

/* NULL: standard error again. */
void log_set_sink(LogSink *sink, void *data);
void log_set_level(int level); /* LOG_INFO until set */
bool log_wants(int level);

/* Entries of notice and above carry an id of base/log-ids.h; below it may be NULL. */
void log_event(int level, const char *message_id, const LogField *fields, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Is standard error connected to journald? */
bool log_stderr_is_journal(void);

/* The sink that is there without one: one line, with a "<N>" prefix where journald reads it. */
void log_to_stderr(const LogEntry *entry, void *data);
