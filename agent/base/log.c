/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Log: formats the message and hands the entry to the sink. Does not allocate, so that it works
 * where memory is what is missing; a message that is too long is cut.
 *
 * Standard error gets the "<N>" prefix only where it is journald's own stream, which takes it off
 * again: JOURNAL_STREAM names that stream's device and inode. (The variable alone says nothing: it
 * is inherited by programs whose output goes elsewhere.)
 */
#define MESSAGE_MAX 2048

static LogSink *log_sink;
static void *log_sink_data;
static int log_level = LOG_INFO;

bool log_stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device;
        unsigned long long inode;
        char *end;
        struct stat st;

        if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
                return false;
        device = strtoull(stream, &end, 10);
        if (end == stream || *end != ':')
                return false;
        stream = end + 1;
        inode = strtoull(stream, &end, 10);
        return end != stream && *end == '\0' && st.st_dev == device && st.st_ino == inode;
}

void log_to_stderr(const LogEntry *entry, void *data) {
        char line[MESSAGE_MAX + 8];

        (void) data;
        if (log_stderr_is_journal())
                (void) snprintf(line, sizeof line, "<%d>%s", entry->level, entry->message);
        else
                (void) snprintf(line, sizeof line, "%s", entry->message);

        /* One entry is one line, and a name from outside gives a terminal no orders. */
        size_t size = strlen(line);
        for (size_t i = 0; i < size; i++)
                if ((unsigned char) line[i] < ' ' || line[i] == 0x7f)
                        line[i] = ' ';
        line[size++] = '\n';
        (void) !write(STDERR_FILENO, line, size); /* nowhere left to say that this failed */
}

void log_set_sink(LogSink *sink, void *data) {
        log_sink = sink;
        log_sink_data = data;
}

void log_set_level(int level) {
        log_level = level;
}

bool log_wants(int level) {
        return level <= log_level;
}

static void log_eventv(
        int level, const char *message_id, const LogField *fields, const char *format, va_list args
) __attribute__((format(printf, 4, 0)));

static void log_eventv(
        int level, const char *message_id, const LogField *fields, const char *format, va_list args
) {
        char message[MESSAGE_MAX];

        (void) vsnprintf(message, sizeof message, format, args);
        const LogEntry entry = {
                .level = level,
                .message_id = message_id,
                .fields = fields,
                .message = message,
        };
        if (log_sink)
                log_sink(&entry, log_sink_data);
        else
                log_to_stderr(&entry, NULL);
}

void log_event(int level, const char *message_id, const LogField *fields, const char *format, ...) {
        va_list args;

        if (!log_wants(level))
                return;
        va_start(args, format);
        log_eventv(level, message_id, fields, format, args);
        va_end(args);
}

void log_debug(const char *format, ...) {
        va_list args;

        if (!log_wants(LOG_DEBUG))
                return;
        va_start(args, format);
        log_eventv(LOG_DEBUG, NULL, NO_FIELDS, format, args);
        va_end(args);
}
