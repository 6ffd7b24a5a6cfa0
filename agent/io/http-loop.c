/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http-loop.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/macro.h"

/*
 * HttpLoop: what libcurl wants to wait for becomes sd-event sources, what they report becomes
 * curl_multi_socket_action().
 *
 * There is one door into libcurl (loop_act) and after it always the same three steps: take every
 * finished transfer out, replace the multi handle if it broke, tell the owner. What libcurl forbids
 * in its own callbacks (adding, removing, calling it again) is kept out by `inside`, which is true
 * whenever it is on the stack.
 *
 * What is easy to get wrong, and is right here:
 * - The queue of finished transfers is emptied after every action, also when no transfer is running
 *   any more: the last one that ends by its timeout is reported by nothing else.
 * - The timer callback only arms a source, also for 0 ms: calling libcurl there would recurse.
 * - Accuracy 0 means 250 ms to sd-event; 1 us is asked for.
 * - libcurl is told CURL_CSELECT bits, which are not the CURL_POLL values. A hang-up counts as
 *   readable, too: what the peer wrote before it went is still read.
 * - A socket is announced as removed before it is closed, and its number may come again at once:
 *   the source goes there and then.
 * - Handlers return 0: a negative value would silently disable their source. Should sd-event itself
 *   fail there, the loop ends rather than going deaf.
 * - After a failed action a multi handle is unusable: all its transfers fail, a new one takes over.
 */
#define CONNECTIONS_KEPT 8L

struct HttpLoop {
        sd_event *event;
        CURLM *multi; /* NULL when a broken one could not be replaced yet */
        sd_event_source *timer;
        unsigned inside;
        HttpLoopOwner owner;
};

static int loop_open(HttpLoop *loop);

bool http_loop_is_inside(const HttpLoop *loop) {
        return loop->inside > 0;
}

static void loop_close(HttpLoop *loop) {
        if (loop->multi == NULL)
                return;

        /* Closes the idle connections, with socket callbacks for what is still watched. */
        loop->inside++;
        (void) curl_multi_cleanup(loop->multi);
        loop->inside--;
        loop->multi = NULL;
        (void) sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF);
}

static void loop_drain(HttpLoop *loop) {
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(loop->multi, &left))) {
                if (message->msg != CURLMSG_DONE)
                        continue;

                /* The message dies with the removal. */
                CURL *easy = message->easy_handle;
                CURLcode code = message->data.result;

                http_loop_remove(loop, easy);
                loop->owner.finished(easy, code, loop->owner.data);
        }
}

static void loop_act(HttpLoop *loop, curl_socket_t fd, int mask) {
        int running;

        if (loop->multi == NULL)
                return;

        loop->inside++;
        CURLMcode code = curl_multi_socket_action(loop->multi, fd, mask, &running);
        loop->inside--;

        loop_drain(loop);
        if (code != CURLM_OK) {
                loop->owner.lost(curl_multi_strerror(code), loop->owner.data);
                loop_close(loop);
                (void) loop_open(loop); /* without memory: http_loop_add() tries again */
        }
        loop->owner.turned(loop->owner.data);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        HttpLoop *loop = userdata;
        int mask = 0;

        (void) source;
        if (events & EPOLLIN)
                mask |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                mask |= CURL_CSELECT_OUT;
        if (events & (EPOLLERR | EPOLLHUP))
                mask |= CURL_CSELECT_ERR | CURL_CSELECT_IN;
        loop_act(loop, fd, mask);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        HttpLoop *loop = userdata;

        (void) source;
        (void) usec;
        loop_act(loop, CURL_SOCKET_TIMEOUT, 0);
        return 0;
}

static uint32_t epoll_from_what(int what) {
        return ((what & CURL_POLL_IN) ? (uint32_t) EPOLLIN : 0)
               | ((what & CURL_POLL_OUT) ? (uint32_t) EPOLLOUT : 0);
}

/* From libcurl. -1 breaks the multi handle: loop_act() sees that as a failed action. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data) {
        HttpLoop *loop = data;
        sd_event_source *source = socket_data;

        (void) easy;
        if (what == CURL_POLL_REMOVE) {
                (void) sd_event_source_disable_unref(source);
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, epoll_from_what(what)) < 0 ? -1 : 0;

        if (sd_event_add_io(loop->event, &source, fd, epoll_from_what(what), on_io, loop) < 0)
                return -1;
        (void) sd_event_source_set_description(source, "http-io");
        (void) sd_event_source_set_exit_on_failure(source, true);
        if (curl_multi_assign(loop->multi, fd, source) != CURLM_OK) {
                (void) sd_event_source_disable_unref(source);
                return -1;
        }
        return 0;
}

/* From libcurl. */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *data) {
        HttpLoop *loop = data;

        (void) multi;
        if (timeout_ms < 0)
                return sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time_relative(loop->timer, (uint64_t) timeout_ms * USEC_PER_MSEC)
            < 0)
                return -1;
        return sd_event_source_set_enabled(loop->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

static int loop_open(HttpLoop *loop) {
        CURLM *multi = curl_multi_init();

        if (multi == NULL)
                return -ENOMEM;
        if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket) != CURLM_OK
            || curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop) != CURLM_OK
            || curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) != CURLM_OK
            || curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop) != CURLM_OK
            || curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != CURLM_OK) {
                (void) curl_multi_cleanup(multi);
                return -EIO;
        }
        loop->multi = multi;
        return 0;
}

int http_loop_add(HttpLoop *loop, CURL *easy) {
        assert(loop->inside == 0);

        if (loop->multi == NULL) {
                int r = loop_open(loop);
                if (r < 0)
                        return r;
        }

        loop->inside++;
        CURLMcode code = curl_multi_add_handle(loop->multi, easy);
        loop->inside--;
        if (code == CURLM_OK)
                return 0;
        return code == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO;
}

void http_loop_remove(HttpLoop *loop, CURL *easy) {
        assert(loop->inside == 0);

        if (loop->multi == NULL)
                return;
        loop->inside++;
        (void) curl_multi_remove_handle(loop->multi, easy);
        loop->inside--;
}

int http_loop_new(sd_event *event, const HttpLoopOwner *owner, HttpLoop **ret) {
        HttpLoop *loop = calloc(1, sizeof *loop);
        if (loop == NULL)
                return -ENOMEM;

        loop->owner = *owner;
        loop->event = sd_event_ref(event);
        int r = sd_event_add_time(event, &loop->timer, CLOCK_MONOTONIC, 0, 1, on_timer, loop);
        if (r >= 0)
                r = sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_exit_on_failure(loop->timer, true);
        if (r >= 0)
                r = loop_open(loop);
        if (r < 0) {
                (void) http_loop_free(loop);
                return r;
        }
        (void) sd_event_source_set_description(loop->timer, "http-timer");
        *ret = loop;
        return 0;
}

HttpLoop *http_loop_free(HttpLoop *loop) {
        if (loop == NULL)
                return NULL;

        assert(loop->inside == 0);
        loop_close(loop); /* before the timer and the event that its callbacks use */
        (void) sd_event_source_disable_unref(loop->timer);
        (void) sd_event_unref(loop->event);
        free(loop);
        return NULL;
}
