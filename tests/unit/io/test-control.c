/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/macro.h"
#include "io/control.h"
#include "io/http.h"

/*
 * The server and its client (io/http.h) on one event loop; where the client must be another user,
 * or break the rules of HTTP, it is a child process or a bare socket.
 */
typedef struct Fixture {
        sd_event *event;
        Control *control;
        Http *http;
        HttpSlot *slot;
        char dir[64];
        char path[96];
        ControlHandler *handler;
        ControlRequest *kept; /* a request whose answer comes later */
        unsigned calls;
        unsigned answers;
        HttpResult result;
        char body[256];
        char type[64];
} Fixture;

static void on_request(ControlRequest *request, void *data) {
        Fixture *f = data;

        f->calls++;
        f->handler(request, f);
}

static void reply_with_facts(ControlRequest *request, void *data) {
        const char *name = control_query(request, "name");
        const char *body = control_body(request);
        char text[256];

        (void) data;
        (void) snprintf(
                text, sizeof text, "%s %s name=%s body=%zu:%.20s", control_method(request),
                control_path(request), name ? name : "-", strlen(body), body
        );
        control_reply(request, 200, "text/x-facts", text);
}

static void reply_later(ControlRequest *request, void *data) {
        ((Fixture *) data)->kept = request;
}

static Fixture *fixture_new(ControlHandler *handler) {
        Fixture *f = calloc(1, sizeof *f);
        Error err = { 0 };

        cr_assert_not_null(f);
        f->handler = handler;
        (void) snprintf(f->dir, sizeof f->dir, "/tmp/coollama-test-XXXXXX");
        cr_assert_not_null(mkdtemp(f->dir));
        cr_assert_eq(chmod(f->dir, 0755), 0);
        (void) snprintf(f->path, sizeof f->path, "%s/control", f->dir);
        cr_assert_geq(sd_event_new(&f->event), 0);
        cr_assert_eq(http_new(f->event, &f->http), 0);
        cr_assert_eq(
                control_new(f->event, f->path, on_request, f, &f->control, &err), 0, "%s", err.text
        );
        return f;
}

static void fixture_free(Fixture *f) {
        f->slot = http_slot_free(f->slot);
        f->http = http_free(f->http);
        f->control = control_free(f->control);
        cr_assert_eq(rmdir(f->dir), 0, "the socket file was left behind");
        sd_event_unref(f->event);
        free(f);
}

static void on_answer(const HttpResult *result, void *data) {
        Fixture *f = data;

        f->answers++;
        f->result = *result;
        (void) snprintf(f->body, sizeof f->body, "%s", result->body);
        if (!http_result_header(result, "Content-Type", f->type, sizeof f->type))
                f->type[0] = '\0';
}

static void ask(Fixture *f, const char *method, const char *path, const void *body, size_t size) {
        const HttpRequest request = {
                .socket_path = f->path,
                .method = method,
                .path = path,
                .body = body,
                .body_size = size,
                .timeout_usec = 10 * USEC_PER_SEC,
        };

        f->slot = http_slot_free(f->slot);
        cr_assert_eq(http_send(f->http, &request, on_answer, f, &f->slot), 0);
}

static void run_until(Fixture *f, const unsigned *counter, unsigned wanted) {
        uint64_t end = clock_monotonic_usec() + 10 * USEC_PER_SEC;

        while (*counter < wanted) {
                cr_assert_lt(clock_monotonic_usec(), end, "waited in vain");
                cr_assert_geq(sd_event_run(f->event, USEC_PER_SEC), 0);
        }
}

static void run_quietly(Fixture *f) {
        while (sd_event_run(f->event, 50 * USEC_PER_MSEC) > 0)
                continue;
}

Test(control, the_handler_sees_the_request_and_its_answer_arrives) {
        Fixture *f = fixture_new(reply_with_facts);

        ask(f, "POST", "/v1/relink?name=a%20b&x=1", "{\"k\":1}", 7);
        run_until(f, &f->answers, 1);
        cr_assert_eq(f->result.error, 0, "%s", f->result.text);
        cr_assert_eq(f->result.status, 200);
        cr_assert_str_eq(f->body, "POST /v1/relink name=a b body=7:{\"k\":1}");
        cr_assert_str_eq(f->type, "text/x-facts");

        ask(f, "GET", "/v1/status", NULL, 0);
        run_until(f, &f->answers, 2);
        cr_assert_str_eq(f->body, "GET /v1/status name=- body=0:");
        fixture_free(f);
}

Test(control, an_answer_may_come_later) {
        Fixture *f = fixture_new(reply_later);

        ask(f, "GET", "/v1/verify", NULL, 0);
        run_until(f, &f->calls, 1);
        run_quietly(f);
        cr_assert_eq(f->answers, 0);

        char body[] = "proven";
        control_reply(f->kept, 200, "text/plain", body);
        memset(body, '#', sizeof body); /* it was copied */
        run_until(f, &f->answers, 1);
        cr_assert_str_eq(f->body, "proven");
        cr_assert_eq(f->calls, 1);
        fixture_free(f);
}

