/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "docker/engine.h"
#include "model/plan-provider.h"

/*
 * ProviderLook: reads what the provider's plan is made from.
 *
 *   gateway addresses > (the caller describes the stack) > its objects > their images > what else
 * carries our label > a foreign Ollama > who has the port
 */
typedef struct ProviderLook ProviderLook;

#define PROVIDER_ADDRESSES_MAX 4

typedef struct ProviderLookSetup {
        Engine *engine;
        bool wants_gateway; /* read the bridge's addresses */
        bool wants_foreign; /* look for an Ollama of somebody else's, unless ours is there */
        const char *port;   /* find out who has this port ("11434"); NULL: no */
        /* The gateway addresses are known (ended by NULL): describe the stack, borrowed until the
         * look ends. */
        const Stack *(*describe)(const char *const *addresses, void *data);
        void (*done)(int result, const Error *error, void *data); /* may free the look */
        void *data;
} ProviderLookSetup;

int provider_look_start(const ProviderLookSetup *setup, ProviderLook **ret);
ProviderLook *provider_look_free(ProviderLook *look);

/* Valid while the look is: NULL for what is absent. */
const json_t *provider_look_object(const ProviderLook *look, size_t i);
bool provider_look_image_present(const ProviderLook *look, size_t i);
const char *provider_look_image_id(const ProviderLook *look, size_t i); /* NULL: not there */
/* Containers with our label that the description does not know; how many. Borrowed. */
size_t provider_look_extras(const ProviderLook *look, ExtraContainer *extras, size_t max);
const char *provider_look_foreign(const ProviderLook *look); /* NULL: none */
const char *provider_look_port_owner(const ProviderLook *look
); /* container's name; NULL: none has it */
