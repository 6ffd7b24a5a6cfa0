/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/models.h"
#include "reconcile/provider.h"

/*
 * ProviderModels: pulls the models that the configuration names ([provider] models).
 */
typedef struct ProviderModels ProviderModels;

int provider_models_open(Provider *provider, Error *err);
void provider_models_close(Provider *provider);

/* It may have come up, or a pause may have ended: is there something to pull? */
void provider_models_check(Provider *provider);

/* "pulling llama3.2: 43 % of 2019.4 MB"; false when none is on its way. */
bool provider_models_sentence(const Provider *provider, char *buffer, size_t size);

/* Array of {"name", "state": waiting|pulling|there|failed, "why"}; a new reference. */
json_t *provider_models_status(const Provider *provider);
