/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <dlfcn.h>

#include <curl/curl.h>

#include "unit/io/server.h"

/*
 * Watching libcurl and sd-event from between: the functions below stand before the libraries' own
 * of the same name, note in `seen` what they are called with, and pass it on. For one source of a
 * program.
 */
static struct {
        unsigned actions;
        unsigned nesting;
        int masks;
        unsigned illegal_calls;
        unsigned inexact_timers;
        unsigned timers;
        unsigned io_sources[64]; /* made, by descriptor */
        bool refuse_io;
} seen;

#define REAL(name)                     \
        __typeof__(&name) real = NULL; \
        *(void **) &real = dlsym(RTLD_NEXT, #name)

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int mask, int *running) {
        REAL(curl_multi_socket_action);
        seen.actions++;
        seen.masks |= mask;
        seen.nesting++;
        CURLMcode code = real(multi, fd, mask, running);
        seen.nesting--;
        return code;
}

static CURLMsg *last_message;

CURLMsg *curl_multi_info_read(CURLM *multi, int *left) {
        REAL(curl_multi_info_read);
        last_message = real(multi, left);
        return last_message;
}

/* What a message says is void from here on, also where libcurl happens to leave it readable. */
CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy) {
        REAL(curl_multi_remove_handle);
        seen.illegal_calls += seen.nesting > 0;
        if (last_message && last_message->easy_handle == easy)
                last_message->data.result = CURLE_AGAIN;
        last_message = NULL;
        return real(multi, easy);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy) {
        REAL(curl_multi_add_handle);
        seen.illegal_calls += seen.nesting > 0;
        return real(multi, easy);
}

int sd_event_add_io(
        sd_event *e,
        sd_event_source **ret,
        int fd,
        uint32_t events,
        sd_event_io_handler_t f,
        void *data
) {
        REAL(sd_event_add_io);
        if (seen.refuse_io)
                return -ENOMEM;
        if ((size_t) fd < ARRAY_LEN(seen.io_sources))
                seen.io_sources[fd]++;
        return real(e, ret, fd, events, f, data);
}

int sd_event_add_time(
        sd_event *e,
        sd_event_source **ret,
        clockid_t clock,
        uint64_t usec,
        uint64_t accuracy,
        sd_event_time_handler_t f,
        void *data
) {
        REAL(sd_event_add_time);
        seen.timers++;
        seen.inexact_timers += accuracy == 0 || accuracy > USEC_PER_MSEC;
        return real(e, ret, clock, usec, accuracy, f, data);
}

int sd_event_add_time_relative(
        sd_event *e,
        sd_event_source **ret,
        clockid_t clock,
        uint64_t usec,
        uint64_t accuracy,
        sd_event_time_handler_t f,
        void *data
) {
        REAL(sd_event_add_time_relative);
        seen.timers++;
        seen.inexact_timers += accuracy == 0 || accuracy > USEC_PER_MSEC;
        return real(e, ret, clock, usec, accuracy, f, data);
}
