/* SPDX-License-Identifier: Apache-2.0 */
#include "io/notify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"

/*
 * Notify: sd_notify() lines. A failure is not worth an entry: systemd's own time limits tell when
 * nothing arrives. The last status is kept, since one that did not change would only wake systemd.
 */
#define STATUS_MAX 512

static char last_status[STATUS_MAX];

/* Keeps the status on one line; a second line would be read as another assignment. */
static bool status_set(const char *status) {
        char text[STATUS_MAX];

        (void) snprintf(text, sizeof text, "%s", status);
        for (char *c = text; (c = strpbrk(c, "\r\n"));)
                *c = ' ';
        if (strcmp(text, last_status) == 0)
                return false;
        memcpy(last_status, text, sizeof text);
        return true;
}

void notify_ready(const char *status) {
        (void) status_set(status);
        (void) sd_notifyf(false, "READY=1\nSTATUS=%s", last_status);
}

void notify_status(const char *status) {
        if (status_set(status))
                (void) sd_notifyf(false, "STATUS=%s", last_status);
}

void notify_reloading(void) {
        (void) sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_usec());
}

void notify_stopping(const char *status) {
        (void) status_set(status);
        (void) sd_notifyf(false, "STOPPING=1\nSTATUS=%s", last_status);
}

void notify_extend_timeout(uint64_t usec) {
        (void) sd_notifyf(false, "EXTEND_TIMEOUT_USEC=%" PRIu64, usec);
}

int notify_watchdog(sd_event *event) {
        int r = sd_event_set_watchdog(event, true);

        return r < 0 ? r : 0;
}
