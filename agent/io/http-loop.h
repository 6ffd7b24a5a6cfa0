/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <curl/curl.h>
#include <systemd/sd-event.h>

/*
 * HttpLoop: libcurl's multi handle on an sd-event loop. Used by io/http.c alone.
 *
 * The owner is told of each transfer that ended (its handle is out of the multi already), of the
 * loss of all of them (the multi handle broke and was replaced: the owner takes every handle out
 * with http_loop_remove()), and, last, that the turn is over: only then, and never in the two
 * others, it may run code that is not its own.
 */
typedef struct HttpLoop HttpLoop;

typedef struct HttpLoopOwner {
        void (*finished)(CURL *easy, CURLcode code, void *data);
        void (*lost)(const char *why, void *data);
        void (*turned)(void *data);
        void *data;
} HttpLoopOwner;

int http_loop_new(sd_event *event, const HttpLoopOwner *owner, HttpLoop **ret);

/* Every handle must have been removed. Not from inside libcurl. */
HttpLoop *http_loop_free(HttpLoop *loop);

/* Is libcurl on the stack? Then nothing may be added or removed: wait for turned(). */
bool http_loop_is_inside(const HttpLoop *loop);

/* 0, -ENOMEM or -EIO. */
int http_loop_add(HttpLoop *loop, CURL *easy);

void http_loop_remove(HttpLoop *loop, CURL *easy);
