/* SPDX-License-Identifier: Apache-2.0 */
#include "io/control.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/macro.h"
#include "base/text.h"
#include "io/control-socket.h"

/*
 * Control: libmicrohttpd without threads. It has an epoll descriptor of its own, which is one
 * source of our loop; the time it wants to be called again by is a timer beside it.
 *
 * libmicrohttpd calls on_access() several times for one request: first with the headers alone, then
 * with pieces of the body, then with none. The handler runs at that last one. When it has not
 * answered by its return, the connection is suspended (no time limit runs then, and a client that
 * goes is not noticed), so a ControlRequest lives at least until control_reply(). That resumes the
 * connection, and on_access() is called once more and finds the answer.
 *
 * Resuming never runs libmicrohttpd: it arms the timer. So control_reply() may be called from
 * anywhere, also from a handler on behalf of another request.
 */
#define CONNECTIONS_MAX     32U
#define CONNECTION_TIME_SEC 30U
#define CONNECTION_MEMORY   ((size_t) 32 * 1024)
#define BODY_MAX            ((size_t) 64 * 1024)
#define SOCKET_MODE         0666
#define LAST_ROUNDS         4

struct ControlRequest {
        LIST_ENTRY(ControlRequest) entry;
        Control *control;
        struct MHD_Connection *connection;
        char *method;
        char *path;
        Text body;
        ControlPeer peer;
        int fd; /* the connection's; borrowed */
        struct MHD_Response *response;
        unsigned status;
        bool handled;
        bool suspended;
        bool answered;
};

struct Control {
        sd_event_source *io;
        sd_event_source *timer;
        struct MHD_Daemon *daemon;
        ControlHandler *handler;
        void *data;
        char *path; /* of the socket that we made, or NULL */
        bool closing;
        LIST_HEAD(RequestList, ControlRequest) requests;
};

DEFINE_CLEANUP(Control, control_free);

static ControlRequest *request_free(ControlRequest *request) {
        if (request == NULL)
                return NULL;
        LIST_REMOVE(request, entry);
        if (request->response)
                MHD_destroy_response(request->response);
        text_done(&request->body);
        free(request->method);
        free(request->path);
        free(request);
        return NULL;
}

static ControlRequest *request_new(
        Control *control, struct MHD_Connection *connection, const char *path, const char *method
) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct ucred credentials;
        socklen_t size = sizeof credentials;

        if (info == NULL
            || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return NULL;

        ControlRequest *request = calloc(1, sizeof *request);
        if (request == NULL)
                return NULL;
        LIST_INSERT_HEAD(&control->requests, request, entry);
        request->control = control;
        request->connection = connection;
        request->fd = info->connect_fd;
        request->peer = (ControlPeer){ credentials.pid, credentials.uid, credentials.gid };
        request->body.max = BODY_MAX;
        request->path = strdup(path);
        request->method = strdup(method);
        if (request->path == NULL || request->method == NULL)
                return request_free(request);
        return request;
}

static void request_answer(
        ControlRequest *request, unsigned status, const char *content_type, const char *body
) {
        assert(!request->answered);
        request->answered = true;
        request->status = status;

        char *copy = strdup(body);
        if (copy == NULL)
                return; /* on_access() closes the connection */
        request->response =
                MHD_create_response_from_buffer(strlen(copy), copy, MHD_RESPMEM_MUST_FREE);
        if (request->response == NULL)
                free(copy);
        else
                (void) MHD_add_response_header(
                        request->response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type
                );
}

static void control_wake(Control *control, uint64_t usec) {
        (void) sd_event_source_set_time_relative(control->timer, usec);
        (void) sd_event_source_set_enabled(control->timer, SD_EVENT_ONESHOT);
}

void control_reply(
        ControlRequest *request, unsigned status, const char *content_type, const char *body
) {
        request_answer(request, status, content_type, body);
        if (request->suspended) {
                request->suspended = false;
                MHD_resume_connection(request->connection);
                control_wake(request->control, 0);
        }
}

static enum MHD_Result request_queue(ControlRequest *request) {
        if (request->response == NULL)
                return MHD_NO;
        return MHD_queue_response(request->connection, request->status, request->response);
}

