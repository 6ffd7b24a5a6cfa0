/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "docker/engine.h"
#include "model/plan-provider.h"
#include "reconcile/provider-find.h"

/*
 * ProviderLook: reads what the provider's plan is made from.
 *
 *   gateway addresses > who may be the provider > (the caller chooses) > the chosen container > who
 * has the port > (the caller describes the stack) > its objects > their images > what else carries
 * our label
 */
typedef struct ProviderLook ProviderLook;

#define PROVIDER_ADDRESSES_MAX 4

typedef struct ProviderLookSetup {
        Engine *engine;
        bool wants_gateway;                  /* read the bridge's addresses */
        const ProviderFindSetup *candidates; /* whom to choose from; NULL: there is no choice.
                                            Copied; done and data are the look's own */
        const char *port;                    /* that ours is published on ("11434") */
        bool wants_port; /* find out who has it, also when no container is chosen */
        /* find is NULL where there is no choice. The id of the container that is the provider;
         * NULL: none is. */
        const char *(*choose)(const ProviderFind *find, void *data);
        /* All of that is known: describe the stack, borrowed until the look ends. */
        const Stack *(*describe)(const ProviderLook *look, void *data);
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
const char *const *provider_look_addresses(const ProviderLook *look); /* ended by NULL */
const json_t *provider_look_chosen(const ProviderLook *look);         /* its document; NULL: none */
const json_t *provider_look_port(const ProviderLook *look); /* list of those that publish it; NULL:
                                                               nobody asked */
