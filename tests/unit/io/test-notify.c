/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "io/notify.h"

static int manager_fd = -1;
static char message[1024];

/* What systemd's side of NOTIFY_SOCKET is: a datagram socket. */
static void manager_open(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t size = sizeof(sa_family_t);
        char path[sizeof address.sun_path + 1];

        manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        cr_assert_geq(manager_fd, 0);
        cr_assert_eq(bind(manager_fd, (struct sockaddr *) &address, size), 0); /* any abstract */
        size = sizeof address;
        cr_assert_eq(getsockname(manager_fd, (struct sockaddr *) &address, &size), 0);
        (void) snprintf(
                path, sizeof path, "@%.*s", (int) (size - sizeof(sa_family_t) - 1),
                address.sun_path + 1
        );
        cr_assert_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
}

/* The next message, or "" when there is none. */
static const char *manager_read(void) {
        ssize_t n = recv(manager_fd, message, sizeof message - 1, 0);

        message[n < 0 ? 0 : n] = '\0';
        return message;
}

Test(notify, each_call_says_its_assignments) {
        manager_open();
        notify_ready("3 linked");
        cr_assert_str_eq(manager_read(), "READY=1\nSTATUS=3 linked");
        notify_stopping("finishing");
        cr_assert_str_eq(manager_read(), "STOPPING=1\nSTATUS=finishing");
        notify_extend_timeout(1500000);
        cr_assert_str_eq(manager_read(), "EXTEND_TIMEOUT_USEC=1500000");
}

Test(notify, reloading_comes_with_the_monotonic_time) {
        uint64_t usec = 0;

        manager_open();
        uint64_t before = clock_monotonic_usec();
        notify_reloading();
        uint64_t after = clock_monotonic_usec();
        cr_assert_eq(sscanf(manager_read(), "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &usec), 1);
        cr_assert(before <= usec && usec <= after);
}

Test(notify, a_status_is_sent_when_it_changed) {
        manager_open();
        notify_status("one");
        cr_assert_str_eq(manager_read(), "STATUS=one");
        notify_status("one");
        cr_assert_str_eq(manager_read(), "");
        notify_status("two");
        cr_assert_str_eq(manager_read(), "STATUS=two");
}

Test(notify, a_status_cannot_smuggle_an_assignment) {
        manager_open();
        notify_status("pulling\nREADY=1\r\n");
        cr_assert_str_eq(manager_read(), "STATUS=pulling READY=1  ");
}

Test(notify, nothing_happens_without_a_manager) {
        sd_event *event = NULL;

        cr_assert_eq(unsetenv("NOTIFY_SOCKET"), 0);
        cr_assert_eq(unsetenv("WATCHDOG_USEC"), 0);
        notify_ready("alone");
        notify_status("still alone");
        cr_assert_geq(sd_event_new(&event), 0);
        cr_assert_eq(notify_watchdog(event), 0);
        sd_event_unref(event);
}

Test(notify, the_running_loop_feeds_the_watchdog) {
        sd_event *event = NULL;
        uint64_t end = clock_monotonic_usec() + 10000000;
        unsigned fed = 0;
        char pid[32];

        manager_open();
        (void) snprintf(pid, sizeof pid, "%d", (int) getpid());
        cr_assert_eq(setenv("WATCHDOG_USEC", "200000", 1), 0);
        cr_assert_eq(setenv("WATCHDOG_PID", pid, 1), 0);
        cr_assert_geq(sd_event_new(&event), 0);
        cr_assert_eq(notify_watchdog(event), 0);
        while (fed < 2 && clock_monotonic_usec() < end) {
                cr_assert_geq(sd_event_run(event, 100000), 0);
                while (*manager_read())
                        fed += strcmp(message, "WATCHDOG=1") == 0;
        }
        cr_assert_geq(fed, 2);
        sd_event_unref(event);
}
