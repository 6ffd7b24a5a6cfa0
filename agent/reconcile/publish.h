/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "docker/engine.h"
#include "io/http.h"
#include "proxy/generation.h"
#include "proxy/keys.h"
#include "proxy/reload.h"

/*
 * Publisher: brings the keys to the proxy, and proves that it knows them.
 *
 *   write a generation > nginx -t on it, in the proxy > swing current > HUP > ask until it answers
 *
 * Whatever fails leaves the generation that is in force in force. A proxy that does not run yet
 * gets its configuration on disk; the proof comes once it runs.
 */
typedef struct Publisher Publisher;

typedef struct PublisherSetup {
        sd_event *event;
        Http *http;
        Engine *engine;
        const ProxyPaths *paths;            /* borrowed */
        const Keys *keys;                   /* borrowed */
        const GenerationSettings *settings; /* borrowed */
} PublisherSetup;

int publisher_new(const PublisherSetup *setup, Publisher **ret);
Publisher *publisher_free(Publisher *publisher);

/* Is the generation on disk what settings and keys ask for? */
bool publisher_is_published(const Publisher *publisher);

/* Has the running proxy proven that it uses it? */
bool publisher_is_proven(const Publisher *publisher);

/* Does the running proxy accept this key, as the store has it now? */
bool publisher_accepts(const Publisher *publisher, const KeyEntry *entry);

/* Does the running proxy know the networks that the settings have now, and no others? */
bool publisher_knows_networks(const Publisher *publisher);

/* The proxy was started anew, or is gone: what it proved counts no more. */
void publisher_forget(Publisher *publisher);

typedef void PublisherDone(int result, const Error *error, void *data);

/*
 * Publishes; proxy_id is the running proxy's container, NULL where none runs. done comes once,
 * maybe at once. One at a time (-EBUSY).
 */
int publisher_start(Publisher *publisher, const char *proxy_id, PublisherDone *done, void *data);
