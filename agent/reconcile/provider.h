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
#include "model/plan-consumer.h"
#include "reconcile/executor.h"

/*
 * Provider: the shared Ollama, as consumers see it: is it up, by which URL, with which key.
 */
typedef struct Provider Provider;

typedef struct ProviderSetup {
        sd_event *event;
        Http *http;
        Engine *engine;
        Store *store;
        const Config *config; /* borrowed */
        const char *state_dir;
        const char *templates_dir;
        void (*changed)(void *data
        );                        /* facts or accepted keys changed: look at all consumers again */
        void (*said)(void *data); /* only the sentence changed */
        void *data;
} ProviderSetup;

int provider_new(const ProviderSetup *setup, Provider **ret, Error *err);
Provider *provider_free(Provider *provider);

/* Borrowed; valid until changed() comes. */
const ProviderFacts *provider_facts(const Provider *provider);

/* The identity's key (NULL: none yet), and whether the proxy has proven that it accepts it. */
const char *provider_key(const Provider *provider, const char *identity);
bool provider_key_is_accepted(const Provider *provider, const char *identity);

/* The executor's helpers that make and publish keys. */
void provider_helpers(Provider *provider, ExecutorHelpers *ret);

void provider_event(Provider *provider, const EngineEvent *event);
void provider_look(Provider *provider); /* look at everything of it again */
void provider_lost(Provider *provider); /* the engine's events are not followed any more */

/* Was it looked at once? */
bool provider_is_observed(const Provider *provider);

/* "Ollama is up", "pulling ollama/ollama:latest, 43 %": a part of the sentence. */
void provider_sentence(const Provider *provider, char *buffer, size_t size);
json_t *provider_status(const Provider *provider);
json_t *provider_plan(const Provider *provider); /* array of what would be done now */
