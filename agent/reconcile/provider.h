/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "docker/engine.h"
#include "docker/event.h"
#include "io/http.h"
#include "model/choose-provider.h"
#include "model/pause.h"
#include "model/plan-consumer.h"
#include "proxy/generation.h"
#include "reconcile/executor.h"
#include "reconcile/joins.h"
#include "reconcile/memory.h"
#include "reconcile/story.h"

/*
 * Provider: the shared Ollama, as consumers see it: is it up, by which URL, with which key; and the
 * care for the stack where it is ours.
 */
typedef struct Provider Provider;

typedef struct ProviderSetup {
        sd_event *event;
        Http *http;
        Engine *engine;
        Store *store;
        const Memory *memory; /* borrowed: whom the operator trusts */
        const Config *config; /* borrowed */
        const char *state_dir;
        const char *templates_dir;
        Joins *joins;       /* borrowed: told which container joins networks */
        bool finishing;     /* make nothing, publish nothing */
        const Pause *pause; /* borrowed: what is in force at the moment */
        Story *story;       /* borrowed: whoever waits for an upgrade is told by it */
        void (*changed)(void *data
        );                        /* facts or accepted keys changed: look at all consumers again */
        void (*said)(void *data); /* only the sentence changed */
        bool (*may_go)(void *data);     /* may it be taken away, when that is asked for? */
        void (*came_up)(void *data);    /* provider_run() tells which run of it */
        void (*answers)(void *data);    /* for the first time since it was down, or since we came */
        void (*found_down)(void *data); /* it was not up since we came */
        void (*went_down)(uint64_t since_usec, void *data); /* monotonic */
        /* Another run of its container, so short after the one before that it was never down. */
        void (*ran_anew)(const char *id, const char *started_at, void *data);
        void *data;
} ProviderSetup;

int provider_new(const ProviderSetup *setup, Provider **ret, Error *err);
Provider *provider_free(Provider *provider);

/* What another configuration does not change: whether it is up, and which run of it that is. */
void provider_inherit(Provider *provider, const Provider *earlier);

/* Borrowed; valid until changed() comes. */
const ProviderFacts *provider_facts(const Provider *provider);

/* The identity's key (NULL: none yet), and whether the proxy has proven that it accepts it. */
const char *provider_key(const Provider *provider, const char *identity);
/* The identity's key, made where it has none: one found in its container (may be NULL) is taken
 * over where that is possible. in_url: it is accepted in URLs too. */
int provider_ensure_key(
        Provider *provider, const char *identity, const char *taken_over, bool in_url, Error *err
);
Access provider_access(const Provider *provider, const char *identity); /* of that key */
bool provider_key_is_accepted(const Provider *provider, const char *identity);
bool provider_key_is_in_url(const Provider *provider, const char *identity);
uint64_t provider_key_number(const Provider *provider, const char *identity); /* 0: it has none */

/* The networks that tell whose they are, ordered by address; the proxy gets to know them, and
 * forgets others. Nothing happens where it knows these already. */
void provider_know_networks(Provider *provider, const ProxyNetwork *list, size_t n);

/* Does the running proxy know exactly those that it shall know? */
bool provider_networks_are_known(const Provider *provider);

/* Has it proven that it knows the consumer with this number by the network where it has this
 * address? */
bool provider_knows_network(const Provider *provider, uint64_t number, const char *address);

/* Whose key has this number; NULL: nobody's. */
const char *provider_identity(const Provider *provider, uint64_t number);

/* Container id of the running proxy, or NULL. */
const char *provider_proxy_id(const Provider *provider);

/* The executor's helpers that make, change and publish keys, and pull images. */
void provider_helpers(Provider *provider, ExecutorHelpers *ret);

/* Its operator's choice: written down, then obeyed at once. -EPERM when the configuration says
 * otherwise. */
int provider_use(Provider *provider, const ProviderChoice *choice, Error *err);

void provider_event(Provider *provider, const EngineEvent *event);
void provider_look(Provider *provider); /* look at everything of it again */
void provider_lost(Provider *provider); /* the engine's events are not followed any more */

/* Was it looked at once? */
bool provider_is_observed(const Provider *provider);

/* Is nothing of our own stack left? why: what is in the way (stuck), or how far it is; borrowed,
 * NULL before the first look. */
bool provider_is_gone(const Provider *provider, const char **ret_why, bool *ret_stuck);

/* The run of Ollama's container; false while it was not looked at since the engine is followed. */
bool provider_run(const Provider *provider, const char **ret_id, const char **ret_started_at);

/* "Ollama is up", "pulling ollama/ollama:latest, 43 %": a part of the sentence. */
void provider_sentence(const Provider *provider, char *buffer, size_t size);
json_t *provider_status(const Provider *provider);

/* Begins an upgrade of our own Ollama; number: for story_wait(). Negative errno, saying why not. */
int provider_upgrade(Provider *provider, uint64_t *ret_number, Error *err);
bool provider_is_upgrading(const Provider *provider);

/* Where Ollama's own command is to be run: {"way": "container", "id", "socket"}, {"way": "host"},
 * or
 * {"way": "none", "said", "next"}. A new reference, NULL without memory. */
json_t *provider_ollama(const Provider *provider);

json_t *provider_plan(const Provider *provider); /* array of what is being done now */