/* The request is whole: hands it to the handler. */
static enum MHD_Result request_handle(ControlRequest *request) {
        request->handled = true;
        if (request->body.error < 0)
                request_answer(
                        request, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain",
                        "The request is too large.\n"
                );
        else if (request->control->closing)
                request_answer(request, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", "Stopping.\n");
        else
                request->control->handler(request, request->control->data);

        if (request->answered)
                return request_queue(request);
        request->suspended = true;
        MHD_suspend_connection(request->connection);
        return MHD_YES;
}

/* From libmicrohttpd. MHD_NO closes the connection. */
/* NOLINTNEXTLINE(readability-function-size): the parameters are the library's */
static enum MHD_Result on_access(
        void *data,
        struct MHD_Connection *connection,
        const char *path,
        const char *method,
        const char *version,
        const char *upload,
        size_t *upload_size,
        void **request_data
) {
        ControlRequest *request = *request_data;

        (void) version;
        if (request == NULL) {
                *request_data = request_new(data, connection, path, method);
                return *request_data ? MHD_YES : MHD_NO;
        }
        if (*upload_size > 0) { /* too much is read on, and answered at its end */
                (void) text_add_bytes(&request->body, upload, *upload_size);
                *upload_size = 0;
                return MHD_YES;
        }
        if (request->answered)
                return request_queue(request);
        return request->handled ? MHD_YES : request_handle(request);
}

/* From libmicrohttpd: the answer was sent, or the client went. */
static void on_completed(
        void *data,
        struct MHD_Connection *connection,
        void **request_data,
        enum MHD_RequestTerminationCode code
) {
        (void) data;
        (void) connection;
        (void) code;
        *request_data = request_free(*request_data);
}

static void control_run(Control *control) {
        MHD_UNSIGNED_LONG_LONG timeout_ms;

        (void) MHD_run(control->daemon);
        if (MHD_get_timeout(control->daemon, &timeout_ms) == MHD_YES)
                control_wake(control, timeout_ms * USEC_PER_MSEC);
        else
                (void) sd_event_source_set_enabled(control->timer, SD_EVENT_OFF);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *data) {
        (void) source;
        (void) fd;
        (void) events;
        control_run(data);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
        (void) source;
        (void) usec;
        control_run(data);
        return 0;
}

/* Takes the descriptor over once it succeeded. */
static int control_start(Control *control, sd_event *event, int fd) {
        control->daemon = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, control,
                MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                CONNECTION_TIME_SEC, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                MHD_OPTION_END
        );
        if (control->daemon == NULL)
                return -EIO;

        const union MHD_DaemonInfo *info =
                MHD_get_daemon_info(control->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        if (info == NULL)
                return -EIO;
        int r = sd_event_add_io(event, &control->io, info->epoll_fd, EPOLLIN, on_io, control);
        if (r < 0)
                return r;
        r = sd_event_add_time(event, &control->timer, CLOCK_MONOTONIC, 0, 1, on_timer, control);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(control->io, "control-io");
        (void) sd_event_source_set_description(control->timer, "control-timer");
        (void) sd_event_source_set_exit_on_failure(control->io, true);
        (void) sd_event_source_set_exit_on_failure(control->timer, true);
        return 0;
}

int control_new_fd(
        sd_event *event, int fd, ControlHandler *handler, void *data, Control **ret, Error *err
) {
        cleanup(control_freep) Control *control = calloc(1, sizeof *control);
        if (control == NULL) {
                (void) close(fd);
                (void) error_set(err, -ENOMEM, "out of memory");
                return -ENOMEM;
        }
        LIST_INIT(&control->requests);
        control->handler = handler;
        control->data = data;

        int r = fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : control_start(control, event, fd);
        if (r < 0) {
                /* libmicrohttpd closes it on some of its failures, and in control_free(). */
                if (control->daemon == NULL && fcntl(fd, F_GETFD) >= 0)
                        (void) close(fd);
                (void
                ) error_set(err, r, "cannot serve the control socket: %s", strerrordesc_np(-r));
                return r;
        }
        *ret = take_ptr(control);
        return 0;
}

int control_new(
        sd_event *event,
        const char *path,
        ControlHandler *handler,
        void *data,
        Control **ret,
        Error *err
) {
        cleanup(control_freep) Control *control = NULL;

        int fd = control_socket_listen(path, SOCKET_MODE, err);
        if (fd < 0)
                return fd;
        int r = control_new_fd(event, fd, handler, data, &control, err);
        if (r < 0) {
                (void) unlink(path);
                return r;
        }
        control->path = strdup(path);
        if (control->path == NULL) {
                (void) unlink(path);
                return error_set(err, -ENOMEM, "out of memory");
        }
        *ret = take_ptr(control);
        return 0;
}

/* Answers what waits and gives the answers a chance to leave; they fit into the sockets. */
static void control_dismiss(Control *control) {
        ControlRequest *request;

        control->closing = true;
        LIST_FOREACH(request, &control->requests, entry)
        if (request->suspended)
                control_reply(request, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", "Stopping.\n");
        for (int i = 0; i < LAST_ROUNDS && !LIST_EMPTY(&control->requests); i++)
                (void) MHD_run(control->daemon);
}

Control *control_free(Control *control) {
        if (control == NULL)
                return NULL;

        if (control->path)
                (void) unlink(control->path);
        if (control->daemon) {
                control_dismiss(control);
                (void) sd_event_source_disable_unref(control->io); /* before its epoll descriptor */
                MHD_stop_daemon(control->daemon);
        }
        (void) sd_event_source_disable_unref(control->timer);
        free(control->path);
        free(control);
        return NULL;
}

const char *control_method(const ControlRequest *request) {
        return request->method;
}

const char *control_path(const ControlRequest *request) {
        return request->path;
}

const char *control_query(const ControlRequest *request, const char *key) {
        return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, key);
}

const char *control_body(const ControlRequest *request) {
        return request->body.data ? request->body.data : "";
}

ControlPeer control_peer(const ControlRequest *request) {
        return request->peer;
}

bool control_peer_in_group(const ControlRequest *request, const char *group) {
        return request->peer.uid == 0
               || control_socket_peer_in_group(request->fd, request->peer.gid, group);
}