static void reply_to_the_kept_one_first(ControlRequest *request, void *data) {
        Fixture *f = data;

        control_reply(f->kept, 200, "text/plain", "first");
        control_reply(request, 200, "text/plain", "second");
}

static void on_answer_to_other(const HttpResult *result, void *data) {
        (void) snprintf(data, 64, "%s", result->body);
}

Test(control, one_handler_may_answer_another_ones_request) {
        Fixture *f = fixture_new(reply_later);
        HttpRequest request = { .socket_path = f->path, .method = "GET", .path = "/a" };
        char other[64] = "";
        HttpSlot *slot = NULL;

        cr_assert_eq(http_send(f->http, &request, on_answer_to_other, other, &slot), 0);
        run_until(f, &f->calls, 1);
        f->handler = reply_to_the_kept_one_first;
        ask(f, "GET", "/b", NULL, 0);
        run_until(f, &f->answers, 1);
        cr_assert_str_eq(f->body, "second");
        run_quietly(f);
        cr_assert_str_eq(other, "first");
        slot = http_slot_free(slot);
        fixture_free(f);
}

Test(control, a_later_answer_to_a_client_that_went_is_harmless) {
        Fixture *f = fixture_new(reply_later);

        ask(f, "GET", "/v1/verify", NULL, 0);
        run_until(f, &f->calls, 1);
        f->slot = http_slot_free(f->slot);
        run_quietly(f);
        control_reply(f->kept, 200, "text/plain", "to nobody");
        run_quietly(f);

        f->handler = reply_with_facts;
        ask(f, "GET", "/x", NULL, 0);
        run_until(f, &f->answers, 1);
        cr_assert_eq(f->result.status, 200);
        fixture_free(f);
}

Test(control, a_body_may_have_64_KiB_and_no_byte_more) {
        static char body[64 * 1024 + 1];
        Fixture *f = fixture_new(reply_with_facts);

        memset(body, 'x', sizeof body);
        ask(f, "POST", "/x", body, sizeof body - 1);
        run_until(f, &f->answers, 1);
        cr_assert_eq(f->result.status, 200);
        cr_assert_str_eq(f->body, "POST /x name=- body=65536:xxxxxxxxxxxxxxxxxxxx");

        ask(f, "POST", "/x", body, sizeof body);
        run_until(f, &f->answers, 2);
        cr_assert_eq(f->result.status, 413);
        cr_assert_eq(f->calls, 1, "the handler saw a request that is too large");
        fixture_free(f);
}

Test(control, open_requests_are_answered_with_503_at_the_end) {
        Fixture *f = fixture_new(reply_later);

        ask(f, "GET", "/v1/verify", NULL, 0);
        run_until(f, &f->calls, 1);
        f->control = control_free(f->control);
        run_until(f, &f->answers, 1);
        cr_assert_eq(f->result.error, 0, "%s", f->result.text);
        cr_assert_eq(f->result.status, 503);
        fixture_free(f);
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        cr_assert_geq(fd, 0);
        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        return connect(fd, (struct sockaddr *) &address, sizeof address) < 0 ? -errno : fd;
}

