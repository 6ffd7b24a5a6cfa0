/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include "base/error.h"

/*
 * Control: the daemon's own HTTP server on a unix socket (libmicrohttpd on the event loop).
 *
 * Bounded: connections, size of a request, time of a connection. The caller's credentials come from
 * the kernel (SO_PEERCRED). An answer may be given later (a verify that takes seconds): the handler
 * keeps the ControlRequest and calls control_reply() once.
 */
typedef struct Control Control;
typedef struct ControlRequest ControlRequest;

typedef struct ControlPeer {
        pid_t pid;
        uid_t uid;
        gid_t gid;
} ControlPeer;

/* May answer at once or later, exactly once. Strings are valid until then. */
typedef void ControlHandler(ControlRequest *request, void *data);

/* Everybody may connect (mode 0666): what each may ask is decided by the kernel's word on who asks.
 */
int control_new(
        sd_event *event,
        const char *path,
        ControlHandler *handler,
        void *data,
        Control **ret,
        Error *err
);
/* Or over a listening socket that is there already (takes the descriptor over). */
int control_new_fd(
        sd_event *event, int fd, ControlHandler *handler, void *data, Control **ret, Error *err
);
/* Open requests are answered with 503; their ControlRequests are gone afterwards. */
Control *control_free(Control *control);

const char *control_method(const ControlRequest *request);
const char *control_path(const ControlRequest *request); /* without the query */
const char *
control_query(const ControlRequest *request, const char *key); /* unescaped value, or NULL */
const char *control_body(const ControlRequest *request);       /* NUL-terminated, at most 64 KiB */
ControlPeer control_peer(const ControlRequest *request);

/* Is the peer root, or in this group (also as a supplementary one)? */
bool control_peer_in_group(const ControlRequest *request, const char *group);

/* Copies the body. */
void control_reply(
        ControlRequest *request, unsigned status, const char *content_type, const char *body
);
