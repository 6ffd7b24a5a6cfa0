/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "docker/engine.h"
#include "model/sightings.h"

/*
 * KeySeen: when the proxy last answered each consumer. Its log is followed as one stream; what it
 * told is kept in STATE/key-seen.json, which is written at most once in half a minute, and the log
 * is read again from there after a restart.
 */
typedef struct KeySeen KeySeen;

typedef struct KeySeenSetup {
        sd_event *event;
        Engine *engine;
        const char *state_dir;
        void (*first)(uint64_t number, void *data); /* it was never seen before */
        void *data;
} KeySeenSetup;

/* A file that cannot be understood is told in the journal, and begun anew. */
int key_seen_new(const KeySeenSetup *setup, KeySeen **ret, Error *err);
KeySeen *key_seen_free(KeySeen *seen); /* writes what is not written yet */

/* The proxy's running container; NULL: none runs, or the engine is not there. */
void key_seen_follow(KeySeen *seen, const char *proxy_id);

/* NULL: never. Valid until the loop goes on. */
const Sighting *key_seen_find(const KeySeen *seen, uint64_t number);
bool key_seen_was(const KeySeen *seen, uint64_t number); /* was it answered once? */