Test(control, no_more_than_32_connections_are_served_at_once) {
        Fixture *f = fixture_new(reply_later);
        int fds[40];
        size_t n = 0;

        for (; n < ARRAY_LEN(fds); n++) {
                fds[n] = connect_to(f->path);
                if (fds[n] < 0)
                        break;
                cr_assert_gt(
                        send(fds[n], "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, MSG_NOSIGNAL), 0
                );
                run_quietly(f);
        }
        cr_assert_gt(n, 32);
        cr_assert_eq(f->calls, 32);
        for (size_t i = 0; i < n; i++)
                (void) close(fds[i]);
        fixture_free(f);
}

Test(control, the_socket_has_its_mode_whatever_the_umask) {
        Fixture *f = fixture_new(reply_with_facts);
        Control *control = NULL;
        char path[128];
        struct stat st;

        mode_t old = umask(0777);
        (void) snprintf(path, sizeof path, "%s/other", f->dir);
        cr_assert_eq(control_new(f->event, path, on_request, f, &control, NULL), 0);
        cr_assert_eq(umask(old), 0777, "the umask was not put back");
        cr_assert_eq(stat(path, &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0666);
        control = control_free(control);
        fixture_free(f);
}

Test(control, a_stale_socket_is_replaced_a_live_one_and_a_file_are_not) {
        Fixture *f = fixture_new(reply_with_facts);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Control *control = NULL;
        Error err = { 0 };
        char path[100];

        cr_assert_eq(control_new(f->event, f->path, on_request, f, &control, &err), -EADDRINUSE);
        cr_assert_not_null(strstr(err.text, f->path));

        (void) snprintf(path, sizeof path, "%s/stale", f->dir);
        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        (void) close(fd);
        cr_assert_eq(control_new(f->event, path, on_request, f, &control, NULL), 0);
        control = control_free(control);

        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        (void) close(fd);
        cr_assert_eq(control_new(f->event, path, on_request, f, &control, NULL), -EADDRINUSE);
        cr_assert_eq(unlink(path), 0, "the file is gone");
        fixture_free(f);
}

Test(control, a_listening_descriptor_is_taken_over) {
        Fixture *f = fixture_new(reply_with_facts);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Control *control = NULL;

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s/given", f->dir);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        cr_assert_eq(listen(fd, 4), 0);
        cr_assert_eq(control_new_fd(f->event, fd, on_request, f, &control, NULL), 0);

        HttpRequest request = { .socket_path = address.sun_path, .method = "GET", .path = "/g" };
        cr_assert_eq(http_send(f->http, &request, on_answer, f, &f->slot), 0);
        run_until(f, &f->answers, 1);
        cr_assert_eq(f->result.status, 200);
        control = control_free(control);
        cr_assert_eq(fcntl(fd, F_GETFD), -1, "the descriptor is still open");
        cr_assert_eq(unlink(address.sun_path), 0, "a socket that is not ours was removed");
        fixture_free(f);
}

static void reply_with_peer(ControlRequest *request, void *data) {
        const ControlPeer peer = control_peer(request);
        char text[256];

        (void) data;
        (void) snprintf(
                text, sizeof text, "%d %u %u adm=%d sys=%d none=%d", (int) peer.pid,
                (unsigned) peer.uid, (unsigned) peer.gid, control_peer_in_group(request, "adm"),
                control_peer_in_group(request, "sys"),
                control_peer_in_group(request, "no-such-group")
        );
        control_reply(request, 200, "text/plain", text);
}

/* A client with these credentials, in a process of its own; what it got is in text. */
static pid_t
client_as(Fixture *f, uid_t uid, gid_t gid, gid_t supplementary, char text[static 256]) {
        int pipes[2];
        cr_assert_eq(pipe(pipes), 0);
        pid_t pid = fork();
        cr_assert_geq(pid, 0);
        if (pid == 0) {
                char answer[2048] = "";
                struct sockaddr_un address = { .sun_family = AF_UNIX };
                int fd = socket(AF_UNIX, SOCK_STREAM, 0);

                (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
                if (setgroups(1, &supplementary) < 0 || setgid(gid) < 0 || setuid(uid) < 0
                    || connect(fd, (struct sockaddr *) &address, sizeof address) < 0
                    || send(fd, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL) != 18)
                        _exit(1);
                size_t size = 0;
                ssize_t n;
                while ((n = recv(fd, answer + size, sizeof answer - 1 - size, 0)) > 0)
                        size += (size_t) n;
                const char *body = strstr(answer, "\r\n\r\n");
                if (body && write(pipes[1], body + 4, strlen(body + 4)) > 0)
                        _exit(0);
                _exit(2);
        }
        (void) close(pipes[1]);

        int status = 0;
        uint64_t end = clock_monotonic_usec() + 10 * USEC_PER_SEC;
        while (waitpid(pid, &status, WNOHANG) == 0) {
                cr_assert_lt(clock_monotonic_usec(), end, "the client hangs");
                cr_assert_geq(sd_event_run(f->event, 10 * USEC_PER_MSEC), 0);
        }
        cr_assert_eq(status, 0, "the client failed: %d", status);
        ssize_t n = read(pipes[0], text, 255);
        text[n < 0 ? 0 : n] = '\0';
        (void) close(pipes[0]);
        return pid;
}

Test(control, the_kernel_tells_who_asks_and_their_groups) {
        if (geteuid() != 0)
                cr_skip_test("needs root to become somebody else");

        Fixture *f = fixture_new(reply_with_peer);
        const struct group *entry = getgrnam("adm");
        gid_t adm = entry ? entry->gr_gid : 0;
        char text[256];
        char expected[256];

        cr_assert_neq(adm, 0);
        pid_t pid = client_as(f, 12345, 23456, adm, text);
        (void) snprintf(expected, sizeof expected, "%d 12345 23456 adm=1 sys=0 none=0", (int) pid);
        cr_assert_str_eq(text, expected);

        pid = client_as(f, 12345, adm, 23456, text);
        (void
        ) snprintf(expected, sizeof expected, "%d 12345 %u adm=1 sys=0 none=0", (int) pid, adm);
        cr_assert_str_eq(text, expected);

        pid = client_as(f, 12345, 23456, 23457, text);
        (void) snprintf(expected, sizeof expected, "%d 12345 23456 adm=0 sys=0 none=0", (int) pid);
        cr_assert_str_eq(text, expected);

        pid = client_as(f, 0, 0, 0, text);
        (void) snprintf(expected, sizeof expected, "%d 0 0 adm=1 sys=1 none=1", (int) pid);
        cr_assert_str_eq(text, expected);
        fixture_free(f);
}
