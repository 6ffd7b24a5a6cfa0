/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

/*
 * Notify: what systemd is told. Nothing happens where NOTIFY_SOCKET is not set.
 */
void notify_ready(const char *status);
void notify_status(const char *status); /* sent when it differs from the last one */
void notify_reloading(void);
void notify_stopping(const char *status);
void notify_extend_timeout(uint64_t usec);

/* The watchdog is fed by the event loop itself (sd_event_set_watchdog). 0 or negative errno. */
int notify_watchdog(sd_event *event);
