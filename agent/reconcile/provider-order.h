/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reconcile/core.h"

/*
 * ProviderOrder: which Ollama is shared, by its operator's word. Written down before it is obeyed.
 */
typedef struct ProviderOrder ProviderOrder;

/* Ends the one under way without telling who gave it. */
ProviderOrder *provider_order_free(ProviderOrder *order);
